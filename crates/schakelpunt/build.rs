//! Rules and demo files travel inside the binary: a new file must lead to a new build.

fn main() {
    println!("cargo:rerun-if-changed=../../config");
}
