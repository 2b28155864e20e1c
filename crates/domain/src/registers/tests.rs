use super::*;
use crate::{ids::DetentionRef, reorganisation::Current};

mod subscriptions;

const BEGAN: &str = "2024-01-10T09:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn who(id: &str) -> ParticipantId {
    id.parse().unwrap()
}

fn entry(kind: &str, json: serde_json::Value) -> Entry {
    Entry::read(kind, json).unwrap()
}

fn participant(id: &str, kind: &str, code: Option<&str>) -> Entry {
    let municipalities: Vec<_> = code.into_iter().map(|code| serde_json::json!({"code": code})).collect();
    let json = serde_json::json!({"id": id, "kind": kind, "oin": "00000099PI0000008000", "municipalities": municipalities});
    entry("participant", json)
}

/// Registers with these participants and the entries, recorded one second after another.
fn registers(entries: Vec<Entry>) -> Registers {
    let people = [
        participant("gemeente-tilburg", "municipality", Some("0855")),
        participant("gemeente-helmond", "municipality", Some("0794")),
        participant("gemeente-weesp", "municipality", Some("0457")),
        participant("gemeente-amsterdam", "municipality", Some("0363")),
        participant("pi-vught", "prison", None),
        participant("pi-grave", "prison", None),
        participant("rn-brabant", "probation", None),
    ];
    let entries = people.into_iter().chain(entries).zip(0..);
    let second = |seconds: i64| at(BEGAN) + jiff::SignedDuration::from_secs(seconds);
    Registers::new(1, entries.map(|(entry, number)| Recorded { entry, recorded: second(number) }))
}

fn mandate() -> Entry {
    entry(
        "mandate",
        serde_json::json!({"mandator": "gemeente-helmond", "mandatary": "gemeente-tilburg", "scope": "visit", "from": "2024-01-01"}),
    )
}

fn ending(what: &serde_json::Value, from: &str) -> Entry {
    entry("ending", serde_json::json!({"what": what, "from": from}))
}

fn mandates(registers: &Registers, at: At) -> usize {
    registers.mandates(&who("gemeente-helmond"), at).count()
}

#[test]
fn a_mandate_ends_at_midnight_of_the_day_that_a_later_entry_names() {
    let end = ending(&serde_json::json!({"mandate": {"mandator": "gemeente-helmond", "mandatary": "gemeente-tilburg"}}), "2024-07-01");
    let registers = registers(vec![mandate(), end]);
    assert_eq!(mandates(&registers, At::now(at("2024-06-30T21:59:59Z"))), 1);
    assert_eq!(mandates(&registers, At::now(at("2024-06-30T22:00:00Z"))), 0, "midnight in Amsterdam");
    let before_it_was_said = At { valid: at("2024-08-01T00:00:00Z"), known: at("2024-01-10T09:00:07Z") };
    assert_eq!(mandates(&registers, before_it_was_said), 1, "the answer for a pair of instants does not change");
    assert_eq!(registers.next_boundary(At::now(at("2024-06-01T00:00:00Z"))), Some(at("2024-06-30T22:00:00Z")));
    let not_said_yet = At { valid: at("2024-06-01T00:00:00Z"), known: at("2024-01-10T09:00:07Z") };
    assert_ne!(registers.next_boundary(not_said_yet), Some(at("2024-06-30T22:00:00Z")), "what is not known bounds nothing");
}

#[test]
fn what_is_entered_after_an_ending_counts() {
    let end = ending(
        &serde_json::json!({"mandate": {"mandator": "gemeente-helmond", "mandatary": "gemeente-tilburg", "scope": "visit"}}),
        "2024-02-01",
    );
    let registers = registers(vec![mandate(), end, mandate()]);
    assert_eq!(mandates(&registers, At::now(at("2024-03-01T00:00:00Z"))), 1);
}

#[test]
fn a_stop_is_lifted_by_a_later_entry_only() {
    let stop = || Stop::Participant(who("gemeente-tilburg"));
    let now = At::now(at("2024-03-01T00:00:00Z"));
    assert_eq!(registers(vec![Entry::Stop(stop())]).stops(now).count(), 1);
    let lift = |what: Stop| Entry::Lift(Lift { what, by: None });
    assert_eq!(registers(vec![Entry::Stop(stop()), lift(stop())]).stops(now).count(), 0);
    assert_eq!(registers(vec![Entry::Stop(stop()), lift(stop()), Entry::Stop(stop())]).stops(now).count(), 1);
    let other = lift(Stop::Participant(who("gemeente-helmond")));
    assert_eq!(registers(vec![Entry::Stop(stop()), other]).stops(now).count(), 1);
}

#[test]
fn nobody_alone_starts_a_rule_that_was_stopped() {
    let stop = || Stop::Rule("release-date-to-municipality".parse().unwrap());
    let (now, stopped) = (At::now(at("2024-03-01T00:00:00Z")), || Entry::Stop(stop()));
    let lift = |by: &str| Entry::Lift(Lift { what: stop(), by: Some(who(by)) });
    let nobody = || Entry::Lift(Lift { what: stop(), by: None });
    let stops = |entries: Vec<Entry>| registers(entries).stops(now).count();
    assert_eq!(stops(vec![stopped(), lift("beheer")]), 1, "one person");
    assert_eq!(stops(vec![stopped(), lift("beheer"), lift("beheer")]), 1, "the same person twice");
    assert_eq!(stops(vec![stopped(), nobody(), nobody(), lift("beheer")]), 1, "who has no name is nobody");
    assert_eq!(stops(vec![stopped(), lift("beheer"), lift("jurist")]), 0, "two");
    assert_eq!(stops(vec![stopped(), lift("beheer"), stopped(), lift("jurist")]), 1, "a stop between asks both again");
    assert_eq!(stops(vec![lift("beheer"), lift("jurist"), stopped()]), 1, "before it");

    let asked = registers(vec![stopped(), lift("beheer")]);
    assert_eq!(lift("beheer").check(&asked, now.valid), Err(Improper::SameHand));
    assert_eq!(lift("jurist").check(&asked, now.valid), Ok(()));
    let again = registers(vec![stopped(), lift("beheer"), stopped()]);
    assert_eq!(lift("beheer").check(&again, now.valid), Ok(()), "stopped again, whoever lifted before says so again");
    let goes_on = registers(vec![stopped(), lift("beheer"), lift("jurist")]);
    assert_eq!(lift("raad").check(&goes_on, now.valid), Err(Improper::Nothing));
}

#[test]
fn a_lift_reads_as_it_is_written_and_names_one_thing() {
    let read = |json: serde_json::Value| Entry::read("lift", json);
    for one in [
        serde_json::json!({"participant": "pi-vught"}),
        serde_json::json!({"detention": "A-1"}),
        serde_json::json!({"rule": "r", "by": "beheer"}),
    ] {
        assert_eq!(serde_json::to_value(read(one.clone()).unwrap()).unwrap(), serde_json::json!({"lift": one}));
    }
    for wrong in [
        serde_json::json!({"by": "beheer"}),
        serde_json::json!({"rule": "r", "detention": "A-1"}),
        serde_json::json!({"rule": "r", "of": "x"}),
    ] {
        assert!(matches!(read(wrong), Err(Improper::Form(_))));
    }
}

#[test]
fn a_secondment_and_a_conflict() {
    let capacity = serde_json::json!({"worker": "n", "employer": "rn-brabant", "acting-for": "gemeente-tilburg", "role": "r", "from": "2024-01-01", "until": "2024-07-01"});
    let conflict = serde_json::json!({"worker": "n", "detention": "A-1", "acting-for": "gemeente-tilburg"});
    let registers = registers(vec![entry("capacity", capacity), entry("conflict", conflict)]);
    let detention: DetentionRef = "A-1".parse().unwrap();
    let now = At::now(at("2024-06-30T21:59:59Z"));
    assert_eq!(registers.capacities("n", now).count(), 1);
    assert_eq!(registers.capacities("n", At::now(at("2024-06-30T22:00:00Z"))).count(), 0);
    assert!(registers.has_conflict("n", &who("gemeente-tilburg"), &detention, now));
    assert!(!registers.has_conflict("n", &who("rn-brabant"), &detention, now));
    assert!(!registers.has_conflict("m", &who("gemeente-tilburg"), &detention, now));
}

#[test]
fn a_unit_takes_the_place_of_another_from_a_day_on() {
    let succession = entry("succession", serde_json::json!({"predecessor": "pi-grave", "successor": "pi-vught", "from": "2024-05-01"}));
    let agreement =
        entry("agreement", serde_json::json!({"municipality": "gemeente-helmond", "prison": "pi-grave", "probation": "rn-brabant"}));
    let registers = registers(vec![agreement, succession]);
    let (before, after) = (At::now(at("2024-04-30T21:00:00Z")), At::now(at("2024-05-01T09:00:00Z")));
    let (grave, vught, helmond) = (who("pi-grave"), who("pi-vught"), who("gemeente-helmond"));
    assert_eq!((registers.successor(&grave, before), registers.successor(&grave, after)), (&grave, &vught));
    assert_eq!(registers.predecessors(&vught, after), [vught.clone(), grave]);
    assert!(registers.agreement(&helmond, &vught, before).is_none());
    assert_eq!(registers.agreement(&helmond, &vught, after).unwrap().probation, Some(who("rn-brabant")));
}

#[test]
fn a_circle_of_successions_ends() {
    let one = entry("succession", serde_json::json!({"predecessor": "pi-grave", "successor": "pi-vught", "from": "2024-05-01"}));
    let back = entry("succession", serde_json::json!({"predecessor": "pi-vught", "successor": "pi-grave", "from": "2024-05-01"}));
    let registers = registers(vec![one, back]);
    let now = At::now(at("2024-06-01T00:00:00Z"));
    assert!([who("pi-grave"), who("pi-vught")].contains(registers.successor(&who("pi-grave"), now)));
    assert!(registers.predecessors(&who("pi-grave"), now).len() <= 2);
}

#[test]
fn a_municipality_that_merged_is_succeeded_on_its_day() {
    let registers = registers(Vec::new());
    let known = at("2024-06-01T00:00:00Z");
    let on = |day: &str| At { valid: at(&format!("{day}T12:00:00Z")), known };
    let (weesp, amsterdam) = (who("gemeente-weesp"), who("gemeente-amsterdam"));
    let code = "0457".parse().unwrap();
    assert_eq!(registers.successor(&weesp, on("2022-03-23")), &weesp, "not on 1 January");
    assert_eq!(registers.successor(&weesp, on("2022-03-24")), &amsterdam);
    assert_eq!(registers.municipality(&code, on("2022-03-23")).unwrap().id, weesp);
    assert_eq!(registers.municipality(&code, on("2022-03-24")).unwrap().id, amsterdam);
    assert_eq!(registers.current_code(&code, None, on("2022-03-24")), Current::One("0363".parse().unwrap()));
    assert_eq!(registers.predecessors(&amsterdam, on("2022-03-24")), [amsterdam.clone(), weesp]);
    assert_eq!(registers.predecessors(&amsterdam, on("2022-03-23")), [amsterdam]);
}

#[test]
fn a_split_goes_by_postal_code() {
    let split = entry(
        "reorganisation",
        serde_json::json!({"code": "0788", "from": "2021-01-01", "into": ["0757", "0824", "0855", "0865"], "parts": [{"postal-code": "5074", "code": "0855"}]}),
    );
    let registers = registers(vec![split]);
    let now = At::now(at("2024-06-01T00:00:00Z"));
    let code = "0788".parse().unwrap();
    assert_eq!(registers.current_code(&code, Some("5074AB"), now), Current::One("0855".parse().unwrap()));
    assert_eq!(registers.current_code(&code, Some("5299AB"), now), Current::Split, "no part of that code is known");
    assert_eq!(registers.current_code(&code, None, now), Current::Split);
}

#[test]
fn who_retires_takes_no_part_but_keeps_its_meaning() {
    let registers = registers(vec![ending(&serde_json::json!({"participant": {"id": "pi-grave"}}), "2024-05-01")]);
    let now = At::now(at("2024-06-01T00:00:00Z"));
    assert!(registers.participant(&who("pi-grave"), now).is_none());
    assert!(registers.participant(&who("pi-grave"), At::now(at("2024-04-01T00:00:00Z"))).is_some());
    assert!(registers.registered(&who("pi-grave"), now).is_some());
    assert!(!registers.participants(now).any(|participant| participant.id == who("pi-grave")));
}

/// A capacity of N. for Tilburg.
fn seconded(role: &str, from: &str, until: Option<&str>) -> Entry {
    let capacity = serde_json::json!({"worker": "n", "employer": "rn-brabant", "acting-for": "gemeente-tilburg", "role": role, "from": from, "until": until});
    entry("capacity", capacity)
}

fn ended(role: Option<&str>, from: &str) -> Entry {
    ending(&serde_json::json!({"capacity": {"worker": "n", "acting-for": "gemeente-tilburg", "role": role}}), from)
}

#[test]
fn an_ending_cuts_short_what_would_have_held_longer() {
    let recorded = at("2024-03-01T00:00:00Z");
    let cut = |held: Vec<Entry>, ending: Entry| {
        let mut registers = registers(held);
        registers.add(Recorded { entry: ending.clone(), recorded });
        let Entry::Ending(ending) = ending else { panic!("an ending") };
        registers.cut_short(&ending, recorded).map(|own| own.role.clone()).collect::<Vec<_>>()
    };
    let both = || vec![seconded("a", "2024-01-01", Some("2024-07-01")), seconded("b", "2024-05-01", None)];
    assert_eq!(cut(both(), ended(None, "2024-04-01")), ["a", "b"], "one that has not begun, too");
    assert_eq!(cut(both(), ended(Some("b"), "2024-04-01")), ["b"]);
    assert_eq!(cut(both(), ended(None, "2024-02-01")), ["a", "b"], "in the past");
    assert_eq!(cut(both(), ended(None, "2024-07-01")), ["b"], "a is over by then");
    let before = vec![seconded("a", "2024-01-01", None), ended(None, "2024-03-15")];
    assert_eq!(cut(before, ended(None, "2024-04-01")), Vec::<String>::new(), "ended before");
}

#[test]
fn a_capacity_runs_out_where_no_other_in_its_role_goes_on() {
    let (last, now) = (at("2024-06-30T22:00:00Z"), at("2024-07-01T06:00:00Z"));
    let out = |held: Vec<Entry>| {
        let registers = registers(held);
        registers.run_out("n", &who("gemeente-tilburg"), last, now).map(|own| own.role.clone()).collect::<Vec<_>>()
    };
    let until = || seconded("a", "2024-01-01", Some("2024-07-01"));
    assert_eq!(out(vec![until()]), ["a"]);
    assert_eq!(out(vec![until(), seconded("a", "2024-07-01", None)]), Vec::<String>::new());
    assert_eq!(out(vec![until(), seconded("b", "2024-07-01", None)]), ["a"], "another role");
    assert_eq!(out(vec![until(), ended(None, "2024-05-01")]), Vec::<String>::new(), "ended before its last day");
    assert_eq!(out(vec![seconded("a", "2024-01-01", Some("2024-08-01"))]), Vec::<String>::new());
    let other = || seconded("b", "2024-01-01", None);
    assert_eq!(out(vec![until(), other(), ended(Some("b"), "2024-07-01")]), ["a"], "b was ended by an entry");
}

#[test]
fn what_makes_no_sense_cannot_be_entered() {
    let registers = registers(vec![mandate()]);
    let now = at("2024-03-01T00:00:00Z");
    let check = |kind: &str, json: serde_json::Value| Entry::read(kind, json).and_then(|entry| entry.check(&registers, now));
    let mandate = |mandator: &str, until: &str| {
        check(
            "mandate",
            serde_json::json!({"mandator": mandator, "mandatary": "gemeente-tilburg", "scope": "all", "from": "2024-01-01", "until": until}),
        )
    };
    assert_eq!(mandate("gemeente-helmond", "2025-01-01"), Ok(()));
    assert_eq!(mandate("gemeente-helmond", "2024-01-01"), Err(Improper::Period));
    assert_eq!(mandate("gemeente-tilburg", "2025-01-01"), Err(Improper::Itself));
    assert_eq!(mandate("pi-vught", "2025-01-01"), Err(Improper::Kind(who("pi-vught"), "municipality")));
    assert_eq!(mandate("gemeente-delft", "2025-01-01"), Err(Improper::Unknown(who("gemeente-delft"))));
    let visits = |scope: &str| {
        let (mandator, mandatary) = ("gemeente-helmond", "gemeente-tilburg");
        check(
            "mandate",
            serde_json::json!({"mandator": mandator, "mandatary": mandatary, "scope": scope, "from": "2024-01-01", "visit-days": ["tuesday"]}),
        )
    };
    assert_eq!(visits("visit"), Ok(()));
    assert_eq!(visits("all"), Ok(()));
    assert_eq!(visits("tbo"), Err(Improper::VisitDays));
    let deputies = |deputy: &str| {
        let oin = "00000099PI0000008000";
        check("participant", serde_json::json!({"id": "gemeente-helmond", "kind": "municipality", "oin": oin, "deputies": [deputy]}))
    };
    assert_eq!(deputies("gemeente-tilburg"), Ok(()));
    assert_eq!(deputies("gemeente-helmond"), Err(Improper::Itself));
    assert_eq!(deputies("gemeente-delft"), Err(Improper::Unknown(who("gemeente-delft"))));
    let end = |mandator: &str| {
        check(
            "ending",
            serde_json::json!({"what": {"mandate": {"mandator": mandator, "mandatary": "gemeente-tilburg"}}, "from": "2024-07-01"}),
        )
    };
    assert_eq!(end("gemeente-helmond"), Ok(()));
    assert_eq!(end("gemeente-weesp"), Err(Improper::Nothing));
    assert_eq!(check("lift", serde_json::json!({"participant": "pi-vught"})), Err(Improper::Nothing));
    let active = serde_json::json!({"participant": "rn-brabant", "events": ["*"], "state": "active"});
    assert_eq!(check("subscription", active), Err(Improper::Active));
    assert_eq!(
        check("approval", serde_json::json!({"participant": "rn-brabant", "events": ["*"], "owner": "DJI"})),
        Err(Improper::Nothing)
    );
    assert_eq!(
        check("reorganisation", serde_json::json!({"code": "0457", "from": "2024-01-01", "into": ["0457"]})),
        Err(Improper::Reorganisation)
    );
    let capacity = |worker: &str| {
        check(
            "capacity",
            serde_json::json!({"worker": worker, "employer": "rn-brabant", "acting-for": "rn-brabant", "role": "r", "from": "2024-01-01"}),
        )
    };
    assert_eq!((capacity("n"), capacity("Noor Nachtegaal")), (Ok(()), Err(Improper::Worker)));
    assert_eq!(check("nonsense", serde_json::json!({})), Err(Improper::Register));
    let form = check("mandate", serde_json::json!({"mandator": "geheim persoon"}));
    assert!(matches!(&form, Err(Improper::Form(text)) if !text.contains("geheim")), "{form:?}");
}

#[test]
fn every_register_has_its_word() {
    let stop = Stop::Detention("A-1".parse().unwrap());
    for entry in [participant("x", "prison", None), mandate(), Entry::Stop(stop.clone()), Entry::Lift(Lift { what: stop, by: None })] {
        let json = serde_json::to_value(&entry).unwrap();
        assert_eq!(json.as_object().unwrap().keys().next().unwrap(), entry.kind());
        assert!(KINDS.contains(&entry.kind()));
    }
}
