//! Staleness is per slot: an older value never overwrites a newer one, and goes only to who has no newer one.

use schakelpunt_domain::{Refusal, case::FactValue};
use schakelpunt_engine::step::Reported;

use crate::harness::{
    Rig,
    messages::{admission, admission_of_nowhere, condition, consent_given, release_date, release_date_changed, responsible, screening},
    only, told,
};

#[tokio::test]
async fn an_older_date_is_superseded_for_who_has_the_newer() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.give(&release_date_changed("d-1", "2024-12-20").sequence(5)).await;
    let late = rig.take(&release_date("d-1", "2024-12-01").sequence(3)).await;
    assert_eq!(late.outcome, Reported::Accepted, "nothing is rejected only for being late");
    assert_eq!(rig.refusal("d-1-release-date-set", "gemeente-zwolle").await, Some(Refusal::Superseded));
    assert!(rig.settle().await.is_empty());
}

#[tokio::test]
async fn an_older_date_does_not_overwrite_what_the_case_knows() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.give(&release_date_changed("d-1", "2024-12-20").sequence(5)).await;
    rig.give(&release_date("d-1", "2024-12-01").sequence(3)).await;
    let case = rig.case("d-1").await;
    let dates: Vec<_> = case.facts.iter().filter_map(|fact| if let FactValue::Release(day) = fact.value { day } else { None }).collect();
    assert_eq!(dates, ["2024-12-20".parse().unwrap()]);
}

#[tokio::test]
async fn other_slots_of_a_late_message_count() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.give(&condition("d-1", "HOUSING", "ACTION_RUNNING").sequence(5)).await;
    let sent = rig.give(&screening("d-1", &[("HOUSING", "MISSING"), ("DEBT", "MISSING")]).sequence(3)).await;
    assert_eq!(only(&sent, "gemeente-zwolle").fields(), ["/conditions/DEBT/asOf", "/conditions/DEBT/status"]);
}

#[tokio::test]
async fn an_older_message_goes_to_somebody_who_never_got_the_newer() {
    let rig = Rig::at("2021-06-18T10:00:00+02:00").await;
    rig.give(&admission("d-1")).await;
    rig.give(&consent_given("d-1", "c-1", "rn-zwolle")).await;
    rig.give(&condition("d-1", "HOUSING", "ACTION_RUNNING").sequence(5)).await;
    rig.give(&consent_given("d-1", "c-2", "gemeente-zwolle").sequence(2)).await;
    let sent = rig.give(&screening("d-1", &[("HOUSING", "MISSING")]).sequence(3)).await;
    assert_eq!(told(&sent), ["gemeente-zwolle < screening-completed"]);
    assert_eq!(rig.refusal("d-1-screening-completed", "rn-zwolle").await, Some(Refusal::Superseded));
}

#[tokio::test]
async fn each_system_counts_for_itself() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.give(&condition("d-1", "HOUSING", "MISSING").sequence(9)).await;
    let sent = rig.give(&condition("d-1", "HOUSING", "ACTION_RUNNING").by("gemeente-zwolle").id("town").sequence(1)).await;
    assert_eq!(told(&sent), ["pi-zwolle < condition-status-updated", "rn-zwolle < condition-status-updated"]);
}

#[tokio::test]
async fn who_is_found_late_gets_the_newest_date_and_not_the_older_behind_it() {
    let rig = Rig::new().await;
    rig.give(&admission_of_nowhere("d-1")).await;
    rig.give(&release_date_changed("d-1", "2024-12-20").sequence(5)).await;
    rig.give(&release_date("d-1", "2024-12-01").sequence(3)).await;
    let sent = rig.give(&responsible("d-1", "0166")).await;
    let kampen: Vec<_> = told(&sent).into_iter().filter(|line| line.starts_with("gemeente-kampen")).collect();
    assert_eq!(
        kampen,
        [
            "gemeente-kampen < responsible-municipality-determined",
            "gemeente-kampen < detention-started",
            "gemeente-kampen < release-date-changed"
        ]
    );
    assert_eq!(rig.refusal("d-1-release-date-set", "gemeente-kampen").await, Some(Refusal::Superseded));
}

#[tokio::test]
async fn what_the_newest_withholds_is_still_older_than_what_somebody_has() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    let told_of_care = |id: &str, needed: bool, sequence| {
        let care = serde_json::json!({"needed": needed});
        screening("d-1", &[("HOUSING", "MISSING")]).with("care", care).id(id).sequence(sequence)
    };
    let sent = rig.give(&told_of_care("second", true, 5)).await;
    assert!(only(&sent, "gemeente-zwolle").has("/care/needed"));
    let sent = rig.give(&told_of_care("third", false, 7)).await;
    assert!(!only(&sent, "gemeente-zwolle").has("/care/needed"), "what is not needed is not told");
    assert!(rig.give(&told_of_care("first", true, 3)).await.is_empty(), "an older word on care does not follow the newer");
}

#[tokio::test]
async fn of_two_old_dates_the_older_does_not_follow() {
    let rig = Rig::at("2021-06-18T10:00:00+02:00").await;
    rig.give(&admission("d-1")).await;
    rig.give(&consent_given("d-1", "c-1", "rn-zwolle")).await;
    rig.give(&condition("d-1", "HOUSING", "ACTION_RUNNING").id("third").sequence(9)).await;
    rig.give(&consent_given("d-1", "c-2", "gemeente-zwolle").sequence(2)).await;
    let sent = rig.give(&condition("d-1", "HOUSING", "MISSING").id("second").sequence(5)).await;
    assert_eq!(told(&sent), ["gemeente-zwolle < condition-status-updated"], "it never got the newest");
    assert!(rig.give(&condition("d-1", "HOUSING", "MISSING").id("first").sequence(3)).await.is_empty());
}
