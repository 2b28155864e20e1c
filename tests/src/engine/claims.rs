//! The claim asks again whenever something that the decision rests on may have changed.

use schakelpunt_domain::Refusal;

use crate::harness::{
    Rig, mandate,
    messages::{admission, consent_given, consent_withdrawn, invitation, release_date, start_corrected},
    only, stop_participant, to, told,
};

#[tokio::test]
async fn until_midnight_the_old_law_answers() {
    let rig = Rig::at("2021-06-30T23:50:00+02:00").await;
    rig.down("gemeente-zwolle");
    rig.give(&admission("d-1")).await;
    rig.set("2021-06-30T23:59:59+02:00");
    rig.up("gemeente-zwolle");
    let sent = rig.settle().await;
    let notice = only(&sent, "gemeente-zwolle");
    assert_eq!(notice.attribute("legalbasis"), "wjsg-51c-2-c");
    assert!(!notice.has("/person/identity/bsn"));
    assert_eq!(rig.times_decided("d-1-detention-started", "gemeente-zwolle").await, 1, "nothing changed");
}

#[tokio::test]
async fn what_waits_over_midnight_of_1_july_2021_is_decided_again() {
    let rig = Rig::at("2021-06-30T23:50:00+02:00").await;
    rig.down("gemeente-zwolle");
    rig.give(&admission("d-1")).await;
    rig.set("2021-07-01T00:00:00+02:00");
    rig.up("gemeente-zwolle");
    let sent = rig.settle().await;
    let notice = only(&sent, "gemeente-zwolle");
    assert_eq!(notice.attribute("legalbasis"), "pm-20d-2");
    assert!(notice.has("/person/identity/bsn"));
    assert_eq!(rig.times_decided("d-1-detention-started", "gemeente-zwolle").await, 2);
    let bases: Vec<String> = rig.deliveries("d-1-detention-started", "gemeente-zwolle").await[0]
        .decision
        .permit()
        .unwrap()
        .granted
        .iter()
        .map(|granted| granted.basis.to_string())
        .collect();
    assert_eq!(bases, ["pm-20d-2"], "what is on record is what was delivered");
}

#[tokio::test]
async fn a_change_of_the_case_is_seen_at_the_claim() {
    let rig = Rig::new().await;
    rig.down("gemeente-zwolle");
    rig.give(&admission("d-1")).await;
    rig.give(&release_date("d-1", "2024-12-01").sequence(2)).await;
    rig.up("gemeente-zwolle");
    assert_eq!(rig.settle().await.len(), 2);
    assert_eq!(rig.times_decided("d-1-detention-started", "gemeente-zwolle").await, 2, "the case had changed");
    assert_eq!(rig.times_decided("d-1-release-date-set", "gemeente-zwolle").await, 1);
}

#[tokio::test]
async fn what_waits_goes_to_who_is_responsible_by_then() {
    let rig = Rig::new().await;
    rig.down("gemeente-zwolle");
    rig.give(&admission("d-1")).await;
    rig.give(&release_date("d-1", "2024-12-01").sequence(2)).await;
    rig.give(&start_corrected("d-1").of("0166")).await;
    rig.up("gemeente-zwolle");
    let sent = rig.settle().await;
    assert!(to(&sent, "gemeente-zwolle").is_empty());
    assert_eq!(rig.stages("d-1-detention-started", "gemeente-zwolle").await, ["cancelled"]);
    assert_eq!(rig.refusal("d-1-detention-started", "gemeente-zwolle").await, Some(Refusal::NotResponsible));
    assert_eq!(rig.stages("d-1-detention-started", "gemeente-kampen").await, ["handed-over"], "nothing is lost");
    assert_eq!(rig.stages("d-1-release-date-set", "gemeente-kampen").await, ["handed-over"]);
}

#[tokio::test]
async fn a_change_of_the_registers_is_seen_at_the_claim() {
    let rig = Rig::new().await;
    rig.down("gemeente-zwolle");
    rig.give(&admission("d-1")).await;
    rig.record(stop_participant("gemeente-zwolle")).await;
    rig.up("gemeente-zwolle");
    assert!(rig.settle().await.is_empty());
    assert_eq!(rig.stages("d-1-detention-started", "gemeente-zwolle").await, ["cancelled"]);
    assert_eq!(rig.refusal("d-1-detention-started", "gemeente-zwolle").await, Some(Refusal::Stopped));
}

#[tokio::test]
async fn a_hub_that_was_not_told_of_a_register_change_sees_it_at_intake() {
    let rig = Rig::new().await;
    rig.record_elsewhere(mandate("gemeente-zwolle", "gemeente-kampen", None)).await;
    let sent = rig.give(&admission("d-1")).await;
    assert_eq!(told(&sent), ["gemeente-kampen < detention-started", "rn-zwolle < detention-started"]);
}

#[tokio::test]
async fn a_hub_that_was_not_told_of_a_register_change_sees_it_at_the_claim() {
    let rig = Rig::new().await;
    rig.take(&admission("d-1")).await;
    rig.record_elsewhere(stop_participant("gemeente-zwolle")).await;
    assert_eq!(told(&rig.settle().await), ["rn-zwolle < detention-started"]);
}

#[tokio::test]
async fn a_hub_that_was_not_told_of_a_register_change_sees_it_at_a_fetch() {
    let rig = Rig::new().await;
    rig.record(crate::harness::fetches("gemeente-zwolle")).await;
    rig.take(&admission("d-1")).await;
    rig.record_elsewhere(stop_participant("gemeente-zwolle")).await;
    assert!(rig.fetch("gemeente-zwolle", 0).await.is_empty());
}

#[tokio::test]
async fn a_clock_that_goes_back_lifts_no_stop() {
    let rig = Rig::new().await;
    rig.down("gemeente-zwolle");
    rig.give(&admission("d-1")).await;
    rig.pass(60);
    rig.record(stop_participant("gemeente-zwolle")).await;
    rig.pass(-30);
    rig.up("gemeente-zwolle");
    assert!(to(&rig.settle().await, "gemeente-zwolle").is_empty());
}

#[tokio::test]
async fn what_rests_on_consent_does_not_go_behind_anything_else() {
    let rig = Rig::new().await;
    for detention in ["d-1", "d-2"] {
        rig.give(&admission(detention)).await;
        rig.give(&consent_given(detention, "c-1", "ggz-zwolle")).await;
    }
    rig.give(&invitation("d-1", "ggz-zwolle")).await;
    rig.down("ggz-zwolle");
    rig.give(&consent_withdrawn("d-1", "c-1")).await;
    rig.give(&invitation("d-2", "ggz-zwolle")).await;
    rig.up("ggz-zwolle");
    assert_eq!(told(&rig.round().await), ["ggz-zwolle < consent-withdrawn"]);
    assert_eq!(told(&rig.round().await), ["ggz-zwolle < care-partner-invited"]);
}
