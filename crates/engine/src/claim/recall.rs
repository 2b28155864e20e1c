//! Taking back what may have arrived and is no longer lawful.

use jiff::Timestamp;
use schakelpunt_domain::{
    DeliveryId,
    case::Case,
    ids::{MessageKey, hub_message_id},
    pointer::leaves_of,
    registers::At,
    stage::Stage,
};
use schakelpunt_rules::{Answer, Decision, Granted, Permit, Relation};
use serde_json::{Map, json};

use crate::{
    model::{DecisionRecord, Delivery, Outcome, Stamp, StoredMessage, Verdict},
    step::Law,
};

/// Nobody knows whether it arrived, and it is no longer lawful: it counts as handed over, and a recall that names the delivery only follows.
pub(super) fn recall(
    law: Law<'_>,
    delivery: &Delivery,
    message: &StoredMessage,
    case: &Case,
    record: DecisionRecord,
    stamp: Stamp,
    now: Timestamp,
) -> Verdict {
    let data = json!({"correction": {"of": {"source": law.settings.source, "id": delivery.id}, "reason": "NO_BASIS"}});
    let (Ok(event), Ok(rule), Ok(basis)) =
        ("message-withdrawn".parse(), "message-withdrawn-to-earlier-recipients".parse(), "rectification".parse())
    else {
        return Verdict::Leave;
    };
    let id = delivery.id.to_string();
    let key = MessageKey { source: law.settings.source.clone(), id: hub_message_id(&["recall", &id]) };
    let leaves = leaves_of(&data);
    let permit = Permit {
        granted: vec![Granted { basis, leaves: leaves.clone(), by_consent: false }],
        containers: Vec::new(),
        purpose: "rectification".to_owned(),
        must: true,
    };
    let recalling = StoredMessage {
        key: key.clone(),
        event,
        sender: law.settings.hub.clone(),
        detention: delivery.detention.clone(),
        sequence: None,
        time: now,
        received: now,
        digest: law.settings.key.digest(&[data.to_string().as_bytes()]),
        size: data.to_string().len() as u64,
        trace: Map::new(),
        // it speaks in the place of who sent the original: by that the rule for withdrawals is found if it is asked again
        sender_relations: [&[Relation::Hub], message.sender_relations.as_slice()].concat(),
        signals: schakelpunt_rules::derive(&data),
        leaves,
        stale: Vec::new(),
        earlier: Vec::new(),
        partner: None,
        corrects: Some(message.key.clone()),
        outcome: Outcome::Accepted,
        payload: Some(data.into()),
    };
    let follow_up = Delivery {
        id: DeliveryId::derive(&key.source, &key.id, &delivery.recipient, 0),
        key,
        revision: 0,
        event: recalling.event.clone(),
        relations: vec![Relation::EarlierRecipient],
        // the same place in the lane, right behind what it recalls: sequences are given under the case lock, which a claim only shares
        lane_sequence: delivery.lane_sequence,
        decision: Decision {
            answer: Answer::Permit(permit),
            rule: Some(rule),
            withheld: Vec::new(),
            valid_until: case.next_boundary(At::now(now)),
        },
        stamp,
        stage: Stage::new(now),
        bytes: None,
        number: None,
        ..delivery.clone()
    };
    let uncertain = Delivery { stage: Stage::HandedOver { at: now }, ..delivery.clone() };
    Verdict::Recall(Box::new(uncertain), record, Box::new(recalling), Box::new(follow_up))
}
