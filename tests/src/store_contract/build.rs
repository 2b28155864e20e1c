//! What the suite puts into stores, and shorthands for what it asks of them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use schakelpunt_domain::{
    DeliveryId, ParticipantId,
    case::Case,
    ids::MessageKey,
    registers::Kind,
    stage::{CancelReason, Stage},
};
use schakelpunt_engine::{
    model::{
        Action, ClaimContext, DecisionRecord, Delivery, HandOver, Receipt, Room, Saw, Snapshot, SnapshotKeys, Stamp, StoredMessage,
        Verdict, Versioned,
    },
    ports::{Pull, Store, StoreError},
};
use schakelpunt_rules::{Answer, Decision, Granted, Permit, Relation};
use serde_json::json;

pub(crate) const SOURCE: &str = "urn:nld:oin:00000099000000001000:systeem:tulp";
/// How long a claim of this suite lives, in seconds: longer than a slow machine stands still.
pub(crate) const LEASE: i64 = 600;

pub(crate) fn who(id: &str) -> ParticipantId {
    id.parse().unwrap()
}

pub(crate) fn key(id: &str) -> MessageKey {
    MessageKey { source: SOURCE.parse().unwrap(), id: id.parse().unwrap() }
}

pub(crate) fn case(detention: &str) -> Case {
    Case::new(detention.parse().unwrap())
}

pub(crate) fn version(value: Case, version: u64) -> Action {
    Action::SaveCase(Versioned { value, version })
}

/// An accepted message with a payload.
pub(crate) fn message(id: &str, detention: Option<&str>, received: Timestamp) -> StoredMessage {
    let message = json!({
        "key": key(id), "event": "release-date-set", "sender": "pi-zwolle", "detention": detention, "sequence": 7,
        "time": "2024-09-03T09:59:59.123456789Z", "received": received, "digest": format!("digest of {id}"), "size": 1234,
        "trace": {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
        "sender_relations": ["holding-prison"], "signals": {"whole": [], "entries": {}}, "leaves": ["/release/date"],
        "stale": ["release"], "outcome": "accepted", "payload": {"release": {"date": "2024-10-01"}},
    });
    serde_json::from_value(message).unwrap()
}

pub(crate) fn permit(by_consent: bool) -> Decision {
    let leaves = vec!["/release/date".parse().unwrap()];
    Decision {
        answer: Answer::Permit(Permit {
            granted: vec![Granted { basis: "pm-20d-2".parse().unwrap(), leaves, by_consent }],
            containers: vec!["/release".to_owned()],
            purpose: "reintegration".to_owned(),
            must: true,
        }),
        rule: Some("release-to-municipality".parse().unwrap()),
        withheld: vec!["/person/identity/skn".parse().unwrap()],
        valid_until: Some("2024-12-31T23:00:00.000000001Z".parse().unwrap()),
    }
}

/// A delivery of the message that waits.
pub(crate) fn delivery(of: &StoredMessage, recipient: &str, lane_sequence: u64) -> Delivery {
    let recipient = who(recipient);
    Delivery {
        id: DeliveryId::derive(&of.key.source, &of.key.id, &recipient, 0),
        key: of.key.clone(),
        revision: 0,
        event: of.event.clone(),
        detention: of.detention.clone(),
        recipient,
        kind: Kind::Municipality,
        on_behalf_of: Some(who("gemeente-dalfsen")),
        relations: vec![Relation::ResponsibleMunicipality],
        lane_sequence,
        decision: permit(false),
        stamp: Stamp { case_version: 1, epoch: 0, rules: "2024-09".to_owned() },
        stage: Stage::new(of.received),
        bytes: None,
        number: None,
    }
}

pub(crate) fn record(of: &Delivery, at: Timestamp) -> DecisionRecord {
    DecisionRecord {
        message: of.key.clone(),
        event: of.event.clone(),
        detention: of.detention.clone(),
        recipient: of.recipient.clone(),
        on_behalf_of: of.on_behalf_of.clone(),
        relations: of.relations.clone(),
        decision: of.decision.clone(),
        version: of.stamp.rules.clone(),
        at,
        saw: Some(Box::new(Saw { entries: 431, facts: 7, newer: vec!["/release/kind".parse().unwrap()], ..Saw::default() })),
    }
}

pub(crate) fn receipt(id: &str, to: &str, at: Timestamp) -> Receipt {
    Receipt { id: id.parse().unwrap(), to: who(to), event: "message-accepted".parse().unwrap(), data: json!({"of": id}), at }
}

/// A message and its delivery to each recipient.
pub(crate) fn sent(message: &StoredMessage, to: &[(&str, u64)]) -> Vec<Action> {
    let deliveries = to.iter().map(|(recipient, sequence)| Action::AddDelivery(Box::new(delivery(message, recipient, *sequence))));
    std::iter::once(Action::SaveMessage(message.clone())).chain(deliveries).collect()
}

/// What an intake of these actions has to see.
pub(crate) fn keys_of(actions: &[Action]) -> SnapshotKeys {
    let mut keys = SnapshotKeys::default();
    for action in actions {
        match action {
            Action::SaveCase(case) => drop(keys.detentions.insert(case.value.detention.clone())),
            Action::SaveMessage(message) => drop(keys.messages.insert(message.key.clone())),
            _ => {}
        }
    }
    keys
}

/// An intake with these actions.
pub(crate) async fn put(store: &dyn Store, actions: Vec<Action>) -> Result<bool, StoreError> {
    let keys = keys_of(&actions);
    let mut actions = Some(actions);
    store.intake(&[], &keys, &mut |_| actions.take()).await.map(|written| written.is_some())
}

/// What an intake sees of these.
pub(crate) async fn look(store: &dyn Store, detentions: &[&str], messages: &[&str]) -> Snapshot {
    let keys = SnapshotKeys {
        detentions: detentions.iter().map(|detention| detention.parse().unwrap()).collect(),
        messages: messages.iter().map(|id| key(id)).collect(),
        ..SnapshotKeys::default()
    };
    let mut seen = None;
    let look = &mut |snapshot| {
        seen = Some(snapshot);
        None
    };
    assert!(store.intake(&[], &keys, look).await.unwrap().is_none());
    seen.unwrap()
}

/// Claims every candidate, as the engine would.
#[expect(clippy::unnecessary_wraps, reason = "the shape that the port asks for")]
pub(crate) fn claim_all(context: ClaimContext) -> Option<Vec<Verdict>> {
    let until = context.now + SignedDuration::from_secs(LEASE);
    let verdicts = context.candidates.into_iter().map(|candidate| {
        let mut delivery = candidate.delivery;
        delivery.stage = match delivery.stage {
            Stage::HandedOver { .. } | Stage::Received { .. } => Stage::HandedOver { at: context.now },
            other => other.claim(context.now, until).unwrap(),
        };
        delivery.bytes.get_or_insert_with(|| format!("bytes of {}", delivery.id).into_bytes());
        Verdict::Claim(Box::new(delivery), None)
    });
    Some(verdicts.collect())
}

/// Ends every candidate as no longer lawful.
#[expect(clippy::unnecessary_wraps, reason = "the shape that the port asks for")]
pub(crate) fn end_all(context: ClaimContext) -> Option<Vec<Verdict>> {
    let verdicts = context.candidates.into_iter().map(|candidate| {
        let mut delivery = candidate.delivery;
        delivery.stage = delivery.stage.cancel(context.now, CancelReason::NoLongerLawful).unwrap();
        let why = record(&delivery, context.now);
        Verdict::End(Box::new(delivery), why)
    });
    Some(verdicts.collect())
}

pub(crate) fn room(rooms: &[(&str, usize, bool)]) -> BTreeMap<ParticipantId, Room> {
    rooms.iter().map(|(id, count, consent)| (who(id), Room { count: *count, consent: *consent })).collect()
}

/// Claims with much room for these.
pub(crate) async fn claim(store: &dyn Store, recipients: &[&str]) -> Vec<Delivery> {
    let rooms: Vec<_> = recipients.iter().map(|id| (*id, 100, true)).collect();
    store.claim(&[], 100, &room(&rooms), &mut claim_all).await.unwrap()
}

/// As the engine gives to somebody who fetches: the answer is the hand-over, in the same transaction.
pub(crate) fn give_all(context: ClaimContext) -> Option<Vec<Verdict>> {
    let now = context.now;
    let mut verdicts = claim_all(context)?;
    for verdict in &mut verdicts {
        if let Verdict::Claim(delivery, _) = verdict {
            delivery.stage = Stage::HandedOver { at: now };
        }
    }
    Some(verdicts)
}

pub(crate) async fn fetch(store: &dyn Store, participant: &str, after: u64, limit: u32) -> Vec<Delivery> {
    store.pull(&Pull { participant: who(participant), after, limit }, &mut give_all).await.unwrap().given
}

/// Message ids, in order.
pub(crate) fn ids(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries.iter().map(|delivery| delivery.key.id.as_str()).collect()
}

/// How the hand-over of a claimed delivery went.
pub(crate) fn went(delivery: &Delivery, change: impl FnOnce(Stage) -> Stage) -> HandOver {
    let Stage::Claimed { at, .. } = delivery.stage else { panic!("{} is not claimed", delivery.id) };
    HandOver { id: delivery.id, claimed_at: at, stage: change(delivery.stage.clone()) }
}

/// All of these were confirmed.
pub(crate) async fn confirm(store: &dyn Store, deliveries: &[Delivery], at: Timestamp) {
    let results: Vec<_> = deliveries.iter().map(|delivery| went(delivery, |stage| stage.hand_over(at).unwrap())).collect();
    store.settle(&results).await.unwrap();
}
