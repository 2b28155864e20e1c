//! What the hub sees to after something was said: answers, digests, persons who come back.

use schakelpunt_domain::{Refusal, case::Awaited};
use schakelpunt_engine::{
    afterwards::{Forbidden, forbidden},
    step::Law,
};
use serde_json::json;

use crate::harness::{
    Rig, mandate,
    messages::{
        Message, admission, consent_given, consent_withdrawn, detention_ended, invitation, of_one_person, release_date,
        release_date_changed,
    },
    to, told, who,
};

const DIGEST: &str = "release-dates-digest";
const PARTNER: &str = "ggz-zwolle";

/// So many cases with a date, and a recalculation of all of them.
async fn recalculated(rig: &Rig, from: usize, count: usize) {
    for number in from..from + count {
        let detention = format!("m-{number}");
        rig.give(&admission(&detention).sequence(1)).await;
        rig.give(&release_date(&detention, "2025-03-01").sequence(2)).await;
        let changed = rig.give(&release_date_changed(&detention, "2025-02-15").sequence(3)).await;
        assert_eq!(to(&changed, "gemeente-zwolle").len(), 1, "the change itself goes at once");
    }
}

#[tokio::test]
async fn a_mass_recalculation_ends_in_one_digest_for_each_recipient() {
    let rig = Rig::at("2024-09-04T10:00:00Z").await;
    recalculated(&rig, 0, 21).await;
    assert!(rig.settle().await.is_empty(), "not before the hour ends");
    rig.set("2024-09-04T11:00:00Z");
    let sent = rig.settle().await;
    assert_eq!(told(&sent), ["gemeente-zwolle < release-dates-digest", "rn-zwolle < release-dates-digest"]);
    let digest = &sent[0];
    assert_eq!(digest.text("/digest/from"), "2024-09-04T10:00:00Z");
    assert!(digest.has("/digest/detentions/20") && !digest.has("/digest/detentions/21"));
    assert!(!digest.has("/release"));
    rig.set("2024-09-04T13:00:00Z");
    assert!(rig.settle().await.iter().all(|one| one.event != DIGEST), "once");
}

#[tokio::test]
async fn a_few_changes_are_no_mass() {
    let rig = Rig::at("2024-09-04T10:00:00Z").await;
    recalculated(&rig, 0, 20).await;
    rig.set("2024-09-04T11:00:00Z");
    assert!(rig.settle().await.iter().all(|one| one.event != DIGEST));
    recalculated(&rig, 20, 1).await;
    rig.set("2024-09-04T12:00:00Z");
    assert!(rig.settle().await.iter().all(|one| one.event != DIGEST), "another hour counts anew");
}

#[tokio::test]
async fn a_partner_is_told_once_to_stop_and_its_answer_is_recorded() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.give(&consent_given("d-1", "c-1", PARTNER)).await;
    rig.give(&invitation("d-1", PARTNER)).await;
    let withdrawal = consent_withdrawn("d-1", "c-1");
    assert_eq!(to(&rig.give(&withdrawal).await, PARTNER).len(), 1);
    let open = rig.case("d-1").await.follow_up.recalls;
    assert_eq!((open.len(), open[0].awaited, open[0].open.contains(&who(PARTNER))), (1, Awaited::Stop, true));
    let of = json!({"source": withdrawal.source(), "id": withdrawal.name()});
    let answer = Message::new("deletion-confirmed", PARTNER, "d-1", json!({"deletion": {"of": of, "at": "2024-09-04T08:00:00Z"}}));
    assert!(rig.give(&answer).await.is_empty(), "nobody hears of it");
    let answered = rig.case("d-1").await.follow_up.recalls;
    assert!(answered[0].open.is_empty() && answered[0].answered.contains_key(&who(PARTNER)));
    rig.pass(100 * 3600);
    assert!(to(&rig.settle().await, PARTNER).is_empty(), "nobody is reminded of a stop");
}

#[tokio::test]
async fn a_person_who_comes_back_is_recognised_and_nothing_personal_is_kept_for_it() {
    let rig = Rig::new().await;
    rig.give(&of_one_person("d-1")).await;
    rig.give(&detention_ended("d-1", "2024-09-04").sequence(2)).await;
    rig.give(&of_one_person("d-2").by("pi-vught")).await;
    let second = rig.case("d-2").await.follow_up;
    assert_eq!(second.person, rig.case("d-1").await.follow_up.person);
    assert!(second.held.is_empty(), "the first detention has ended");
    let row = second.person.unwrap();
    assert!(!row.as_str().contains("999900201"));
    let person = serde_json::to_string(&rig.case(row.as_str()).await).unwrap();
    assert!(["Scholekster", "1980-03-03", "999900201"].iter().all(|word| !person.contains(word)), "{person}");
}

#[tokio::test]
async fn somebody_in_two_prisons_is_held_and_everybody_else_is_not() {
    let rig = Rig::new().await;
    rig.give(&of_one_person("d-1")).await;
    let held = rig.give(&of_one_person("d-2").by("pi-vught")).await;
    assert!(to(&held, "gemeente-zwolle").is_empty() && to(&held, "rn-zwolle").is_empty(), "{:?}", told(&held));
    assert_eq!(rig.case("d-2").await.follow_up.held.len(), 1);
    assert_eq!(to(&rig.give(&admission("d-3").by("pi-vught")).await, "gemeente-zwolle").len(), 1);
}

/// What of the admission's delivery to this recipient today's knowledge forbids.
async fn forbidden_now(rig: &Rig, recipient: &str, since: &str) -> Option<Forbidden> {
    let delivery = rig.deliveries("d-1-detention-started", recipient).await.remove(0);
    let message = rig.kept("d-1-detention-started").await.unwrap();
    let registers = rig.hub.registers().await;
    let law = Law { settings: rig.hub.settings(), registers: &registers };
    forbidden(law, &delivery, &message, &rig.case("d-1").await, since.parse().unwrap(), rig.now())
}

#[tokio::test]
async fn a_register_entry_with_effect_in_the_past_shows_what_should_not_have_left() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    assert_eq!(forbidden_now(&rig, "gemeente-zwolle", "2024-01-01T00:00:00Z").await, None);
    rig.pass(3600);
    // recorded today, in force since January
    rig.record(mandate("gemeente-zwolle", "gemeente-kampen", None)).await;
    let forbids = forbidden_now(&rig, "gemeente-zwolle", "2024-01-01T00:00:00Z").await;
    assert_eq!(forbids, Some(Forbidden::All(Refusal::NotResponsible)));
    assert_eq!(forbidden_now(&rig, "rn-zwolle", "2024-01-01T00:00:00Z").await, None, "a mandate changes nothing for probation");
    assert_eq!(forbidden_now(&rig, "gemeente-zwolle", "2099-01-01T00:00:00Z").await, None, "provided before that");
}

#[tokio::test]
async fn a_digest_that_waits_belongs_to_its_recipient_whatever_is_entered_meanwhile() {
    let rig = Rig::at("2024-09-04T10:00:00Z").await;
    recalculated(&rig, 0, 21).await;
    rig.settle().await;
    rig.down("gemeente-zwolle");
    rig.set("2024-09-04T11:00:00Z");
    assert_eq!(told(&rig.settle().await), ["rn-zwolle < release-dates-digest"]);
    rig.record(mandate("gemeente-breda", "gemeente-kampen", None)).await;
    rig.up("gemeente-zwolle");
    assert_eq!(told(&rig.settle().await), ["gemeente-zwolle < release-dates-digest"]);
}
