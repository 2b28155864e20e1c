//! Claims: one delivery of a lane at a time, in order, with room; numbers without gaps.

use std::collections::BTreeMap;

use schakelpunt_domain::{
    ParticipantId,
    stage::{BlockReason, Stage},
};
use schakelpunt_engine::{
    model::{Action, ByConsent, ClaimContext, Verdict},
    ports::{DeliveryFilter, Store},
};

use super::{
    Subject,
    build::{
        LEASE, case, claim, claim_all, confirm, delivery, end_all, ids, look, message, permit, put, record, room, sent, version, went, who,
    },
};

const ZWOLLE: &str = "gemeente-zwolle";
const KAMPEN: &str = "gemeente-kampen";

/// Messages of one detention, each to Zwolle, in order.
async fn lane(subject: &Subject, detention: Option<&str>, messages: &[&str]) {
    for (place, id) in messages.iter().enumerate() {
        put(&*subject.store, sent(&message(id, detention, subject.now()), &[(ZWOLLE, place as u64 + 1)])).await.unwrap();
    }
}

/// Who has something due, and what of it rests on consent.
async fn due(store: &dyn Store) -> Vec<(ParticipantId, ByConsent)> {
    store.due_recipients().await.unwrap().into_iter().map(|due| (due.recipient, due.consent)).collect()
}

pub(super) async fn one_at_a_time_and_in_order(subject: &Subject) {
    let store = &*subject.store;
    lane(subject, Some("d-1"), &["m-1", "m-2", "m-3"]).await;
    lane(subject, Some("d-2"), &["n-1"]).await;
    assert_eq!(due(store).await, [(who(ZWOLLE), ByConsent::Nothing)]);
    let first = claim(store, &[ZWOLLE, KAMPEN]).await;
    assert_eq!(ids(&first), ["m-1", "n-1"]);
    assert!(claim(store, &[ZWOLLE]).await.is_empty(), "both lanes are in flight");
    assert!(store.due_recipients().await.unwrap().is_empty());
    confirm(store, &first[..1], subject.now()).await;
    assert_eq!(due(store).await, [(who(ZWOLLE), ByConsent::Nothing)]);
    let second = claim(store, &[ZWOLLE]).await;
    assert_eq!(ids(&second), ["m-2"]);
    confirm(store, &second, subject.now()).await;
    assert_eq!(ids(&claim(store, &[ZWOLLE]).await), ["m-3"]);
    let stage = &look(store, &["d-1"], &[]).await.deliveries[0].stage;
    assert_eq!(*stage, Stage::HandedOver { at: subject.now() });
}

pub(super) async fn a_claim_is_due_again_when_its_lease_has_passed(subject: &Subject) {
    let store = &*subject.store;
    lane(subject, Some("d-1"), &["m-1", "m-2"]).await;
    let first = claim(store, &[ZWOLLE]).await;
    subject.clock.pass(LEASE - 1);
    assert!(claim(store, &[ZWOLLE]).await.is_empty());
    subject.clock.pass(1);
    assert_eq!(due(store).await, [(who(ZWOLLE), ByConsent::Nothing)]);
    let mut frozen = None;
    let mut decide = |context: ClaimContext| {
        frozen.clone_from(&context.candidates[0].delivery.bytes);
        claim_all(context)
    };
    let again = store.claim(&[], 9, &room(&[(ZWOLLE, 9, true)]), &mut decide).await.unwrap();
    assert_eq!((ids(&again), again[0].number), (vec!["m-1"], Some(1)), "the same delivery under the same number");
    assert_eq!((&again[0].bytes, &frozen), (&first[0].bytes, &first[0].bytes), "the same bytes");
    assert_ne!(again[0].stage, first[0].stage);
}

pub(super) async fn a_blocked_lane_stands_still(subject: &Subject) {
    let store = &*subject.store;
    lane(subject, Some("d-1"), &["m-1", "m-2"]).await;
    let claimed = claim(store, &[ZWOLLE]).await;
    let blocked = went(&claimed[0], |stage| stage.block(subject.now(), BlockReason::Unroutable).unwrap());
    store.settle(&[blocked]).await.unwrap();
    subject.clock.pass(100_000);
    assert!(claim(store, &[ZWOLLE]).await.is_empty());
    assert!(store.due_recipients().await.unwrap().is_empty());
    let now = subject.now();
    let retried = store.change_stage(&claimed[0].id, &mut |delivery| delivery.stage.clone().retry(now).ok()).await.unwrap().unwrap();
    assert_eq!(retried.stage, Stage::new(now));
    assert_eq!(ids(&claim(store, &[ZWOLLE]).await), ["m-1"]);
}

pub(super) async fn backoff_is_honoured(subject: &Subject) {
    let store = &*subject.store;
    lane(subject, Some("d-1"), &["m-1", "m-2"]).await;
    let claimed = claim(store, &[ZWOLLE]).await;
    let later = subject.now() + jiff::SignedDuration::from_secs(30);
    store.settle(&[went(&claimed[0], |stage| stage.back_off(later).unwrap())]).await.unwrap();
    subject.clock.pass(29);
    assert!(claim(store, &[ZWOLLE]).await.is_empty(), "nor does the next one overtake");
    subject.clock.pass(1);
    let again = claim(store, &[ZWOLLE]).await;
    assert!(matches!(again[0].stage, Stage::Claimed { attempts: 1, .. }));
}

pub(super) async fn room_and_limit_hold(subject: &Subject) {
    let store = &*subject.store;
    for place in 0..6 {
        let message = message(&format!("m-{place}"), Some(&format!("d-{place}")), subject.now());
        put(store, sent(&message, &[(ZWOLLE, 1), (KAMPEN, 1), ("gemeente-ommen", 1)])).await.unwrap();
        subject.clock.pass(1);
    }
    let claimed =
        store.claim(&[], 100, &room(&[(ZWOLLE, 2, false), (KAMPEN, 1, false), ("gemeente-ommen", 0, true)]), &mut claim_all).await.unwrap();
    let mut taken: Vec<_> = claimed.iter().map(|delivery| (delivery.recipient.as_str(), delivery.key.id.as_str())).collect();
    taken.sort_unstable();
    assert_eq!(taken, [(KAMPEN, "m-0"), (ZWOLLE, "m-0"), (ZWOLLE, "m-1")], "those first that are due longest");
    let claimed = store.claim(&[], 3, &room(&[(ZWOLLE, 9, false), (KAMPEN, 9, false)]), &mut claim_all).await.unwrap();
    assert_eq!(ids(&claimed), ["m-1", "m-2", "m-2"]);
    assert!(store.claim(&[], 0, &room(&[(ZWOLLE, 9, false)]), &mut claim_all).await.unwrap().is_empty());
}

pub(super) async fn consent_waits_for_its_room(subject: &Subject) {
    let store = &*subject.store;
    for (id, detention, by_consent) in [("m-1", "d-1", true), ("m-2", "d-1", false), ("m-3", "d-2", false)] {
        let message = message(id, Some(detention), subject.now());
        let mut delivery = delivery(&message, "ggz-zwolle", u64::from(id == "m-2") + 1);
        delivery.decision = permit(by_consent);
        put(store, vec![Action::SaveMessage(message), Action::AddDelivery(Box::new(delivery))]).await.unwrap();
    }
    let claimed = store.claim(&[], 9, &room(&[("ggz-zwolle", 9, false)]), &mut claim_all).await.unwrap();
    assert_eq!(ids(&claimed), ["m-3"], "what follows it in its lane waits too");
    assert_eq!(due(store).await, [(who("ggz-zwolle"), ByConsent::Waits)]);
    let claimed = store.claim(&[], 9, &room(&[("ggz-zwolle", 9, true)]), &mut claim_all).await.unwrap();
    assert_eq!(ids(&claimed), ["m-1"]);
    let more = message("m-4", Some("d-4"), subject.now());
    put(store, sent(&more, &[("ggz-zwolle", 1)])).await.unwrap();
    assert_eq!(due(store).await, [(who("ggz-zwolle"), ByConsent::Claimed)]);
    subject.clock.pass(LEASE);
    assert_eq!(due(store).await, [(who("ggz-zwolle"), ByConsent::Waits)], "that claim has passed");
    let other = message("m-5", Some("d-5"), subject.now());
    let mut delivery = delivery(&other, "ggz-zwolle", 1);
    delivery.decision = permit(true);
    put(store, vec![Action::SaveMessage(other), Action::AddDelivery(Box::new(delivery))]).await.unwrap();
    let claimed = store.claim(&[], 9, &room(&[("ggz-zwolle", 9, true)]), &mut claim_all).await.unwrap();
    let mut claimed = ids(&claimed);
    claimed.sort_unstable();
    assert_eq!(claimed, ["m-1", "m-3", "m-4"], "m-5 waits until the fate of m-1 is certain");
}

pub(super) async fn lanes_without_a_detention(subject: &Subject) {
    let store = &*subject.store;
    lane(subject, None, &["m-1"]).await;
    put(store, sent(&message("m-2", None, subject.now()), &[(ZWOLLE, 1), (KAMPEN, 1)])).await.unwrap();
    lane(subject, Some("d-1"), &["m-3"]).await;
    let mut claimed = claim(store, &[ZWOLLE, KAMPEN]).await;
    claimed.sort_by_key(|delivery| (delivery.recipient.clone(), delivery.key.clone()));
    assert_eq!(ids(&claimed), ["m-2", "m-1", "m-3"], "one lane per recipient; the same sequence goes in the order of recording");
    confirm(store, &claimed, subject.now()).await;
    assert_eq!(ids(&claim(store, &[ZWOLLE]).await), ["m-2"]);
}

pub(super) async fn numbers_have_no_gaps(subject: &Subject) {
    let store = &*subject.store;
    let mut numbers: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for round in 0..3 {
        for place in 0..4 {
            let message = message(&format!("m-{round}-{place}"), Some(&format!("d-{round}-{place}")), subject.now());
            put(store, sent(&message, &[(ZWOLLE, 1), (KAMPEN, 1)])).await.unwrap();
        }
        // half of them end, which takes no number
        let rooms = room(&[(ZWOLLE, 9, true), (KAMPEN, 9, true)]);
        let mut decide = |context: ClaimContext| {
            let ends = end_all(context.clone())?;
            let claims = claim_all(context)?;
            Some(claims.into_iter().zip(ends).enumerate().map(|(place, (claim, end))| if place % 2 == 0 { claim } else { end }).collect())
        };
        for delivery in store.claim(&[], 99, &rooms, &mut decide).await.unwrap() {
            numbers.entry(delivery.recipient.to_string()).or_default().push(delivery.number.unwrap());
        }
    }
    assert_eq!(numbers.values().map(Vec::len).sum::<usize>(), 12);
    for (recipient, mut numbers) in numbers {
        numbers.sort_unstable();
        let expected: Vec<_> = (1..=numbers.len() as u64).collect();
        assert_eq!(numbers, expected, "{recipient}");
    }
}

pub(super) async fn a_claim_that_gives_nothing_writes_nothing(subject: &Subject) {
    let store = &*subject.store;
    lane(subject, Some("d-1"), &["m-1"]).await;
    let rooms = room(&[(ZWOLLE, 9, true)]);
    assert!(store.claim(&[], 9, &rooms, &mut |_| None).await.unwrap().is_empty());
    let left = store.claim(&[], 9, &rooms, &mut |context| Some(context.candidates.iter().map(|_| Verdict::Leave).collect())).await.unwrap();
    assert!(left.is_empty());
    assert!(store.claim(&[], 9, &rooms, &mut |_| Some(Vec::new())).await.is_err(), "one verdict for each");
    assert_eq!(claim(store, &[ZWOLLE]).await[0].number, Some(1));
}

pub(super) async fn a_late_answer_is_left_alone(subject: &Subject) {
    let store = &*subject.store;
    lane(subject, Some("d-1"), &["m-1"]).await;
    let first = claim(store, &[ZWOLLE]).await;
    subject.clock.pass(LEASE);
    let second = claim(store, &[ZWOLLE]).await;
    confirm(store, &first, subject.now()).await;
    assert_eq!(look(store, &["d-1"], &[]).await.deliveries[0].stage, second[0].stage, "a later claim is not touched");
    confirm(store, &second, subject.now()).await;
    let later = subject.now() + jiff::SignedDuration::from_secs(30);
    store.settle(&[went(&second[0], |stage| stage.back_off(later).unwrap())]).await.unwrap();
    assert_eq!(look(store, &["d-1"], &[]).await.deliveries[0].stage.word(), "handed-over", "nor is what has been settled");
    store.settle(&[]).await.unwrap();
}

pub(super) async fn an_ended_delivery_frees_its_lane(subject: &Subject) {
    let store = &*subject.store;
    lane(subject, Some("d-1"), &["m-1", "m-2"]).await;
    assert!(store.claim(&[], 9, &room(&[(ZWOLLE, 9, true)]), &mut end_all).await.unwrap().is_empty());
    let trace = store.trace(&"m-1".parse().unwrap()).await.unwrap().remove(0);
    assert_eq!((trace.deliveries[0].stage.word(), trace.deliveries[0].number, trace.decisions.len()), ("cancelled", None, 1));
    assert_eq!(ids(&claim(store, &[ZWOLLE]).await), ["m-2"]);
}

pub(super) async fn a_recall_follows_at_once(subject: &Subject) {
    let store = &*subject.store;
    lane(subject, Some("d-1"), &["m-1", "m-2"]).await;
    claim(store, &[ZWOLLE]).await;
    subject.clock.pass(LEASE);
    let mut decide = |context: ClaimContext| {
        let candidate = context.candidates[0].clone();
        let mut uncertain = candidate.delivery;
        uncertain.stage = Stage::HandedOver { at: context.now };
        let why = record(&uncertain, context.now);
        let recall = message("recall-1", Some("d-1"), context.now);
        let follow_up = delivery(&recall, ZWOLLE, uncertain.lane_sequence);
        Some(vec![Verdict::Recall(Box::new(uncertain), why, Box::new(recall), Box::new(follow_up))])
    };
    assert!(store.claim(&[], 9, &room(&[(ZWOLLE, 9, true)]), &mut decide).await.unwrap().is_empty());
    let trace = store.trace(&"m-1".parse().unwrap()).await.unwrap().remove(0);
    assert_eq!((trace.deliveries[0].stage.word(), trace.deliveries[0].number, trace.decisions.len()), ("handed-over", Some(1), 1));
    let recalled = claim(store, &[ZWOLLE]).await;
    assert_eq!((ids(&recalled), recalled[0].number), (vec!["recall-1"], Some(2)), "before what waits in the lane");
}

pub(super) async fn the_candidate_has_case_message_and_bytes(subject: &Subject) {
    let store = &*subject.store;
    let first = message("m-1", Some("d-1"), subject.now());
    put(store, [vec![version(case("d-1"), 0)], sent(&first, &[(ZWOLLE, 1)])].concat()).await.unwrap();
    lane(subject, Some("d-2"), &["m-2"]).await;
    let epoch = store.record(Vec::new()).await.unwrap();
    let (mut seen, now) = (None, subject.now());
    let mut decide = |context: ClaimContext| {
        seen = Some(context.clone());
        let mut verdicts = claim_all(context)?;
        let Verdict::Claim(delivery, why) = &mut verdicts[0] else { return None };
        delivery.relations.clear();
        delivery.on_behalf_of = None;
        delivery.decision = permit(true);
        delivery.stamp.epoch = epoch;
        *why = Some(record(delivery, now));
        Some(verdicts)
    };
    let claimed = store.claim(&[], 9, &room(&[(ZWOLLE, 9, true)]), &mut decide).await.unwrap();
    let seen = seen.unwrap();
    assert_eq!((seen.now, seen.epoch), (subject.now(), 1));
    assert_eq!(seen.candidates[0].delivery, delivery(&first, ZWOLLE, 1));
    assert_eq!(seen.candidates[0].message, first);
    assert_eq!(seen.candidates[0].case.as_ref().map(|case| (&case.value, case.version)), Some((&case("d-1"), 1)));
    assert!(seen.candidates[1].case.is_none(), "nothing is known of it yet");
    let trace = store.trace(&"m-1".parse().unwrap()).await.unwrap().remove(0);
    let mut expected = claimed[0].clone();
    expected.bytes = None;
    assert_eq!((trace.deliveries, trace.decisions.len()), (vec![expected], 1), "everything that a verdict changes is written");
}

/// Two hundred deliveries over many lanes, with failures on the way: each lane in its order, each delivery once, numbers as claimed.
pub(super) async fn many_lanes_drain_in_order(subject: &Subject) {
    let store = &*subject.store;
    let recipients = [ZWOLLE, KAMPEN, "gemeente-ommen"];
    for place in 0..66_u64 {
        let message = message(&format!("m-{place:03}"), Some(&format!("d-{}", place % 7)), subject.now());
        put(store, sent(&message, &recipients.map(|recipient| (recipient, place / 7 + 1)))).await.unwrap();
    }
    let mut done: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut rounds = 0;
    while !store.due_recipients().await.unwrap().is_empty() {
        rounds += 1;
        let rooms = room(&recipients.map(|recipient| (recipient, 5, true)));
        let claimed = store.claim(&[], 11, &rooms, &mut claim_all).await.unwrap();
        let results: Vec<_> = claimed
            .iter()
            .enumerate()
            .map(|(place, delivery)| {
                let fails = (rounds + place) % 5 == 0;
                if !fails {
                    let lane = (delivery.recipient.to_string(), delivery.detention.as_ref().unwrap().to_string());
                    done.entry(lane).or_default().push(delivery.key.id.to_string());
                }
                went(delivery, |stage| if fails { stage.back_off(subject.now()).unwrap() } else { stage.hand_over(subject.now()).unwrap() })
            })
            .collect();
        store.settle(&results).await.unwrap();
    }
    assert_eq!((done.len(), done.values().map(Vec::len).sum::<usize>()), (21, 198));
    assert!(done.values().all(|lane| lane.is_sorted()), "{done:?}");
    let mut numbers: Vec<_> = store
        .deliveries(&DeliveryFilter { recipient: Some(who(KAMPEN)), limit: 100, ..DeliveryFilter::default() })
        .await
        .unwrap()
        .iter()
        .map(|delivery| delivery.number.unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=66).collect::<Vec<_>>());
}
