//! The matrix of the shipped rules is the reviewed one.

use std::fs;

use schakelpunt_rules::matrix;

use super::world::{CATALOGUE, RULES, root};

#[test]
fn the_matrix_of_the_shipped_rules_is_the_reviewed_one() {
    let reviewed = fs::read_to_string(root().join("tests/golden/matrix.txt")).unwrap();
    let folded = matrix(&RULES, &CATALOGUE).unwrap().folded;
    let first = folded.lines().zip(reviewed.lines()).find(|(now, before)| now != before);
    assert_eq!(first, None, "the first line that differs");
    assert_eq!(folded, reviewed);
}
