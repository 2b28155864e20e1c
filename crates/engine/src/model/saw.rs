//! What a decision rested on beside message, case and registers as known at its instant: enough to ask it again and get the same bytes.

use std::collections::BTreeMap;

use schakelpunt_domain::{
    case::{Case, Extent},
    ids::MessageKey,
    pointer::Leaf,
};
use serde::{Deserialize, Serialize};

use super::{DecisionRecord, Earlier, StoredMessage};

/// All that was decided about one detention.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// Its case.
    pub case: Option<Case>,
    /// The messages that were decided about, without their payloads.
    pub messages: BTreeMap<MessageKey, StoredMessage>,
    /// Every decision, in the order of recording.
    pub decisions: Vec<DecisionRecord>,
}

/// What a decision saw. Counts, because a batch and a slow clock record several things at one instant.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saw {
    /// How many register entries there were.
    pub entries: usize,
    /// How many facts the case had.
    #[serde(skip_serializing_if = "is_none")]
    pub facts: usize,
    /// How often consents of the case had been recorded or taken back.
    #[serde(skip_serializing_if = "is_none")]
    pub consents: usize,
    /// How often the message had been corrected, or offered again as something else.
    #[serde(skip_serializing_if = "is_none")]
    pub revisions: usize,
    /// What it said, where that was not yet what is kept under its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offered: Option<Earlier>,
    /// Leaves of which the recipient had newer values: they were not asked about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub newer: Vec<Leaf>,
    /// What the recipient had of the message that this one corrects or withdraws.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub had: Option<Vec<Leaf>>,
    /// What was frozen and may have arrived: a permit for less is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<Vec<Leaf>>,
    /// Whether the message was withdrawn.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

impl Saw {
    /// How much of the case there was.
    pub fn extent(&self) -> Extent {
        Extent { facts: self.facts, consents: self.consents }
    }
}
