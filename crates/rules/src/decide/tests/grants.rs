//! What rules and grants give, in their order.

use super::*;

#[test]
fn a_permit_says_what_goes_why_and_what_does_not() {
    let decision = release(&[("law", &["/release/date", "/release/kind"])]).answer();
    let permit = decision.permit().unwrap();
    let granted = Granted { basis: "law".parse().unwrap(), leaves: vec![leaf("/release/date"), leaf("/release/kind")], by_consent: false };
    assert_eq!(permit.granted, [granted]);
    assert_eq!((permit.purpose.as_str(), permit.must, permit.containers.len()), ("reintegration", false, 0));
    assert_eq!(decision.rule.as_ref().unwrap().as_str(), "r");
    let withheld: Vec<&str> = decision.withheld.iter().map(Leaf::as_str).collect();
    assert_eq!(withheld, ["/detention/title", "/release/certainty", "/release/previousDate", "/release/reason"]);
}

#[test]
fn only_what_was_there_is_given() {
    let mut world = release(&[("law", &["/release/date", "/release/kind"])]);
    world.leaves = vec![leaf("/release/kind"), leaf("/release/reason")];
    assert_eq!(world.told(), "law: /release/kind");
    world.leaves = vec![leaf("/release/reason")];
    assert_eq!(world.told(), "FIELD_NOT_ALLOWED", "the basis carries, and has nothing to give");
}

#[test]
fn a_rule_is_for_its_sender_and_its_recipients() {
    let mut world = release(&[("law", &["/release/date"])]);
    world.sender = vec![Relation::FormerPrison];
    assert_eq!((world.told().as_str(), world.answer().rule), ("NO_BASIS", None), "another sender");
    world.sender = vec![Relation::FormerPrison, Relation::HoldingPrison];
    assert_eq!(world.told(), "law: /release/date", "one of its relations is enough");
    world.candidate.relations = vec![Relation::FormerPrison];
    assert_eq!((world.told().as_str(), world.answer().rule), ("NO_BASIS", None), "another recipient");
}

/// Every rule is tried; the refusal is that of the rule that came nearest to a permit, and of the first among equals.
#[test]
fn the_nearest_refusal_speaks() {
    let two = |first: &str, second: &str| {
        let one = |id: &str, basis: &str| rule(id, "release-date-set", &grant(basis, &["/release/date"]));
        let decision = world("release-date-set", &(one("a", first) + &one("b", second))).answer();
        (decision.refusal().map_or("permit", Refusal::code), decision.rule.unwrap().to_string())
    };
    let said = |code: &'static str, rule: &str| (code, rule.to_owned());
    assert_eq!(two("later", "past"), said("BASIS_NOT_YET_IN_FORCE", "a"));
    assert_eq!(two("past", "later"), said("BASIS_NOT_YET_IN_FORCE", "b"));
    assert_eq!(two("later", "later"), said("BASIS_NOT_YET_IN_FORCE", "a"));
    assert_eq!(two("past", "past"), said("NO_BASIS", "a"));
    assert_eq!(two("past", "law"), said("permit", "b"));
    assert_eq!(two("law", "duty"), said("permit", "a"));
}

#[test]
fn within_a_rule_the_nearest_grant_speaks() {
    let told = |first, second| release(&[(first, &["/release/date"]), (second, &["/release/date"])]).told();
    assert_eq!((told("later", "past").as_str(), told("past", "later").as_str()), ("BASIS_NOT_YET_IN_FORCE", "BASIS_NOT_YET_IN_FORCE"));
    assert_eq!(told("past", "past"), "NO_BASIS");
}

#[test]
fn a_leaf_belongs_to_the_first_basis_that_gives_it() {
    let world = release(&[("law", &["/release/date"]), ("plan", &["/release/date", "/release/kind"]), ("law", &["/release/reason"])]);
    assert_eq!(world.told(), "law: /release/date /release/reason; plan: /release/kind", "each basis stands once");
}

#[test]
fn a_basis_yields_to_one_that_carried() {
    let fields: (&[&str], &[&str]) = (&["/release/date"], &["/release/kind"]);
    assert_eq!(release(&[("law", fields.0), ("second", fields.1)]).told(), "law: /release/date");
    assert_eq!(release(&[("duty", fields.0), ("second", fields.1)]).told(), "duty: /release/date; second: /release/kind");
    let mut nothing_carried = release(&[("law", fields.0), ("second", fields.1)]);
    nothing_carried.leaves = vec![leaf("/release/kind")];
    assert_eq!(nothing_carried.told(), "second: /release/kind");
}

#[test]
fn what_a_rule_needs_must_be_given() {
    let grants = "needs = [\"/release/date\", \"/release/kind\"]\n".to_owned() + &grant("law", &["/release/date", "/release/kind"]);
    let mut world = world("release-date-set", &rule("r", "release-date-set", &grants));
    assert_eq!(world.told(), "law: /release/date /release/kind");
    world.leaves = vec![leaf("/release/date")];
    assert_eq!(world.told(), "FIELD_NOT_ALLOWED");
    world.leaves = Vec::new();
    assert_eq!(world.told(), "FIELD_NOT_ALLOWED");
}

#[test]
fn one_duty_makes_the_whole_a_duty() {
    let must = |grants: &[(&str, &[&str])]| release(grants).answer().permit().unwrap().must;
    let (date, kind, reason): (&[&str], &[&str], &[&str]) = (&["/release/date"], &["/release/kind"], &["/release/reason"]);
    assert!(!must(&[("law", date), ("plan", kind)]));
    assert!(must(&[("law", date), ("duty", kind)]));
    assert!(must(&[("duty", date), ("law", kind)]));
    assert!(must(&[("duty", date), ("duty-too", kind), ("law", reason)]), "two duties are one too");
}

#[test]
fn a_basis_is_between_its_parties() {
    let mut world = release(&[("law", &["/release/date"])]);
    world.giver = Kind::Municipality;
    assert_eq!(world.told(), "NO_BASIS");
    world.giver = Kind::Prison;
    world.candidate.kind = Kind::Probation;
    assert_eq!(world.told(), "NO_BASIS");
}

#[test]
fn a_basis_counts_from_its_day() {
    let world = |now| release(&[("law", &["/release/date"])]).at(now).told();
    assert_eq!(world("2021-06-30T21:59:59Z"), "BASIS_NOT_YET_IN_FORCE");
    assert_eq!(world("2021-06-30T22:00:00Z"), "law: /release/date");
    assert_eq!(release(&[("past", &["/release/date"])]).at("2021-06-30T21:59:59Z").told(), "past: /release/date");
}

/// Decision 14: until the last moment of the legal end.
#[test]
fn the_plan_carries_until_the_end() {
    let ended = || {
        let world =
            release(&[("plan", &["/release/date"])]).fact(FactValue::LegalEnd("2024-03-10".parse().unwrap()), "2024-03-01T09:00:00Z");
        world.fact(FactValue::Ended, "2024-03-02T09:00:00Z")
    };
    assert_eq!(ended().at("2024-03-10T22:59:59Z").told(), "plan: /release/date");
    assert_eq!(ended().at("2024-03-10T23:00:00Z").told(), "NO_BASIS", "at midnight of that day");
    assert_eq!(ended().at("2024-03-11T09:00:00Z").told(), "NO_BASIS");
}

/// A grant of the law under one signal.
fn when(signal: &str) -> World {
    let grant = grant("law", &["/release/date"]) + &format!("when = [\"{signal}\"]\n");
    world("release-date-set", &rule("r", "release-date-set", &grant))
}

#[test]
fn a_grant_may_hang_on_what_the_payload_says() {
    for (word, signal, other) in
        [("care-needed", Signal::CareNeeded, Signal::Consulting), ("consulting", Signal::Consulting, Signal::CareNeeded)]
    {
        let mut world = when(word);
        assert_eq!(world.told(), "NO_BASIS", "{word}");
        world.signals.whole.insert(other);
        assert_eq!(world.told(), "NO_BASIS", "{word}");
        world.signals.whole.insert(signal);
        assert_eq!(world.told(), "law: /release/date", "{word}");
    }
}

#[test]
fn a_grant_may_hang_on_the_title() {
    let began = "2024-02-01T09:00:00Z";
    assert_eq!(when("isd-measure").told(), "NO_BASIS");
    assert_eq!(when("isd-measure").fact(FactValue::Title(Title::Sentence), began).told(), "NO_BASIS");
    assert_eq!(when("isd-measure").fact(FactValue::Title(Title::Isd), began).told(), "law: /release/date");
}

#[test]
fn what_never_goes_is_cut_for_its_kinds_only() {
    let never = "[[never]]\nid = \"no-kind\"\nto = [\"municipality\"]\nfields = [\"/release/kind\"]\n";
    let rules = rule("r", "release-date-set", &grant("law", &["/release/date", "/release/kind"])) + never;
    let world = world("release-date-set", &rules);
    assert_eq!(world.told(), "law: /release/date");
    assert_eq!(world.to_partner().told(), "law: /release/date /release/kind");
}

/// Conditions entry by entry: what is missing goes, what is in order does not, and that all is in order is told by an empty object.
#[test]
fn of_entries_only_those_go_that_signal_it() {
    let grant = grant("law", &["/status"]) + "each = \"/conditions\"\nwhen = [\"entry-not-in-order\"]\n";
    let mut world = world("condition-status-updated", &rule("r", "condition-status-updated", &grant));
    world.leaves = ["/conditions/DEBT/asOf", "/conditions/DEBT/status", "/conditions/HOUSING/status"].map(leaf).to_vec();
    let signals = &mut world.signals.entries;
    signals.insert("/conditions/HOUSING".to_owned(), [Signal::EntryNotInOrder].into());
    signals.insert("/conditions/DEBT".to_owned(), [].into());
    assert_eq!(world.told(), "law: /conditions/HOUSING/status");
    world.signals.entries.clear();
    assert_eq!(world.told(), "law: ");
    assert_eq!(world.answer().permit().unwrap().containers, ["/conditions"]);
    world.leaves = vec![leaf("/conditions/DEBT/asOf")];
    assert_eq!(world.told(), "FIELD_NOT_ALLOWED", "nothing of what the grant names was there");
}

#[test]
fn an_entry_is_a_key_and_a_field_below_the_object() {
    let parts = |text: &str| entry(&leaf(text), "/conditions").map(|(key, field)| (key.to_owned(), field.to_owned()));
    assert_eq!(parts("/conditions/HOUSING/status"), Some(("HOUSING".to_owned(), "/status".to_owned())));
    assert_eq!(parts("/conditions/HOUSING"), None);
    assert_eq!(parts("/conditionsAndMore/HOUSING/status"), None);
    assert_eq!(parts("/plan/conditions/HOUSING/status"), None);
}

#[test]
fn a_signal_of_the_whole_is_not_asked_of_entries() {
    let mut world = world("condition-status-updated", "");
    world.signals.entries.insert("/conditions/HOUSING".to_owned(), [Signal::EntryNotInOrder].into());
    let holds = |text: &str, signal| entry_signal(&world.question(), &leaf(text), "/conditions", signal);
    assert!(holds("/conditions/HOUSING/status", Signal::EntryNotInOrder));
    assert!(!holds("/conditions/DEBT/status", Signal::EntryNotInOrder), "nothing was said of it");
    assert!(!holds("/conditions/HOUSING", Signal::EntryNotInOrder), "no entry");
    assert!(holds("/conditions/DEBT/status", Signal::CareNeeded));
}

fn corrected(fields: &str, had: Option<&[&str]>) -> String {
    let mut world = world("message-corrected", &rule("r", "message-corrected", &grant("correction", &[fields])));
    world.leaves =
        ["/correction/of/id", "/correction/of/source", "/correction/reason", "/release/date", "/release/kind"].map(leaf).to_vec();
    world.candidate.had = had.map(|leaves| leaves.iter().map(|text| leaf(text)).collect());
    world.told()
}

#[test]
fn a_correction_goes_as_far_as_the_original_went() {
    let reference = "correction: /correction/of/id /correction/of/source /correction/reason";
    assert_eq!(corrected("as-delivered", Some(&["/release/date", "/plan/version"])), format!("{reference} /release/date"));
    assert_eq!(corrected("as-delivered", None), reference);
    assert_eq!(corrected("reference-only", Some(&["/release/date"])), reference);
}

#[test]
fn a_signal_of_entries_says_nothing_of_the_whole() {
    let mut world = when("consulting");
    world.signals.entries.insert("/conditions/HOUSING".to_owned(), [Signal::EntryNotInOrder, Signal::Consulting].into());
    assert_eq!(world.told(), "NO_BASIS");
    assert!(!holds(&world.question(), Signal::EntryNotInOrder));
}
