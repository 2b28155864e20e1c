//! Duplicates are judged per source, id and recipient.

use schakelpunt_domain::{Refusal, RejectionCode};
use schakelpunt_engine::step::Reported;

use crate::harness::{
    Rig,
    messages::{admission, consent_given, release_date, screening},
    rejected, told,
};

#[tokio::test]
async fn the_same_bytes_again_give_nothing_to_who_has_them() {
    let rig = Rig::new().await;
    assert_eq!(rig.give(&admission("d-1")).await.len(), 2);
    let again = rig.take(&admission("d-1")).await;
    assert_eq!(again.outcome, Reported::SeenBefore);
    assert!(again.decisions.is_empty(), "who has it is not asked about");
    assert!(rig.settle().await.is_empty());
}

#[tokio::test]
async fn who_has_not_collected_it_yet_gets_it_once() {
    let rig = Rig::new().await;
    rig.down("gemeente-zwolle");
    rig.give(&admission("d-1")).await;
    rig.give(&admission("d-1")).await;
    rig.up("gemeente-zwolle");
    assert_eq!(told(&rig.settle().await), ["gemeente-zwolle < detention-started"]);
}

#[tokio::test]
async fn the_first_receipt_comes_back() {
    let rig = Rig::new().await;
    rig.take(&admission("d-1")).await;
    rig.pass(60);
    rig.take(&admission("d-1")).await;
    let receipts = rig.receipts("pi-zwolle").await;
    assert_eq!(receipts.len(), 2);
    assert_eq!(receipts[0], receipts[1]);
    assert_eq!(receipts[0].0, "message-accepted");
}

#[tokio::test]
async fn a_screening_refused_in_june_is_decided_anew_for_who_was_refused() {
    let rig = Rig::at("2021-06-18T10:00:00+02:00").await;
    rig.give(&admission("d-1")).await;
    let june = screening("d-1", &[("HOUSING", "MISSING")]);
    assert_eq!(rig.take(&june).await.outcome, Reported::Refused);
    assert_eq!(rig.refusal(june.name(), "gemeente-zwolle").await, Some(Refusal::ConsentMissing));

    rig.give(&consent_given("d-1", "c-1", "gemeente-zwolle")).await;
    assert_eq!(rig.take(&june).await.outcome, Reported::Accepted);
    assert_eq!(told(&rig.settle().await), ["gemeente-zwolle < screening-completed"], "the consent names one unit");

    rig.set("2021-07-01T00:00:00+02:00");
    assert_eq!(rig.take(&june).await.outcome, Reported::Accepted);
    assert_eq!(told(&rig.settle().await), ["rn-zwolle < screening-completed"], "who had it does not get it twice");
}

#[tokio::test]
async fn the_same_id_with_other_bytes_is_rejected_and_the_first_stays() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    let other = rig.take(&admission("d-1").surname("Waterhoen")).await;
    assert_eq!(rejected(&other), RejectionCode::IdReused);
    assert!(rig.settle().await.is_empty());
    let kept = rig.kept("d-1-detention-started").await.unwrap();
    assert_eq!(kept.payload.unwrap()["person"]["identity"]["surname"], "Meerkoet");
}

#[tokio::test]
async fn an_id_belongs_to_its_source() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1").id("m-1")).await;
    assert_eq!(rig.give(&admission("d-2").by("pi-vught").id("m-1")).await.len(), 2);
}

#[tokio::test]
async fn a_rejected_message_uses_up_no_id() {
    let rig = Rig::new().await;
    rig.take(&screening("d-1", &[("HOUSING", "MISSING")]).id("m-1")).await;
    rig.take(&admission("d-1")).await;
    assert_eq!(rig.take(&release_date("d-1", "2024-12-01").id("m-1")).await.outcome, Reported::Accepted);
}
