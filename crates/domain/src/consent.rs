//! Consent: of one person, for one unit, for named categories, until a day (decision 9; GDPR art. 4(11), 7).

use std::str::FromStr;

use jiff::Timestamp;

use crate::{
    calendar::LegalDay,
    catalogue::Class,
    ids::{DetentionRef, MessageKey, ParticipantId},
};

/// One of the essential conditions for taking part in society (Pbw art. 18a(2)(d)) and the network of the agreement of 2019.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the codes are the field's own words")]
pub enum Condition {
    Id,
    Housing,
    Income,
    Debt,
    Care,
    Network,
}

impl Condition {
    /// The code as in payloads.
    pub fn code(self) -> &'static str {
        match self {
            Self::Id => "ID",
            Self::Housing => "HOUSING",
            Self::Income => "INCOME",
            Self::Debt => "DEBT",
            Self::Care => "CARE",
            Self::Network => "NETWORK",
        }
    }
}

impl FromStr for Condition {
    type Err = UnknownCategory;
    fn from_str(text: &str) -> Result<Self, UnknownCategory> {
        [Self::Id, Self::Housing, Self::Income, Self::Debt, Self::Care, Self::Network]
            .into_iter()
            .find(|condition| condition.code() == text)
            .ok_or(UnknownCategory)
    }
}

/// What a consent covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// One condition and what hangs on it.
    Condition(Condition),
    /// A class of fields.
    Class(Class),
}

/// A category that is neither a condition nor a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a category is `condition:<code>`, `class:<code>` or the bare code of a condition")]
pub struct UnknownCategory;

impl FromStr for Category {
    type Err = UnknownCategory;
    fn from_str(text: &str) -> Result<Self, UnknownCategory> {
        match text.split_once(':') {
            Some(("condition", code)) => code.parse().map(Self::Condition),
            Some(("class", code)) => {
                serde_json::from_value(serde_json::Value::String(code.to_owned())).map(Self::Class).map_err(|_| UnknownCategory)
            }
            Some(_) => Err(UnknownCategory),
            None => text.parse().map(Self::Condition),
        }
    }
}

impl std::fmt::Display for Category {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Condition(condition) => write!(f, "condition:{}", condition.code()),
            Self::Class(class) => write!(f, "class:{}", format!("{class:?}").to_uppercase()),
        }
    }
}

impl serde::Serialize for Category {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Category {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A consent as recorded, or the tombstone of one that was withdrawn before it was known.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Consent {
    /// The recorder's id.
    pub id: String,
    /// The one unit that it names.
    pub recipient: ParticipantId,
    /// What it covers; empty in a tombstone.
    pub categories: Vec<Category>,
    /// What for; empty in a tombstone.
    pub purpose: String,
    /// From when it counts.
    pub given_at: Option<Timestamp>,
    /// Last day, included.
    pub until: Option<LegalDay>,
    /// When it was taken back. Once set, nothing revives it.
    pub withdrawn_at: Option<Timestamp>,
    /// When the hub recorded it.
    pub recorded: Timestamp,
    /// When the hub recorded the withdrawal.
    pub withdrawal_recorded: Option<Timestamp>,
    /// The message that stated it: when that is withdrawn, the consent goes with it.
    #[serde(default)]
    pub message: Option<MessageKey>,
}

/// A consent as somebody writes it down: in a register file, or over HTTP.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConsentEntry {
    id: String,
    detention: DetentionRef,
    recipient: ParticipantId,
    categories: Vec<Category>,
    purpose: String,
    #[serde(alias = "givenAt")]
    given_at: Option<Timestamp>,
    until: Option<LegalDay>,
    #[serde(alias = "withdrawnAt")]
    withdrawn_at: Option<Timestamp>,
    recorded: Option<Timestamp>,
    #[serde(default, rename = "channel")]
    _channel: Option<String>,
}

impl ConsentEntry {
    /// The one unit that it names.
    pub fn recipient(&self) -> &ParticipantId {
        &self.recipient
    }

    /// The consent, and the detention for which it was given.
    pub fn consent(&self, now: Timestamp) -> (DetentionRef, Consent) {
        let recorded = self.recorded.unwrap_or(now);
        let consent = Consent {
            id: self.id.clone(),
            recipient: self.recipient.clone(),
            categories: self.categories.clone(),
            purpose: self.purpose.clone(),
            given_at: Some(self.given_at.unwrap_or(recorded)),
            until: self.until,
            withdrawn_at: self.withdrawn_at,
            recorded,
            withdrawal_recorded: self.withdrawn_at.map(|_| recorded),
            message: None,
        };
        (self.detention.clone(), consent)
    }
}

/// How a consent stands at an instant. The order is the order of refusals: further is nearer to a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConsentState {
    /// There is none.
    Missing,
    /// Its last day has passed.
    Expired,
    /// It was taken back.
    Withdrawn,
    /// It carries.
    Valid,
}

impl Consent {
    /// How it stands at `now`, as far as was known at `known`.
    pub fn state(&self, now: Timestamp, known: Timestamp) -> ConsentState {
        let withdrawn = self.withdrawal_recorded.is_some_and(|recorded| recorded <= known);
        if withdrawn && self.withdrawn_at.is_some_and(|at| at <= now) {
            return ConsentState::Withdrawn;
        }
        match self.given_at {
            Some(at) if at <= now && self.recorded <= known => {
                if self.until.is_some_and(|day| now >= day.ends()) {
                    ConsentState::Expired
                } else {
                    ConsentState::Valid
                }
            }
            _ => ConsentState::Missing,
        }
    }
}
/// Every category that a consent can name: a consent to everything.
pub const CATEGORIES: [&str; 12] = [
    "condition:ID",
    "condition:HOUSING",
    "condition:INCOME",
    "condition:DEBT",
    "condition:CARE",
    "condition:NETWORK",
    "class:ID",
    "class:SOC",
    "class:FIN",
    "class:HEALTH",
    "class:JUST",
    "class:THIRD",
];
