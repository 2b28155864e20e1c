//! A lane is a detention and a recipient: one delivery at a time, nothing overtakes, thousands in parallel.

use schakelpunt_engine::ports::Published::{Uncertain, Unroutable};

use crate::harness::{
    Rig,
    messages::{admission, release_date, release_date_changed},
    only, told,
};

#[tokio::test]
async fn one_delivery_of_a_lane_is_in_flight_at_a_time_and_in_order() {
    let rig = Rig::new().await;
    rig.batch(&[admission("d-1"), release_date("d-1", "2024-12-01").sequence(2), release_date_changed("d-1", "2024-12-02").sequence(3)])
        .await;
    for event in ["detention-started", "release-date-set", "release-date-changed"] {
        assert_eq!(told(&rig.round().await), [format!("gemeente-zwolle < {event}"), format!("rn-zwolle < {event}")]);
    }
}

#[tokio::test]
async fn the_numbers_of_a_lane_rise_by_one() {
    let rig = Rig::new().await;
    rig.batch(&[admission("d-1"), release_date("d-1", "2024-12-01").sequence(20)]).await;
    let sent = rig.settle().await;
    let town = sent.iter().filter(|one| one.to == "gemeente-zwolle");
    assert_eq!(town.map(|one| one.attribute("sequence")).collect::<Vec<_>>(), ["00000000000000000001", "00000000000000000002"]);
}

#[tokio::test]
async fn a_lane_that_waits_holds_up_no_other() {
    let rig = Rig::new().await;
    rig.bus.answers("gemeente-zwolle", &[Uncertain]);
    rig.give(&admission("d-1")).await;
    let sent = rig.give(&release_date("d-1", "2024-12-01").sequence(2)).await;
    assert_eq!(told(&sent), ["rn-zwolle < release-date-set"], "Zwolle's lane of this detention waits for the answer");
    let sent = rig.give(&admission("d-2")).await;
    assert_eq!(told(&sent), ["gemeente-zwolle < detention-started", "rn-zwolle < detention-started"]);
}

#[tokio::test]
async fn an_inbox_that_does_not_exist_blocks_the_lane() {
    let rig = Rig::new().await;
    rig.bus.answers("gemeente-zwolle", &[Unroutable]);
    rig.give(&admission("d-1")).await;
    rig.give(&release_date("d-1", "2024-12-01").sequence(2)).await;
    rig.pass(24 * 3600);
    assert!(rig.settle().await.is_empty(), "until a person acts");
    assert_eq!(rig.stages("d-1-detention-started", "gemeente-zwolle").await, ["blocked"]);
    assert_eq!(rig.stages("d-1-release-date-set", "gemeente-zwolle").await, ["waiting"]);
    assert_eq!(rig.store.load().await.unwrap().blocked, 1);
}

#[tokio::test]
async fn a_person_lets_a_blocked_lane_try_again() {
    let rig = Rig::new().await;
    rig.bus.answers("gemeente-zwolle", &[Unroutable]);
    rig.give(&admission("d-1")).await;
    rig.give(&release_date("d-1", "2024-12-01").sequence(2)).await;
    let now = rig.now();
    rig.move_stage("d-1-detention-started", "gemeente-zwolle", |stage| stage.retry(now).ok()).await;
    let sent = rig.settle().await;
    assert_eq!(told(&sent), ["gemeente-zwolle < detention-started", "gemeente-zwolle < release-date-set"]);
}

#[tokio::test]
async fn a_person_skips_a_blocked_delivery_the_lane_goes_on_and_the_recipient_hears_that_one_is_missing() {
    let rig = Rig::new().await;
    rig.bus.answers("gemeente-zwolle", &[Unroutable]);
    rig.give(&admission("d-1")).await;
    rig.give(&release_date("d-1", "2024-12-01").sequence(2)).await;
    let blocked = rig.deliveries("d-1-detention-started", "gemeente-zwolle").await.remove(0);
    rig.skip(&blocked).await;
    let sent = rig.settle().await;
    assert_eq!(told(&sent), ["gemeente-zwolle < release-date-set", "gemeente-zwolle < delivery-failed"]);
    assert_eq!(sent[1].fields(), ["/delivery/id", "/delivery/sequence"], "it names the delivery and nothing else");
    assert_eq!(sent[1].text("/delivery/id"), blocked.id.to_string());
    assert_eq!(rig.stages("d-1-detention-started", "gemeente-zwolle").await, ["void"]);
    assert!(rig.give(&admission("d-1")).await.is_empty(), "offered again it stays skipped");
}

#[tokio::test]
async fn an_inbox_gets_no_more_than_it_has_room_for() {
    let rig = Rig::new().await;
    rig.bus.room_is("gemeente-zwolle", 2, true);
    rig.batch(&[admission("d-1"), admission("d-2"), admission("d-3")]).await;
    let zwolle = |sent: Vec<crate::harness::bus::Sent>| sent.iter().filter(|one| one.to == "gemeente-zwolle").count();
    assert_eq!(zwolle(rig.round().await), 2);
    rig.bus.room_is("gemeente-zwolle", 0, false);
    assert_eq!(zwolle(rig.round().await), 0);
    rig.bus.room_is("gemeente-zwolle", 5, true);
    assert_eq!(zwolle(rig.round().await), 1);
}

#[tokio::test]
async fn who_cannot_be_seen_waits_and_the_others_go_on() {
    let rig = Rig::new().await;
    rig.bus.cannot_see("gemeente-zwolle");
    let sent = rig.give(&admission("d-1")).await;
    assert_eq!(told(&sent), ["rn-zwolle < detention-started"]);
    assert_eq!(rig.stages("d-1-detention-started", "gemeente-zwolle").await, ["waiting"]);
}

#[tokio::test]
async fn a_delivered_event_is_a_new_one_of_the_hub() {
    let rig = Rig::new().await;
    let sent = rig.give(&admission("d-1")).await;
    let notice = only(&sent, "gemeente-zwolle");
    assert_eq!(notice.attribute("source"), "urn:nld:oin:00000099000000000000:systeem:schakelpunt");
    assert_eq!(notice.attribute("causationid"), "d-1-detention-started");
    assert_eq!(notice.attribute("producer"), admission("d-1").source());
    assert_eq!((notice.attribute("subject"), notice.attribute("partitionkey")), ("d-1", "d-1"));
    assert_eq!((notice.attribute("purpose"), notice.attribute("environment")), ("reintegration", "test"));
    assert_ne!(notice.id, only(&sent, "rn-zwolle").id, "each recipient has its own");
}
