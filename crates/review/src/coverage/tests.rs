use schakelpunt_domain::Refusal;
use schakelpunt_rules::{Answer, Granted, Permit};

use super::*;
use crate::tests::{CONSENT, LAW, RELEASE, grant, rules};

fn at(day: &str) -> Timestamp {
    format!("{day}T09:00:00Z").parse().unwrap()
}

fn permit(basis: &str, leaf: &str) -> Decision {
    let granted = vec![Granted { basis: basis.parse().unwrap(), leaves: vec![leaf.parse().unwrap()], by_consent: false }];
    let permit = Permit { granted, containers: Vec::new(), purpose: "reintegration".to_owned(), must: false };
    Decision { answer: Answer::Permit(permit), rule: "release".parse().ok(), withheld: Vec::new(), valid_until: None }
}

fn refusal(rule: &str) -> Decision {
    Decision { answer: Answer::Refuse(Refusal::ConsentMissing), rule: rule.parse().ok(), withheld: Vec::new(), valid_until: None }
}

/// A consent, then two grants on the statute that came after it.
fn set() -> RuleSet {
    let grants = [grant("consent", "\"/release/date\""), grant("law", "\"/release/date\""), grant("law", "\"/release/kind\"")];
    rules(&format!("{LAW}{CONSENT}{RELEASE}{}", grants.concat()))
}

#[test]
fn nothing_is_reached_by_nothing() {
    let none = coverage(&set(), []);
    assert_eq!(none.summary(), "reached: 0 of 1 rules, 0 of 3 grants, 0 of 1 conditions from both sides");
    assert_eq!(none.missing(), ["rule release"]);
}

#[test]
fn a_grant_is_reached_where_it_gave_a_field_of_its_own() {
    let decision = permit("law", "/release/date");
    let one = coverage(&set(), [(&decision, at("2022-01-01"))]);
    assert_eq!(one.counts(), [(1, 1), (1, 3), (0, 1)]);
    assert_eq!(
        one.missing(),
        ["rule release, grant 1 on consent: never gave anything", "rule release, grant 3 on law: never gave anything"]
    );
}

#[test]
fn a_condition_is_seen_from_both_sides_while_its_basis_is_in_force() {
    let (gave, kept) = (permit("consent", "/release/date"), refusal("release"));
    let early = coverage(&set(), [(&gave, at("2020-01-01")), (&kept, at("2020-02-01"))]);
    assert_eq!(early.counts(), [(1, 1), (1, 3), (1, 1)]);
    let late = coverage(&set(), [(&gave, at("2020-01-01")), (&kept, at("2022-02-01"))]);
    assert_eq!(late.missing()[0], "rule release, grant 1 on consent: was never seen to give nothing");
    assert_eq!(coverage(&set(), [(&refusal("another"), at("2020-01-01"))]).counts(), [(0, 1), (0, 3), (0, 1)]);
}
