//! Register files: participants, agreements, mandates, capacities, subscriptions, consents.

use std::collections::BTreeMap;

use anyhow::Context as _;
use jiff::Timestamp;
use schakelpunt_domain::{
    DetentionRef, LegalDay, ParticipantId,
    consent::{Category, Consent},
    registers::{Agreement, Capacity, Entry, Mandate, Participant, Recorded, Subscription},
};
use serde::Deserialize;

use crate::place;

/// An entry that may say when it was recorded.
#[derive(Debug, Clone, Deserialize)]
struct Dated {
    recorded: Option<Timestamp>,
    #[serde(flatten)]
    rest: toml::Table,
}

impl Dated {
    fn reads<T: serde::de::DeserializeOwned>(&self) -> bool {
        T::deserialize(toml::Value::Table(self.rest.clone())).is_ok()
    }

    fn read<T: serde::de::DeserializeOwned>(&self, what: &str, default: Timestamp) -> anyhow::Result<Recorded<T>> {
        let entry = T::deserialize(toml::Value::Table(self.rest.clone())).with_context(|| format!("[[{what}]]"))?;
        Ok(Recorded { entry, recorded: self.recorded.unwrap_or(default) })
    }
}

/// The tables of a register file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tables {
    #[serde(default)]
    participant: Vec<Dated>,
    #[serde(default)]
    agreement: Vec<Dated>,
    #[serde(default)]
    mandate: Vec<Dated>,
    #[serde(default)]
    capacity: Vec<Dated>,
    #[serde(default)]
    subscription: Vec<Dated>,
    #[serde(default)]
    consent: Vec<ConsentEntry>,
}

/// A consent as somebody writes it down.
#[derive(Debug, Clone, Deserialize)]
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

impl Tables {
    /// Reads a register file; a mistake is shown with its place.
    pub fn parse(name: &str, text: &str) -> anyhow::Result<Self> {
        place::fits(name, text)?;
        let tables: Self = toml::from_str(text).map_err(|error| place::of_toml(name, text, &error))?;
        // an entry is read again without what says when it was recorded, and has no places then: it gets the one of its table
        if let Err(error) = tables.entries(Timestamp::UNIX_EPOCH) {
            let span = tables.first_mistake(text).unwrap_or_default();
            return Err(place::at(name, text, span, &format!("{error:#}")));
        }
        Ok(tables)
    }

    /// The place of the first entry that cannot be read.
    fn first_mistake(&self, text: &str) -> Option<std::ops::Range<usize>> {
        let mut places: BTreeMap<String, Vec<toml::Spanned<toml::Table>>> = toml::from_str(text).ok()?;
        let mut place = |what: &str, entries: &[Dated], reads: fn(&Dated) -> bool| {
            let wrong = entries.iter().position(|entry| !reads(entry))?;
            places.remove(what)?.get(wrong).map(toml::Spanned::span)
        };
        place("participant", &self.participant, Dated::reads::<Participant>)
            .or_else(|| place("agreement", &self.agreement, Dated::reads::<Agreement>))
            .or_else(|| place("mandate", &self.mandate, Dated::reads::<Mandate>))
            .or_else(|| place("capacity", &self.capacity, Dated::reads::<Capacity>))
            .or_else(|| place("subscription", &self.subscription, Dated::reads::<Subscription>))
    }

    /// The entries, recorded at `now` unless they say otherwise.
    pub fn entries(&self, now: Timestamp) -> anyhow::Result<Vec<Recorded<Entry>>> {
        let mut entries = Vec::new();
        for dated in &self.participant {
            entries.push(map(dated.read::<Participant>("participant", now)?, Entry::Participant));
        }
        for dated in &self.agreement {
            entries.push(map(dated.read::<Agreement>("agreement", now)?, Entry::Agreement));
        }
        for dated in &self.mandate {
            entries.push(map(dated.read::<Mandate>("mandate", now)?, Entry::Mandate));
        }
        for dated in &self.capacity {
            entries.push(map(dated.read::<Capacity>("capacity", now)?, Entry::Capacity));
        }
        for dated in &self.subscription {
            entries.push(map(dated.read::<Subscription>("subscription", now)?, Entry::Subscription));
        }
        Ok(entries)
    }

    /// The consents.
    pub fn consents(&self, now: Timestamp) -> Vec<(DetentionRef, Consent)> {
        self.consent.iter().map(|entry| entry.consent(now)).collect()
    }
}

fn map<T>(recorded: Recorded<T>, entry: impl Fn(T) -> Entry) -> Recorded<Entry> {
    Recorded { entry: entry(recorded.entry), recorded: recorded.recorded }
}
