//! The golden matrix: who may tell whom what, every cell decided, for reviewers. A change of the rules shows here as a change of lines.

use std::{collections::BTreeSet, fs};

use schakelpunt_review::{Matrix, matrix};

use super::world::{CATALOGUE, RULES, root};

const HOW: &str = "SCHAKELPUNT_REGENERATE=1 cargo test -p schakelpunt-review --test shipped matrix";

#[expect(clippy::disallowed_methods, reason = "a test is told by its environment to write the file anew")]
pub(crate) fn regenerate() -> bool {
    std::env::var("SCHAKELPUNT_REGENERATE").is_ok_and(|value| !value.is_empty())
}

#[test]
fn the_matrix_is_the_one_that_was_reviewed() {
    let path = root().join("tests/golden/matrix.txt");
    let Matrix { folded, full, cells, .. } = matrix(&RULES, &CATALOGUE).unwrap();
    if regenerate() {
        fs::write(&path, &folded).unwrap();
    }
    let reviewed = fs::read_to_string(&path).unwrap();
    let lines: BTreeSet<&str> = reviewed.lines().collect();
    let new: Vec<_> = folded.lines().filter(|line| !lines.contains(line)).take(20).collect();
    assert!(
        folded == reviewed,
        "who may know what has changed; if that is meant, regenerate tests/golden/matrix.txt with {HOW} and read its diff. New lines:\n{}",
        new.join("\n")
    );
    assert!(folded.lines().count() < 2_000, "nobody reads more");
    assert_eq!(full.lines().count(), cells);
}
