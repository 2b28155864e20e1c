//! Who gets nothing, whatever the rules say.

use serde_json::json;

use super::*;

const DATE: &[(&str, &[&str])] = &[("law", &["/release/date"])];

#[test]
fn who_has_no_relation_is_not_responsible() {
    let mut world = release(DATE);
    assert_eq!(world.told(), "law: /release/date");
    world.candidate.relations = Vec::new();
    assert_eq!(world.told(), "NOT_RESPONSIBLE");
    world.candidate.closed = Some(Refusal::MandateMissing);
    assert_eq!(world.told(), "MANDATE_MISSING", "a gate that was closed before says why");
}

#[test]
fn a_refusal_at_a_gate_names_no_rule_and_withholds_everything() {
    let mut world = release(DATE);
    world.candidate.closed = Some(Refusal::NotResponsible);
    let decision = world.answer();
    assert_eq!((decision.refusal(), decision.rule, decision.withheld), (Some(Refusal::NotResponsible), None, world.leaves.clone()));
}

#[test]
fn a_stop_holds_for_whom_it_names() {
    let stopped = |what: serde_json::Value| {
        let mut world = release(DATE);
        world.registers = registers(vec![json!({"stop": what})]);
        world.told()
    };
    assert_eq!(stopped(json!({"participant": "gemeente-tilburg"})), "STOPPED");
    assert_eq!(stopped(json!({"detention": "T-1"})), "STOPPED");
    assert_eq!(stopped(json!({"rule": "r"})), "STOPPED");
    assert_eq!(stopped(json!({"participant": "gemeente-breda"})), "law: /release/date");
    assert_eq!(stopped(json!({"detention": "T-2"})), "law: /release/date");
    assert_eq!(stopped(json!({"rule": "another"})), "law: /release/date");
}

#[test]
fn beside_a_stopped_rule_another_one_speaks() {
    let rules = rule("a", "release-date-set", &grant("law", &["/release/date"]))
        + &rule("b", "release-date-set", &grant("law", &["/release/kind"]));
    let mut world = world("release-date-set", &rules);
    world.registers = registers(vec![json!({"stop": {"rule": "a"}})]);
    assert_eq!(world.told(), "law: /release/kind");
    world.registers = registers(vec![json!({"stop": {"rule": "a"}}), json!({"stop": {"rule": "b"}})]);
    let decision = world.answer();
    assert_eq!(decision.refusal(), Some(Refusal::Stopped));
    assert_eq!(decision.rule.unwrap().as_str(), "a", "the first of those that stand still");
}

/// Whether an event is out of scope for a kind of recipient under a title.
fn is_out(event: &str, kind: Kind, title: Option<Title>, left: bool) -> bool {
    let mut world = world(event, "");
    world.candidate.kind = kind;
    let began = at("2024-02-01T09:00:00Z");
    for fact in title.map(FactValue::Title).into_iter().chain(left.then_some(FactValue::LeftScope)) {
        world.case.record(fact, began, began);
    }
    world.answer().refusal() == Some(Refusal::OutOfScopeTitle)
}

const KINDS: [Kind; 6] = [Kind::Prison, Kind::Probation, Kind::Municipality, Kind::CarePartner, Kind::Triage, Kind::Hub];

#[test]
fn for_some_titles_the_hub_works_for_nobody() {
    for kind in KINDS {
        assert!(is_out("release-date-set", kind, Some(Title::Aliens), false) && is_out("release-date-set", kind, Some(Title::Jji), false));
        assert!(!is_out("release-date-set", kind, None, false) && !is_out("release-date-set", kind, Some(Title::Sentence), false));
    }
}

#[test]
fn of_who_is_held_for_expulsion_probation_hears_start_and_end() {
    let out = |event: &str, kind| is_out(event, kind, Some(Title::Vris), false);
    for event in ["detention-started", "detention-start-corrected", "detention-ended"] {
        assert!(!out(event, Kind::Probation), "{event}");
        assert!(out(event, Kind::Municipality) && out(event, Kind::CarePartner) && out(event, Kind::Triage), "{event}");
    }
    assert!(out("release-date-set", Kind::Probation));
    assert!(!out("release-date-set", Kind::Prison) && !out("release-date-set", Kind::Hub));
}

#[test]
fn putting_things_right_does_not_depend_on_the_title() {
    for event in BEYOND_TITLE {
        assert!(!is_out(event, Kind::Municipality, Some(Title::Aliens), false), "{event}");
    }
}

#[test]
fn a_passer_is_in_scope_until_it_left() {
    let passer = Some(Title::TbsPasser);
    assert!(!is_out("release-date-set", Kind::Municipality, passer, false));
    assert!(is_out("release-date-set", Kind::Municipality, passer, true));
    assert!(!is_out("left-scope", Kind::Municipality, passer, true), "that it left is told");
    assert!(!is_out("release-date-set", Kind::Municipality, Some(Title::Sentence), true));
}

#[test]
fn who_did_not_subscribe_gets_what_must_be_told_only() {
    let asked = |basis: &'static str, events: &str, state: &str| {
        let mut world = release(&[(basis, &["/release/date"])]);
        world.registers = registers(vec![json!({"subscription": {"participant": "gemeente-tilburg", "events": [events], "state": state}})]);
        world.told()
    };
    assert_eq!(asked("law", "*", "active"), "law: /release/date");
    assert_eq!(asked("law", "*", "paused"), "NOT_SUBSCRIBED");
    assert_eq!(asked("law", "transferred", "active"), "NOT_SUBSCRIBED");
    assert_eq!(asked("duty", "*", "paused"), "duty: /release/date");
    let mut world = release(DATE);
    world.registers = registers(vec![json!({"subscription": {"participant": "gemeente-tilburg", "events": ["*"], "state": "paused"}})]);
    assert_eq!(world.answer().rule.unwrap().as_str(), "r", "the rule that would have given it");
}

/// A decision is good until the first thing begins or ends: of the law, of the registers, or of the case.
#[test]
fn a_decision_says_until_when_it_is_good() {
    let until = |law: &str, mandate: &str, consent_until: &str| {
        let mut world = world("release-date-set", &basis("soon", "statute", &format!("{{ until = \"{law}\" }}"), ""));
        let ending =
            json!({"mandator": "gemeente-breda", "mandatary": "gemeente-tilburg", "scope": "all", "from": "2024-01-01", "until": mandate});
        world.registers = registers(vec![json!({"mandate": ending})]);
        world.case.consents.push(Consent { until: Some(consent_until.parse().unwrap()), ..consent(&[]) });
        world.answer().valid_until.unwrap()
    };
    assert_eq!(until("2024-04-01", "2024-05-01", "2024-05-31"), at("2024-03-31T22:00:00Z"));
    assert_eq!(until("2024-05-01", "2024-04-01", "2024-05-31"), at("2024-03-31T22:00:00Z"));
    assert_eq!(until("2024-05-01", "2024-05-01", "2024-03-31"), at("2024-03-31T22:00:00Z"), "the last day of a consent is included");
}
