//! A date, a transfer or an end that comes before the admission waits a day for it (decision 19).

use schakelpunt_domain::{RejectionCode, registers::At};
use schakelpunt_engine::{model::Outcome, step::Reported};

use crate::harness::{
    Rig,
    messages::{admission, release_date, release_date_changed, screening, transfer},
    only, rejected, told,
};

#[tokio::test]
async fn a_date_that_came_first_follows_the_admission() {
    let rig = Rig::new().await;
    assert_eq!(rig.take(&release_date("d-1", "2024-12-01").sequence(2)).await.outcome, Reported::Parked);
    assert!(rig.settle().await.is_empty());
    let sent = rig.give(&admission("d-1")).await;
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
async fn what_waited_is_considered_in_the_order_of_its_sequence() {
    let rig = Rig::new().await;
    rig.take(&release_date_changed("d-1", "2024-12-20").sequence(3)).await;
    rig.take(&release_date("d-1", "2024-12-01").sequence(2)).await;
    let sent = rig.give(&admission("d-1")).await;
    let town: Vec<_> = told(&sent).into_iter().filter(|line| line.starts_with("gemeente-zwolle")).collect();
    assert_eq!(
        town,
        ["gemeente-zwolle < detention-started", "gemeente-zwolle < release-date-set", "gemeente-zwolle < release-date-changed"]
    );
}

#[tokio::test]
async fn offered_again_it_still_waits_and_with_other_bytes_it_is_rejected() {
    let rig = Rig::new().await;
    rig.take(&release_date("d-1", "2024-12-01")).await;
    assert_eq!(rig.take(&release_date("d-1", "2024-12-01")).await.outcome, Reported::Parked);
    assert_eq!(rejected(&rig.take(&release_date("d-1", "2024-12-02")).await), RejectionCode::IdReused);
}

#[tokio::test]
async fn after_a_day_the_sender_is_asked_for_the_current_set() {
    let rig = Rig::new().await;
    rig.take(&release_date("d-1", "2024-12-01")).await;
    rig.pass(24 * 3600 - 1);
    assert!(rig.settle().await.is_empty(), "not a second earlier");
    rig.pass(1);
    let sent = rig.settle().await;
    assert_eq!(told(&sent), ["pi-zwolle < current-set-requested"]);
    assert_eq!(only(&sent, "pi-zwolle").fields(), ["/events"], "it names events and nothing else");
    let receipts = rig.receipts("pi-zwolle").await;
    assert_eq!(receipts[0].1["code"], "UNKNOWN_DETENTION");
    let kept = rig.kept("d-1-release-date-set").await.unwrap();
    assert_eq!((kept.outcome, kept.payload), (Outcome::Lapsed, None));
}

#[tokio::test]
async fn what_lapsed_stays_away_when_the_admission_comes_after_all() {
    let rig = Rig::new().await;
    rig.take(&release_date("d-1", "2024-12-01")).await;
    rig.pass(24 * 3600);
    rig.settle().await;
    let sent = rig.give(&admission("d-1")).await;
    assert_eq!(told(&sent), ["gemeente-zwolle < detention-started", "rn-zwolle < detention-started"]);
}

#[tokio::test]
async fn what_lapsed_and_is_offered_again_counts_as_new() {
    let rig = Rig::new().await;
    let moved = transfer("d-1", "pi-vught", "2024-09-04T08:00:00+02:00").sequence(2);
    rig.take(&moved).await;
    rig.pass(24 * 3600);
    rig.settle().await;
    rig.give(&admission("d-1")).await;
    assert_eq!(rig.take(&moved).await.outcome, Reported::Accepted);
    let now = At::now(rig.now());
    assert_eq!(rig.case("d-1").await.prison(now).map(ToString::to_string), Some("pi-vught".to_owned()), "its facts count");
}

#[tokio::test]
async fn anything_else_about_an_unknown_detention_is_rejected_at_once() {
    let rig = Rig::new().await;
    let report = rig.take(&screening("d-1", &[("HOUSING", "MISSING")])).await;
    assert_eq!(rejected(&report), RejectionCode::UnknownDetention);
    assert!(rig.kept("d-1-screening-completed").await.is_none());
}

#[tokio::test]
async fn what_another_prison_parked_under_this_reference_lapses() {
    let rig = Rig::new().await;
    rig.take(&release_date("d-1", "2024-12-01").by("pi-vught").id("foreign")).await;
    let sent = rig.give(&admission("d-1")).await;
    assert!(!told(&sent).iter().any(|line| line.ends_with("release-date-set")), "{:?}", told(&sent));
    assert_eq!(rig.kept("foreign").await.unwrap().outcome, Outcome::Lapsed);
    assert_eq!(rig.receipts("pi-vught").await[0].1["code"], "UNKNOWN_DETENTION");
}
