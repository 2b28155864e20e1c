//! The registers: who takes part, what they agreed, who acts for whom. All entries have validity and record time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    calendar::Period,
    ids::{EventName, MunicipalityCode, ParticipantId},
};

mod entry;

pub use entry::{
    Agreement, Capacity, Channel, Entry, Kind, Mandate, Participant, Recorded, Scope, Stop, Subscription, SubscriptionState, Territory,
};

/// All registers as they were known at one epoch. Every change makes a new epoch.
#[derive(Debug, Clone, Default)]
pub struct Registers {
    /// Raised by every change; part of the stamp of a decision.
    pub epoch: u64,
    participants: BTreeMap<ParticipantId, Vec<Recorded<Participant>>>,
    agreements: Vec<Recorded<Agreement>>,
    mandates: Vec<Recorded<Mandate>>,
    capacities: Vec<Recorded<Capacity>>,
    subscriptions: Vec<Recorded<Subscription>>,
    stops: Vec<Recorded<Stop>>,
    last_recorded: Option<Timestamp>,
}

/// An instant in law and an instant of knowledge: "what held at `valid`, as far as was known at `known`".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// The legal instant.
    pub valid: Timestamp,
    /// What was recorded by then.
    pub known: Timestamp,
}

impl At {
    /// Now, with all that is known now.
    pub fn now(now: Timestamp) -> Self {
        Self { valid: now, known: now }
    }
}

impl Registers {
    /// The registers that hold `entries`.
    pub fn new(epoch: u64, entries: impl IntoIterator<Item = Recorded<Entry>>) -> Self {
        let mut registers = Self { epoch, ..Self::default() };
        for entry in entries {
            registers.add(entry);
        }
        registers
    }

    /// The latest instant at which anything was recorded.
    pub fn last_recorded(&self) -> Option<Timestamp> {
        self.last_recorded
    }

    /// Adds one entry; a participant of a known id replaces it from then on.
    pub fn add(&mut self, Recorded { entry, recorded }: Recorded<Entry>) {
        self.last_recorded = self.last_recorded.max(Some(recorded));
        match entry {
            Entry::Participant(entry) => self.participants.entry(entry.id.clone()).or_default().push(Recorded { entry, recorded }),
            Entry::Agreement(entry) => self.agreements.push(Recorded { entry, recorded }),
            Entry::Mandate(entry) => self.mandates.push(Recorded { entry, recorded }),
            Entry::Capacity(entry) => self.capacities.push(Recorded { entry, recorded }),
            Entry::Subscription(entry) => self.subscriptions.push(Recorded { entry, recorded }),
            Entry::Stop(entry) => self.stops.push(Recorded { entry, recorded }),
        }
    }

    /// The participant of that id, as known.
    pub fn participant(&self, id: &ParticipantId, at: At) -> Option<&Participant> {
        known(self.participants.get(id)?, at).last()
    }

    /// All participants, as known.
    pub fn participants(&self, at: At) -> impl Iterator<Item = &Participant> {
        self.participants.values().filter_map(move |versions| known(versions, at).last())
    }

    /// The municipality that stands for `code` on the legal day.
    pub fn municipality(&self, code: &MunicipalityCode, at: At) -> Option<&Participant> {
        self.participants(at).find(|participant| {
            participant.kind == Kind::Municipality
                && participant.municipalities.iter().any(|t| t.code == *code && Period { from: t.from, until: t.until }.contains(at.valid))
        })
    }

    /// The agreement between a municipality and a prison.
    pub fn agreement(&self, municipality: &ParticipantId, prison: &ParticipantId, at: At) -> Option<&Agreement> {
        let agreements = known(&self.agreements, at).filter(|a| a.municipality == *municipality && a.prison == *prison);
        agreements.filter(|a| Period { from: a.from, until: a.until }.contains(at.valid)).last()
    }

    /// The mandates of `mandator` in force.
    pub fn mandates(&self, mandator: &ParticipantId, at: At) -> impl Iterator<Item = &Mandate> {
        known(&self.mandates, at)
            .filter(move |m| m.mandator == *mandator && Period { from: Some(m.from), until: m.until }.contains(at.valid))
    }

    /// Whether the register knows any mandate between the two, in force or not.
    pub fn ever_mandated(&self, mandator: &ParticipantId, mandatary: &ParticipantId, at: At) -> bool {
        known(&self.mandates, at).any(|m| m.mandator == *mandator && m.mandatary == *mandatary)
    }

    /// The capacities of a worker in force.
    pub fn capacities<'a>(&'a self, worker: &'a str, at: At) -> impl Iterator<Item = &'a Capacity> {
        known(&self.capacities, at).filter(move |c| c.worker == worker && Period { from: Some(c.from), until: c.until }.contains(at.valid))
    }

    /// Whether `participant` wants `event`: without an entry, everything (decision 3).
    pub fn is_subscribed(&self, participant: &ParticipantId, event: &EventName, at: At) -> bool {
        let mut own = known(&self.subscriptions, at).filter(|s| s.participant == *participant).peekable();
        own.peek().is_none()
            || own.any(|s| s.state == SubscriptionState::Active && s.events.iter().any(|name| name == "*" || name == event.as_str()))
    }

    /// What has been stopped.
    pub fn stops(&self, at: At) -> impl Iterator<Item = &Stop> {
        known(&self.stops, at)
    }

    /// The next instant at which an entry begins or ends.
    pub fn next_boundary(&self, after: Timestamp) -> Option<Timestamp> {
        let territories =
            self.participants.values().flatten().flat_map(|p| &p.entry.municipalities).map(|t| Period { from: t.from, until: t.until });
        let agreements = self.agreements.iter().map(|a| Period { from: a.entry.from, until: a.entry.until });
        let mandates = self.mandates.iter().map(|m| Period { from: Some(m.entry.from), until: m.entry.until });
        territories.chain(agreements).chain(mandates).flat_map(|period| period.boundaries_after(after).collect::<Vec<_>>()).min()
    }

    /// The environments that occur: more than one is a mistake of configuration.
    pub fn environments(&self) -> BTreeSet<&str> {
        self.participants.values().flatten().map(|p| p.entry.environment.as_str()).collect()
    }
}

fn known<T>(entries: &[Recorded<T>], at: At) -> impl Iterator<Item = &T> {
    entries.iter().filter(move |entry| entry.recorded <= at.known).map(|entry| &entry.entry)
}
