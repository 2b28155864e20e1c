//! Messages of the hub's own (decision 7). They have their rules like any other.

use jiff::Timestamp;
use schakelpunt_domain::{
    DetentionRef, ParticipantId,
    ids::{MessageKey, hub_message_id},
    pointer::leaves_of,
};
use schakelpunt_rules::{Candidate, Relation, Who, candidate_for, candidates, derive};
use serde_json::{Map, Value, json};

use super::{consider, world::World};
use crate::model::{Delivery, Outcome, Receipt, StoredMessage};

/// The receipt of one accepted message.
pub(super) fn accepted(now: Timestamp, to: &ParticipantId, key: &MessageKey) -> Option<Receipt> {
    Some(Receipt {
        id: hub_message_id(&["accepted", key.source.as_str(), key.id.as_str(), &now.to_string()]),
        to: to.clone(),
        event: "message-accepted".parse().ok()?,
        data: json!({"messages": [key]}),
        at: now,
    })
}

/// A message of the hub about another message of a case.
fn own_message(world: &World<'_>, event: &str, detention: &DetentionRef, about: &MessageKey, data: Value) -> Option<StoredMessage> {
    let id = hub_message_id(&[event, detention.as_str(), about.source.as_str(), about.id.as_str()]);
    message(world, event, detention, MessageKey { source: world.settings().source.clone(), id }, data)
}

/// Says something to these, each for what it is to the case. A message that the rules let nobody have keeps no payload.
pub(super) fn to(
    world: &mut World<'_>,
    event: &str,
    detention: &DetentionRef,
    key: MessageKey,
    data: Value,
    to: &[(ParticipantId, Vec<Relation>)],
) {
    let Some(mut said) = message(world, event, detention, key, data).filter(|said| world.message(&said.key).is_none()) else { return };
    let case = world.case(detention).clone();
    let who = Who { event, ..Who::default() };
    let mut told = false;
    for (recipient, relations) in to {
        let Some(mut candidate) = candidate_for(recipient, &who, &case, world.registers(), world.at()) else { continue };
        candidate.closed = None;
        candidate.relations.clone_from(relations);
        told |= consider::decide_one(world, &said, detention, &case, &candidate).is_some();
    }
    if !told {
        said.outcome = Outcome::Refused;
        said.payload = None;
    }
    world.save_message(said);
}

/// A message of the hub about a case.
pub(super) fn message(world: &World<'_>, event: &str, detention: &DetentionRef, key: MessageKey, data: Value) -> Option<StoredMessage> {
    let settings = world.settings();
    Some(StoredMessage {
        digest: settings.key.digest(&[data.to_string().as_bytes()]),
        event: event.parse().ok()?,
        sender: settings.hub.clone(),
        detention: Some(detention.clone()),
        sequence: None,
        time: world.now(),
        received: world.now(),
        size: data.to_string().len() as u64,
        trace: Map::new(),
        sender_relations: vec![Relation::Hub],
        signals: derive(&data),
        leaves: leaves_of(&data),
        stale: Vec::new(),
        earlier: Vec::new(),
        partner: None,
        corrects: None,
        outcome: Outcome::Accepted,
        payload: Some(data.into()),
        key,
    })
}

/// Somebody new became entitled: those who produced for this case are asked to offer their current set (design 3).
pub(super) fn request_current_set(world: &mut World<'_>, detention: &DetentionRef, about: &MessageKey) {
    let who = Who { event: "current-set-requested", ..Who::default() };
    let Some(case) = world.known_case(detention).cloned() else { return };
    for candidate in candidates(&who, &case, world.registers(), world.at()) {
        if candidate.relations.contains(&Relation::HoldingPrison) {
            request(world, detention, about, &candidate);
        }
    }
}

/// The sender of a message whose detention never became known is asked for the whole set.
pub(super) fn ask_sender(world: &mut World<'_>, detention: &DetentionRef, message: &StoredMessage) {
    let case = world.case(detention).clone();
    let who = Who { event: "current-set-requested", ..Who::default() };
    let Some(mut candidate) = candidate_for(&message.sender, &who, &case, world.registers(), world.at()) else { return };
    candidate.closed = None;
    candidate.relations = vec![Relation::HoldingPrison];
    request(world, detention, &message.key, &candidate);
}

/// Names a delivery that was given up, to who was to get it.
pub(super) fn tell_skipped(world: &mut World<'_>, detention: &DetentionRef, delivery: &Delivery) {
    let data = json!({"delivery": {"id": delivery.id, "sequence": format!("{:020}", delivery.lane_sequence)}});
    let id = hub_message_id(&["skipped", &delivery.id.to_string()]);
    let about = MessageKey { source: world.settings().source.clone(), id };
    let Some(message) = own_message(world, "delivery-failed", detention, &about, data) else { return };
    let case = world.case(detention).clone();
    let who = Who { event: "delivery-failed", ..Who::default() };
    let Some(mut candidate) = candidate_for(&delivery.recipient, &who, &case, world.registers(), world.at()) else { return };
    candidate.closed = None;
    candidate.relations.clone_from(&delivery.relations);
    world.save_message(message.clone());
    consider::decide_one(world, &message, detention, &case, &candidate);
}

fn request(world: &mut World<'_>, detention: &DetentionRef, about: &MessageKey, candidate: &Candidate) {
    let data = json!({"events": ["detention-started", "release-date-set", "screening-completed", "plan-ready"]});
    let Some(message) = own_message(world, "current-set-requested", detention, about, data) else { return };
    if world.deliveries_of(&message.key).any(|delivery| delivery.recipient == candidate.participant) {
        return;
    }
    if world.message(&message.key).is_none() {
        world.save_message(message.clone());
    }
    let case = world.case(detention).clone();
    consider::decide_one(world, &message, detention, &case, candidate);
}
