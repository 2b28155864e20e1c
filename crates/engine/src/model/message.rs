//! A message as the hub keeps it.

use std::sync::Arc;

use jiff::Timestamp;
use schakelpunt_domain::{DetentionRef, EventName, ParticipantId, ids::MessageKey, pointer::Leaf};
use schakelpunt_rules::{Relation, Signals};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Lawful to somebody.
    Accepted,
    /// Lawful to nobody; its payload is not kept.
    Refused,
    /// Waits for its detention to be known (decision 19).
    Parked,
    /// Ended after waiting; the sender was told.
    Lapsed,
}

/// A message as the hub keeps it. Never a rejected one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredMessage {
    /// Source and id.
    pub key: MessageKey,
    /// The event.
    pub event: EventName,
    /// Who sent it.
    pub sender: ParticipantId,
    /// The detention.
    pub detention: Option<DetentionRef>,
    /// The producer's sequence.
    pub sequence: Option<u64>,
    /// When the producer registered it.
    pub time: Timestamp,
    /// When the hub took it in.
    pub received: Timestamp,
    /// Keyed digest of the whole event: the same bytes again are recognised by it.
    pub digest: String,
    /// Bytes of the event.
    pub size: u64,
    /// Trace and correlation attributes.
    pub trace: Map<String, Value>,
    /// What the sender was to the case.
    pub sender_relations: Vec<Relation>,
    /// Signals of the payload.
    pub signals: Signals,
    /// Leaves that were present.
    pub leaves: Vec<Leaf>,
    /// Slots of the payload that are older than what the case knows.
    pub stale: Vec<String>,
    /// What decisions rested on before it was corrected or offered again, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Earlier>,
    /// The care partner that the payload names.
    #[serde(default)]
    pub partner: Option<ParticipantId>,
    /// The message that a correction or withdrawal is about.
    #[serde(default)]
    pub corrects: Option<MessageKey>,
    /// What became of it.
    pub outcome: Outcome,
    /// The payload, until no delivery needs it.
    pub payload: Option<Arc<Value>>,
}

/// What decisions on a message rested on until an instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Earlier {
    /// Until when; from then on the next one counts.
    pub until: Timestamp,
    /// What the sender was to the case.
    pub sender_relations: Vec<Relation>,
    /// Signals of the payload.
    pub signals: Signals,
    /// Leaves that were present.
    pub leaves: Vec<Leaf>,
}

impl StoredMessage {
    /// The message as it was known at an instant after it was taken in.
    #[must_use]
    pub fn as_known(&self, known: Timestamp) -> Self {
        let mut then = self.clone();
        if let Some(earlier) = self.earlier.iter().find(|earlier| earlier.until > known) {
            then.sender_relations.clone_from(&earlier.sender_relations);
            then.signals.clone_from(&earlier.signals);
            then.leaves.clone_from(&earlier.leaves);
        }
        then
    }

    /// This message in the place of `old`, with what decisions rested on until `now` if that was something else.
    #[must_use]
    pub fn instead_of(mut self, old: &Self, now: Timestamp) -> Self {
        self.earlier.clone_from(&old.earlier);
        if !self.says_the_same(old) {
            self.earlier.push(old.said(now));
        }
        self
    }

    /// Whether decisions on both rest on the same.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self.sender_relations == other.sender_relations && self.signals == other.signals && self.leaves == other.leaves
    }

    /// What decisions on it rest on, until an instant.
    pub(crate) fn said(&self, until: Timestamp) -> Earlier {
        let (sender_relations, signals, leaves) = (self.sender_relations.clone(), self.signals.clone(), self.leaves.clone());
        Earlier { until, sender_relations, signals, leaves }
    }
}
