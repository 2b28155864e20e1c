//! What is kept of the fuzzer's work, again: the corpus of each target, and every input that once broke it.

use std::{fs, path::Path};

use super::{TARGETS, Target};

fn replay(target: Target, folder: &Path) -> usize {
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())).map(|file| file.unwrap().path()).collect();
    files.sort();
    for file in &files {
        let bytes = fs::read(file).unwrap();
        // the name of the file stands before the reason in the output
        if let Err(reason) = std::panic::catch_unwind(|| target(&bytes)) {
            eprintln!("the input {}", file.display());
            std::panic::resume_unwind(reason);
        }
    }
    files.len()
}

#[test]
fn every_kept_input_holds() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora");
    for (name, target) in TARGETS {
        assert!(replay(target, &corpora.join(name)) >= 20, "{name} has no corpus worth the name");
    }
}

#[test]
fn nothing_at_all_holds_too() {
    TARGETS.iter().for_each(|(_, target)| target(b""));
}
