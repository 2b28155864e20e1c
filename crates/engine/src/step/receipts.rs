//! What senders are told of their messages, and what they tell of what they received.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schakelpunt_domain::{
    DeliveryId, DetentionRef, MessageId, ParticipantId, Rejection,
    codes::Remark,
    ids::{MessageKey, hub_message_id},
};
use serde_json::{Map, Value, json};

use super::{Input, Report, Reported, world::World};
use crate::model::{DecisionRecord, Delivery, Receipt, StoredMessage};

impl Report {
    /// What the sender is told beside that the message was taken in, on every channel.
    pub fn remarks(&self) -> Vec<Value> {
        let one = |remark: Remark| json!({"message": self.key, "code": remark, "sentence": {"nl": remark.nl(), "en": remark.en()}});
        self.remark.map(one).into_iter().collect()
    }
}

/// A recipient says that it has a delivery of its own.
pub(super) fn confirmed(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef) {
    let id = message.payload.as_ref().and_then(|data| data.pointer("/receipt/delivery")).and_then(Value::as_str);
    let Some(id) = id.and_then(|id| id.parse::<DeliveryId>().ok()) else { return };
    let own = |delivery: &&Delivery| delivery.id == id && delivery.recipient == message.sender;
    let Some(stage) = world.deliveries_in(detention).find(own).map(|delivery| delivery.stage.clone()) else { return };
    if let Ok(received) = stage.receive(world.now()) {
        world.set_stage(id, received);
    }
}

/// What the senders of a batch are told: acceptances together, the rest one by one.
pub(super) fn of(now: Timestamp, inputs: &[Input], reports: &[Report]) -> Vec<Receipt> {
    let mut receipts = Vec::new();
    let mut accepted: BTreeMap<ParticipantId, (Vec<MessageKey>, Vec<Value>)> = BTreeMap::new();
    for (input, report) in inputs.iter().zip(reports) {
        let (sender, digest, id) = match input.offered() {
            Some(Ok(message)) => (Some(&message.sender), &message.digest, Some(&message.envelope.id)),
            Some(Err(rejected)) => (rejected.sender.as_ref(), &rejected.digest, rejected.id.as_ref()),
            None => continue,
        };
        let Some(sender) = sender else { continue };
        match &report.outcome {
            Reported::Accepted | Reported::SeenBefore => {
                let (keys, remarks) = accepted.entry(sender.clone()).or_default();
                keys.extend(report.key.clone());
                remarks.extend(report.remarks());
            }
            Reported::Refused => receipts.extend(report.key.as_ref().and_then(|key| refused(now, sender, key, &report.decisions))),
            Reported::Rejected(why) => receipts.extend(rejected(now, sender, id, digest, why)),
            Reported::Parked | Reported::Done => {}
        }
    }
    receipts.extend(accepted.into_iter().filter_map(|(sender, (keys, remarks))| {
        let parts: Vec<&str> = keys.iter().flat_map(|key| [key.source.as_str(), key.id.as_str()]).collect();
        let at = now.to_string();
        let id = hub_message_id(&[&["accepted", sender.as_str(), &at], parts.as_slice()].concat());
        let mut data = Map::from_iter([("messages".to_owned(), json!(keys))]);
        if !remarks.is_empty() {
            data.insert("remarks".to_owned(), remarks.into());
        }
        Some(Receipt { id, to: sender, event: "message-accepted".parse().ok()?, data: data.into(), at: now })
    }));
    receipts
}

/// What a sender may be told of refusals, on every channel: a code for each relation to the case, each once, no names.
pub fn refusals(decisions: &[DecisionRecord]) -> Vec<Value> {
    let mut refusals: Vec<_> = Vec::new();
    for decision in decisions {
        let Some(code) = decision.decision.refusal() else { continue };
        for relation in &decision.relations {
            let refusal = json!({"relation": relation, "code": code, "sentence": {"nl": code.nl(), "en": code.en()}});
            if !refusals.contains(&refusal) {
                refusals.push(refusal);
            }
        }
    }
    refusals
}

/// `message-refused`.
pub(crate) fn refused(now: Timestamp, to: &ParticipantId, key: &MessageKey, decisions: &[DecisionRecord]) -> Option<Receipt> {
    Some(Receipt {
        id: hub_message_id(&["refused", key.source.as_str(), key.id.as_str(), &now.to_string()]),
        to: to.clone(),
        event: "message-refused".parse().ok()?,
        data: json!({"message": key, "refusals": refusals(decisions)}),
        at: now,
    })
}

/// `message-rejected`: code, pointer, sentence; nothing echoed.
pub(crate) fn rejected(now: Timestamp, to: &ParticipantId, id: Option<&MessageId>, digest: &str, why: &Rejection) -> Option<Receipt> {
    let mut data = json!({
        "code": why.code,
        "pointer": why.pointer,
        "sentence": {"nl": why.code.nl(), "en": format!("{} Expected: {}.", why.code.en(), why.detail)},
    });
    if let (Some(id), Some(object)) = (id, data.as_object_mut()) {
        object.insert("message".to_owned(), json!({"id": id}));
    }
    let id = hub_message_id(&["rejected", to.as_str(), digest, why.code.code(), &now.to_string()]);
    Some(Receipt { id, to: to.clone(), event: "message-rejected".parse().ok()?, data, at: now })
}
