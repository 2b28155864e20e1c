//! Consent: who waits for it, what ends it, and what never revives it (decisions 9 to 11).

use schakelpunt_domain::Refusal;
use schakelpunt_engine::step::Reported;

use crate::harness::{
    Rig,
    bus::Sent,
    messages::{admission, consent_given, consent_withdrawn, deceased, detention_ended, invitation, withdrawal},
    only, to, told,
};

const PARTNER: &str = "ggz-zwolle";

/// A case with a consent for the partner.
async fn consented(detention: &str) -> Rig {
    let rig = Rig::new().await;
    consent_too(&rig, detention).await;
    rig
}

async fn consent_too(rig: &Rig, detention: &str) {
    rig.give(&admission(detention)).await;
    rig.give(&consent_given(detention, "c-1", PARTNER)).await;
}

fn partner(sent: &[Sent]) -> Vec<&str> {
    to(sent, PARTNER).iter().map(|one| one.event.as_str()).collect()
}

#[tokio::test]
async fn the_invitation_goes_to_the_partner_that_is_named_and_to_no_other() {
    let rig = consented("d-1").await;
    rig.give(&consent_given("d-1", "c-2", "woonstichting-zwolle").sequence(2)).await;
    let sent = rig.give(&invitation("d-1", PARTNER)).await;
    assert_eq!(told(&sent), ["ggz-zwolle < care-partner-invited"]);
    assert!(sent[0].by_consent);
    assert_ne!(sent[0].attribute("subject"), "d-1", "files of different organisations cannot be joined on it");
}

#[tokio::test]
async fn a_delivery_by_consent_waits_for_an_empty_inbox() {
    let rig = consented("d-1").await;
    rig.bus.room_is(PARTNER, 10, false);
    assert!(rig.give(&invitation("d-1", PARTNER)).await.is_empty());
    rig.bus.room_is(PARTNER, 10, true);
    assert_eq!(partner(&rig.settle().await), ["care-partner-invited"]);
}

#[tokio::test]
async fn a_delivery_by_statute_does_not() {
    let rig = Rig::new().await;
    rig.bus.room_is("gemeente-zwolle", 10, false);
    assert_eq!(to(&rig.give(&admission("d-1")).await, "gemeente-zwolle").len(), 1);
}

#[tokio::test]
async fn deliveries_by_consent_go_one_at_a_time() {
    let rig = consented("d-1").await;
    consent_too(&rig, "d-2").await;
    rig.bus.nobody_reads(PARTNER);
    rig.batch(&[invitation("d-1", PARTNER), invitation("d-2", PARTNER)]).await;
    assert_eq!(partner(&rig.settle().await).len(), 1, "what lies in the inbox can no longer be cancelled");
    rig.bus.is_read(PARTNER);
    assert_eq!(partner(&rig.settle().await).len(), 1);
    rig.bus.is_read(PARTNER);
    assert!(rig.settle().await.is_empty());
}

#[tokio::test]
async fn a_withdrawal_cancels_what_waits_and_the_partner_never_learns_of_it() {
    let rig = consented("d-1").await;
    rig.down(PARTNER);
    rig.give(&invitation("d-1", PARTNER)).await;
    let sent = rig.give(&consent_withdrawn("d-1", "c-1")).await;
    assert_eq!(told(&sent), ["pi-zwolle < consent-withdrawn", "rn-zwolle < consent-withdrawn"]);
    assert_eq!(rig.stages("d-1-care-partner-invited", PARTNER).await, ["cancelled"], "in the transaction of the withdrawal");
    rig.up(PARTNER);
    assert!(rig.settle().await.is_empty());
}

#[tokio::test]
async fn a_partner_that_had_something_is_told_once_and_without_a_reason() {
    let rig = consented("d-1").await;
    rig.give(&invitation("d-1", PARTNER)).await;
    let sent = rig.give(&consent_withdrawn("d-1", "c-1")).await;
    let stop = only(&sent, PARTNER);
    assert_eq!((stop.event.as_str(), stop.fields()), ("consent-withdrawn", vec!["/consent/id".to_owned()]));

    assert_eq!(rig.take(&consent_withdrawn("d-1", "c-1")).await.outcome, Reported::SeenBefore);
    let by_another = consent_withdrawn("d-1", "c-1").by("rn-zwolle").id("second");
    let sent = [rig.settle().await, rig.give(&by_another).await].concat();
    assert!(partner(&sent).is_empty(), "told once");
}

#[tokio::test]
async fn a_withdrawal_that_comes_before_its_consent_holds() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    assert_eq!(rig.take(&consent_withdrawn("d-1", "c-1")).await.outcome, Reported::Accepted);
    rig.give(&consent_given("d-1", "c-1", PARTNER)).await;
    assert_eq!(rig.take(&invitation("d-1", PARTNER)).await.outcome, Reported::Refused);
    assert_eq!(rig.refusal("d-1-care-partner-invited", PARTNER).await, Some(Refusal::ConsentWithdrawn));
    assert!(rig.consent("d-1", "c-1").await.withdrawn_at.is_some());
}

#[tokio::test]
async fn a_withdrawal_about_a_detention_that_is_not_known_yet_holds_too() {
    let rig = Rig::new().await;
    assert_eq!(rig.take(&consent_withdrawn("d-1", "c-1")).await.outcome, Reported::Accepted);
    consent_too(&rig, "d-1").await;
    assert_eq!(rig.take(&invitation("d-1", PARTNER)).await.outcome, Reported::Refused);
}

#[tokio::test]
async fn a_withdrawn_consent_given_again_under_the_same_id_stays_withdrawn() {
    let rig = consented("d-1").await;
    rig.give(&consent_withdrawn("d-1", "c-1")).await;
    rig.give(&consent_given("d-1", "c-1", PARTNER).id("once-more").sequence(5)).await;
    assert_eq!(rig.take(&invitation("d-1", PARTNER)).await.outcome, Reported::Refused);
    rig.give(&consent_given("d-1", "c-2", PARTNER).sequence(6)).await;
    assert_eq!(rig.take(&invitation("d-1", PARTNER)).await.outcome, Reported::Accepted, "a new consent is a new one");
}

#[tokio::test]
async fn a_consent_that_ends_while_something_waits_ends_it() {
    let rig = Rig::at("2025-06-30T23:00:00+02:00").await;
    consent_too(&rig, "d-1").await;
    rig.down(PARTNER);
    rig.give(&invitation("d-1", PARTNER)).await;
    rig.set("2025-07-01T00:00:00+02:00");
    rig.up(PARTNER);
    let sent = rig.settle().await;
    let triad = ["pi-zwolle", "gemeente-zwolle", "rn-zwolle"].map(|who| format!("{who} < consent-expired"));
    assert_eq!(told(&sent), triad, "its last day has passed, and the partner had nothing");
    assert_eq!(rig.refusal("d-1-care-partner-invited", PARTNER).await, Some(Refusal::ConsentExpired));
}

#[tokio::test]
async fn death_ends_what_waits_for_a_partner_that_had_nothing() {
    let rig = consented("d-1").await;
    rig.down(PARTNER);
    rig.give(&invitation("d-1", PARTNER)).await;
    rig.give(&deceased("d-1", "2024-09-04")).await;
    assert_eq!(rig.stages("d-1-care-partner-invited", PARTNER).await, ["cancelled"]);
    rig.up(PARTNER);
    assert!(rig.settle().await.is_empty());
    assert_eq!(rig.take(&invitation("d-1", PARTNER).id("later")).await.outcome, Reported::Refused);
}

#[tokio::test]
async fn a_partner_that_had_something_hears_once_that_the_case_is_closed() {
    let rig = consented("d-1").await;
    rig.give(&invitation("d-1", PARTNER)).await;
    let sent = rig.give(&deceased("d-1", "2024-09-04").sequence(2)).await;
    assert_eq!(only(&sent, PARTNER).fields(), ["/status/since"]);
    let sent = rig.give(&detention_ended("d-1", "2024-09-04").sequence(3)).await;
    assert_eq!(told(&sent), ["gemeente-zwolle < detention-ended", "rn-zwolle < detention-ended"]);
}

#[tokio::test]
async fn at_the_end_of_the_detention_the_consent_ends_after_one_bare_fact() {
    let rig = consented("d-1").await;
    rig.give(&invitation("d-1", PARTNER)).await;
    let sent = rig.give(&detention_ended("d-1", "2024-09-03").sequence(2)).await;
    assert_eq!(only(&sent, PARTNER).fields(), ["/detention/legalEnd"]);
    rig.pass(1);
    assert_eq!(rig.take(&invitation("d-1", PARTNER).id("later")).await.outcome, Reported::Refused);
    assert_eq!(rig.refusal("later", PARTNER).await, Some(Refusal::ConsentExpired));
}

#[tokio::test]
async fn a_partner_that_had_nothing_hears_nothing_of_the_end() {
    let rig = consented("d-1").await;
    let sent = rig.give(&detention_ended("d-1", "2024-09-03").sequence(2)).await;
    assert!(partner(&sent).is_empty());
}

#[tokio::test]
async fn a_consent_ends_with_the_message_that_stated_it() {
    let rig = consented("d-1").await;
    rig.down(PARTNER);
    rig.give(&invitation("d-1", PARTNER)).await;
    rig.give(&withdrawal(&consent_given("d-1", "c-1", PARTNER))).await;
    rig.up(PARTNER);
    assert_eq!(partner(&rig.settle().await), [""; 0]);
    assert_eq!(rig.stages(invitation("d-1", PARTNER).name(), PARTNER).await, ["cancelled"]);
}

#[tokio::test]
async fn a_clock_that_goes_back_revives_no_consent() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.give(&consent_given("d-1", "c-1", "ggz-zwolle")).await;
    rig.pass(60);
    rig.down("ggz-zwolle");
    rig.give(&consent_withdrawn("d-1", "c-1")).await;
    rig.pass(-30);
    rig.up("ggz-zwolle");
    let report = rig.take(&invitation("d-1", "ggz-zwolle")).await;
    assert_eq!(report.outcome, Reported::Refused);
    assert!(to(&rig.settle().await, "ggz-zwolle").is_empty());
}
