//! A recorded decision asked again under a rule set: from recorded facts, signals and leaves, without the payload.
//!
//! With the rules that made it the answer is the same to the byte. What cannot be asked faithfully from what is recorded is
//! [`Undecidable`], never a refusal: that a signal was not looked for does not say that it was not there.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use schakelpunt_domain::{
    Refusal,
    case::Case,
    pointer::Leaf,
    registers::{At, Entry, Recorded, Registers},
};
use schakelpunt_rules::{Answer, Candidate, Decision, Relation, unrecorded};

use crate::{
    Settings, asking,
    model::{DecisionRecord, Earlier, Saw, StoredMessage},
    step::Law,
};

mod checked;

pub use checked::{Checked, NAMED};

/// Why a decision cannot be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Undecidable {
    /// The case is not kept.
    NoCase,
    /// The message is not kept.
    NoMessage,
    /// The registers do not know the recipient at that instant.
    NotRegistered,
    /// The catalogue of these rules does not know the event.
    UnknownEvent,
    /// A rule hangs on a signal that was not looked for when the message was taken in.
    SignalNotRecorded,
    /// Consents were recorded at the very instant of the decision, before and after it.
    SameInstant,
    /// What the recipient had of the corrected message was not recorded yet.
    HadNotRecorded,
    /// Of which leaves the recipient had newer values was not recorded yet.
    NewerNotRecorded,
    /// The rules that made it are not kept.
    RulesNotKept,
    /// The rules that made it are none for this program.
    RulesUnreadable,
}

impl Undecidable {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::NoCase,
        Self::NoMessage,
        Self::NotRegistered,
        Self::UnknownEvent,
        Self::SignalNotRecorded,
        Self::SameInstant,
        Self::HadNotRecorded,
        Self::NewerNotRecorded,
        Self::RulesNotKept,
        Self::RulesUnreadable,
    ];

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoCase => "NO_CASE",
            Self::NoMessage => "NO_MESSAGE",
            Self::NotRegistered => "NOT_REGISTERED",
            Self::UnknownEvent => "UNKNOWN_EVENT",
            Self::SignalNotRecorded => "SIGNAL_NOT_RECORDED",
            Self::SameInstant => "SAME_INSTANT",
            Self::HadNotRecorded => "HAD_NOT_RECORDED",
            Self::NewerNotRecorded => "NEWER_NOT_RECORDED",
            Self::RulesNotKept => "RULES_NOT_KEPT",
            Self::RulesUnreadable => "RULES_UNREADABLE",
        }
    }
}

/// The registers of every instant, for questions about decisions that have passed.
#[derive(Debug)]
pub struct Book {
    entries: Vec<Recorded<Entry>>,
    /// When they were recorded, sorted.
    recorded: Vec<Timestamp>,
    all: Arc<Registers>,
    /// The first so many entries, where instants do not tell them from what was entered in the same one.
    parts: Mutex<BTreeMap<usize, Arc<Registers>>>,
}

/// So many parts are kept; then they are made anew.
pub const PARTS: usize = 64;

impl Book {
    /// Of all entries, in the order of recording.
    pub fn new(epoch: u64, entries: Vec<Recorded<Entry>>) -> Self {
        let mut recorded: Vec<Timestamp> = entries.iter().map(|entry| entry.recorded).collect();
        recorded.sort_unstable();
        let all = Arc::new(Registers::new(epoch, entries.iter().cloned()));
        Self { entries, recorded, all, parts: Mutex::default() }
    }

    /// The registers for a decision that saw so many entries.
    fn at(&self, now: Timestamp, count: Option<usize>) -> Arc<Registers> {
        let known = self.recorded.partition_point(|recorded| *recorded <= now);
        let Some(count) = count.filter(|count| *count != known) else { return Arc::clone(&self.all) };
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        if parts.len() >= PARTS {
            parts.clear();
        }
        let part = || Arc::new(Registers::new(self.all.epoch, self.entries.iter().take(count).cloned()));
        Arc::clone(parts.entry(count).or_insert_with(part))
    }
}

/// What a decision is asked again with.
#[derive(Debug, Clone, Copy)]
pub struct Made<'a> {
    /// The decision.
    pub record: &'a DecisionRecord,
    /// Its message.
    pub message: &'a StoredMessage,
    /// Its case.
    pub case: &'a Case,
}

/// The decision under the rules of `settings`; everything else as it was.
pub fn decide_again(settings: &Settings, book: &Book, Made { record, message, case }: Made<'_>) -> Result<Decision, Undecidable> {
    let (saw, at) = (record.saw.as_deref(), At::now(record.at));
    let registers = book.at(record.at, saw.map(|saw| saw.entries));
    let law = Law { settings, registers: &registers };
    let message = as_asked(message, saw, at);
    let case = match saw {
        Some(saw) => case.with_extent(record.at, saw.extent()).ok_or(Undecidable::SameInstant)?,
        None => Cow::Borrowed(case),
    };
    let candidate = candidate(record, law, at)?;
    let newer = newer(record, &message)?;
    let withdrawn = saw.map_or_else(|| was_withdrawn(record, &case), |saw| saw.withdrawn);
    let question = asking::question(law, &message, &message.leaves, &case, &candidate, at).ok_or(Undecidable::UnknownEvent)?;
    if unrecorded(&question).is_some() {
        return Err(Undecidable::SignalNotRecorded);
    }
    let decision = asking::again(law, &message, &case, &candidate, at, (&newer, withdrawn)).ok_or(Undecidable::UnknownEvent)?;
    Ok(match saw.and_then(|saw| saw.frozen.as_deref()) {
        Some(frozen) => less_than_frozen(decision, frozen),
        None => decision,
    })
}

/// The message as it was when it was asked about.
fn as_asked<'a>(message: &'a StoredMessage, saw: Option<&Saw>, at: At) -> Cow<'a, StoredMessage> {
    let said = match saw {
        Some(Saw { offered: Some(offered), .. }) => Some(offered),
        Some(saw) => message.earlier.get(saw.revisions),
        None => message.earlier.iter().find(|earlier| earlier.until > at.known),
    };
    let Some(Earlier { sender_relations, signals, leaves, .. }) = said else { return Cow::Borrowed(message) };
    let (sender_relations, signals, leaves) = (sender_relations.clone(), signals.clone(), leaves.clone());
    Cow::Owned(StoredMessage { sender_relations, signals, leaves, ..message.clone() })
}

/// Who was asked about. A gate that was closed for it stays closed: gates know no rules.
fn candidate(record: &DecisionRecord, law: Law<'_>, at: At) -> Result<Candidate, Undecidable> {
    let participant = law.registers.registered(&record.recipient, at).ok_or(Undecidable::NotRegistered)?;
    let had = record.saw.as_ref().and_then(|saw| saw.had.clone());
    if record.saw.is_none() && record.relations.contains(&Relation::EarlierRecipient) {
        return Err(Undecidable::HadNotRecorded);
    }
    let gate = |code: &Refusal| matches!(code, Refusal::NotResponsible | Refusal::MandateMissing);
    Ok(Candidate {
        participant: participant.id.clone(),
        kind: participant.kind,
        closed: record.decision.refusal().filter(gate).filter(|_| record.relations.is_empty()),
        relations: record.relations.clone(),
        on_behalf_of: record.on_behalf_of.clone(),
        tells_health: participant.tells_health,
        had,
    })
}

/// The leaves that were not asked about. Where that is not recorded, it is what the answer does not name.
fn newer<'a>(record: &'a DecisionRecord, message: &StoredMessage) -> Result<Cow<'a, [Leaf]>, Undecidable> {
    if let Some(saw) = &record.saw {
        return Ok(Cow::Borrowed(&saw.newer));
    }
    if message.stale.is_empty() {
        return Ok(Cow::Borrowed(&[]));
    }
    if matches!(record.decision.refusal(), Some(Refusal::NotSubscribed | Refusal::Stopped | Refusal::FieldNotAllowed)) {
        return Err(Undecidable::NewerNotRecorded);
    }
    let given = |leaf: &Leaf| record.decision.permit().is_some_and(|permit| permit.leaves().any(|given| given == leaf));
    let named = |leaf: &Leaf| record.decision.withheld.contains(leaf) || given(leaf);
    Ok(message.leaves.iter().filter(|leaf| !named(leaf)).cloned().collect())
}

/// Where it is not recorded: what was stopped and is withdrawn by now was stopped for that.
fn was_withdrawn(record: &DecisionRecord, case: &Case) -> bool {
    record.decision.refusal() == Some(Refusal::Stopped) && case.withdrawn.contains(&record.message)
}

/// A permit for less than what was frozen was none (see the claim).
fn less_than_frozen(decision: Decision, frozen: &[Leaf]) -> Decision {
    let covers = |leaf: &Leaf| decision.permit().is_none_or(|permit| permit.leaves().any(|given| given == leaf));
    if frozen.iter().all(covers) {
        return decision;
    }
    Decision { answer: Answer::Refuse(Refusal::FieldNotAllowed), ..decision }
}

#[cfg(test)]
mod tests;
