//! Who fetches over HTTP: the answer is the hand-over, the cursor confirms.

use schakelpunt_domain::{registers::Entry, stage::Stage};
use schakelpunt_engine::{
    hub::Fetched,
    model::Delivery,
    ports::{
        Published::{NotNow, Uncertain},
        Pull, ReceiptsOf,
    },
};
use serde_json::{Value, json};

use crate::harness::{
    Rig, fetches,
    meanwhile::Shared,
    messages::{admission, release_date, withdrawal},
    stop_participant, told, who,
};

const TOWN: &str = "gemeente-zwolle";

async fn fetching() -> Rig {
    let rig = Rig::new().await;
    rig.record(fetches(TOWN)).await;
    rig
}

fn says(state: &str, event: &str) -> Entry {
    Entry::read("subscription", json!({"participant": TOWN, "events": [event], "state": state})).unwrap()
}

fn events(deliveries: &[Delivery]) -> Vec<(u64, &str)> {
    deliveries.iter().map(|delivery| (delivery.number.unwrap(), delivery.event.as_str())).collect()
}

/// The ranges that an answer tells as void.
fn voids(fetched: &Fetched) -> Vec<Value> {
    let told = fetched.events.iter().map(|event| serde_json::from_slice::<Value>(event).unwrap()["data"]["void"].clone());
    told.filter(|void| !void.is_null()).collect()
}

#[tokio::test]
async fn who_fetches_is_left_alone_by_the_dispatcher() {
    let rig = fetching().await;
    assert_eq!(told(&rig.give(&admission("d-1")).await), ["rn-zwolle < detention-started"]);
    assert_eq!(rig.stages("d-1-detention-started", TOWN).await, ["waiting"]);
}

#[tokio::test]
async fn everything_is_fetched_in_the_order_of_its_lane() {
    let rig = fetching().await;
    rig.batch(&[admission("d-1"), release_date("d-1", "2024-12-01").sequence(2), admission("d-2")]).await;
    let fetched = rig.fetch(TOWN, 0).await;
    assert_eq!(events(&fetched), [(1, "detention-started"), (2, "release-date-set"), (3, "detention-started")]);
    assert!(fetched.iter().all(|delivery| matches!(delivery.stage, Stage::HandedOver { .. })));
}

#[tokio::test]
async fn the_cursor_confirms_and_only_what_is_new_follows() {
    let rig = fetching().await;
    rig.take(&admission("d-1")).await;
    rig.fetch(TOWN, 0).await;
    rig.take(&release_date("d-1", "2024-12-01").sequence(2)).await;
    assert_eq!(events(&rig.fetch(TOWN, 1).await), [(2, "release-date-set")]);
    assert_eq!(rig.stages("d-1-detention-started", TOWN).await, ["received"]);
}

#[tokio::test]
async fn an_old_cursor_gives_the_same_bytes_again() {
    let rig = fetching().await;
    rig.take(&admission("d-1")).await;
    let first = rig.fetch(TOWN, 0).await;
    rig.fetch(TOWN, 1).await;
    rig.pass(3600);
    let again = rig.fetch(TOWN, 0).await;
    assert_eq!((again[0].id, &again[0].bytes, again[0].number), (first[0].id, &first[0].bytes, Some(1)));
}

#[tokio::test]
async fn an_old_cursor_is_decided_again() {
    let rig = fetching().await;
    rig.take(&admission("d-1")).await;
    rig.fetch(TOWN, 0).await;
    rig.record(stop_participant(TOWN)).await;
    assert!(rig.fetch(TOWN, 0).await.is_empty(), "that would be a new provision");
}

#[tokio::test]
async fn an_old_cursor_does_not_bring_back_what_was_withdrawn() {
    let rig = fetching().await;
    let wrong = release_date("d-1", "2024-12-01").sequence(2);
    rig.batch(&[admission("d-1"), wrong.clone()]).await;
    rig.fetch(TOWN, 0).await;
    rig.take(&withdrawal(&wrong)).await;
    assert_eq!(events(&rig.fetch(TOWN, 0).await), [(1, "detention-started"), (3, "message-withdrawn")]);
}

#[tokio::test]
async fn an_old_cursor_gives_no_more_than_was_given_when_the_law_gives_more() {
    let rig = Rig::at("2021-06-30T12:00:00+02:00").await;
    rig.record(fetches(TOWN)).await;
    rig.take(&admission("d-1")).await;
    let june = rig.fetch(TOWN, 0).await;
    rig.set("2021-07-01T12:00:00+02:00");
    let july = rig.fetch(TOWN, 0).await;
    assert_eq!(july[0].bytes, june[0].bytes);
    assert_eq!(july[0].decision, june[0].decision, "what is on record is what was delivered");
}

#[tokio::test]
async fn what_waits_is_decided_again_at_the_fetch() {
    let rig = Rig::at("2021-06-30T12:00:00+02:00").await;
    rig.record(fetches(TOWN)).await;
    rig.take(&admission("d-1")).await;
    rig.set("2021-07-01T12:00:00+02:00");
    let fetched = rig.fetch(TOWN, 0).await;
    let permit = fetched[0].decision.permit().unwrap();
    assert_eq!(permit.granted[0].basis.as_str(), "pm-20d-2");
}

#[tokio::test]
async fn what_was_given_before_a_pause_is_given_again_and_is_no_void() {
    let rig = fetching().await;
    rig.take(&admission("d-1")).await;
    let first = rig.fetch(TOWN, 0).await;
    rig.record(says("paused", "*")).await;
    let again = rig.pull(TOWN, 0).await;
    assert_eq!((again.given[0].id, again.events.len(), again.next), (first[0].id, 1, 1), "the answer may have been lost");
}

#[tokio::test]
async fn what_waited_since_another_channel_failed_comes_under_a_number_that_the_cursor_can_confirm() {
    let rig = Rig::new().await;
    rig.give(&admission("d-0")).await;
    rig.bus.answers(TOWN, &[NotNow]);
    rig.give(&admission("d-1")).await;
    rig.give(&admission("d-2")).await;
    rig.record(fetches(TOWN)).await;
    rig.pass(60);
    let fetched = rig.pull(TOWN, 3).await;
    assert_eq!(events(&fetched.given), [(4, "detention-started")], "number 2 was never handed over");
    assert_eq!((voids(&fetched), fetched.next, fetched.head), (vec![json!({"from": 2, "to": 2})], 4, Some(4)));
    assert_eq!(rig.stages("d-1-detention-started", TOWN).await, ["handed-over"], "only what comes after counts as received");
}

#[tokio::test]
async fn what_another_channel_may_have_brought_is_not_received_by_a_cursor_beyond_it_and_comes_again() {
    let rig = Rig::new().await;
    rig.bus.answers(TOWN, &[Uncertain]);
    rig.give(&admission("d-1")).await;
    rig.give(&admission("d-2")).await;
    rig.record(fetches(TOWN)).await;
    let early = rig.pull(TOWN, 2).await;
    assert_eq!((early.given.len(), early.head), (0, Some(0)), "its claim lives: nobody knows yet");
    assert_eq!(rig.stages("d-1-detention-started", TOWN).await, ["claimed"]);
    rig.pass(60);
    let fetched = rig.pull(TOWN, 2).await;
    assert_eq!(events(&fetched.given), [(3, "detention-started")]);
    assert_eq!((voids(&fetched), fetched.head), (vec![json!({"from": 1, "to": 1})], Some(3)));
}

#[tokio::test]
async fn the_head_stands_below_what_is_open_behind_the_cursor_too() {
    let rig = Rig::new().await;
    rig.bus.answers(TOWN, &[NotNow]);
    rig.give(&admission("d-1")).await;
    rig.give(&admission("d-2")).await;
    rig.record(fetches(TOWN)).await;
    // not yet: it waits for its next try
    let fetched = rig.pull(TOWN, 2).await;
    assert_eq!((fetched.given.len(), fetched.head), (0, Some(0)));
}

#[tokio::test]
async fn what_is_paused_hides_nothing_that_is_not() {
    let rig = fetching().await;
    rig.take(&admission("d-0")).await;
    rig.fetch(TOWN, 0).await;
    rig.record(says("paused", "detention-started")).await;
    rig.batch(&[admission("d-1"), admission("d-2"), admission("d-3"), release_date("d-0", "2024-12-01").sequence(2)]).await;
    let few = |after| Pull { participant: who(TOWN), after, limit: 2 };
    let fetched = rig.hub.pull(&few(1)).await.unwrap();
    assert_eq!(events(&fetched.given), [(2, "release-date-set")]);
    assert_eq!(fetched.head, None, "it looked at as much as it may: there may be more");
    let fetched = rig.hub.pull(&few(2)).await.unwrap();
    assert_eq!((fetched.given.len(), fetched.head), (0, Some(2)));
    rig.record(says("requested", "detention-started")).await;
    rig.pass(60);
    assert_eq!(rig.fetch(TOWN, 2).await.len(), 3, "within a minute it goes on");
}

#[tokio::test]
async fn fetches_of_one_participant_wait_for_each_other_before_the_store() {
    let mut shared = None;
    let rig = Rig::new().await.around(|store| shared.insert(Shared::over(store)).store()).await;
    rig.record(fetches(TOWN)).await;
    rig.record(fetches("rn-zwolle")).await;
    rig.take(&admission("d-1")).await;
    let (one, other, third) = tokio::join!(rig.fetch(TOWN, 0), rig.fetch(TOWN, 0), rig.fetch(TOWN, 0));
    assert_eq!([one.len(), other.len(), third.len()], [1, 1, 1]);
    assert_eq!(shared.as_ref().unwrap().most_fetches(), 1);
    tokio::join!(rig.fetch(TOWN, 1), rig.fetch("rn-zwolle", 0));
    assert_eq!(shared.unwrap().most_fetches(), 2, "and nobody for another");
}

#[tokio::test]
async fn a_void_behind_the_cursor_is_told_until_a_cursor_confirms_it() {
    let rig = Rig::new().await;
    rig.bus.answers(TOWN, &[NotNow]);
    rig.give(&admission("d-1")).await;
    rig.give(&admission("d-2")).await;
    rig.record(fetches(TOWN)).await;
    rig.take(&withdrawal(&admission("d-1"))).await;
    let one = vec![json!({"from": 1, "to": 1})];
    let fetched = rig.pull(TOWN, 2).await;
    assert_eq!((voids(&fetched), fetched.next, fetched.head), (one.clone(), 2, Some(2)));
    let fetched = rig.pull(TOWN, 2).await;
    assert_eq!((voids(&fetched), fetched.head), (vec![], Some(0)), "not each time, and the head waits for it");
    rig.pass(60);
    assert_eq!(voids(&rig.pull(TOWN, 2).await), one, "that answer may have been lost");
    rig.take(&admission("d-3")).await;
    let fetched = rig.pull(TOWN, 2).await;
    assert_eq!((voids(&fetched), fetched.next, fetched.head), (one, 3, Some(3)), "with what moves the cursor it comes too");
    let fetched = rig.pull(TOWN, 3).await;
    assert_eq!((voids(&fetched), fetched.head), (vec![], Some(3)));
    assert!(rig.store.receipts(9, ReceiptsOf::Voids(&who(TOWN))).await.unwrap().is_empty(), "it has heard");
}

#[tokio::test]
async fn what_ends_at_a_fetch_behind_its_cursor_is_told_as_void() {
    let rig = Rig::new().await;
    rig.bus.answers(TOWN, &[NotNow]);
    rig.give(&admission("d-1")).await;
    rig.give(&admission("d-2")).await;
    rig.record(fetches(TOWN)).await;
    rig.record(stop_participant(TOWN)).await;
    rig.pass(60);
    let fetched = rig.pull(TOWN, 2).await;
    assert_eq!((voids(&fetched), fetched.head), (vec![json!({"from": 1, "to": 1})], Some(2)));
}
