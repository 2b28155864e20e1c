//! Why, then? For a pair of instants the answer never changes, whatever is written later (domain 6.3 step 8).

use jiff::Timestamp;
use schakelpunt::assets;
use schakelpunt_domain::catalogue::Catalogue;
use schakelpunt_engine::{
    explain::{By, NoAnswer, Why},
    hub,
    kept_law::KeptLaw,
    model::DecisionRecord,
};
use schakelpunt_rules::Permit;

use crate::harness::{
    Rig,
    messages::{Message, admission, consent_given, correction, invitation, screening, settles},
    who,
};

const TOWN: &str = "gemeente-zwolle";
const PARTNER: &str = "ggz-zwolle";

/// What is answered about a message and somebody; both instants are `then`.
async fn asked(rig: &Rig, message: &Message, to: &str, then: Timestamp) -> Result<DecisionRecord, NoAnswer> {
    let (id, to) = (message.name().parse().unwrap(), who(to));
    let why = Why { message: &id, source: None, to: Some(&to), at: Some(then), known: Some(then) };
    hub::answer(rig.hub.settings(), &*rig.store, &why, By::Kept).await.unwrap().map(|mut records| records.remove(0))
}

fn leaves(record: &DecisionRecord) -> Vec<String> {
    record.decision.permit().into_iter().flat_map(Permit::leaves).map(ToString::to_string).collect()
}

/// The shipped rules with another day of commencement for the article of 2021.
pub(super) fn other_law() -> KeptLaw {
    let mut rules = assets::rule_files(None).unwrap();
    for file in &mut rules {
        file.text = file.text.replace("2021-07-01", "2031-07-01");
    }
    KeptLaw::new(rules, Catalogue::shipped())
}

#[tokio::test]
async fn a_correction_changes_no_earlier_answer() {
    let rig = Rig::new().await;
    let message = screening("d-1", &[("HOUSING", "MISSING")]).sequence(2);
    rig.give(&admission("d-1")).await;
    rig.down(TOWN);
    rig.give(&message).await;
    let then = rig.now();
    let before = asked(&rig, &message, TOWN, then).await.unwrap();
    assert!(leaves(&before).contains(&"/conditions/HOUSING/status".to_owned()), "{:?}", leaves(&before));
    rig.pass(3600);
    let in_order = serde_json::json!({"HOUSING": {"status": "IN_ORDER", "asOf": "2024-09-04"}});
    rig.give(&correction(&message).with("conditions", in_order)).await;
    assert_eq!(asked(&rig, &message, TOWN, then).await.unwrap(), before);
    let now = asked(&rig, &message, TOWN, rig.now()).await.unwrap();
    assert!(leaves(&now).is_empty(), "what is in order is not missing: {:?}", leaves(&now));
}

#[tokio::test]
async fn a_consent_recorded_anew_changes_no_earlier_answer() {
    let rig = Rig::new().await;
    let invited = invitation("d-1", PARTNER);
    rig.give(&admission("d-1")).await;
    rig.give(&consent_given("d-1", "c-1", PARTNER)).await;
    rig.give(&invited).await;
    let then = rig.now();
    let before = asked(&rig, &invited, PARTNER, then).await.unwrap();
    assert!(!leaves(&before).is_empty());
    rig.pass(3600);
    // the same consent, written down again for another purpose
    let elsewhere =
        schakelpunt_domain::consent::Consent { purpose: "research".to_owned(), recorded: rig.now(), ..rig.consent("d-1", "c-1").await };
    rig.hub.record_consent("d-1".parse().unwrap(), elsewhere).await.unwrap();
    assert_eq!(asked(&rig, &invited, PARTNER, then).await.unwrap(), before);
    assert!(leaves(&asked(&rig, &invited, PARTNER, rig.now()).await.unwrap()).is_empty());
}

#[tokio::test]
async fn another_college_changes_no_earlier_answer() {
    let rig = Rig::new().await;
    let notice = admission("d-1");
    rig.give(&notice).await;
    let then = rig.now();
    let before = asked(&rig, &notice, TOWN, then).await.unwrap();
    rig.pass(3600);
    rig.give(&settles("d-1", "0166")).await;
    assert_eq!(asked(&rig, &notice, TOWN, then).await.unwrap(), before);
    assert_ne!(asked(&rig, &notice, TOWN, rig.now()).await.unwrap().decision, before.decision);
}

#[tokio::test]
async fn the_answer_is_given_by_the_law_that_was_applied_then() {
    let rig = Rig::new().await;
    let notice = admission("d-1");
    rig.give(&notice).await;
    let then = rig.now();
    let before = asked(&rig, &notice, TOWN, then).await.unwrap();
    rig.pass(3600);
    rig.activate(&other_law()).await;
    let now = asked(&rig, &notice, TOWN, rig.now()).await.unwrap();
    let basis = |record: &DecisionRecord| record.decision.permit().map(|permit| permit.granted[0].basis.to_string());
    assert_eq!((basis(&before), basis(&now)), (Some("pm-20d-2".to_owned()), Some("wjsg-51c-2-c".to_owned())));
    assert_ne!(before.version, now.version);
    assert_eq!(asked(&rig, &notice, TOWN, then).await.unwrap(), before, "by the rules of then");
    rig.give(&admission("d-2")).await;
}

#[tokio::test]
async fn what_nobody_can_know_has_no_answer() {
    let rig = Rig::new().await;
    let notice = admission("d-1");
    rig.give(&notice).await;
    let (now, hour) = (rig.now(), jiff::SignedDuration::from_hours(1));
    assert_eq!(asked(&rig, &notice, TOWN, now + hour).await, Err(NoAnswer::KnownInFuture { known: now + hour }));
    assert_eq!(asked(&rig, &notice, TOWN, now - hour).await, Err(NoAnswer::RulesNotKept), "the hub had not been started");
    assert_eq!(asked(&rig, &screening("d-1", &[]), TOWN, now).await, Err(NoAnswer::UnknownMessage));
    assert_eq!(asked(&rig, &notice, "nobody", now).await, Err(NoAnswer::NotRegistered(who("nobody"))));
}
