//! A desk that nobody reads (domain 6.5): its deputy hears that something waits, then the team's mailbox, and nothing of what it is.

use schakelpunt_domain::registers::{Channel, Entry, Participant};

use crate::harness::{
    Rig,
    bus::Sent,
    messages::{Message, admission, release_date, withdrawal},
    participant, to, who,
};

const UNREAD: &str = "inbox-unread";
const DESK: &str = "gemeente-zwolle";
const DEPUTY: &str = "gemeente-kampen";
const MAILBOX: &str = "gemeente-heerde";
const FRIDAY: &str = "2024-09-06T10:00:00+02:00";
/// Monday and Tuesday have passed.
const WEDNESDAY: &str = "2024-09-11T00:00:00+02:00";
/// So have Wednesday and Thursday.
const NEXT_FRIDAY: &str = "2024-09-13T00:00:00+02:00";

fn stood_in_for(id: &str, channel: Channel, deputies: &[&str]) -> Entry {
    let deputies = deputies.iter().map(|deputy| who(deputy)).collect();
    Entry::Participant(Participant { channel, deputies, ..participant(id) })
}

/// A desk of one person, who fetches and is away from that Friday on.
async fn on_holiday() -> Rig {
    let rig = Rig::at(FRIDAY).await;
    rig.record(stood_in_for(DESK, Channel::Pull, &[DEPUTY, MAILBOX])).await;
    rig
}

/// A recipient says that it has a delivery about the first detention.
fn confirmation(from: &str, delivery: &str) -> Message {
    let data = serde_json::json!({"receipt": {"delivery": delivery, "at": "2024-09-06T08:10:00Z"}});
    Message::new("delivery-confirmed", from, "d-1", data)
}

async fn nudges(rig: &Rig, at: &str) -> Vec<Sent> {
    rig.set(at);
    rig.settle().await.into_iter().filter(|sent| sent.event == UNREAD).collect()
}

#[tokio::test]
async fn after_two_working_days_the_deputy_hears_it_and_two_later_the_mailbox() {
    let rig = on_holiday().await;
    rig.give(&admission("d-1")).await;
    assert!(nudges(&rig, "2024-09-10T23:59:59+02:00").await.is_empty(), "a weekend has no working days");
    let first = nudges(&rig, WEDNESDAY).await;
    assert_eq!((first.len(), to(&first, DEPUTY).len()), (1, 1));
    assert_eq!(first[0].text("/unread/since"), "2024-09-06T08:00:00Z");
    assert_eq!((first[0].attribute("subject"), first[0].attribute("legalbasis")), ("unread.gemeente-zwolle", "administrative"));
    assert!(!first[0].has("/person") && !first[0].has("/unread/detentions"));
    assert!(nudges(&rig, "2024-09-12T23:59:59+02:00").await.is_empty(), "once");
    let second = nudges(&rig, NEXT_FRIDAY).await;
    assert_eq!((second.len(), to(&second, MAILBOX).len()), (1, 1));
    assert!(nudges(&rig, "2024-10-01T00:00:00+02:00").await.is_empty(), "nobody is left to tell");
}

#[tokio::test]
async fn what_was_collected_meanwhile_is_nobody_elses_business() {
    let rig = on_holiday().await;
    rig.give(&admission("d-1")).await;
    rig.set("2024-09-10T09:00:00+02:00");
    rig.settle().await;
    assert!(!rig.fetch(DESK, 0).await.is_empty());
    assert!(nudges(&rig, WEDNESDAY).await.is_empty());
}

#[tokio::test]
async fn who_comes_back_after_the_deputy_heard_it_spares_the_mailbox() {
    let rig = on_holiday().await;
    rig.give(&admission("d-1")).await;
    assert_eq!(nudges(&rig, WEDNESDAY).await.len(), 1);
    rig.fetch(DESK, 0).await;
    assert!(nudges(&rig, NEXT_FRIDAY).await.is_empty());
}

#[tokio::test]
async fn the_oldest_counts_and_what_came_later_tells_nothing_anew() {
    let rig = on_holiday().await;
    rig.give(&admission("d-1")).await;
    rig.set("2024-09-09T10:00:00+02:00");
    rig.give(&release_date("d-1", "2024-12-01").sequence(2)).await;
    assert_eq!(nudges(&rig, WEDNESDAY).await.len(), 1);
    assert!(nudges(&rig, "2024-09-12T00:00:00+02:00").await.is_empty(), "the deputy knows");
}

#[tokio::test]
async fn what_was_withdrawn_leaves_nothing_to_read() {
    let rig = on_holiday().await;
    rig.give(&admission("d-1")).await;
    rig.give(&withdrawal(&admission("d-1")).sequence(2)).await;
    assert_eq!(rig.stages("d-1-detention-started", DESK).await, ["cancelled"]);
    assert!(nudges(&rig, WEDNESDAY).await.is_empty());
}

#[tokio::test]
async fn an_inbox_that_cannot_be_reached_is_unread_too() {
    let rig = Rig::at(FRIDAY).await;
    rig.record(stood_in_for(DESK, Channel::Amqp, &[DEPUTY])).await;
    rig.down(DESK);
    rig.give(&admission("d-1")).await;
    assert_eq!(to(&nudges(&rig, WEDNESDAY).await, DEPUTY).len(), 1);
}

#[tokio::test]
async fn an_inbox_on_the_bus_is_read_when_its_deliveries_are_confirmed() {
    let rig = Rig::at(FRIDAY).await;
    rig.record(stood_in_for(DESK, Channel::Amqp, &[DEPUTY])).await;
    let first = rig.give(&admission("d-1")).await;
    rig.give(&confirmation(DESK, &to(&first, DESK)[0].id)).await;
    assert_eq!(rig.stages("d-1-detention-started", DESK).await, ["received"]);
    assert!(nudges(&rig, WEDNESDAY).await.is_empty());
    rig.give(&release_date("d-1", "2024-12-01").sequence(2)).await;
    assert_eq!(to(&nudges(&rig, "2024-09-20T00:00:00+02:00").await, DEPUTY).len(), 1, "it was taken in and nobody confirms it");
}

#[tokio::test]
async fn nobody_confirms_what_another_got() {
    let rig = Rig::at(FRIDAY).await;
    rig.record(stood_in_for(DESK, Channel::Amqp, &[DEPUTY])).await;
    let first = rig.give(&admission("d-1")).await;
    rig.give(&confirmation("rn-zwolle", &to(&first, DESK)[0].id)).await;
    assert_eq!(rig.stages("d-1-detention-started", DESK).await, ["handed-over"]);
    assert_eq!(to(&nudges(&rig, WEDNESDAY).await, DEPUTY).len(), 1);
}

#[tokio::test]
async fn a_nudge_that_waits_is_nothing_to_nudge_about() {
    let rig = on_holiday().await;
    rig.record(stood_in_for(DEPUTY, Channel::Pull, &["gemeente-epe"])).await;
    rig.give(&admission("d-1")).await;
    assert!(nudges(&rig, WEDNESDAY).await.is_empty(), "it waits for the deputy");
    let later = nudges(&rig, "2024-09-20T00:00:00+02:00").await;
    assert_eq!((later.len(), to(&later, MAILBOX).len()), (1, 1));
}

#[tokio::test]
async fn a_desk_without_deputies_is_not_watched() {
    let rig = Rig::at(FRIDAY).await;
    rig.record(stood_in_for(DESK, Channel::Pull, &[])).await;
    rig.give(&admission("d-1")).await;
    assert!(nudges(&rig, "2024-10-01T00:00:00+02:00").await.is_empty());
}
