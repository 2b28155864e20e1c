//! One message at the door of the hub: seen before, sent by nobody who may, unknown case, conflict, parked, or considered.

use jiff::Timestamp;
use schakelpunt_domain::{
    DetentionRef, LegalDay, RejectionCode,
    case::{FactValue, Held, Opened},
    catalogue::CaseNeed,
    facts,
    ids::MessageKey,
    registers::Kind,
};
use schakelpunt_rules::{Relation, acts_for, derive, sender_relations};

use super::{Reported, consider, effects, reject_late, rejection, stored, world::World};
use crate::{
    inspect::{Inspected, Rejected},
    model::{Action, Outcome, StoredMessage, Timer},
};

/// Withdrawals are recorded whatever is known of the case: they must never be lost for lateness (design 4).
const TOMBSTONES: [&str; 2] = ["consent-withdrawn", "message-withdrawn"];

/// A message that did not pass the door leaves its trace.
pub(super) fn reject(world: &mut World<'_>, rejected: &Rejected) -> (Option<MessageKey>, Reported) {
    let record = rejection(rejected, world.now());
    world.act(Action::AddRejection(record));
    let key = rejected.source.clone().zip(rejected.id.clone()).map(|(source, id)| MessageKey { source, id });
    (key, Reported::Rejected(rejected.why.clone()))
}

/// A message that passed the door.
pub(super) fn offer(world: &mut World<'_>, message: &Inspected) -> (Option<MessageKey>, Reported) {
    let new = stored(message, world.now());
    let key = new.key.clone();
    let outcome = match world.message(&key) {
        Some(seen) if seen.digest != new.digest => {
            reject_late(world, message, RejectionCode::IdReused, "/id", "a new id for another message")
        }
        Some(seen) if seen.outcome == Outcome::Parked => Reported::Parked,
        Some(seen) if seen.outcome != Outcome::Lapsed => {
            // the payload that is kept may have been corrected since: what it says counts, not what is offered again
            let payload = seen.payload.clone().or_else(|| new.payload.clone());
            let signals = payload.as_deref().map_or_else(|| new.signals.clone(), derive);
            let again = StoredMessage { received: seen.received, payload, signals, ..new };
            admit(world, message, again, true)
        }
        // asked of what is new only: what a worker sent in a capacity stays the organisation's when that ends (domain 6.0)
        None if !is_in_capacity(world, message) => {
            reject_late(world, message, RejectionCode::WrongCapacity, "/actor", "a worker who acts for the sender in this case")
        }
        // one that waited in vain was never considered
        Some(_) | None => admit(world, message, new, false),
    };
    (Some(key), outcome)
}

/// Whether the worker who sends acts for the sender now. Says nothing of the case: the registers and the reference are enough.
fn is_in_capacity(world: &World<'_>, message: &Inspected) -> bool {
    let Inspected { envelope, sender, .. } = message;
    let acts = |actor: &String| acts_for(world.registers(), actor, sender, envelope.subject.as_ref(), world.at());
    // without a worker it is a system that sends
    envelope.actor.as_ref().is_none_or(acts)
}

fn admit(world: &mut World<'_>, message: &Inspected, mut new: StoredMessage, again: bool) -> Reported {
    let Some(spec) = world.settings().catalogue.get(&new.event) else {
        return reject_late(world, message, RejectionCode::UnknownType, "/type", "an event of the catalogue");
    };
    let Some(detention) = new.detention.clone() else {
        return reject_late(world, message, RejectionCode::Malformed, "/subject", "required: the detention reference");
    };
    let opened = world.known_case(&detention).and_then(|case| case.opened.clone());
    let prison = world.registers().participant(&new.sender, world.at()).is_some_and(|sender| sender.kind == Kind::Prison);
    match (spec.case, &opened) {
        (CaseNeed::Opens, None) if !prison => {
            return reject_late(world, message, RejectionCode::NotAllowedToProduce, "/type", "a prison opens a case");
        }
        (CaseNeed::Opens, None) => open(world, &new, &detention),
        (CaseNeed::Opens, Some(opened)) if opened.by != new.sender || opened.person != person(world, &new) => {
            return reject_late(world, message, RejectionCode::DetentionConflict, "/subject", "a reference of this producer and person");
        }
        (CaseNeed::Waits, None) if prison => return park(world, new, &detention),
        (CaseNeed::Waits | CaseNeed::Needs, None) if TOMBSTONES.contains(&new.event.as_str()) && is_about_own(world, &new, false) => {
            effects::tombstone(world, &new, &detention);
            world.save_message(StoredMessage { payload: None, ..new });
            return Reported::Accepted;
        }
        (CaseNeed::Waits | CaseNeed::Needs | CaseNeed::None, None) => {
            return reject_late(world, message, RejectionCode::UnknownDetention, "/subject", "a detention that is known for this sender");
        }
        (CaseNeed::Opens | CaseNeed::Waits | CaseNeed::Needs | CaseNeed::None, Some(_)) => {}
    }
    new.sender_relations = relations(world, &new, &detention);
    if new.sender_relations.is_empty() {
        return reject_late(world, message, RejectionCode::UnknownDetention, "/subject", "a detention that is known for this sender");
    }
    if !world.settings().rules.may_produce(&new.event, &new.sender_relations) {
        return reject_late(world, message, RejectionCode::NotAllowedToProduce, "/type", "an event that this sender produces in this case");
    }
    if !is_about_own(world, &new, true) {
        let pointer = "/data/correction/of/source";
        return reject_late(world, message, RejectionCode::NotAllowedToProduce, pointer, "a message that this sender may put right");
    }
    let opens = spec.case == CaseNeed::Opens && opened.is_none();
    let outcome = consider::consider(world, new, &detention, again);
    if opens {
        unpark(world, &detention);
    }
    outcome
}

/// Nobody puts right or takes back what another organisation said. `succeeds`: who is concerned now does it for the one of its kind
/// that was concerned before, as the new prison for the old one (decision 18).
fn is_about_own(world: &World<'_>, message: &StoredMessage, succeeds: bool) -> bool {
    let (Some(of), Some(sender)) = (&message.corrects, world.registers().participant(&message.sender, world.at())) else { return true };
    let of_its_kind = || world.registers().participants(world.at()).any(|other| other.kind == sender.kind && other.may_use(&of.source));
    sender.may_use(&of.source) || (succeeds && of_its_kind())
}

fn relations(world: &World<'_>, message: &StoredMessage, detention: &DetentionRef) -> Vec<Relation> {
    let (Some(sender), Some(case)) = (world.registers().participant(&message.sender, world.at()), world.known_case(detention)) else {
        return Vec::new();
    };
    let receives = message.event.as_str() == "transferred"
        && message.payload.as_ref().and_then(|data| data.pointer("/transfer/to")).and_then(|to| to.as_str()) == Some(sender.id.as_str());
    let mut relations = sender_relations(sender, case, world.registers(), world.at(), message.event.as_str(), receives);
    // who had a message can say that it is gone, also when it has nothing to do with the case any more
    let deleted = message.payload.as_deref().and_then(facts::deleted);
    let had =
        |of| world.deliveries_of(&of).any(|d| d.recipient == sender.id && d.detention.as_ref() == Some(detention) && d.stage.is_provided());
    if deleted.is_some_and(had) {
        relations.push(Relation::EarlierRecipient);
    }
    relations
}

fn person(world: &World<'_>, message: &StoredMessage) -> String {
    let words = message.payload.as_deref().map(facts::person_words).unwrap_or_default();
    let parts: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
    world.settings().key.digest(&[&[b"person".as_slice()], parts.as_slice()].concat())
}

fn open(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef) {
    let opened = Opened { by: message.sender.clone(), person: person(world, message), at: world.now() };
    let now = world.now();
    // the prison held the person from the first day on: a transfer may be told later than it happened
    let first = message.payload.as_ref().and_then(|data| data.pointer("/detention/start")).and_then(|day| day.as_str());
    let since = first.and_then(|day| day.parse::<LegalDay>().ok()).map_or(now, LegalDay::begins);
    let case = world.case(detention);
    case.opened = Some(opened);
    case.record(FactValue::Prison(message.sender.clone()), since.min(now), now);
}

/// The name of the timer that ends the wait of a parked message.
pub(super) fn park_timer(key: &MessageKey) -> String {
    Timer::about("parked", key)
}

fn park(world: &mut World<'_>, mut message: StoredMessage, detention: &DetentionRef) -> Reported {
    let until = later(world.now(), world.settings().limits.park);
    message.outcome = Outcome::Parked;
    world.case(detention).parked.push(Held { key: message.key.clone(), until: Some(until) });
    world.act(Action::SetTimer(Timer { id: park_timer(&message.key), at: until, detention: detention.clone() }));
    world.save_message(message);
    Reported::Parked
}

pub(super) fn later(now: Timestamp, wait: std::time::Duration) -> Timestamp {
    jiff::SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok()).unwrap_or(Timestamp::MAX)
}

/// What waited for the case is considered now, in the order of its sequence.
fn unpark(world: &mut World<'_>, detention: &DetentionRef) {
    let parked = std::mem::take(&mut world.case(detention).parked);
    let mut messages: Vec<StoredMessage> = parked.iter().filter_map(|held| world.message(&held.key).cloned()).collect();
    messages.sort_by(|a, b| (&a.key.source, a.sequence).cmp(&(&b.key.source, b.sequence)));
    for mut message in messages {
        world.act(Action::ClearTimer(park_timer(&message.key)));
        message.sender_relations = relations(world, &message, detention);
        if world.settings().rules.may_produce(&message.event, &message.sender_relations) {
            message.outcome = Outcome::Accepted;
            let (sender, key) = (message.sender.clone(), message.key.clone());
            let before = world.decisions();
            let outcome = consider::consider(world, message, detention, false);
            effects::tell_parked(world, &sender, &key, &outcome, before);
        } else {
            effects::lapse(world, message);
        }
    }
}
