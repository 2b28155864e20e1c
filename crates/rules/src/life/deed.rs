//! What was done for the rules.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schakelpunt_domain::ParticipantId;
use serde::{Deserialize, Serialize};

use super::{DraftId, Role};

/// What a draft is meant to disclose: a field that a recipient of this relation has from then on, on this basis.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedChange {
    /// What the recipient is to the case, its word.
    pub relation: String,
    /// A leaf.
    pub field: String,
    /// Its basis.
    pub basis: String,
}

/// What was done. `law` is the version of the kept files (SHA-256).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "deed")]
pub enum What {
    /// A draft was begun.
    Drafted {
        /// What it is about.
        title: String,
        /// Its text.
        law: String,
    },
    /// The files with which the hub was started when its store was empty: in force from then on.
    Seeded {
        /// Their text.
        law: String,
    },
    /// It has another text.
    Edited {
        /// Its text.
        law: String,
    },
    /// This text has no mistakes, and every invariant holds.
    Checked {
        /// Its text.
        law: String,
        /// How many cells were decided.
        cells: usize,
    },
    /// It is to be approved: by a legal reviewer, and by each owner of data of whom it tells more, less or otherwise.
    Submitted {
        /// Its text.
        law: String,
        /// What it comes behind: the last text that was in force or scheduled. Owners are found, and everybody approves, against that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base: Option<String>,
        /// Those owners.
        owners: BTreeSet<String>,
        /// What it is meant to disclose: anything more keeps it from being scheduled.
        #[serde(default)]
        expected: Vec<ExpectedChange>,
        /// What may stay unknown: the codes of recorded decisions that cannot be asked again. Any other keeps it from being scheduled.
        #[serde(default)]
        accepted: BTreeSet<String>,
    },
    /// Somebody approves it.
    Approved {
        /// Its text.
        law: String,
        /// Which submission of it was read, counted from 1.
        #[serde(default)]
        submission: u32,
        /// As what.
        role: Role,
    },
    /// Somebody does not.
    Rejected {
        /// Its text.
        law: String,
    },
    /// It will be in force from then on.
    Scheduled {
        /// Its text.
        law: String,
        /// Which submission of it was approved.
        #[serde(default)]
        submission: u32,
        /// The instant.
        from: Timestamp,
    },
    /// It does not become in force after all.
    Withdrawn,
    /// No rules are in force: nothing leaves, and nothing is decided.
    Stopped,
}

impl What {
    /// Its word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Drafted { .. } => "drafted",
            Self::Seeded { .. } => "seeded",
            Self::Edited { .. } => "edited",
            Self::Checked { .. } => "checked",
            Self::Submitted { .. } => "submitted",
            Self::Approved { .. } => "approved",
            Self::Rejected { .. } => "rejected",
            Self::Scheduled { .. } => "scheduled",
            Self::Withdrawn => "withdrawn",
            Self::Stopped => "stopped",
        }
    }

    /// The text that it speaks of.
    pub fn law(&self) -> Option<&str> {
        match self {
            Self::Drafted { law, .. }
            | Self::Seeded { law }
            | Self::Edited { law }
            | Self::Checked { law, .. }
            | Self::Submitted { law, .. }
            | Self::Approved { law, .. }
            | Self::Rejected { law }
            | Self::Scheduled { law, .. } => Some(law),
            Self::Withdrawn | Self::Stopped => None,
        }
    }

    /// Whether somebody wrote this text with it, in whichever draft.
    pub fn writes(&self, text: &str) -> bool {
        matches!(self, Self::Drafted { law, .. } | Self::Edited { law } if law == text)
    }

    /// Whether it changes which rules are in force when: every process has to know it before it decides again.
    pub fn moves(&self) -> bool {
        matches!(self, Self::Scheduled { .. } | Self::Withdrawn | Self::Stopped)
    }
}

/// One deed on the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// Of which draft; `None`: of all rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<DraftId>,
    /// When, by the store's clock.
    pub at: Timestamp,
    /// Who: a role or a pseudonym, as in the registers.
    pub by: ParticipantId,
    /// Why, in a sentence.
    pub why: String,
    /// What.
    #[serde(flatten)]
    pub what: What,
}
