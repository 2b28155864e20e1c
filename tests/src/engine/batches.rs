//! Inside a batch each message sees the effects of the one before; a row that the database refuses is found by halving.

use std::sync::Arc;

use schakelpunt_domain::{Refusal, RejectionCode};
use schakelpunt_engine::step::Reported;

use crate::harness::{
    Rig,
    around::Around,
    messages::{admission, consent_given, consent_withdrawn, detention_ended, invitation, release_date, screening, start_corrected},
    poison::Poisoned,
    rejected, to, told,
};

#[tokio::test]
async fn a_release_date_finds_the_case_that_the_message_before_it_opened() {
    let rig = Rig::new().await;
    let reports = rig.batch(&[admission("d-1"), release_date("d-1", "2024-12-01").sequence(2)]).await;
    assert!(reports.iter().all(|report| report.outcome == Reported::Accepted), "{reports:?}");
    let sent = rig.settle().await;
    assert_eq!(
        told(&sent),
        [
            "gemeente-zwolle < detention-started",
            "rn-zwolle < detention-started",
            "gemeente-zwolle < release-date-set",
            "rn-zwolle < release-date-set",
        ]
    );
}

#[tokio::test]
async fn what_was_decided_in_a_batch_is_not_asked_again_at_the_claim() {
    let rig = Rig::new().await;
    rig.batch(&[admission("d-1"), release_date("d-1", "2024-12-01").sequence(2)]).await;
    rig.settle().await;
    assert_eq!(rig.times_decided("d-1-detention-started", "gemeente-zwolle").await, 1);
    assert_eq!(rig.times_decided("d-1-release-date-set", "gemeente-zwolle").await, 1);
}

#[tokio::test]
async fn a_withdrawal_stops_the_invitation_that_comes_right_behind_it() {
    let rig = Rig::new().await;
    rig.batch(&[admission("d-1"), consent_given("d-1", "c-1", "ggz-zwolle")]).await;
    let reports = rig.batch(&[consent_withdrawn("d-1", "c-1"), invitation("d-1", "ggz-zwolle")]).await;
    assert_eq!(reports[1].outcome, Reported::Refused);
    assert_eq!(rig.refusal("d-1-care-partner-invited", "ggz-zwolle").await, Some(Refusal::ConsentWithdrawn));
    assert!(!told(&rig.settle().await).iter().any(|line| line.starts_with("ggz-zwolle")));
}

#[tokio::test]
async fn a_withdrawal_cancels_the_invitation_that_came_right_before_it() {
    let rig = Rig::new().await;
    rig.batch(&[admission("d-1"), consent_given("d-1", "c-1", "ggz-zwolle")]).await;
    let reports = rig.batch(&[invitation("d-1", "ggz-zwolle"), consent_withdrawn("d-1", "c-1")]).await;
    assert_eq!(reports[0].outcome, Reported::Accepted, "when it came it was lawful");
    assert_eq!(rig.stages("d-1-care-partner-invited", "ggz-zwolle").await, ["cancelled"]);
    assert!(!told(&rig.settle().await).iter().any(|line| line.starts_with("ggz-zwolle")), "it never learns that there was anything");
}

#[tokio::test]
async fn two_of_the_same_in_one_batch_are_one() {
    let rig = Rig::new().await;
    let reports = rig.batch(&[admission("d-1"), admission("d-1")]).await;
    assert_eq!(reports[0].outcome, Reported::Accepted);
    assert_eq!(reports[1].outcome, Reported::SeenBefore);
    assert_eq!(rig.settle().await.len(), 2);
}

#[tokio::test]
async fn one_message_that_the_database_refuses_is_quarantined_and_the_rest_goes_through() {
    let rig = Rig::new().await.around(|store| Arc::new(Around(Poisoned { store, id: "poison" }))).await;
    let batch = [
        admission("d-1"),
        admission("d-2"),
        release_date("d-1", "2024-12-01").id("poison").sequence(2),
        admission("d-3"),
        release_date("d-1", "2024-12-02").id("after").sequence(3),
    ];
    let reports = rig.batch(&batch).await;
    let outcomes: Vec<bool> = reports.iter().map(|report| report.outcome == Reported::Accepted).collect();
    assert_eq!(outcomes, [true, true, false, true, true], "in the order in which they came");
    assert_eq!(rejected(&reports[2]), RejectionCode::SchemaInvalid);
    assert!(rig.kept("poison").await.is_none());
    assert_eq!(rig.settle().await.len(), 8, "three admissions and one date, to two each");
    let rejection = rig.store.rejections(10).await.unwrap().remove(0);
    assert_eq!(rejection.id.unwrap().as_str(), "poison");
    let told = rig.receipts("pi-zwolle").await;
    assert!(told.iter().any(|(event, data)| event == "message-rejected" && data["message"]["id"] == "poison"));
}

#[tokio::test]
async fn what_a_later_message_of_the_batch_ends_is_not_provided_on_the_earlier_decision() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.give(&consent_given("d-1", "c-1", "ggz-zwolle")).await;
    let missing = screening("d-1", &[("HOUSING", "MISSING")]).sequence(5);
    rig.batch(&[missing, detention_ended("d-1", "2021-06-01").sequence(6)]).await;
    let sent = rig.settle().await;
    assert!(told(&sent).iter().all(|line| !line.ends_with("screening-completed")), "the end came before the claim: {:?}", told(&sent));
}

#[tokio::test]
async fn what_a_later_message_of_the_batch_changes_is_seen_at_the_claim() {
    let rig = Rig::new().await;
    rig.batch(&[admission("d-1"), release_date("d-1", "2024-12-01").sequence(2), start_corrected("d-1").of("0166")]).await;
    let sent = rig.settle().await;
    assert!(to(&sent, "gemeente-zwolle").is_empty(), "it was no longer responsible when the batch was committed: {:?}", told(&sent));
    assert_eq!(rig.stages("d-1-release-date-set", "gemeente-kampen").await, ["handed-over"], "and nothing is lost");
}
