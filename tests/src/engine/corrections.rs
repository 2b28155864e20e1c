//! Corrections and withdrawals follow the original: to who had it, and to nobody else (decisions 8 and 10).

use schakelpunt_domain::{Refusal, RejectionCode, case::FactValue};
use schakelpunt_engine::{ports::Published::Uncertain, step::Reported};
use serde_json::json;

use crate::harness::{
    Rig,
    messages::{
        Message, admission, consent_given, consent_withdrawn, correction, deletion, invitation, release_date, release_date_changed,
        screening, settles, transfer, withdrawal,
    },
    only, rejected, stop_participant, to, told,
};

const TOWN: &str = "gemeente-zwolle";
const PARTNER: &str = "ggz-zwolle";

fn wrong() -> Message {
    release_date("d-1", "2024-12-01").sequence(2)
}

fn right() -> Message {
    correction(&wrong()).with("release", json!({"date": "2024-12-24"}))
}

/// The release date waits for the town.
async fn waiting() -> Rig {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.down(TOWN);
    rig.give(&wrong()).await;
    rig
}

#[tokio::test]
async fn a_waiting_original_is_replaced_and_not_followed() {
    let rig = waiting().await;
    let first = rig.deliveries(wrong().name(), TOWN).await.remove(0);
    assert_eq!(told(&rig.give(&right()).await), ["rn-zwolle < message-corrected"]);
    rig.up(TOWN);
    let sent = rig.settle().await;
    let dated = only(&sent, TOWN);
    assert_eq!((dated.event.as_str(), dated.text("/release/date")), ("release-date-set", "2024-12-24"));
    assert_ne!(dated.id, first.id.to_string(), "a revision of its own");
    assert_eq!(rig.stages(wrong().name(), TOWN).await, ["cancelled", "handed-over"]);
}

#[tokio::test]
async fn a_correction_that_only_replaced_what_waited_is_accepted() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.take(&wrong()).await;
    assert_eq!(rig.take(&right()).await.outcome, Reported::Accepted);
    let sent = rig.settle().await;
    assert_eq!(told(&sent), ["gemeente-zwolle < release-date-set", "rn-zwolle < release-date-set"]);
    assert!(sent.iter().all(|one| one.text("/release/date") == "2024-12-24"));
}

#[tokio::test]
async fn original_and_correction_in_one_batch_are_one_delivery() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.batch(&[wrong(), right()]).await;
    let sent = rig.settle().await;
    assert_eq!(told(&sent), ["gemeente-zwolle < release-date-set", "rn-zwolle < release-date-set"]);
    assert!(sent.iter().all(|one| one.text("/release/date") == "2024-12-24"));
}

#[tokio::test]
async fn who_had_the_original_gets_the_leaves_that_it_had() {
    let rig = Rig::new().await;
    let original = admission("d-1");
    rig.give(&original).await;
    let identity = json!({"identity": {"surname": "Waterhoen", "skn": "10000002", "nationality": "Nederlandse"}});
    let sent = rig.give(&correction(&original).with("person", identity)).await;
    let reference = ["/correction/of/id", "/correction/of/source", "/correction/reason"].map(str::to_owned);
    let with = |leaves: &[&str]| [reference.as_slice(), leaves.iter().map(ToString::to_string).collect::<Vec<_>>().as_slice()].concat();
    assert_eq!(only(&sent, TOWN).fields(), with(&["/person/identity/surname"]), "the nationality was not in the original");
    assert_eq!(only(&sent, "rn-zwolle").fields(), with(&["/person/identity/skn", "/person/identity/surname"]));
    assert!(sent.iter().all(|one| one.attribute("legalbasis") == "rectification"));
}

#[tokio::test]
async fn a_correction_offered_again_gives_nothing() {
    let rig = waiting().await;
    rig.give(&right()).await;
    assert_eq!(rig.take(&right()).await.outcome, Reported::SeenBefore);
    rig.up(TOWN);
    assert_eq!(told(&rig.settle().await), ["gemeente-zwolle < release-date-set"]);
}

#[tokio::test]
async fn the_original_offered_again_does_not_bring_the_wrong_data_back() {
    let rig = waiting().await;
    rig.give(&right()).await;
    rig.give(&wrong()).await;
    rig.up(TOWN);
    assert_eq!(only(&rig.settle().await, TOWN).text("/release/date"), "2024-12-24");
}

#[tokio::test]
async fn what_replaces_a_waiting_original_is_decided_anew() {
    let rig = waiting().await;
    rig.record(stop_participant(TOWN)).await;
    rig.give(&right()).await;
    rig.up(TOWN);
    assert!(rig.settle().await.is_empty());
    assert_eq!(rig.refusal(wrong().name(), TOWN).await, Some(Refusal::Stopped));
    assert_eq!(rig.stages(wrong().name(), TOWN).await, ["cancelled"]);
}

/// The partner has the invitation.
async fn invited() -> (Rig, Message) {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.give(&consent_given("d-1", "c-1", PARTNER)).await;
    let invitation = invitation("d-1", PARTNER);
    rig.give(&invitation).await;
    (rig, invitation)
}

#[tokio::test]
async fn a_partner_whose_consent_holds_gets_the_correction() {
    let (rig, original) = invited().await;
    let sent = rig.give(&correction(&original).with("tbo", json!({"at": "2024-09-13T10:00:00+02:00"}))).await;
    assert_eq!(told(&sent), ["ggz-zwolle < message-corrected"]);
    assert_eq!(sent[0].text("/tbo/at"), "2024-09-13T10:00:00+02:00");
}

#[tokio::test]
async fn a_partner_whose_consent_ended_gets_no_correction_but_a_recall() {
    let (rig, original) = invited().await;
    rig.give(&consent_withdrawn("d-1", "c-1")).await;
    let later = correction(&original).with("tbo", json!({"at": "2024-09-13T10:00:00+02:00"}));
    assert!(rig.give(&later).await.is_empty());
    let sent = rig.give(&withdrawal(&original)).await;
    assert_eq!(told(&sent), ["ggz-zwolle < message-withdrawn"]);
    assert_eq!(sent[0].fields(), ["/correction/of/id", "/correction/of/source", "/correction/reason"]);
}

#[tokio::test]
async fn a_withdrawal_cancels_what_waits_and_recalls_what_was_given() {
    let rig = waiting().await;
    let sent = rig.give(&withdrawal(&wrong())).await;
    assert_eq!(told(&sent), ["rn-zwolle < message-withdrawn"]);
    rig.up(TOWN);
    assert!(rig.settle().await.is_empty());
    assert_eq!(rig.stages(wrong().name(), TOWN).await, ["cancelled"]);
}

#[tokio::test]
async fn what_was_withdrawn_before_it_came_goes_to_nobody_and_states_nothing() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    assert_eq!(rig.take(&withdrawal(&wrong())).await.outcome, Reported::Accepted);
    assert_eq!(rig.take(&wrong()).await.outcome, Reported::Refused);
    assert_eq!(rig.refusal(wrong().name(), TOWN).await, Some(Refusal::Stopped));
    assert!(rig.settle().await.is_empty());
    assert!(!rig.case("d-1").await.facts.iter().any(|fact| matches!(fact.value, FactValue::Release(_))));
}

#[tokio::test]
async fn a_withdrawal_before_the_detention_is_known_holds_too() {
    let rig = Rig::new().await;
    assert_eq!(rig.take(&withdrawal(&wrong())).await.outcome, Reported::Accepted);
    rig.give(&admission("d-1")).await;
    assert!(rig.give(&wrong()).await.is_empty());
}

#[tokio::test]
async fn what_was_withdrawn_while_its_fate_was_uncertain_is_not_handed_over_again() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.bus.answers(TOWN, &[Uncertain]);
    rig.give(&wrong()).await;
    rig.give(&withdrawal(&wrong())).await;
    rig.pass(10);
    let sent = rig.settle().await;
    assert!(to(&sent, TOWN).iter().all(|one| one.event == "message-withdrawn"), "{:?}", told(&sent));
    assert!(!to(&sent, TOWN).is_empty());
}

#[tokio::test]
async fn an_older_date_counts_again_when_the_newer_was_withdrawn() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    let newer = release_date_changed("d-1", "2024-12-20").sequence(5);
    rig.give(&newer).await;
    rig.give(&withdrawal(&newer)).await;
    assert_eq!(rig.give(&wrong()).await.len(), 2);
}

#[tokio::test]
async fn nobody_takes_back_what_another_organisation_said() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.give(&wrong()).await;
    for message in [withdrawal(&wrong()), right()] {
        let report = rig.take(&message.by(TOWN)).await;
        assert_eq!(rejected(&report), RejectionCode::NotAllowedToProduce);
    }
    assert!(rig.settle().await.is_empty());
}

#[tokio::test]
async fn nobody_keeps_away_what_another_organisation_has_yet_to_say() {
    let rig = Rig::new().await;
    let report = rig.take(&withdrawal(&admission("d-1")).by("gemeente-epe")).await;
    assert_eq!(rejected(&report), RejectionCode::UnknownDetention);
    assert_eq!(rig.give(&admission("d-1")).await.len(), 2);
}

#[tokio::test]
async fn the_prison_after_a_transfer_puts_right_what_the_one_before_said() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.give(&wrong()).await;
    rig.give(&transfer("d-1", "pi-vught", "2024-09-04T08:00:00+02:00").sequence(3)).await;
    let sent = rig.give(&right().by("pi-vught")).await;
    assert_eq!(only(&sent, TOWN).text("/release/date"), "2024-12-24");
}

#[tokio::test]
async fn what_a_correction_puts_in_order_is_no_longer_told() {
    let rig = Rig::new().await;
    rig.give(&admission("d-1")).await;
    rig.down(TOWN);
    let wrong = screening("d-1", &[("HOUSING", "MISSING")]);
    rig.give(&wrong).await;
    rig.give(&correction(&wrong).with("conditions", json!({"HOUSING": {"status": "IN_ORDER"}}))).await;
    rig.up(TOWN);
    let sent = rig.settle().await;
    let told = only(&sent, TOWN);
    assert!(told.has("/conditions") && !told.has("/conditions/HOUSING"), "decided on what is true now");
}

#[tokio::test]
async fn a_corrected_original_keeps_its_place_before_newer_values() {
    let rig = Rig::new().await;
    rig.down("gemeente-zwolle");
    rig.give(&admission("d-1")).await;
    let first = screening("d-1", &[("HOUSING", "MISSING")]).id("first").sequence(3);
    rig.give(&first).await;
    rig.give(&screening("d-1", &[("HOUSING", "ACTION_RUNNING")]).id("second").sequence(5)).await;
    let care = serde_json::json!({"needed": true});
    rig.give(&correction(&first.with("care", care)).sequence(7)).await;
    rig.up("gemeente-zwolle");
    let sent = rig.settle().await;
    let statuses: Vec<_> = to(&sent, "gemeente-zwolle").iter().map(|one| one.text("/conditions/HOUSING/status").to_owned()).collect();
    assert_eq!(statuses, ["", "MISSING", "ACTION_RUNNING"], "an older status does not follow the newer");
}

#[tokio::test]
async fn who_has_left_the_case_can_still_say_that_it_deleted_something() {
    let rig = Rig::new().await;
    let original = admission("d-1");
    rig.give(&original).await;
    rig.give(&settles("d-1", "0166")).await;
    assert_eq!(rig.take(&deletion(&original, TOWN)).await.outcome, Reported::Accepted);
    assert!(told(&rig.settle().await).is_empty(), "nobody learns who else had it");
    assert!(rig.kept("d-1-detention-started-deleted-gemeente-zwolle").await.is_some());
    assert_eq!(rejected(&rig.take(&deletion(&original, "gemeente-leiden")).await), RejectionCode::UnknownDetention, "it never had it");
}
