//! Decide and record (design 3, steps 4 and 5): from a snapshot and inputs to actions. Pure and synchronous.
//!
//! Inputs of one batch are folded: each sees the effects of those before it. The store carries all actions out in one transaction.

use std::sync::Arc;

use jiff::Timestamp;
use schakelpunt_domain::{
    DeliveryId, DetentionRef, Rejection, RejectionCode,
    codes::Remark,
    consent::Consent,
    facts,
    ids::MessageKey,
    registers::{Entry, Recorded, Registers},
};

use crate::{
    Settings,
    desk::AccessRecord,
    inspect::{Inspected, Rejected},
    model::{Action, DecisionRecord, Outcome, RejectionRecord, Snapshot, SnapshotKeys, StoredMessage, Timer},
};

mod at_once;
mod consider;
mod deadlines;
mod dependents;
pub(crate) mod desks;
mod digests;
mod doubts;
mod effects;
mod expiry;
mod hub_says;
mod intake;
mod passing;
pub(crate) mod persons;
mod recalls;
mod receipts;
mod recording;
mod remarks;
mod unread;
mod voids;
mod world;

pub(crate) use digests::is_change;
pub(crate) use unread::{UNREAD, Watched};

pub use at_once::AtOnce;
pub use passing::Passing;
pub use receipts::refusals;
pub(crate) use receipts::{refused, rejected};
pub use unread::Unread;
use world::World;

/// What a step is given.
#[derive(Debug, Clone)]
pub enum Input {
    /// A message that passed the door, or what is left of one that did not.
    Offer(Result<Box<Inspected>, Box<Rejected>>),
    /// A consent that was recorded by hand.
    Consent(DetentionRef, Consent),
    /// A message whose recipients have to be found anew, because the one that it waits for is no longer concerned.
    Reconsider(MessageKey, DetentionRef),
    /// A blocked delivery that a person skips.
    Skip(DeliveryId, DetentionRef),
    /// A timer that is due.
    Timer(Timer),
    /// A case that passed to another municipality by the registers alone.
    Passing(Passing),
    /// A desk that may be unread.
    Unread(Unread),
    /// A look that was refused, with the key of what is said about it.
    Refused(MessageKey, AccessRecord),
    /// A capacity that was entered in the registers, or ended there.
    Entered(Recorded<Entry>),
}

impl Input {
    /// The message, or what is left of one, if somebody sent it.
    fn offered(&self) -> Option<&Result<Box<Inspected>, Box<Rejected>>> {
        match self {
            Self::Offer(offered) => Some(offered),
            Self::Consent(..)
            | Self::Reconsider(..)
            | Self::Skip(..)
            | Self::Timer(_)
            | Self::Passing(_)
            | Self::Unread(_)
            | Self::Refused(..)
            | Self::Entered(_) => None,
        }
    }
}

/// What became of one input.
#[derive(Debug, Clone, PartialEq)]
pub enum Reported {
    /// Lawful to somebody, or recorded.
    Accepted,
    /// Lawful to nobody.
    Refused,
    /// Waits for its detention.
    Parked,
    /// The same bytes again, and nothing changed.
    SeenBefore,
    /// Not what it should be.
    Rejected(Rejection),
    /// Not a message.
    Done,
}

/// The answer to one input.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The message, as far as known.
    pub key: Option<MessageKey>,
    /// What became of it.
    pub outcome: Reported,
    /// Every decision that was made.
    pub decisions: Vec<DecisionRecord>,
    /// What an acceptance says beside that it is one.
    pub remark: Option<Remark>,
}

/// Who hears what became of its messages: a channel that answers by itself needs no receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipts {
    /// Into the sender's inbox.
    Send,
    /// The caller answers.
    Answered,
}

/// What everything in a step is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Law<'a> {
    /// Settings with catalogue and rules.
    pub settings: &'a Settings,
    /// The registers at the snapshot's epoch.
    pub registers: &'a Registers,
}

/// What the snapshot for these inputs must show.
pub fn keys(inputs: &[Input]) -> SnapshotKeys {
    let mut keys = SnapshotKeys::default();
    for input in inputs {
        match input {
            Input::Offer(Ok(message)) => {
                keys.detentions.extend(message.envelope.subject.clone());
                keys.detentions.extend(message.person.clone());
                keys.messages.insert(MessageKey { source: message.envelope.source.clone(), id: message.envelope.id.clone() });
                keys.messages.extend(facts::corrected(&message.envelope.data));
                keys.messages.extend(facts::deleted(&message.envelope.data));
                keys.waiting |= effects::may_end_a_ground(message.envelope.event.as_str());
            }
            Input::Offer(Err(_)) => {}
            Input::Reconsider(key, detention) => {
                keys.detentions.insert(detention.clone());
                keys.messages.insert(key.clone());
                keys.waiting = true;
            }
            Input::Consent(detention, consent) => {
                keys.detentions.insert(detention.clone());
                keys.waiting |= consent.withdrawn_at.is_some();
            }
            Input::Skip(_, detention) => {
                keys.detentions.insert(detention.clone());
            }
            Input::Timer(timer) => {
                keys.detentions.insert(timer.detention.clone());
                keys.messages.extend(recalls::message_of(timer).or_else(|| expiry::message_of(timer)));
            }
            Input::Passing(passing) => {
                keys.detentions.insert(passing.detention().clone());
                keys.messages.insert(passing.key.clone());
            }
            Input::Unread(unread) => {
                keys.detentions.insert(unread.row().clone());
                keys.messages.extend(unread.key().cloned());
            }
            Input::Refused(key, look) => {
                keys.detentions.insert(look.detention.clone());
                keys.messages.insert(key.clone());
            }
            Input::Entered(recorded) => keys.detentions.extend(desks::row_of(&recorded.entry)),
        }
    }
    keys
}

/// The step. One report per input, in order.
pub fn step(law: Law<'_>, snapshot: Snapshot, inputs: &[Input], receipts: Receipts, room: &AtOnce) -> (Vec<Action>, Vec<Report>) {
    let mut world = World::new(law, snapshot);
    let mut reports = Vec::with_capacity(inputs.len());
    for input in inputs {
        let before = world.decisions();
        let (key, outcome) = match input {
            Input::Offer(Ok(message)) => intake::offer(&mut world, message),
            Input::Offer(Err(rejected)) => intake::reject(&mut world, rejected),
            Input::Consent(detention, consent) => {
                effects::consent(&mut world, detention, consent);
                (None, Reported::Done)
            }
            Input::Reconsider(key, detention) => {
                effects::reconsider(&mut world, key, detention);
                (Some(key.clone()), Reported::Done)
            }
            Input::Skip(id, detention) => {
                effects::skip(&mut world, *id, detention);
                (None, Reported::Done)
            }
            Input::Timer(timer) => {
                effects::timer(&mut world, timer);
                (None, Reported::Done)
            }
            Input::Passing(passing) => {
                passing::tell(&mut world, passing);
                (None, Reported::Done)
            }
            Input::Unread(unread) => {
                unread::fired(&mut world, unread);
                (None, Reported::Done)
            }
            Input::Refused(key, look) => {
                desks::refused(&mut world, key, look);
                (None, Reported::Done)
            }
            Input::Entered(recorded) => {
                desks::entered(&mut world, recorded);
                (None, Reported::Done)
            }
        };
        let remark = remarks::of(&world, input, &outcome);
        reports.push(Report { key, outcome, decisions: world.decisions_since(before), remark });
    }
    let timers: Vec<&Timer> = inputs.iter().filter_map(|input| if let Input::Timer(timer) = input { Some(timer) } else { None }).collect();
    digests::say(&mut world, &timers);
    for detention in &keys(inputs).detentions {
        // of what is not plausible no term runs
        if world.known_case(detention).is_none_or(|case| case.follow_up.doubt_of_case().is_none()) {
            deadlines::look(&mut world, detention);
        }
    }
    if receipts == Receipts::Send {
        for receipt in receipts::of(world.now(), inputs, &reports) {
            world.act(Action::AddReceipt(receipt));
        }
    }
    voids::tell(&mut world);
    unread::watch(&mut world);
    world.unstamp_outdated();
    at_once::claim_added(law, &mut world, room);
    (world.into_actions(), reports)
}

/// The trace that a rejected message leaves.
fn rejection(rejected: &Rejected, now: Timestamp) -> RejectionRecord {
    let Rejected { sender, source, id, event: _, size, digest, why } = rejected;
    RejectionRecord {
        source: source.clone(),
        id: id.clone(),
        sender: sender.clone(),
        size: *size,
        digest: digest.clone(),
        code: why.code,
        pointer: why.pointer.clone(),
        detail: why.detail.clone(),
        at: now,
    }
}

/// Rejects a message that passed the door, with what may be kept of it.
fn reject_late(world: &mut World<'_>, message: &Inspected, code: RejectionCode, pointer: &str, detail: &str) -> Reported {
    let why = Rejection::new(code, pointer, detail);
    let rejected = Rejected::late(message, why.clone());
    let record = rejection(&rejected, world.now());
    world.act(Action::AddRejection(record));
    Reported::Rejected(why)
}

/// The message as it will be kept, before anything is decided.
fn stored(message: &Inspected, now: Timestamp) -> StoredMessage {
    let Inspected { envelope, sender, digest, size, signals, leaves, person: _ } = message;
    StoredMessage {
        key: MessageKey { source: envelope.source.clone(), id: envelope.id.clone() },
        event: envelope.event.clone(),
        sender: sender.clone(),
        detention: envelope.subject.clone(),
        sequence: envelope.sequence,
        time: envelope.time,
        received: now,
        digest: digest.clone(),
        size: *size,
        trace: envelope.trace.clone(),
        sender_relations: Vec::new(),
        signals: signals.clone(),
        leaves: leaves.clone(),
        stale: Vec::new(),
        earlier: Vec::new(),
        partner: facts::named_partner(&envelope.data),
        corrects: facts::corrected(&envelope.data),
        outcome: Outcome::Accepted,
        payload: Some(Arc::clone(&envelope.data)),
    }
}
