//! What the hub says of desks by itself: looks that were refused, capacities that were granted and have ended.

use schakelpunt_domain::{Refusal, registers::Entry};
use schakelpunt_engine::desk::{Look, PURPOSE};
use serde_json::{Value, json};

use crate::harness::{
    Rig,
    bus::Sent,
    mandate,
    messages::{admission, detention_ended, of_one_person, withdrawal},
    to, told, who,
};

const UNIT: &str = "rn-zwolle";

async fn enter(rig: &Rig, kind: &str, entry: Value) {
    rig.hub.enter(&[Entry::read(kind, entry).unwrap()], &who("hub")).await.unwrap().unwrap();
}

/// N. of the probation unit is lent to Zwolle.
async fn lend(rig: &Rig, from: &str, until: Option<&str>) {
    let capacity = json!({"worker": "n", "employer": UNIT, "acting-for": "gemeente-zwolle", "role": "nazorgcoordinator", "from": from, "until": until});
    enter(rig, "capacity", capacity).await;
}

async fn end(rig: &Rig, from: &str) {
    enter(rig, "ending", json!({"what": {"capacity": {"worker": "n", "acting-for": "gemeente-zwolle"}}, "from": from})).await;
}

async fn looks(rig: &Rig, worker: &str, capacity: &str, detention: &str) -> Option<Refusal> {
    let look = Look { worker: worker.to_owned(), capacity: who(capacity), role: None, purpose: PURPOSE.to_owned() };
    rig.hub.look(&look, &detention.parse().unwrap()).await.unwrap().err()
}

#[tokio::test]
async fn the_notices_of_start_and_end_are_seen_for_six_months_after_the_end() {
    let rig = Rig::new().await;
    lend(&rig, "2024-01-01", None).await;
    rig.give(&admission("d-1")).await;
    let seen = async |rig: &Rig, at: &str| {
        rig.set(at);
        let look = Look { worker: "n".to_owned(), capacity: who("gemeente-zwolle"), role: None, purpose: PURPOSE.to_owned() };
        let seen = rig.hub.look(&look, &"d-1".parse().unwrap()).await.unwrap().unwrap();
        seen.given.iter().map(|given| given.event.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(seen(&rig, "2025-09-01T08:00:00+02:00").await, ["detention-started"], "while the detention lasts");
    rig.give(&detention_ended("d-1", "2025-09-04").sequence(2)).await;
    assert_eq!(seen(&rig, "2026-03-03T23:59:59+01:00").await, ["detention-started", "detention-ended"]);
    assert!(seen(&rig, "2026-03-04T00:00:00+01:00").await.is_empty());
    let (given, _) = rig.hub.who_saw(&"d-1".parse().unwrap()).await.unwrap();
    assert!(given.iter().any(|given| given.event.as_str() == "detention-started"), "who saw it stays on record");
}

fn texts(sent: &[Sent], pointer: &str) -> Vec<String> {
    sent.iter().map(|event| event.text(pointer).to_owned()).collect()
}

#[tokio::test]
async fn a_refused_look_is_told_to_the_unit_alone_and_once() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    assert_eq!(looks(&rig, "m", "gemeente-zwolle", "d-1").await, Some(Refusal::WrongCapacity));
    let sent = rig.settle().await;
    assert_eq!(told(&sent), ["gemeente-zwolle < access-refused"]);
    assert_eq!((sent[0].text("/access/code"), sent[0].text("/access/worker")), ("WRONG_CAPACITY", "m"));
    assert_eq!(looks(&rig, "m", "gemeente-zwolle", "d-1").await, Some(Refusal::WrongCapacity));
    assert!(rig.settle().await.is_empty(), "the same look at the same instant");
    rig.pass(1);
    assert_eq!(looks(&rig, "m", "gemeente-zwolle", "d-1").await, Some(Refusal::WrongCapacity));
    assert_eq!(rig.settle().await.len(), 1, "another look");
}

#[tokio::test]
async fn who_has_nothing_to_do_with_a_case_does_not_learn_that_there_is_one() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    let stranger = json!({"worker": "s", "employer": "gemeente-breda", "acting-for": "gemeente-breda", "role": "nazorgcoordinator", "from": "2024-01-01"});
    let partner =
        json!({"worker": "o", "employer": "opvang-breda", "acting-for": "opvang-breda", "role": "begeleider", "from": "2024-01-01"});
    enter(&rig, "capacity", stranger).await;
    enter(&rig, "capacity", partner).await;
    rig.settle().await;
    for (worker, unit, code) in [
        ("s", "gemeente-breda", Refusal::NotResponsible),
        ("o", "opvang-breda", Refusal::ConsentMissing),
        ("m", "opvang-breda", Refusal::WrongCapacity),
    ] {
        for detention in ["d-1", "d-unknown"] {
            assert_eq!(looks(&rig, worker, unit, detention).await, Some(code));
            assert!(rig.settle().await.is_empty(), "{unit} of {detention}");
        }
    }
}

#[tokio::test]
async fn a_mandator_hears_of_its_own_workers_and_not_of_those_who_act_for_it() {
    let rig = Rig::new().await;
    rig.record(mandate("gemeente-zwolle", "gemeente-kampen", None)).await;
    rig.give(&admission("d-1")).await;
    for unit in ["gemeente-zwolle", "gemeente-kampen"] {
        assert_eq!(looks(&rig, "m", unit, "d-1").await, Some(Refusal::WrongCapacity));
        assert_eq!(told(&rig.settle().await), [format!("{unit} < access-refused")]);
    }
}

/// Of which other detentions of the same person the desk sees something.
async fn same_person(rig: &Rig, detention: &str) -> Vec<String> {
    let look = Look { worker: "n".to_owned(), capacity: who("gemeente-zwolle"), role: None, purpose: PURPOSE.to_owned() };
    let seen = rig.hub.look(&look, &detention.parse().unwrap()).await.unwrap().unwrap();
    seen.same_person.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn an_admission_that_is_taken_back_is_no_detention_of_that_person_any_more() {
    let rig = Rig::new().await;
    lend(&rig, "2024-01-01", None).await;
    let second = of_one_person("d-2").by("pi-vught");
    rig.give(&of_one_person("d-1")).await;
    rig.give(&detention_ended("d-1", "2024-09-04").sequence(2)).await;
    rig.give(&second).await;
    assert_eq!((same_person(&rig, "d-1").await, same_person(&rig, "d-2").await), (vec!["d-2".to_owned()], vec!["d-1".to_owned()]));
    let (_, looked) = rig.hub.who_saw(&"d-1".parse().unwrap()).await.unwrap();
    assert_eq!(looked.len(), 2, "to be named is to be looked at");
    rig.give(&withdrawal(&second)).await;
    assert_eq!((same_person(&rig, "d-1").await, same_person(&rig, "d-2").await), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn a_worker_that_is_no_pseudonym_is_not_named() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    looks(&rig, "Noor Nachtegaal", "gemeente-zwolle", "d-1").await;
    let sent = rig.settle().await;
    assert!(told(&sent) == ["gemeente-zwolle < access-refused"] && !sent[0].has("/access/worker"), "{sent:?}");
}

#[tokio::test]
async fn unit_and_employer_hear_of_a_capacity_and_of_its_last_day() {
    let rig = Rig::new().await;
    lend(&rig, "2024-09-01", Some("2024-10-01")).await;
    let sent = rig.settle().await;
    assert_eq!(told(&sent), ["gemeente-zwolle < capacity-granted", "rn-zwolle < capacity-granted"]);
    assert_eq!(texts(&sent, "/capacity/until"), ["2024-10-01", "2024-10-01"]);
    rig.set("2024-09-30T23:59:59+02:00");
    assert!(rig.settle().await.is_empty());
    rig.set("2024-10-01T00:00:00+02:00");
    let sent = rig.settle().await;
    assert_eq!(told(&sent), ["gemeente-zwolle < capacity-revoked", "rn-zwolle < capacity-revoked"]);
    assert_eq!(texts(&sent, "/capacity/until"), ["2024-10-01", "2024-10-01"]);
    rig.pass(86_400);
    assert!(rig.settle().await.is_empty());
}

#[tokio::test]
async fn what_is_ended_early_is_told_at_the_entry_and_not_again_on_its_last_day() {
    let rig = Rig::new().await;
    lend(&rig, "2024-09-01", Some("2024-10-01")).await;
    rig.settle().await;
    end(&rig, "2024-09-15").await;
    let sent = rig.settle().await;
    assert_eq!(told(&sent), ["gemeente-zwolle < capacity-revoked", "rn-zwolle < capacity-revoked"]);
    assert_eq!(texts(&sent, "/capacity/until"), ["2024-09-15", "2024-09-15"]);
    rig.set("2024-10-02T00:00:00+02:00");
    assert!(rig.settle().await.is_empty());
}

#[tokio::test]
async fn a_capacity_that_goes_on_has_not_ended_and_one_that_was_over_is_history() {
    let rig = Rig::new().await;
    lend(&rig, "2024-01-01", Some("2024-02-01")).await;
    assert!(rig.settle().await.is_empty());
    lend(&rig, "2024-09-01", Some("2024-10-01")).await;
    lend(&rig, "2024-10-01", None).await;
    assert_eq!(rig.settle().await.len(), 4);
    rig.set("2024-10-01T00:00:00+02:00");
    assert!(rig.settle().await.is_empty());
}

#[tokio::test]
async fn what_waited_for_a_unit_goes_to_it_and_to_nobody_else_whatever_was_entered_since() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.down("gemeente-zwolle");
    lend(&rig, "2024-09-01", None).await;
    looks(&rig, "m", "gemeente-zwolle", "d-1").await;
    assert_eq!(told(&rig.settle().await), ["rn-zwolle < capacity-granted"]);
    rig.record(crate::harness::mandate("gemeente-zwolle", "gemeente-kampen", None)).await;
    rig.up("gemeente-zwolle");
    let sent = rig.settle().await;
    assert_eq!(told(&sent)[..2], ["gemeente-zwolle < capacity-granted", "gemeente-zwolle < access-refused"]);
    assert_eq!(to(&sent, "gemeente-kampen").iter().map(|one| one.event.as_str()).collect::<Vec<_>>(), ["case-passed-on"]);
}
