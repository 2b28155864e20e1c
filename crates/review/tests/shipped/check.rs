//! What a look through the shipped rules finds.

use schakelpunt_review::check;

use super::world::{CATALOGUE, RULES, rule_files};

/// Article 20d stands by where the regulation of 1995 or the own task speaks first: for whom these do not cover (decision 13).
#[test]
fn the_shipped_rules_have_no_mistakes() {
    let findings = check(&rule_files(), &RULES, &CATALOGUE).unwrap();
    let mistakes: Vec<String> = findings.mistakes.iter().map(ToString::to_string).collect();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    for note in &findings.notes {
        assert!(note.code == "STANDS_BY" && note.source.starts_with("basis  = \"pm-20d-"), "{note}");
    }
}
