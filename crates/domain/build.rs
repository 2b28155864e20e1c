//! The schemas and reference lists travel inside the crate: a new file must lead to a new build.

fn main() {
    println!("cargo:rerun-if-changed=../../schemas");
    println!("cargo:rerun-if-changed=../../config/reference");
}
