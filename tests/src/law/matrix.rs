//! The golden matrix: who may tell whom what, every cell decided, for reviewers. A change of the rules shows here as a change of lines.

use std::{collections::BTreeSet, fs, path::Path};

use schakelpunt_domain::catalogue::EventSpec;
use schakelpunt_rules::{Matrix, Signal, Signals, matrix};

use super::world::{CATALOGUE, RULES};
use crate::schemas::regenerate;

const HOW: &str = "SCHAKELPUNT_REGENERATE=1 cargo test -p schakelpunt-tests law::matrix";

/// All signals that an event with all its leaves can give.
pub(super) fn all_signals(event: &EventSpec) -> Signals {
    let entry = |leaf: &str| {
        let at = leaf.find("/conditions/")? + "/conditions/".len();
        let end = at + leaf.get(at..)?.find('/')?;
        leaf.get(..end).map(str::to_owned)
    };
    let entries = event.leaves.keys().filter_map(|leaf| entry(leaf.as_str()));
    Signals {
        whole: BTreeSet::from([Signal::CareNeeded, Signal::Consulting]),
        entries: entries.map(|entry| (entry, BTreeSet::from([Signal::EntryNotInOrder]))).collect(),
    }
}

#[test]
fn the_matrix_is_the_one_that_was_reviewed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/matrix.txt");
    let Matrix { folded, full, cells, .. } = matrix(&RULES, &CATALOGUE).unwrap();
    if regenerate() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &folded).unwrap();
    }
    let reviewed = fs::read_to_string(&path).unwrap_or_default();
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
