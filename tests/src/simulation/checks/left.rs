//! What leaves: its fields, its bytes, its order.

use schakelpunt_domain::{DeliveryId, ParticipantId, ids::MessageKey, registers::Kind, stage::Stage};
use schakelpunt_engine::{
    model::{Delivery, Outcome, StoredMessage},
    ports::{Outgoing, ReceiptEvent},
};
use serde_json::Value;

use crate::{
    harness::settings,
    invariants::{
        NO_FIELD_OUTSIDE_THE_PERMIT, NO_NUMBER_IS_MISSING, NOTHING_ACCEPTED_IS_LOST, ONE_SET_OF_BYTES_PER_DELIVERY, ORDER_PER_LANE,
    },
    simulation::{tables::Tables, world::World},
};

/// Words of the payloads that only some kinds may ever read: the BSN, the number of the criminal chain, the title.
const CANARIES: [(&str, &[Kind]); 3] =
    [("999900006", &[Kind::Municipality, Kind::Probation, Kind::Triage]), ("10000001", &[Kind::Probation]), ("\"ISD\"", &[])];

/// Something is on the wire; `arrives`: the broker took it.
pub(crate) fn published(world: &mut World, outgoing: &Outgoing<'_>, arrives: bool, _process: usize) {
    match outgoing {
        Outgoing::Delivery(permitted) => {
            let Some(row) = world.tables.deliveries.get(&permitted.id()) else {
                return world.broken(NO_FIELD_OUTSIDE_THE_PERMIT, format!("{} left and is not on record", permitted.id()));
            };
            world.ledger.left.over.insert((permitted.id(), permitted.claimed_at()));
            let current = matches!(row.delivery.stage, Stage::Claimed { at, .. } if at == permitted.claimed_at());
            if !current {
                world.count("state: a claim that has passed is still published");
            }
            if arrives {
                number(world, permitted.recipient(), permitted.bytes());
                arrived(world, permitted.id(), permitted.bytes(), current);
            }
        }
        Outgoing::Receipt(receipt) => told(world, receipt, arrives),
    }
}

/// The numbers that this event accounts for: its own, or those that it says are void.
pub(crate) fn number(world: &mut World, to: &ParticipantId, bytes: &[u8]) {
    let event: Value = serde_json::from_slice(bytes).unwrap();
    let at = |pointer: &str| event.pointer(pointer).and_then(Value::as_u64);
    let void = at("/data/void/from").zip(at("/data/void/to"));
    let Some((first, last)) = at("/number").map(|number| (number, number)).or(void) else { return };
    if void.is_some() {
        world.count("state: a number is void");
    }
    world.ledger.left.numbers.entry(to.clone()).or_default().extend(first..=last);
}

/// Whether somebody has met every number up to that one.
pub(crate) fn nothing_missing(world: &mut World, id: &ParticipantId, head: u64) {
    let met = world.ledger.left.numbers.get(id);
    let missing = (1..=head).find(|number| met.is_none_or(|met| !met.contains(number)));
    if let Some(number) = missing {
        world.broken(NO_NUMBER_IS_MISSING, format!("{id} was told that it has everything up to {head}, and has no {number}"));
    }
}

/// A recipient has it: over the bus, or because it fetched.
pub(crate) fn arrived(world: &mut World, id: DeliveryId, bytes: &[u8], current: bool) {
    let Some(row) = world.tables.deliveries.get(&id).cloned() else { return };
    match world.ledger.left.bytes.get(&id) {
        Some(first) => {
            world.counts.entry("state: a repeat arrived").and_modify(|count| *count += 1).or_insert(1);
            if first != bytes {
                world.broken(ONE_SET_OF_BYTES_PER_DELIVERY, format!("{id} of {} came with other bytes", row.delivery.key.id));
            }
            return;
        }
        None => world.ledger.left.bytes.insert(id, bytes.to_vec()),
    };
    fields(world, &row.delivery, bytes);
    let lane = (row.delivery.recipient.clone(), row.delivery.detention.clone());
    let place = (row.delivery.lane_sequence, row.ordinal);
    let furthest = world.ledger.left.lanes.get(&lane).copied();
    if furthest.is_some_and(|furthest| furthest > place) {
        if current {
            world.broken(ORDER_PER_LANE, format!("{} to {} came too late", row.delivery.key.id, row.delivery.recipient));
        } else {
            // recalled meanwhile: who stood still does not know
            world.count("state: what was recalled came after its recall");
        }
        return;
    }
    world.ledger.left.lanes.insert(lane, place);
    slots(world, &row.delivery, bytes);
}

/// The leaves of what left, found without the hub's own functions.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, item)| leaves(item, &format!("{path}/{key}"), found)),
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().for_each(|item| leaves(item, &format!("{path}/*"), found));
        }
        _ => found.push(path.to_owned()),
    }
}

fn fields(world: &mut World, delivery: &Delivery, bytes: &[u8]) {
    let event: Value = serde_json::from_slice(bytes).unwrap();
    let mut found = Vec::new();
    leaves(&event["data"], "", &mut found);
    let permit = delivery.decision.permit();
    let granted = |leaf: &String| permit.is_some_and(|permit| permit.leaves().any(|given| given.as_str() == leaf));
    if let Some(leaf) = found.iter().find(|leaf| !granted(leaf)) {
        world.broken(NO_FIELD_OUTSIDE_THE_PERMIT, format!("{leaf} of {} to {}", delivery.key.id, delivery.recipient));
    }
    let text = std::str::from_utf8(bytes).unwrap();
    let kind = world.ledger.kind(&delivery.recipient);
    for (canary, kinds) in CANARIES {
        if text.contains(canary) && !kind.is_some_and(|kind| kinds.contains(&kind)) {
            world.broken(NO_FIELD_OUTSIDE_THE_PERMIT, format!("{canary} in {} to {}", delivery.key.id, delivery.recipient));
        }
    }
    let subject = event["subject"].as_str();
    if kind == Some(Kind::CarePartner) && subject == delivery.detention.as_ref().map(schakelpunt_domain::DetentionRef::as_str) {
        world.broken(NO_FIELD_OUTSIDE_THE_PERMIT, format!("the reference of the case in {} to {}", delivery.key.id, delivery.recipient));
    }
}

/// No older value of a slot after a newer one of the same system.
fn slots(world: &mut World, delivery: &Delivery, bytes: &[u8]) {
    let sequence = world.tables.messages.get(&delivery.key).and_then(|message| message.sequence);
    let (Some(sequence), Some(detention)) = (sequence, delivery.detention.clone()) else { return };
    // what was taken back meanwhile is nobody's newest value
    if world.ledger.grounds(&detention).is_some_and(|grounds| grounds.withdrawn_messages.contains(&delivery.key)) {
        return;
    }
    let event: Value = serde_json::from_slice(bytes).unwrap();
    let Some(parts) = event["data"].as_object() else { return };
    for (part, value) in parts {
        let slots: Vec<String> = match (part.as_str(), value) {
            ("conditions" | "detention", Value::Object(entries)) => entries.keys().map(|entry| format!("{part}/{entry}")).collect(),
            _ => vec![part.clone()],
        };
        for slot in slots {
            let place = (delivery.recipient.clone(), detention.clone(), slot.clone(), delivery.key.source.to_string());
            let newest = *world.ledger.left.slots.entry(place.clone()).or_default();
            if newest > sequence && by_two_systems(&world.tables, delivery, &slot) {
                // known: a case remembers one system for each slot
                world.count("gap: an older value follows, another system spoke between");
                return;
            }
            if newest > sequence && newer_taken_back(world, delivery, sequence) {
                // known: with a value that is taken back the hub forgets what its holders had before
                world.count("gap: an older value follows, a newer one was taken back");
                return;
            }
            if newest > sequence && world.ledger.late.contains(&delivery.id) {
                // known: who is found late is not asked whether it has newer values
                world.count("gap: an older value, decided late, follows a newer one");
                return;
            }
            if newest > sequence {
                let what = format!("{slot} of {} to {} after number {newest}", delivery.key.id, delivery.recipient);
                return world.broken(ORDER_PER_LANE, what);
            }
            world.ledger.left.slots.insert(place, sequence);
        }
    }
}

/// Whether something newer of the same system was withdrawn.
fn newer_taken_back(world: &World, delivery: &Delivery, sequence: u64) -> bool {
    let grounds = delivery.detention.as_ref().and_then(|detention| world.ledger.grounds(detention));
    let newer = |key: &MessageKey| {
        key.source == delivery.key.source && world.tables.messages.get(key).is_some_and(|message| message.sequence > Some(sequence))
    };
    grounds.is_some_and(|grounds| grounds.withdrawn_messages.iter().any(newer))
}

/// Whether another system than the one that sent this has filled the slot, too.
fn by_two_systems(tables: &Tables, delivery: &Delivery, slot: &str) -> bool {
    let hub = settings().source;
    let other = |message: &&StoredMessage| {
        message.detention == delivery.detention && message.key.source != delivery.key.source && message.key.source != hub
    };
    let fills = |message: &StoredMessage| {
        message.leaves.iter().any(|leaf| leaf.as_str().strip_prefix('/').is_some_and(|leaf| leaf.starts_with(slot)))
    };
    tables.messages.values().filter(other).any(fills)
}

/// A sender is told of an acceptance: then it is in the store.
fn told(world: &mut World, receipt: &ReceiptEvent, arrives: bool) {
    let event: Value = serde_json::from_slice(&receipt.bytes).unwrap();
    let text = std::str::from_utf8(&receipt.bytes).unwrap();
    if CANARIES.iter().any(|(canary, _)| text.contains(canary)) || text.contains("Meerkoet") {
        world.broken(NO_FIELD_OUTSIDE_THE_PERMIT, format!("content in a receipt to {}", receipt.to));
    }
    if arrives {
        number(world, &receipt.to, &receipt.bytes);
        if let Some(head) = event.pointer("/data/heartbeat/head").and_then(Value::as_u64) {
            world.count("state: a heartbeat arrived");
            nothing_missing(world, &receipt.to, head);
        }
    }
    if !receipt.ty.contains("message-accepted") {
        return;
    }
    for key in event["data"]["messages"].as_array().into_iter().flatten() {
        let stored = world.tables.messages.values().any(|message| {
            message.outcome == Outcome::Accepted
                && Some(message.key.id.as_str()) == key["id"].as_str()
                && message.key.source != settings().source
        });
        if !stored {
            world.broken(NOTHING_ACCEPTED_IS_LOST, format!("{} was told to be accepted and is not in the store", key["id"]));
        }
    }
}
