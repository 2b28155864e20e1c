//! Who is concerned: recipients are derived from case and registers, and from nothing that a sender chooses.

use jiff::Timestamp;
use schakelpunt_domain::{
    LegalDay, ParticipantId, Refusal,
    case::{Case, FactValue, Opened},
    consent::Consent,
    registers::{At, Entry, Recorded, Registers},
};
use schakelpunt_rules::{Candidate, Relation, Who, agreement, candidate_for, candidates, sender_relations};
use serde_json::{Value, json};

const BEFORE: &str = "2024-01-01T00:00:00Z";

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> At {
    At::now(instant("2024-03-05T09:00:00Z"))
}

fn unit(id: &str) -> ParticipantId {
    id.parse().unwrap()
}

/// Adds the keys of `more`.
fn extend(value: &mut Value, more: Value) {
    let (Value::Object(value), Value::Object(more)) = (value, more) else { panic!("an object") };
    value.extend(more);
}

fn participant(id: &str, kind: &str, more: Value) -> Value {
    let mut participant = json!({"id": id, "kind": kind, "oin": "00000099PI0000008000"});
    extend(&mut participant, more);
    json!({"participant": participant})
}

/// Three municipalities, three prisons, two probation units, a partner and the desk for triage.
fn registers(more: &[Value]) -> Registers {
    let municipality = |id: &str, code: &str| participant(id, "municipality", json!({"municipalities": [{"code": code}]}));
    let mut entries = vec![
        municipality("gemeente-zwolle", "0193"),
        municipality("gemeente-breda", "0758"),
        municipality("gemeente-haarlem", "0392"),
        participant("pi-zwolle", "prison", json!({})),
        participant("pi-vught", "prison", json!({})),
        participant("pi-grave", "prison", json!({})),
        participant("rn-oost", "probation", json!({"intake-for": ["pi-zwolle"]})),
        participant("rn-zuid", "probation", json!({"intake-for": ["pi-vught"]})),
        participant("ggz-zwolle", "care-partner", json!({"tells-health": true})),
        participant("triage", "triage", json!({})),
    ];
    entries.extend(more.iter().cloned());
    let entry = |json: Value| Recorded { entry: serde_json::from_value::<Entry>(json).unwrap(), recorded: instant(BEFORE) };
    Registers::new(1, entries.into_iter().map(entry))
}

/// A detention in PI Zwolle since 1 February.
fn case() -> Case {
    let mut case = Case::new("D-1".parse().unwrap());
    case.opened = Some(Opened { by: unit("pi-zwolle"), person: "digest".to_owned(), at: instant("2024-02-01T09:00:00Z") });
    let case = with(case, FactValue::Prison(unit("pi-zwolle")), "2024-02-01T09:00:00Z");
    with(case, FactValue::Start("2024-02-01".parse().unwrap()), "2024-02-01T09:00:00Z")
}

fn with(mut case: Case, value: FactValue, from: &str) -> Case {
    case.record(value, instant(from), instant("2024-02-01T09:00:00Z"));
    case
}

fn living(case: Case, residence: Value) -> Case {
    with(case, FactValue::Residence(serde_json::from_value(residence).unwrap()), "2024-02-01T09:00:00Z")
}

/// Lived in Zwolle when detained.
fn of_zwolle() -> Case {
    living(case(), json!([{"source": "BRP_AT_START", "municipality": "0193", "kind": "HOME"}]))
}

fn consented(mut case: Case, partner: &str) -> Case {
    let given = instant("2024-02-02T09:00:00Z");
    case.consents.push(Consent {
        id: "c-1".to_owned(),
        recipient: unit(partner),
        categories: vec!["class:ID".parse().unwrap()],
        purpose: "reintegration".to_owned(),
        given_at: Some(given),
        until: None,
        withdrawn_at: None,
        recorded: given,
        withdrawal_recorded: None,
        message: None,
    });
    case
}

/// `unit: relations`, with `for` whom and what is closed.
fn told(candidate: &Candidate) -> String {
    let relations: Vec<_> = candidate.relations.iter().map(ToString::to_string).collect();
    let behalf = candidate.on_behalf_of.as_ref().map(|other| format!(" for {other}")).unwrap_or_default();
    let closed = candidate.closed.map(|code| format!(" closed {code}")).unwrap_or_default();
    format!("{}: {}{behalf}{closed}", candidate.participant, relations.join(" "))
}

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
    let leaf: schakelpunt_domain::pointer::Leaf = "/detention/start".parse().unwrap();
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

fn mandate(scope: &str, more: Value) -> Value {
    let mut mandate = json!({"mandator": "gemeente-zwolle", "mandatary": "gemeente-breda", "scope": scope, "from": "2024-01-01"});
    extend(&mut mandate, more);
    json!({"mandate": mandate})
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
fn what_a_sender_is_to_the_case() {
    let relations = |id: &str, case: &Case, event: &str, receives: bool| {
        let registers = registers(&[mandate("tbo", json!({}))]);
        let sender = registers.participant(&unit(id), now()).unwrap();
        let found = sender_relations(sender, case, &registers, now(), event, receives);
        found.iter().map(|relation| relation.word()).collect::<Vec<_>>().join(" ")
    };
    let (opened, blank) = (of_zwolle(), Case::new("D-2".parse().unwrap()));
    assert_eq!(relations("pi-zwolle", &opened, "release-date-set", false), "holding-prison");
    assert_eq!(relations("pi-vught", &opened, "release-date-set", false), "");
    assert_eq!(relations("pi-vught", &opened, "transferred", true), "receiving-prison");
    assert_eq!(relations("pi-vught", &blank, "detention-started", false), "holding-prison", "who opens a case holds the person");
    assert_eq!(relations("pi-vught", &blank, "release-date-set", false), "");
    assert_eq!(relations("pi-vught", &opened, "detention-started", false), "", "it is open already");
    let moved = with(of_zwolle(), FactValue::Prison(unit("pi-vught")), "2024-03-01T09:00:00Z");
    assert_eq!(relations("pi-zwolle", &moved, "release-date-set", false), "former-prison");
    assert_eq!(relations("pi-vught", &moved, "release-date-set", false), "holding-prison");
    let moving = with(of_zwolle(), FactValue::Prison(unit("pi-vught")), "2024-03-10T09:00:00Z");
    assert_eq!(relations("pi-vught", &moving, "release-date-set", false), "receiving-prison");
    assert_eq!(relations("gemeente-zwolle", &opened, "release-date-set", false), "responsible-municipality");
    assert_eq!(relations("gemeente-zwolle", &opened, "tbo-held", false), "", "another acts for it there");
    assert_eq!(relations("gemeente-breda", &opened, "tbo-held", false), "responsible-municipality");
    assert_eq!(relations("gemeente-breda", &case(), "tbo-held", false), "", "nobody is responsible yet");
    assert_eq!(relations("rn-oost", &opened, "supervision-started", false), "responsible-probation-unit");
    assert_eq!(relations("rn-zuid", &opened, "supervision-started", false), "");
    assert_eq!(relations("ggz-zwolle", &opened, "care-continuity-confirmed", false), "");
    assert_eq!(relations("ggz-zwolle", &consented(opened.clone(), "ggz-zwolle"), "care-continuity-confirmed", false), "care-partner");
    assert_eq!(relations("triage", &opened, "responsible-municipality-determined", false), "triage");
}

#[test]
fn who_takes_a_units_place_is_what_that_unit_was() {
    let more = [
        participant("pi-noord", "prison", json!({})),
        json!({"succession": {"predecessor": "pi-zwolle", "successor": "pi-noord", "from": "2024-03-01"}}),
    ];
    let registers = registers(&more);
    assert!(all("release-date-set", &of_zwolle(), &registers).contains(&"pi-noord: holding-prison".to_owned()));
    let successor = registers.participant(&unit("pi-noord"), now()).unwrap();
    assert_eq!(sender_relations(successor, &of_zwolle(), &registers, now(), "release-date-set", false), [Relation::HoldingPrison]);
}

/// The agreement is that of the day of entry, with the prison that took the person in.
#[test]
fn a_transfer_changes_nothing_about_the_agreement() {
    let of = |prison: &str, days: u16, more: Value| {
        let mut agreement = json!({"municipality": "gemeente-zwolle", "prison": prison, "tbo-calendar-days": days});
        extend(&mut agreement, more);
        json!({"agreement": agreement})
    };
    let days =
        |case: &Case, entries: &[Value]| agreement(case, &registers(entries), now()).and_then(|agreement| agreement.tbo_calendar_days);
    let both = [of("pi-zwolle", 10, json!({})), of("pi-vught", 20, json!({}))];
    let moved = with(of_zwolle(), FactValue::Prison(unit("pi-vught")), "2024-03-01T09:00:00Z");
    assert_eq!((days(&of_zwolle(), &both), days(&moved, &both)), (Some(10), Some(10)));
    let later = [of("pi-zwolle", 10, json!({"until": "2024-02-10"})), of("pi-zwolle", 5, json!({"from": "2024-02-11"}))];
    assert_eq!(days(&of_zwolle(), &later), Some(10), "as it stood on the day of entry");
    let entered = with(of_zwolle(), FactValue::PiEntry(LegalDay("2024-02-12".parse().unwrap())), "2024-02-01T09:00:00Z");
    assert_eq!(days(&entered, &later), Some(5), "the entry in a prison, where it is known");
    assert_eq!(days(&case(), &both), None, "nobody is responsible");
}
