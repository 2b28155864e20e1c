//! What follows a recall: the hub waits for `deletion-confirmed`, reminds who does not answer, and tells the producer after the term.
//!
//! The term is that of AVG art. 33: 72 hours after which a controller has to have reported a breach. Who had the message stays the hub's
//! knowledge: the producer hears how many have not answered, not who.

use std::collections::BTreeMap;

use schakelpunt_domain::{
    DetentionRef, ParticipantId,
    case::{Awaited, Recall},
    facts,
    ids::{MessageKey, hub_message_id},
    pointer::Leaf,
};
use schakelpunt_rules::{Relation, Who, candidate_for};
use serde_json::{Value, json};

use super::{consider, hub_says, intake::later, world::World};
use crate::model::{Action, Delivery, StoredMessage, Timer};

/// The name of the timer of one recall.
const KIND: &str = "recall";

/// The message that a recall's timer is about: the step needs to see it.
pub(super) fn message_of(timer: &Timer) -> Option<MessageKey> {
    timer.message(KIND)
}

/// A withdrawal or the end of a consent was told: from now on an answer is awaited from everybody who was.
pub(super) fn begin(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef) {
    let (of, awaited) = match (message.event.as_str(), &message.corrects) {
        ("message-withdrawn", Some(of)) => (of.clone(), Awaited::Deletion),
        ("consent-withdrawn" | "consent-expired", _) => (message.key.clone(), Awaited::Stop),
        _ => return,
    };
    let partner_or_recall = |delivery: &&Delivery| awaited == Awaited::Deletion || delivery.relations.contains(&Relation::InformedPartner);
    let told = world.deliveries_of(&message.key).filter(partner_or_recall).map(|delivery| delivery.recipient.clone());
    let open: Vec<ParticipantId> = told.filter(|recipient| *recipient != world.settings().hub).collect();
    let reason = message.payload.as_ref().and_then(|data| data.pointer("/correction/reason")).and_then(Value::as_str);
    let reason = reason.unwrap_or_default().to_owned();
    await_answers(world, detention, Said { by: message.key.clone(), of, awaited, reason, producer: message.sender.clone() }, open);
}

/// What was said, and by whom.
struct Said {
    by: MessageKey,
    of: MessageKey,
    awaited: Awaited,
    reason: String,
    producer: ParticipantId,
}

fn await_answers(world: &mut World<'_>, detention: &DetentionRef, said: Said, open: Vec<ParticipantId>) {
    let since = world.now();
    let known = world.case(detention).follow_up.recalls.iter().any(|recall| recall.by == said.by);
    if open.is_empty() || known {
        return;
    }
    let Said { by, of, awaited, reason, producer } = said;
    let timer =
        Timer { id: Timer::about(KIND, &by), at: later(since, world.settings().limits.deletion_reminder), detention: detention.clone() };
    world.case(detention).follow_up.recalls.push(Recall {
        by,
        of,
        awaited,
        reason,
        producer,
        since,
        open: open.into_iter().collect(),
        answered: BTreeMap::new(),
        reminded: false,
        escalated: false,
    });
    if awaited == Awaited::Deletion {
        world.act(Action::SetTimer(timer));
    }
}

/// A recipient says that it deleted a message, or that it stopped.
pub(super) fn answered(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef) {
    let (true, Some(data)) = (message.event.as_str() == "deletion-confirmed", message.payload.clone()) else { return };
    let Some(of) = facts::deleted(&data) else { return };
    let at = world.now();
    // a recall of the hub's own names the delivery: whoever confirms by that name means the same message
    let by_delivery = world.deliveries_in(detention).find(|delivery| delivery.id.to_string() == of.id.as_str());
    let meant = by_delivery.map_or(of, |delivery| delivery.key.clone());
    world.case(detention).follow_up.answer(&meant, &message.sender, at);
}

/// The term of a recall: first a reminder to who has not answered, then word to the producer. Gives whether the timer was of this kind.
pub(super) fn fired(world: &mut World<'_>, timer: &Timer) -> bool {
    let Some(by) = message_of(timer) else { return false };
    let detention = &timer.detention;
    let find = |recall: &&mut Recall| recall.by == by && !recall.open.is_empty() && !recall.escalated;
    let Some(recall) = world.case(detention).follow_up.recalls.iter_mut().find(find) else { return true };
    let reminded = std::mem::replace(&mut recall.reminded, true);
    recall.escalated = reminded;
    let recall = recall.clone();
    if reminded {
        escalate(world, detention, &recall);
    } else {
        remind(world, detention, &recall);
        let at = later(recall.since, world.settings().limits.deletion_term).max(world.now());
        world.act(Action::SetTimer(Timer { at, ..timer.clone() }));
    }
    true
}

fn remind(world: &mut World<'_>, detention: &DetentionRef, recall: &Recall) {
    let id = hub_message_id(&["recall-reminder", recall.by.source.as_str(), recall.by.id.as_str()]);
    let relations = world.message(&recall.by).map(|message| message.sender_relations.clone()).unwrap_or_default();
    let open: Vec<ParticipantId> = recall.open.iter().cloned().collect();
    order(world, detention, Order { id, of: &recall.of, reason: &recall.reason, relations, to: &open });
}

fn escalate(world: &mut World<'_>, detention: &DetentionRef, recall: &Recall) {
    let id = hub_message_id(&["deletion-deadline-missed", recall.by.source.as_str(), recall.by.id.as_str()]);
    let key = MessageKey { source: world.settings().source.clone(), id };
    let data = json!({"deletion": {"of": recall.of, "since": recall.since, "open": recall.open.len()}});
    let relations = world.message(&recall.by).map(|message| message.sender_relations.clone()).unwrap_or_default();
    hub_says::to(world, "deletion-deadline-missed", detention, key, data, &[(recall.producer.clone(), relations)]);
}

/// An order of the hub to delete.
struct Order<'a> {
    id: schakelpunt_domain::MessageId,
    of: &'a MessageKey,
    reason: &'a str,
    /// In whose place the hub speaks: by that the rule for withdrawals is found.
    relations: Vec<Relation>,
    to: &'a [ParticipantId],
}

fn order(world: &mut World<'_>, detention: &DetentionRef, order: Order<'_>) -> Option<MessageKey> {
    let data = json!({"correction": {"of": order.of, "reason": order.reason}});
    let key = MessageKey { source: world.settings().source.clone(), id: order.id };
    let mut message = hub_says::message(world, "message-withdrawn", detention, key.clone(), data)?;
    message.sender_relations.extend(order.relations);
    message.corrects = Some(order.of.clone());
    world.save_message(message.clone());
    let case = world.case(detention).clone();
    for recipient in order.to {
        let had: Vec<Leaf> = had(world, order.of, recipient);
        let who = Who { event: "message-withdrawn", earlier: vec![(recipient, had)], ..Who::default() };
        let Some(mut candidate) = candidate_for(recipient, &who, &case, world.registers(), world.at()) else { continue };
        candidate.closed = None;
        candidate.relations = vec![Relation::EarlierRecipient];
        consider::decide_one(world, &message, detention, &case, &candidate);
    }
    Some(key)
}

fn had(world: &World<'_>, of: &MessageKey, recipient: &ParticipantId) -> Vec<Leaf> {
    let own = world.deliveries_of(of).filter(|delivery| delivery.recipient == *recipient);
    own.filter_map(|delivery| delivery.decision.permit()).flat_map(|permit| permit.leaves().cloned()).collect()
}

/// The desk found that another municipality is responsible: the one that was told is asked to delete everything that it was provided, and
/// the prison hears if it does not.
pub(super) fn recall_all(world: &mut World<'_>, detention: &DetentionRef, from: &ParticipantId) {
    let hub = world.settings().source.clone();
    let theirs = |delivery: &&Delivery| delivery.recipient == *from && delivery.key.source != hub && delivery.stage.is_provided();
    let is_content = |delivery: &&Delivery| !["message-withdrawn", "message-corrected"].contains(&delivery.event.as_str());
    let provided: Vec<MessageKey> =
        world.deliveries_in(detention).filter(theirs).filter(is_content).map(|delivery| delivery.key.clone()).collect();
    let at = world.at();
    let Some(producer) = world.known_case(detention).and_then(|case| case.prison(at)).cloned() else { return };
    for of in provided {
        let id = hub_message_id(&["wrong-recipient", of.source.as_str(), of.id.as_str(), from.as_str()]);
        let to = [from.clone()];
        let relations = vec![Relation::HoldingPrison];
        let Some(by) = order(world, detention, Order { id, of: &of, reason: "WRONG_RECIPIENT", relations, to: &to }) else { continue };
        let reason = "WRONG_RECIPIENT".to_owned();
        await_answers(world, detention, Said { by, of, awaited: Awaited::Deletion, reason, producer: producer.clone() }, to.to_vec());
    }
}
