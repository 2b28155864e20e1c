//! The worker who sends: has to act for the sender, now and in this case, and is nobody else's business (decision 24).

use schakelpunt_domain::{RejectionCode, registers::Entry};
use schakelpunt_engine::step::Reported;
use serde_json::{Value, json};

use crate::harness::{
    Rig,
    messages::{Message, admission, release_date},
    rejected,
};

async fn enter(rig: &Rig, kind: &str, entry: Value) {
    rig.record(Entry::read(kind, entry).unwrap()).await;
}

/// N. works for PI Zwolle, until the end of September.
async fn employed() -> Rig {
    let rig = Rig::new().await;
    let capacity = json!({"worker": "n", "employer": "pi-zwolle", "acting-for": "pi-zwolle", "role": "casemanager", "from": "2024-01-01", "until": "2024-10-01"});
    enter(&rig, "capacity", capacity).await;
    // the prison hears of it
    rig.settle().await;
    rig
}

async fn wrong(rig: &Rig, message: &Message) -> bool {
    rejected(&rig.take(message).await) == RejectionCode::WrongCapacity
}

#[tokio::test]
async fn a_worker_in_capacity_sends_and_is_not_named_to_anybody() {
    let rig = employed().await;
    let sent = rig.give(&admission("d-1").actor("n")).await;
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|event| event.attribute("actor").is_empty()), "{sent:?}");
}

#[tokio::test]
async fn who_does_not_act_for_the_sender_opens_no_case_and_parks_nothing() {
    let rig = employed().await;
    assert!(wrong(&rig, &admission("d-1").actor("m")).await);
    assert!(wrong(&rig, &release_date("d-1", "2024-12-01").actor("m")).await, "what would wait for its detention");
    assert!(rig.settle().await.is_empty());
    assert_eq!(rig.take(&admission("d-1").actor("n")).await.outcome, Reported::Accepted, "a rejected message uses up no id");
}

#[tokio::test]
async fn what_was_sent_in_a_capacity_can_be_offered_again_when_that_ended() {
    let rig = employed().await;
    rig.give(&admission("d-1").actor("n")).await;
    let date = release_date("d-1", "2024-12-01").actor("n");
    rig.give(&date).await;
    rig.set("2024-10-01T00:00:00+02:00");
    assert_eq!(rig.take(&date).await.outcome, Reported::SeenBefore);
    assert!(wrong(&rig, &release_date("d-1", "2024-12-02").actor("n").id("new").sequence(2)).await);
    let of_the_system = release_date("d-1", "2024-12-02").id("newer").sequence(2);
    assert_eq!(rig.take(&of_the_system).await.outcome, Reported::Accepted);
}

#[tokio::test]
async fn a_case_of_ones_own_past_is_not_for_this_worker() {
    let rig = employed().await;
    rig.give(&admission("d-1").actor("n")).await;
    enter(&rig, "conflict", json!({"worker": "n", "detention": "d-1"})).await;
    assert!(wrong(&rig, &release_date("d-1", "2024-12-01").actor("n")).await);
}
