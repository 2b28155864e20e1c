//! A participant, a detention or a rule can be stopped at once.

use schakelpunt_domain::{
    Refusal,
    registers::{Entry, Stop},
};
use schakelpunt_engine::ports::Published::Uncertain;

use crate::harness::{
    Rig,
    messages::{admission, release_date},
    only, stop_participant, to, told,
};

const DATE: &str = "d-1-release-date-set";

#[tokio::test]
async fn a_stopped_participant_gets_nothing_more() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.record(stop_participant("gemeente-zwolle")).await;
    assert_eq!(told(&rig.give(&release_date("d-1", "2024-12-01").sequence(2)).await), ["rn-zwolle < release-date-set"]);
    assert_eq!(rig.refusal(DATE, "gemeente-zwolle").await, Some(Refusal::Stopped));
}

#[tokio::test]
async fn what_waits_for_a_stopped_detention_never_leaves() {
    let rig = Rig::new().await;
    rig.batch(&[admission("d-1"), admission("d-2")]).await;
    rig.record(Entry::Stop(Stop::Detention("d-1".parse().unwrap()))).await;
    let sent = rig.settle().await;
    assert!(sent.iter().all(|one| one.attribute("subject") == "d-2"), "{:?}", told(&sent));
    assert_eq!(sent.len(), 2, "others go on");
    assert_eq!(rig.stages("d-1-detention-started", "rn-zwolle").await, ["cancelled"]);
}

#[tokio::test]
async fn nothing_rests_on_a_stopped_rule() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.record(Entry::Stop(Stop::Rule("release-date-to-municipality".parse().unwrap()))).await;
    assert_eq!(told(&rig.give(&release_date("d-1", "2024-12-01").sequence(2)).await), ["rn-zwolle < release-date-set"]);
    assert_eq!(rig.refusal(DATE, "gemeente-zwolle").await, Some(Refusal::Stopped), "a rule that stands still is no missing basis");
}

#[tokio::test]
async fn what_was_uncertain_when_it_was_stopped_is_recalled() {
    let rig = Rig::new().await;
    rig.bus.answers("gemeente-zwolle", &[Uncertain]);
    rig.give(&admission("d-1")).await;
    rig.record(stop_participant("gemeente-zwolle")).await;
    rig.pass(10);
    let sent = rig.settle().await;
    assert_eq!(only(&sent, "gemeente-zwolle").event, "message-withdrawn", "what began before is finished or recalled");
}

#[tokio::test]
async fn a_stop_is_found_out_of_by_every_hub() {
    let rig = Rig::new().await;
    let other = rig.second_hub().await;
    rig.take(&admission("d-1")).await;
    rig.record(stop_participant("gemeente-zwolle")).await;
    assert!(to(&other.settle().await, "gemeente-zwolle").is_empty());
}
