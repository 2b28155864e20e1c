//! What `decide` answers: a permit with its reasons or a refusal with its code.

use jiff::Timestamp;
use schakelpunt_domain::{BasisId, Refusal, RuleId, pointer::Leaf};

/// The leaves that one basis gives.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Granted {
    /// The basis.
    pub basis: BasisId,
    /// Its leaves that the payload had.
    pub leaves: Vec<Leaf>,
    /// Whether the basis is a consent: then it waits for an empty inbox (design 4).
    pub by_consent: bool,
}

/// What a recipient may know, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Permit {
    /// In the order of the grants. Each leaf stands once, at the first basis that gives it.
    pub granted: Vec<Granted>,
    /// Objects that are delivered even when nothing is left in them: that all is in order is useful (decision 15).
    pub containers: Vec<String>,
    /// What for.
    pub purpose: String,
    /// Whether the giver has to tell: without a channel it waits with an alarm.
    pub must: bool,
}

impl Permit {
    /// All leaves.
    pub fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.granted.iter().flat_map(|granted| &granted.leaves)
    }

    /// Whether any leaf rests on consent.
    pub fn by_consent(&self) -> bool {
        self.granted.iter().any(|granted| granted.by_consent)
    }
}

/// Permit or refusal.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It may go.
    Permit(Permit),
    /// It may not.
    Refuse(Refusal),
}

/// The answer for one candidate.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Decision {
    /// Permit or refusal.
    pub answer: Answer,
    /// The rule that spoke, if any did.
    pub rule: Option<RuleId>,
    /// Leaves that were present and do not go.
    pub withheld: Vec<Leaf>,
    /// The earliest instant at which something that this rests on ends, or something else begins.
    pub valid_until: Option<Timestamp>,
}

impl Decision {
    /// The permit, if it is one.
    pub fn permit(&self) -> Option<&Permit> {
        match &self.answer {
            Answer::Permit(permit) => Some(permit),
            Answer::Refuse(_) => None,
        }
    }

    /// The code, if it is a refusal.
    pub fn refusal(&self) -> Option<Refusal> {
        match &self.answer {
            Answer::Permit(_) => None,
            Answer::Refuse(code) => Some(*code),
        }
    }
}
