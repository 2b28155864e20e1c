use super::*;
use crate::tests::{CATALOGUE, CONSENT, LAW, RELEASE, grant, rules};

/// Consent, then a statute as long as a plan can run.
fn rule() -> String {
    format!("{RELEASE}{}{}", grant("law", "\"/release/date\""), grant("consent", "\"/release/date\""))
}

fn of(text: &str) -> Matrix {
    matrix(&rules(&format!("{LAW}while = [\"plan-running\"]\n{CONSENT}{text}")), &CATALOGUE).unwrap()
}

#[test]
fn equal_outcomes_are_folded() {
    let matrix = of(&rule());
    let under = matrix.folded.split("\nrelease-date-set\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let told = "  [1] consent /release/date
  [2] law /release/date
  holding-prison > responsible-municipality
    until 2021-06-30: detained (no consent CONSENT_MISSING; consent [1]; expired CONSENT_EXPIRED; withdrawn CONSENT_WITHDRAWN); ended \
(no consent CONSENT_MISSING; consent/expired CONSENT_EXPIRED; withdrawn CONSENT_WITHDRAWN)
    since 2021-07-01: detained [2]; ended NO_BASIS
  everybody else: NO_BASIS";
    assert_eq!(under, told);
}

/// Sixteen recipients, two periods: detained or ended with four consents, and four titles with two.
#[test]
fn every_cell_is_a_line_and_is_counted() {
    let matrix = of(&rule());
    assert_eq!(matrix.cells, 16 * 2 * (2 * 4 + 4 * 2));
    assert_eq!(matrix.full.lines().count(), matrix.cells);
    assert!(matrix.folded.ends_with(&format!("{} cells\nsha256 of the full expansion: {}\n", matrix.cells, matrix.hash)));
    let one = "release-date-set\tholding-prison\tresponsible-municipality\tsince 2021-07-01\tdetained\tno consent\tnothing said\tlaw: /release/date\n";
    assert!(matrix.full.contains(one));
}

/// What somebody had, or was told, makes nobody a sender.
#[test]
fn who_had_something_sends_nothing() {
    let more = rule().replace("sender = \"holding-prison\"", "sender = [\"holding-prison\", \"earlier-recipient\", \"informed-partner\"]");
    assert_eq!(of(&more), of(&rule()));
}

#[test]
fn another_rule_is_another_hash() {
    let other = of(&rule().replace("basis = \"law\"\nfields = [\"/release/date\"]", "basis = \"law\"\nfields = [\"/release/kind\"]"));
    assert_ne!(other.hash, of(&rule()).hash);
}

#[test]
fn what_leaves_have_in_common_is_said_once() {
    let leaves = "/conditions/DEBT/asOf /conditions/DEBT/status /conditions/ID/asOf /conditions/ID/status /plan/version";
    assert_eq!(fold::braced(leaves), "/conditions/{DEBT,ID}/{asOf,status} /plan/version");
}
