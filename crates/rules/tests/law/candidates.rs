//! Who is concerned: recipients are derived from case and registers, and from nothing that a sender chooses.

use schakelpunt_domain::{
    ParticipantId, Refusal,
    case::{Case, FactValue},
    pointer::Leaf,
    registers::Registers,
};
use schakelpunt_rules::{Candidate, Who, candidate_for, candidates};
use serde_json::{Value, json};

use super::chain::{case, consented, extend, living, mandate, now, of_zwolle, participant, registers, succession, unit, with};

/// `unit: relations`, with `for` whom and what is closed.
fn told(candidate: &Candidate) -> String {
    let relations: Vec<_> = candidate.relations.iter().map(ToString::to_string).collect();
    let behalf = candidate.on_behalf_of.as_ref().map(|other| format!(" for {other}")).unwrap_or_default();
    let closed = candidate.closed.map(|code| format!(" closed {code}")).unwrap_or_default();
    format!("{}: {}{behalf}{closed}", candidate.participant, relations.join(" "))
}

/// All candidates.
fn all(event: &str, case: &Case, registers: &Registers) -> Vec<String> {
    candidates(&Who { event, ..Who::default() }, case, registers, now()).iter().map(told).collect()
}

fn municipality(case: &Case, registers: &Registers) -> String {
    let who = all("release-date-set", case, registers);
    who.into_iter().find(|one| one.contains("responsible-municipality") || one.contains("triage")).unwrap()
}

#[test]
fn a_notice_concerns_prison_municipality_and_the_probation_unit_that_takes_in() {
    let expected = ["pi-zwolle: holding-prison", "gemeente-zwolle: responsible-municipality", "rn-oost: responsible-probation-unit"];
    assert_eq!(all("detention-started", &of_zwolle(), &registers(&[])), expected);
}

#[test]
fn the_sender_is_no_recipient_of_its_own_message() {
    let prison = unit("pi-zwolle");
    let who = Who { event: "detention-started", sender: Some(&prison), ..Who::default() };
    let found = candidates(&who, &of_zwolle(), &registers(&[]), now());
    assert!(found.iter().all(|candidate| candidate.participant != prison) && found.len() == 2);
}

/// The order of domain 2.5, as decisions 20 and 31 settle it.
#[test]
fn the_residence_that_counts() {
    let of = |source: &str, code: &str, kind: &str, more: Value| {
        let mut one = json!({"source": source, "municipality": code, "kind": kind});
        extend(&mut one, more);
        one
    };
    let start = of("BRP_AT_START", "0193", "HOME", json!({}));
    let recent = of("BRP_LAST", "0758", "HOME", json!({"asOf": "2022-02-01"}));
    let old = of("BRP_LAST", "0758", "HOME", json!({"asOf": "2022-01-31"}));
    let undated = of("BRP_LAST", "0758", "HOME", json!({}));
    let stayed = of("STAYED", "0392", "NONE", json!({}));
    let settle = of("SETTLE", "0193", "NONE", json!({}));
    let institution = |source: &str| of(source, "0193", "INSTITUTION", json!({}));
    let none = of("BRP_AT_START", "0193", "NONE", json!({}));
    for (residence, expected) in [
        (json!([recent, start]), "gemeente-zwolle"),
        (json!([stayed, recent]), "gemeente-breda"),
        (json!([stayed, old]), "gemeente-haarlem"),
        (json!([stayed, undated]), "gemeente-haarlem"),
        (json!([settle, old]), "gemeente-breda"),
        (json!([settle]), "gemeente-zwolle"),
        (json!([institution("BRP_AT_START"), stayed]), "gemeente-haarlem"),
        (json!([none, stayed]), "gemeente-haarlem"),
        (json!([institution("STAYED")]), "triage"),
        (json!([institution("SETTLE")]), "triage"),
        (json!([]), "triage"),
    ] {
        let who = municipality(&living(case(), residence.clone()), &registers(&[]));
        assert!(who.starts_with(&format!("{expected}: ")), "{residence}: {who}");
    }
    assert!(municipality(&case(), &registers(&[])).starts_with("triage: triage"), "nothing is known");
}

#[test]
fn a_word_of_the_desk_or_of_the_person_goes_before_the_residence_and_a_dispute_before_all() {
    let determined = with(of_zwolle(), FactValue::Responsible("0758".parse().unwrap()), "2024-02-02T09:00:00Z");
    assert!(municipality(&determined, &registers(&[])).starts_with("gemeente-breda: "));
    let disputed = with(of_zwolle(), FactValue::Disputed, "2024-02-02T09:00:00Z");
    assert!(municipality(&disputed, &registers(&[])).starts_with("triage: "));
    let unknown = with(of_zwolle(), FactValue::Responsible("0014".parse().unwrap()), "2024-02-02T09:00:00Z");
    assert!(municipality(&unknown, &registers(&[])).starts_with("triage: "), "that town is not connected");
}

#[test]
fn with_a_wish_to_settle_the_new_college_and_the_old_one_are_concerned() {
    let settled = with(of_zwolle(), FactValue::Settlement("0758".parse().unwrap()), "2024-02-02T09:00:00Z");
    for event in ["settlement-municipality-set", "case-transferred-to-municipality"] {
        let expected = [
            "pi-zwolle: holding-prison",
            "gemeente-zwolle: responsible-municipality",
            "gemeente-breda: responsible-municipality settlement-municipality",
            "rn-oost: responsible-probation-unit",
        ];
        let mut found = all(event, &settled, &registers(&[]));
        found.sort();
        let mut expected = expected.map(str::to_owned);
        expected.sort();
        assert_eq!(found, expected, "{event}");
    }
    assert!(
        all("release-date-set", &settled, &registers(&[])).iter().all(|one| !one.contains("gemeente-zwolle")),
        "else the old one is out"
    );
}

#[test]
fn a_dispute_reaches_the_desk_beside_who_is_responsible() {
    let found = all("municipality-disputed", &of_zwolle(), &registers(&[]));
    assert!(found.contains(&"triage: triage".to_owned()) && found.contains(&"gemeente-zwolle: responsible-municipality".to_owned()));
    assert!(!all("release-date-set", &of_zwolle(), &registers(&[])).contains(&"triage: triage".to_owned()));
}

#[test]
fn a_transfer_concerns_where_the_person_goes_and_was() {
    let moving = with(of_zwolle(), FactValue::Prison(unit("pi-vught")), "2024-03-10T09:00:00Z");
    assert!(all("transferred", &moving, &registers(&[])).contains(&"pi-vught: receiving-prison".to_owned()));
    assert!(!all("release-date-set", &moving, &registers(&[])).iter().any(|one| one.contains("pi-vught")));
    let moved = with(of_zwolle(), FactValue::Prison(unit("pi-vught")), "2024-03-01T09:00:00Z");
    let found = all("transferred", &moved, &registers(&[]));
    assert!(found.contains(&"pi-vught: holding-prison".to_owned()) && found.contains(&"pi-zwolle: former-prison".to_owned()), "{found:?}");
    assert!(!all("release-date-set", &moved, &registers(&[])).iter().any(|one| one.contains("pi-zwolle")));
}

#[test]
fn a_partner_is_concerned_by_a_consent_or_by_name() {
    let partner = "ggz-zwolle: care-partner".to_owned();
    assert!(all("detention-ended", &consented(of_zwolle(), "ggz-zwolle"), &registers(&[])).contains(&partner));
    assert!(!all("detention-ended", &of_zwolle(), &registers(&[])).contains(&partner));
    let not_a_partner = consented(of_zwolle(), "gemeente-breda");
    assert!(!all("detention-ended", &not_a_partner, &registers(&[])).iter().any(|one| one.contains("gemeente-breda")));
    let other = participant("opvang", "care-partner", json!({}));
    let (named, both) = (unit("opvang"), consented(of_zwolle(), "ggz-zwolle"));
    let who = Who { event: "detention-ended", partner: Some(&named), ..Who::default() };
    let found: Vec<_> = candidates(&who, &both, &registers(&[other]), now()).iter().map(told).collect();
    assert!(found.contains(&"opvang: care-partner".to_owned()) && !found.contains(&partner), "only the one that is named: {found:?}");
}

#[test]
fn who_had_something_hears_of_it() {
    let (had, informed) = (unit("rn-zuid"), unit("ggz-zwolle"));
    let leaf: Leaf = "/detention/start".parse().unwrap();
    let who = Who { event: "message-corrected", earlier: vec![(&had, vec![leaf.clone()])], informed: vec![&informed], ..Who::default() };
    let found = candidates(&who, &of_zwolle(), &registers(&[]), now());
    let one = |id: &ParticipantId| found.iter().find(|candidate| candidate.participant == *id).unwrap();
    assert_eq!((told(one(&had)).as_str(), &one(&had).had), ("rn-zuid: earlier-recipient", &Some(vec![leaf])));
    assert_eq!((told(one(&informed)).as_str(), one(&informed).tells_health), ("ggz-zwolle: informed-partner", true));
}

#[test]
fn each_stands_once_with_all_its_relations_in_their_order() {
    let prison = unit("pi-zwolle");
    let who = Who { event: "message-corrected", earlier: vec![(&prison, Vec::new())], ..Who::default() };
    let found: Vec<_> = candidates(&who, &of_zwolle(), &registers(&[]), now()).iter().map(told).collect();
    assert_eq!(found[0], "pi-zwolle: holding-prison earlier-recipient");
    assert_eq!(found.iter().filter(|one| one.starts_with("pi-zwolle")).count(), 1);
}

#[test]
fn who_has_the_mandate_gets_it_instead_of_the_mandator() {
    let acts = |scope: &str, event: &str| {
        let registers = registers(&[mandate(scope, json!({}))]);
        let found = all(event, &of_zwolle(), &registers);
        let mandatary = found.contains(&"gemeente-breda: responsible-municipality for gemeente-zwolle".to_owned());
        assert_ne!(mandatary, found.contains(&"gemeente-zwolle: responsible-municipality".to_owned()), "{scope} {event}: {found:?}");
        mandatary
    };
    for (scope, event, expected) in [
        ("all", "release-date-set", true),
        ("tbo", "tbo-scheduled", true),
        ("tbo", "release-date-set", false),
        ("visit", "first-visit-planned", true),
        ("visit", "condition-status-updated", true),
        ("visit", "tbo-scheduled", false),
        ("aftercare", "aftercare-offered", true),
        ("aftercare", "first-visit-planned", false),
    ] {
        assert_eq!(acts(scope, event), expected, "{scope} {event}");
    }
    let elsewhere = registers(&[mandate("all", json!({"prisons": ["pi-vught"]}))]);
    assert!(all("release-date-set", &of_zwolle(), &elsewhere).contains(&"gemeente-zwolle: responsible-municipality".to_owned()));
    let here = registers(&[mandate("all", json!({"prisons": ["pi-zwolle"]}))]);
    assert!(!all("release-date-set", &of_zwolle(), &here).contains(&"gemeente-zwolle: responsible-municipality".to_owned()));
}

#[test]
fn somebody_without_a_relation_is_told_which_gate_is_closed() {
    let ask = |id: &str, registers: &Registers, partner: Option<&ParticipantId>| {
        let who = Who { event: "release-date-set", partner, ..Who::default() };
        candidate_for(&unit(id), &who, &of_zwolle(), registers, now()).map(|candidate| told(&candidate))
    };
    assert_eq!(ask("gemeente-zwolle", &registers(&[]), None).unwrap(), "gemeente-zwolle: responsible-municipality");
    assert_eq!(ask("gemeente-breda", &registers(&[]), None).unwrap(), format!("gemeente-breda:  closed {}", Refusal::NotResponsible));
    let ended = registers(&[mandate("all", json!({"until": "2024-03-01"}))]);
    assert_eq!(ask("gemeente-breda", &ended, None).unwrap(), format!("gemeente-breda:  closed {}", Refusal::MandateMissing));
    assert_eq!(ask("nobody", &registers(&[]), None), None);
    assert_eq!(ask("ggz-zwolle", &registers(&[]), None).unwrap(), "ggz-zwolle: care-partner", "whether it has a consent is asked later");
    let (other, own) = (unit("opvang"), unit("ggz-zwolle"));
    assert_eq!(ask("ggz-zwolle", &registers(&[]), Some(&other)).unwrap(), format!("ggz-zwolle:  closed {}", Refusal::NotResponsible));
    assert_eq!(ask("ggz-zwolle", &registers(&[]), Some(&own)).unwrap(), "ggz-zwolle: care-partner");
    let ending = json!({"ending": {"what": {"participant": {"id": "ggz-zwolle"}}, "from": "2024-03-01"}});
    assert_eq!(ask("ggz-zwolle", &registers(&[ending]), None).unwrap(), format!("ggz-zwolle:  closed {}", Refusal::NotResponsible));
}

/// Decision 2: assigned, else of the agreement, else the one intake of the prison, else the only one.
#[test]
fn the_responsible_probation_unit() {
    let unit_of = |case: &Case, registers: &Registers| {
        all("release-date-set", case, registers)
            .into_iter()
            .find(|one| one.contains("probation-unit"))
            .map(|one| one.split(':').next().unwrap().to_owned())
    };
    let agreement = json!({"agreement": {"municipality": "gemeente-zwolle", "prison": "pi-zwolle", "probation": "rn-zuid"}});
    let elsewhere = json!({"agreement": {"municipality": "gemeente-zwolle", "prison": "pi-vught", "probation": "rn-zuid"}});
    assert_eq!(unit_of(&of_zwolle(), &registers(&[])).as_deref(), Some("rn-oost"));
    assert_eq!(unit_of(&of_zwolle(), &registers(std::slice::from_ref(&agreement))).as_deref(), Some("rn-zuid"));
    assert_eq!(unit_of(&of_zwolle(), &registers(&[elsewhere])).as_deref(), Some("rn-oost"));
    let assigned = with(of_zwolle(), FactValue::ProbationUnit(unit("rn-oost")), "2024-02-02T09:00:00Z");
    assert_eq!(unit_of(&assigned, &registers(&[agreement])).as_deref(), Some("rn-oost"));
    let two = participant("rn-noord", "probation", json!({"intake-for": ["pi-zwolle"]}));
    assert_eq!(unit_of(&of_zwolle(), &registers(&[two])), None, "of two that take in nobody knows which");
    let mut grave = of_zwolle();
    grave.facts.clear();
    let grave = with(grave, FactValue::Prison(unit("pi-grave")), "2024-02-01T09:00:00Z");
    assert_eq!(unit_of(&grave, &registers(&[])), None, "of two units neither takes in there");
    let one_left = json!({"ending": {"what": {"participant": {"id": "rn-zuid"}}, "from": "2024-02-01"}});
    assert_eq!(unit_of(&grave, &registers(&[one_left])).as_deref(), Some("rn-oost"), "the only one");
}

#[test]
fn whoever_takes_a_units_place_is_concerned_instead() {
    let registers = registers(&succession());
    assert!(all("release-date-set", &of_zwolle(), &registers).contains(&"pi-noord: holding-prison".to_owned()));
}
