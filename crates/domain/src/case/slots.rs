//! Slots: which message is the newest on each matter, and who has it.

use std::collections::BTreeMap;

use super::Case;
use crate::{
    ids::{ParticipantId, Source},
    pointer::Leaf,
};

/// The newest message of one slot of the payload, and who has it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SlotHead {
    /// The system that counts.
    pub source: Source,
    /// Its number.
    pub sequence: u64,
    /// Who has a value of this system, or will get it: the number of the newest one.
    pub holders: BTreeMap<ParticipantId, u64>,
}

impl SlotHead {
    /// Whether somebody has, or will get, something newer than this message says.
    pub fn has_newer(&self, recipient: &ParticipantId, source: &Source, sequence: u64) -> bool {
        self.holders.get(recipient).is_some_and(|held| self.source != *source || *held > sequence)
    }

    /// Somebody has, or will get, what a message of this number says.
    pub fn give(&mut self, recipient: ParticipantId, sequence: u64) {
        let held = self.holders.entry(recipient).or_default();
        *held = sequence.max(*held);
    }

    /// What was taken back is nobody's newest value any more; `None` if nothing is left.
    #[must_use]
    pub fn without(mut self, source: &Source, sequence: u64) -> Option<Self> {
        if self.source != *source {
            return Some(self);
        }
        self.holders.retain(|_, held| *held != sequence);
        if self.sequence == sequence {
            self.sequence = self.holders.values().copied().max()?;
        }
        Some(self)
    }
}

impl Case {
    /// Whether a newer message of the same system has filled `slot`.
    pub fn is_stale(&self, slot: &str, source: &Source, sequence: u64) -> Option<&SlotHead> {
        if SEVERAL.contains(&slot) {
            return None;
        }
        self.slots.get(slot).filter(|head| head.source == *source && head.sequence > sequence)
    }
}

/// Slots of which a detention can have several at once, each a matter of its own: a late one is news, and never stale.
const SEVERAL: [&str; 8] = ["accessRequest", "action", "breach", "careEnded", "deletion", "objection", "receipt", "status"];

/// The slot of the payload to which a leaf belongs: what one newer message replaces as a whole.
pub fn slot_of(leaf: &Leaf) -> String {
    let mut parts = leaf.as_str().split('/').skip(1);
    let first = parts.next().unwrap_or_default();
    match (first, parts.next()) {
        ("conditions" | "detention", Some(second)) => format!("{first}/{second}"),
        _ => first.to_owned(),
    }
}
