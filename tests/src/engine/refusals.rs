//! A message that nobody may have is refused to its sender, and what it held is not kept.

use schakelpunt_domain::{Refusal, case::FactValue};
use schakelpunt_engine::{model::Outcome, step::Reported};

use crate::harness::{
    Rig,
    messages::{admission, screening},
};

/// Before the law of 2021 a screening needs consent.
async fn june() -> Rig {
    let rig = Rig::at("2021-06-18T10:00:00+02:00").await;
    rig.give(&admission("d-1")).await;
    rig
}

async fn statuses(rig: &Rig) -> usize {
    let case = rig.case("d-1").await;
    case.facts.iter().filter(|fact| matches!(fact.value, FactValue::ConditionStatus(..) | FactValue::CareNeeded(_))).count()
}

#[tokio::test]
async fn a_refused_message_leaves_no_payload() {
    let rig = june().await;
    let refused = screening("d-1", &[("HOUSING", "MISSING")]);
    assert_eq!(rig.take(&refused).await.outcome, Reported::Refused);
    let kept = rig.kept(refused.name()).await.unwrap();
    assert_eq!(kept.outcome, Outcome::Refused);
    assert_eq!(kept.payload, None);
    assert!(rig.deliveries(refused.name(), "gemeente-zwolle").await.is_empty());
}

#[tokio::test]
async fn what_it_was_decided_on_is_kept_without_values() {
    let rig = june().await;
    let refused = screening("d-1", &[("HOUSING", "MISSING")]);
    rig.take(&refused).await;
    let kept = rig.kept(refused.name()).await.unwrap();
    assert_eq!(kept.leaves.iter().map(ToString::to_string).collect::<Vec<_>>(), ["/conditions/HOUSING/asOf", "/conditions/HOUSING/status"]);
    assert!(kept.signals.entries.contains_key("/conditions/HOUSING"));
    assert_eq!(rig.refusal(refused.name(), "rn-zwolle").await, Some(Refusal::ConsentMissing));
}

#[tokio::test]
async fn a_refused_message_leaves_no_statuses_in_the_case() {
    let rig = june().await;
    rig.take(&screening("d-1", &[("HOUSING", "MISSING")]).with("care", serde_json::json!({"needed": true}))).await;
    assert_eq!(statuses(&rig).await, 0);
    assert!(!rig.case("d-1").await.slots.contains_key("conditions/HOUSING"));
}

#[tokio::test]
async fn nor_when_it_is_offered_and_refused_again() {
    let rig = june().await;
    let refused = screening("d-1", &[("HOUSING", "MISSING")]);
    rig.take(&refused).await;
    assert_eq!(rig.take(&refused).await.outcome, Reported::Refused);
    assert_eq!(statuses(&rig).await, 0);
    assert_eq!(rig.kept(refused.name()).await.unwrap().payload, None);
}

#[tokio::test]
async fn offered_again_and_accepted_it_states_its_facts_once() {
    let rig = june().await;
    let refused = screening("d-1", &[("HOUSING", "MISSING")]);
    rig.take(&refused).await;
    rig.set("2021-07-01T00:00:00+02:00");
    rig.take(&refused).await;
    rig.take(&refused).await;
    assert_eq!(statuses(&rig).await, 1);
}
