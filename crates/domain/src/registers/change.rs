//! Entries that change what earlier entries say. Registers are only added to: what ended, was lifted or passed to another stands as an
//! entry of its own, with the day from which it counts and the instant at which it was recorded.

use crate::{
    calendar::LegalDay,
    ids::{DetentionRef, MunicipalityCode, ParticipantId},
};

use super::entry::Scope;

/// Which entries end, by their key. A part of the key that is left out means all.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Ended {
    /// A unit takes part no more.
    Participant {
        /// Which.
        id: ParticipantId,
    },
    /// What a municipality and a prison agreed.
    Agreement {
        /// The municipality.
        municipality: ParticipantId,
        /// The prison.
        prison: ParticipantId,
    },
    /// One acts for another no more.
    Mandate {
        /// Who stays responsible.
        mandator: ParticipantId,
        /// Who acted.
        mandatary: ParticipantId,
        /// For what.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<Scope>,
    },
    /// A worker acts for a unit no more.
    Capacity {
        /// The worker's pseudonym.
        worker: String,
        /// For whom the worker acted.
        acting_for: ParticipantId,
        /// As what.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<String>,
    },
    /// What a participant wanted: without any entry it is subscribed to everything again.
    Subscription {
        /// Whose.
        participant: ParticipantId,
    },
    /// A conflict is no conflict any more.
    Conflict {
        /// The worker's pseudonym.
        worker: String,
        /// The case.
        detention: DetentionRef,
    },
}

/// Entries recorded before this one end on a day.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Ending {
    /// Which.
    pub what: Ended,
    /// First day that no longer counts.
    pub from: LegalDay,
}

/// One unit takes the place of another: duties, agreements, subscriptions, consents and waiting deliveries pass to it (decision 22).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Succession {
    /// Who goes.
    pub predecessor: ParticipantId,
    /// Who comes.
    pub successor: ParticipantId,
    /// First day.
    pub from: LegalDay,
}

/// What the owner of data says to a subscription that was requested.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Approval {
    /// Who asked.
    pub participant: ParticipantId,
    /// Which of the events that were asked for; `*` for all.
    pub events: Vec<String>,
    /// Who owns the data: the `owner` of the rules by which they go.
    pub owner: String,
    /// Yes, or no.
    #[serde(default = "yes")]
    pub granted: bool,
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<LegalDay>,
}

fn yes() -> bool {
    true
}

/// A worker and a case that do not go together: a former client of the worker's own (domain 6.0).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Conflict {
    /// The worker's pseudonym.
    pub worker: String,
    /// The case.
    pub detention: DetentionRef,
    /// In which capacity the worker may not see it; in none without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting_for: Option<ParticipantId>,
    /// First day; at once without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<LegalDay>,
}

/// A part of a split municipality and the municipality to which it went, by the four digits of the postal code.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Part {
    /// Four digits.
    pub postal_code: String,
    /// To where it went.
    pub code: MunicipalityCode,
}

/// A municipality ends on a day, whole or in parts; beside those of the reference table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Reorganisation {
    /// What ends.
    pub code: MunicipalityCode,
    /// The first day after it.
    pub from: LegalDay,
    /// What comes after it; several for a split.
    pub into: Vec<MunicipalityCode>,
    /// Which part of a split went where, as far as a postal code tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}
