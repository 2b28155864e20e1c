//! Register files: participants, agreements, mandates, capacities, subscriptions, consents, and what changes them.

use std::collections::BTreeMap;

use anyhow::Context as _;
use jiff::Timestamp;
use schakelpunt_domain::{
    DetentionRef,
    consent::{Consent, ConsentEntry},
    registers::{
        Agreement, Approval, Capacity, Conflict, Ending, Entry, Lift, Mandate, Participant, Recorded, Reorganisation, Subscription,
        Succession,
    },
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
    approval: Vec<Dated>,
    #[serde(default)]
    conflict: Vec<Dated>,
    #[serde(default)]
    succession: Vec<Dated>,
    #[serde(default)]
    reorganisation: Vec<Dated>,
    #[serde(default)]
    ending: Vec<Dated>,
    #[serde(default)]
    lift: Vec<Dated>,
    #[serde(default)]
    consent: Vec<ConsentEntry>,
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
            .or_else(|| place("approval", &self.approval, Dated::reads::<Approval>))
            .or_else(|| place("conflict", &self.conflict, Dated::reads::<Conflict>))
            .or_else(|| place("succession", &self.succession, Dated::reads::<Succession>))
            .or_else(|| place("reorganisation", &self.reorganisation, Dated::reads::<Reorganisation>))
            .or_else(|| place("ending", &self.ending, Dated::reads::<Ending>))
            .or_else(|| place("lift", &self.lift, Dated::reads::<Lift>))
    }

    /// The entries, recorded at `now` unless they say otherwise. What changes others stands behind them.
    pub fn entries(&self, now: Timestamp) -> anyhow::Result<Vec<Recorded<Entry>>> {
        let mut entries = Vec::new();
        let mut add = |made: anyhow::Result<Vec<Recorded<Entry>>>| made.map(|made| entries.extend(made));
        add(read("participant", &self.participant, now, Entry::Participant))?;
        add(read("agreement", &self.agreement, now, Entry::Agreement))?;
        add(read("mandate", &self.mandate, now, Entry::Mandate))?;
        add(read("capacity", &self.capacity, now, Entry::Capacity))?;
        add(read("subscription", &self.subscription, now, Entry::Subscription))?;
        add(read("approval", &self.approval, now, Entry::Approval))?;
        add(read("conflict", &self.conflict, now, Entry::Conflict))?;
        add(read("succession", &self.succession, now, Entry::Succession))?;
        add(read("reorganisation", &self.reorganisation, now, Entry::Reorganisation))?;
        add(read("ending", &self.ending, now, Entry::Ending))?;
        add(read("lift", &self.lift, now, Entry::Lift))?;
        Ok(entries)
    }

    /// The consents.
    pub fn consents(&self, now: Timestamp) -> Vec<(DetentionRef, Consent)> {
        self.consent.iter().map(|entry| entry.consent(now)).collect()
    }
}

fn read<T: serde::de::DeserializeOwned>(
    what: &str,
    dated: &[Dated],
    now: Timestamp,
    entry: impl Fn(T) -> Entry,
) -> anyhow::Result<Vec<Recorded<Entry>>> {
    let one = |dated: &Dated| dated.read::<T>(what, now).map(|Recorded { entry: one, recorded }| Recorded { entry: entry(one), recorded });
    dated.iter().map(one).collect()
}
