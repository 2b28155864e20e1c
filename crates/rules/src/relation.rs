//! Relations to a case. Rules speak of these, never of names.

use std::{fmt, str::FromStr};

/// What a participant is to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// The prison that holds the person.
    HoldingPrison,
    /// The prison that an announced transfer leads to.
    ReceivingPrison,
    /// A prison that held the person before.
    FormerPrison,
    /// The college of the municipality before detention (Pm art. 1(c)), or the one that triage determined.
    ResponsibleMunicipality,
    /// The college of the municipality where the person wants to settle (Pm art. 1(c)).
    SettlementMunicipality,
    /// The probation unit assigned, else the one that takes in new cases (decision 2).
    ResponsibleProbationUnit,
    /// A unit outside the triad that the message or a consent names.
    CarePartner,
    /// A unit outside the triad that has had something of this case.
    InformedPartner,
    /// Who had the message that a correction is about.
    EarlierRecipient,
    /// The desk that finds the responsible municipality.
    Triage,
    /// The hub itself.
    Hub,
}

/// Every relation with its word in rule files.
const WORDS: [(Relation, &str); 11] = [
    (Relation::HoldingPrison, "holding-prison"),
    (Relation::ReceivingPrison, "receiving-prison"),
    (Relation::FormerPrison, "former-prison"),
    (Relation::ResponsibleMunicipality, "responsible-municipality"),
    (Relation::SettlementMunicipality, "settlement-municipality"),
    (Relation::ResponsibleProbationUnit, "responsible-probation-unit"),
    (Relation::CarePartner, "care-partner"),
    (Relation::InformedPartner, "informed-partner"),
    (Relation::EarlierRecipient, "earlier-recipient"),
    (Relation::Triage, "triage"),
    (Relation::Hub, "hub"),
];

/// A word that is no relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such relation")]
pub struct UnknownRelation;

impl Relation {
    /// The word in rule files.
    pub fn word(self) -> &'static str {
        WORDS.iter().find(|(relation, _)| *relation == self).map_or("", |(_, word)| word)
    }

    /// All words, for hints.
    pub fn words() -> impl Iterator<Item = &'static str> {
        WORDS.iter().map(|(_, word)| *word)
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Relation {
    type Err = UnknownRelation;
    fn from_str(text: &str) -> Result<Self, UnknownRelation> {
        WORDS.iter().find(|(_, word)| *word == text).map(|(relation, _)| *relation).ok_or(UnknownRelation)
    }
}
