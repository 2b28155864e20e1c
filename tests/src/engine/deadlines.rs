//! What has to be done by when: told once, late after an outage, and not at all once it is done. Which day is due is tested in the domain.

use schakelpunt_domain::stage::{CancelReason, Stage};
use schakelpunt_engine::{
    ports::DeliveryFilter,
    step::{Input, Receipts},
};
use serde_json::json;

use crate::harness::{
    Rig,
    bus::Sent,
    messages::{
        Message, admission, deceased, detention_ended, meeting_held, plan_not_made, release_date, responsible, screening, settles,
        withdrawal,
    },
    told,
};

/// Somebody comes into PI Zwolle this morning; TBO and screening are agreed.
fn today(detention: &str) -> Message {
    admission(detention).with("detention", json!({"start": "2024-09-04", "piEntry": "2024-09-04", "title": "SENTENCE"}))
}

/// The timers of deadlines of all cases, due or not.
async fn timers(rig: &Rig) -> usize {
    let now = rig.now().to_string();
    rig.set("2099-01-01T00:00:00Z");
    let all = rig.store.due_timers(100).await.unwrap();
    let timers = all.iter().filter(|timer| timer.id.starts_with("deadlines\n")).count();
    rig.set(&now);
    timers
}

#[tokio::test]
async fn each_case_has_one_timer_until_it_ends() {
    let rig = Rig::new().await;
    rig.give(&today("d-1")).await;
    rig.give(&today("d-2")).await;
    rig.give(&release_date("d-1", "2025-03-01").sequence(2)).await;
    rig.give(&screening("d-1", &[("HOUSING", "MISSING")]).sequence(3)).await;
    assert_eq!(timers(&rig).await, 2);
    rig.give(&detention_ended("d-1", "2024-09-04").sequence(4)).await;
    assert_eq!(timers(&rig).await, 1);
    rig.give(&deceased("d-2", "2024-09-04").sequence(4)).await;
    assert_eq!(timers(&rig).await, 0);
}

#[tokio::test]
async fn a_missed_term_is_told_once_though_two_hubs_look_at_it_and_the_timer_comes_again() {
    let rig = Rig::new().await;
    rig.give(&today("d-1")).await;
    let other = rig.second_hub().await;
    rig.set("2024-09-15T00:00:00+02:00");
    let timer = rig.store.due_timers(1).await.unwrap().remove(0);
    let mut missed = told(&rig.settle().await);
    missed.sort();
    assert_eq!(missed, ["gemeente-zwolle < tbo-deadline-missed", "pi-zwolle < tbo-deadline-missed", "rn-zwolle < tbo-deadline-missed"]);
    assert!(other.settle().await.is_empty());
    // as if a crash had come between its effect and its end
    rig.hub.run(&[Input::Timer(timer)], Receipts::Send).await.unwrap();
    assert!(rig.settle().await.is_empty());
    assert_eq!(timers(&rig).await, 1, "the next instant has its timer");
}

#[tokio::test]
async fn after_an_outage_they_come_late_in_order_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hub.db");
    {
        let rig = Rig::on_file(&file, "2024-09-05T08:00:00+02:00").await;
        rig.give(&today("d-2").with("detention", json!({"start": "2024-09-05", "piEntry": "2024-09-05", "title": "SENTENCE"}))).await;
        rig.give(&today("d-1")).await;
    }
    let rig = Rig::on_file(&file, "2024-09-25T08:00:00+02:00").await;
    let sent = rig.settle().await;
    let first = sent.iter().find(|one| one.body["subject"] == "d-1" && one.event == "tbo-deadline-missed").unwrap();
    assert_eq!(first.body["data"]["deadline"], json!({"kind": "TBO", "due": "2024-09-14", "daysLate": 11}));
    // the case whose term ended first comes first, whichever was known first; in a case each in its order
    let all = rig.store.deliveries(&DeliveryFilter { limit: 100, ..DeliveryFilter::default() }).await.unwrap();
    let late = all.iter().rev().filter(|one| one.recipient.as_str() == "pi-zwolle");
    let late: Vec<String> = late.map(|one| format!("{} {}", one.detention.as_ref().unwrap(), one.event)).collect();
    let expected = ["d-1 tbo-deadline-missed", "d-1 screening-deadline-missed", "d-2 tbo-deadline-missed", "d-2 screening-deadline-missed"];
    assert_eq!(late, expected);
    assert!(rig.settle().await.is_empty());
}

#[tokio::test]
async fn an_alarm_that_waits_is_cancelled_when_its_term_is_met() {
    let rig = Rig::new().await;
    rig.give(&today("d-1")).await;
    rig.down("gemeente-zwolle");
    rig.set("2024-09-15T08:00:00+02:00");
    rig.settle().await;
    let held = meeting_held("d-1").sequence(2);
    rig.give(&held).await;
    rig.up("gemeente-zwolle");
    let sent = rig.settle().await;
    assert!(!told(&sent).contains(&"gemeente-zwolle < tbo-deadline-missed".to_owned()), "{:?}", told(&sent));
    let all = rig.store.deliveries(&DeliveryFilter { limit: 100, ..DeliveryFilter::default() }).await.unwrap();
    let cancelled: Vec<_> = all.iter().filter(|one| matches!(one.stage, Stage::Cancelled { why: CancelReason::NoLongerDue, .. })).collect();
    assert_eq!(cancelled.len(), 1);
    assert_eq!((cancelled[0].recipient.as_str(), cancelled[0].event.as_str()), ("gemeente-zwolle", "tbo-deadline-missed"));
}

#[tokio::test]
async fn what_is_done_in_time_is_never_missed() {
    let rig = Rig::new().await;
    rig.give(&today("d-1")).await;
    rig.give(&meeting_held("d-1").sequence(2)).await;
    rig.give(&screening("d-1", &[("HOUSING", "MISSING")]).sequence(3)).await;
    rig.give(&plan_not_made("d-1").sequence(4)).await;
    assert_eq!(timers(&rig).await, 0);
    rig.set("2024-12-01T08:00:00+01:00");
    assert!(rig.settle().await.is_empty());
}

#[tokio::test]
async fn who_is_not_known_yet_hears_of_the_release_when_it_is() {
    let rig = Rig::new().await;
    let nowhere = today("d-1").with("residence", json!({"candidates": []}));
    rig.give(&nowhere).await;
    let sent = rig.give(&release_date("d-1", "2024-09-20").sequence(2)).await;
    let imminent = |sent: &[Sent]| told(sent).into_iter().filter(|line| line.ends_with("release-imminent")).collect::<Vec<_>>();
    assert_eq!(imminent(&sent), ["rn-zwolle < release-imminent"]);
    let sent = rig.give(&responsible("d-1", "0193")).await;
    assert_eq!(imminent(&sent), ["gemeente-zwolle < release-imminent"]);
    for midnight in ["2024-09-06T00:00:00+02:00", "2024-09-18T00:00:00+02:00"] {
        rig.set(midnight);
        assert_eq!(imminent(&rig.settle().await), ["gemeente-zwolle < release-imminent"], "{midnight}: to the municipality alone");
    }
}

#[tokio::test]
async fn who_becomes_responsible_after_a_term_of_its_own_did_not_miss_it() {
    let missed = |sent: &[Sent]| {
        let to_zwolle = told(sent).into_iter().filter(|line| line.starts_with("gemeente-zwolle < ") && line.ends_with("-missed"));
        to_zwolle.collect::<Vec<_>>()
    };
    let (tbo, screening) = ("gemeente-zwolle < tbo-deadline-missed", "gemeente-zwolle < screening-deadline-missed");
    // the TBO was due on the 14th, the screening on the 18th: that one is the prison's, and is told whoever answers now
    for (on, expected) in [("2024-09-13T10:00:00+02:00", vec![tbo, screening]), ("2024-09-20T10:00:00+02:00", vec![screening])] {
        for (from, makes_responsible) in [("", responsible("d-1", "0193")), ("0166", settles("d-1", "0193").sequence(3))] {
            let rig = Rig::new().await;
            let started = if from.is_empty() { today("d-1").with("residence", json!({"candidates": []})) } else { today("d-1").of(from) };
            rig.give(&started).await;
            rig.set(on);
            let before = missed(&rig.give(&makes_responsible).await);
            rig.set("2024-09-21T10:00:00+02:00");
            assert_eq!([before, missed(&rig.settle().await)].concat(), expected, "{on} {from}");
        }
    }
}

#[tokio::test]
async fn what_waits_when_somebody_else_becomes_responsible_goes_there() {
    let rig = Rig::new().await;
    rig.give(&today("d-1")).await;
    rig.down("gemeente-zwolle");
    rig.give(&release_date("d-1", "2024-09-20").sequence(2)).await;
    rig.give(&settles("d-1", "0166").sequence(3)).await;
    rig.up("gemeente-zwolle");
    let sent = rig.settle().await;
    assert!(!told(&sent).contains(&"gemeente-zwolle < release-imminent".to_owned()), "{:?}", told(&sent));
    let all = rig.store.deliveries(&DeliveryFilter { limit: 100, ..DeliveryFilter::default() }).await.unwrap();
    let imminent = all.iter().filter(|one| one.event.as_str() == "release-imminent");
    let mut stages: Vec<_> = imminent.map(|one| format!("{} {}", one.recipient, one.stage.word())).collect();
    stages.sort();
    assert_eq!(stages, ["gemeente-kampen handed-over", "gemeente-zwolle cancelled", "rn-zwolle handed-over"]);
}

#[tokio::test]
async fn what_rests_on_a_message_that_was_withdrawn_is_not_told() {
    let rig = Rig::new().await;
    let notice = today("d-1");
    let date = release_date("d-2", "2024-10-03").sequence(2);
    rig.give(&notice).await;
    rig.give(&today("d-2")).await;
    rig.give(&date).await;
    assert_eq!(timers(&rig).await, 2);
    rig.give(&withdrawal(&notice)).await;
    rig.give(&withdrawal(&date)).await;
    assert_eq!(timers(&rig).await, 1, "of the withdrawn notice nothing is left");
    rig.set("2024-09-05T00:00:00+02:00");
    assert!(rig.settle().await.is_empty(), "four weeks before a date that was taken back");
}
