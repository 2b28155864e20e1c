//! What a participant asked for: numbers without gaps, heartbeats, pauses, filters.

use schakelpunt_domain::{Refusal, registers::Entry};
use schakelpunt_engine::ports::{Published::NotNow, Pull};
use serde_json::{Value, json};

use crate::harness::{
    Rig,
    bus::Sent,
    fetches,
    messages::{admission, release_date, withdrawal},
    only, stop_participant, to, told, who,
};

const TOWN: &str = "gemeente-zwolle";
const DATE: &str = "d-1-release-date-set";

/// The running number of each delivery to the town, in the order in which they came.
fn numbers(sent: &[Sent]) -> Vec<u64> {
    to(sent, TOWN).iter().map(|one| one.body["number"].as_u64().unwrap()).collect()
}

/// What the town was told of its numbers, beside deliveries.
fn of_numbers(rig: &Rig) -> Vec<(String, Value)> {
    let all = rig.bus.all().into_iter().filter(|sent| sent.to == TOWN && ["delivery-void", "heartbeat"].contains(&sent.event.as_str()));
    all.map(|sent| (sent.event.clone(), sent.body["data"].clone())).collect()
}

fn subscription(state: &str, events: &[&str], filter: Option<&str>) -> Entry {
    let entry = json!({"participant": TOWN, "events": events, "state": state, "filter": filter});
    Entry::read("subscription", entry).unwrap()
}

#[tokio::test]
async fn each_delivery_tells_its_number_the_same_whenever_it_comes() {
    let rig = Rig::new().await;
    rig.bus.answers(TOWN, &[NotNow]);
    let first = rig.give(&admission("d-1")).await;
    rig.pass(1);
    let again = rig.settle().await;
    assert_eq!((numbers(&first), numbers(&again)), (vec![1], vec![1]));
    assert_eq!(only(&first, TOWN).bytes, only(&again, TOWN).bytes);
    assert_eq!(numbers(&rig.give(&admission("d-2")).await), [2]);
}

#[tokio::test]
async fn a_number_under_which_nothing_comes_is_void_and_says_nothing_of_what_it_was() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    let wrong = release_date("d-1", "2024-12-01").sequence(2);
    rig.bus.answers(TOWN, &[NotNow]);
    rig.give(&wrong).await;
    rig.give(&withdrawal(&wrong)).await;
    assert_eq!(rig.stages(DATE, TOWN).await, ["cancelled"]);
    assert_eq!(of_numbers(&rig), [("delivery-void".to_owned(), json!({"void": {"from": 2, "to": 2}}))]);
    let void = rig.bus.all().into_iter().find(|sent| sent.event == "delivery-void").unwrap();
    assert!(void.receipt && void.body.get("subject").is_none() && void.body.get("number").is_none(), "{}", void.body);
}

#[tokio::test]
async fn a_number_that_is_refused_at_its_second_claim_is_void_too() {
    let rig = Rig::new().await;
    rig.bus.answers(TOWN, &[NotNow]);
    rig.give(&admission("d-1")).await;
    rig.record(stop_participant(TOWN)).await;
    rig.pass(1);
    rig.settle().await;
    assert_eq!(of_numbers(&rig), [("delivery-void".to_owned(), json!({"void": {"from": 1, "to": 1}}))]);
}

#[tokio::test]
async fn a_heartbeat_tells_once_a_day_up_to_where_nothing_is_missing() {
    let rig = Rig::at("2024-09-04T06:30:00+02:00").await;
    rig.give(&admission("d-1")).await;
    rig.bus.answers(TOWN, &[NotNow]);
    rig.give(&admission("d-2")).await;
    rig.give(&admission("d-3")).await;
    rig.hub.beat().await.unwrap();
    rig.hub.tell_receipts().await.unwrap();
    let heads = |rig: &Rig| of_numbers(rig).iter().map(|(_, data)| data["heartbeat"]["head"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(heads(&rig), [1], "under number 2 something still comes");
    rig.pass(3600);
    rig.settle().await;
    rig.second_hub().await.hub.beat().await.unwrap();
    rig.settle().await;
    assert_eq!(heads(&rig), [1], "another process says it too, and it is told once");
    rig.set("2024-09-05T05:59:59+02:00");
    rig.hub.beat().await.unwrap();
    rig.settle().await;
    assert_eq!(heads(&rig), [1], "before six it is the day before");
    rig.set("2024-09-05T06:00:00+02:00");
    rig.hub.beat().await.unwrap();
    rig.settle().await;
    assert_eq!(heads(&rig), [1, 3]);
}

#[tokio::test]
async fn who_stands_still_gets_no_heartbeat() {
    let rig = Rig::new().await;
    rig.record(stop_participant(TOWN)).await;
    rig.hub.beat().await.unwrap();
    rig.settle().await;
    assert!(of_numbers(&rig).is_empty());
    assert!(rig.bus.all().iter().any(|sent| sent.to == "rn-zwolle" && sent.event == "heartbeat"), "the others do");
}

#[tokio::test]
async fn a_fetch_tells_what_is_void_and_up_to_where_nothing_is_missing() {
    let rig = Rig::new().await;
    rig.record(fetches(TOWN)).await;
    let wrong = release_date("d-1", "2024-12-01").sequence(2);
    rig.batch(&[admission("d-1"), wrong.clone()]).await;
    rig.fetch(TOWN, 0).await;
    rig.take(&withdrawal(&wrong)).await;
    let fetched = rig.hub.pull(&Pull { participant: who(TOWN), after: 0, limit: 100 }).await.unwrap();
    let events: Vec<Value> = fetched.events.iter().map(|event| serde_json::from_slice(event).unwrap()).collect();
    let numbers: Vec<Option<u64>> = events.iter().map(|event| event["number"].as_u64()).collect();
    assert_eq!(numbers, [Some(1), Some(3), None]);
    assert_eq!((&events[2]["data"], fetched.next, fetched.head), (&json!({"void": {"from": 2, "to": 2}}), 3, Some(3)));
}

#[tokio::test]
async fn what_is_paused_waits_and_goes_on_in_order() {
    let rig = Rig::new().await;
    rig.record(subscription("paused", &["*"], None)).await;
    assert_eq!(told(&rig.give(&admission("d-1")).await), ["rn-zwolle < detention-started"]);
    rig.give(&release_date("d-1", "2024-12-01").sequence(2)).await;
    assert_eq!(rig.stages("d-1-detention-started", TOWN).await, ["waiting"]);
    rig.pass(60);
    assert!(rig.settle().await.is_empty());
    rig.record(subscription("requested", &["*"], None)).await;
    rig.pass(60);
    let sent = rig.settle().await;
    assert_eq!(told(&sent), ["gemeente-zwolle < detention-started", "gemeente-zwolle < release-date-set"]);
    assert_eq!(numbers(&sent), [1, 2], "a pause uses up no number");
}

#[tokio::test]
async fn what_is_no_longer_lawful_after_a_pause_never_leaves() {
    let rig = Rig::new().await;
    rig.record(subscription("paused", &["*"], None)).await;
    rig.give(&admission("d-1")).await;
    rig.give(&withdrawal(&admission("d-1"))).await;
    rig.record(subscription("requested", &["*"], None)).await;
    rig.pass(60);
    assert!(to(&rig.settle().await, TOWN).is_empty());
    assert_eq!(rig.stages("d-1-detention-started", TOWN).await, ["cancelled"]);
}

#[tokio::test]
async fn a_filter_keeps_out_what_was_not_asked_for() {
    let rig = Rig::new().await;
    rig.record(subscription("active", &["*"], Some("sender=pi-vught"))).await;
    assert_eq!(told(&rig.give(&admission("d-1")).await), ["rn-zwolle < detention-started"]);
    assert_eq!(rig.refusal("d-1-detention-started", TOWN).await, Some(Refusal::NotSubscribed));
    rig.record(subscription("active", &["*"], Some("sender=pi-zwolle"))).await;
    assert_eq!(numbers(&rig.give(&admission("d-2")).await), [1]);
}

#[tokio::test]
async fn what_is_decided_anew_while_it_is_paused_is_on_record() {
    let rig = Rig::at("2021-06-30T12:00:00+02:00").await;
    rig.record(subscription("paused", &["*"], None)).await;
    rig.give(&admission("d-1")).await;
    rig.set("2021-07-01T12:00:00+02:00");
    rig.settle().await;
    assert_eq!(rig.times_decided("d-1-detention-started", TOWN).await, 2, "on the law of July, too");
    rig.pass(60);
    rig.settle().await;
    assert_eq!(rig.times_decided("d-1-detention-started", TOWN).await, 2, "and not again without a reason");
}
