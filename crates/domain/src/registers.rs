//! The registers: who takes part, what they agreed, who acts for whom. All entries have validity and record time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    calendar::{LegalDay, Period},
    ids::{EventName, MunicipalityCode, Oin, ParticipantId, Source},
};

/// What a participant is. Units, not legal persons: one foundation can have a probation unit and a care unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A penitentiary institution (director, Pm art. 1).
    Prison,
    /// A unit of one of the three probation organisations (Pm art. 1(b)).
    Probation,
    /// The college of mayor and aldermen (Pm art. 1(c)).
    Municipality,
    /// Anyone outside the triad: gets something only with consent.
    CarePartner,
    /// The desk that finds the responsible municipality.
    Triage,
    /// The hub itself.
    Hub,
}

impl Kind {
    /// The word as in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Prison => "prison",
            Self::Probation => "probation",
            Self::Municipality => "municipality",
            Self::CarePartner => "care-partner",
            Self::Triage => "triage",
            Self::Hub => "hub",
        }
    }
}

/// A municipality code with the days on which the participant stands for it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Territory {
    /// The code.
    pub code: MunicipalityCode,
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<LegalDay>,
    /// First day that no longer counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<LegalDay>,
}

/// How a participant gets its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// An inbox on the bus.
    #[default]
    Amqp,
    /// It fetches over HTTP.
    Pull,
}

/// A participant (decision 1).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Participant {
    /// The unit's id; also the first word of its routing keys.
    pub id: ParticipantId,
    /// What it is.
    pub kind: Kind,
    /// The OIN of its organisation, not unique.
    pub oin: Oin,
    /// The organisation's name, for people.
    #[serde(default)]
    pub organisation: String,
    /// The systems that it may name as `source`; empty: any system of its OIN.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// The municipalities that it stands for.
    #[serde(default)]
    pub municipalities: Vec<Territory>,
    /// The prisons for which it takes in new cases (probation).
    #[serde(default)]
    pub intake_for: Vec<ParticipantId>,
    /// Reached outside office hours through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_call: Option<String>,
    /// Test and production never meet.
    #[serde(default = "default_environment")]
    pub environment: String,
    /// Its very nature tells a health fact: naming a client needs a consent for health (decision 9).
    #[serde(default)]
    pub tells_health: bool,
    /// How it gets its messages.
    #[serde(default)]
    pub channel: Channel,
}

fn default_environment() -> String {
    "test".to_owned()
}

impl Participant {
    /// Whether it may name `source`: one of its own, any system of its OIN if it has none, or a scenario's (decision 31).
    pub fn may_use(&self, source: &Source) -> bool {
        let own = source.oin() == self.oin.as_str();
        self.sources.contains(source) || (own && (self.sources.is_empty() || source.system() == "scenario"))
    }
}

/// What a municipality and a prison agreed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Agreement {
    /// The municipality.
    pub municipality: ParticipantId,
    /// The prison.
    pub prison: ParticipantId,
    /// The probation unit that takes in their cases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probation: Option<ParticipantId>,
    /// Days until the TBO.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tbo_calendar_days: Option<u16>,
    /// Working days until the screening.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screening_working_days: Option<u16>,
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<LegalDay>,
    /// First day that no longer counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<LegalDay>,
}

/// What a mandate covers (decision 23).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words of the decision")]
pub enum Scope {
    All,
    Visit,
    Tbo,
    Aftercare,
}

/// One municipality acts for another (Awb art. 10:3).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mandate {
    /// Who stays responsible.
    pub mandator: ParticipantId,
    /// Who acts.
    pub mandatary: ParticipantId,
    /// For what.
    pub scope: Scope,
    /// First day.
    pub from: LegalDay,
    /// First day that no longer counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<LegalDay>,
}

/// In which capacity a person works.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Capacity {
    /// A pseudonym of the worker.
    pub worker: String,
    /// Who employs the worker.
    pub employer: ParticipantId,
    /// For whom the worker acts.
    pub acting_for: ParticipantId,
    /// As what.
    pub role: String,
    /// Which cases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_scope: Option<String>,
    /// First day.
    pub from: LegalDay,
    /// First day that no longer counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<LegalDay>,
}

/// Where a subscription stands (decision 26).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words of the decision")]
pub enum SubscriptionState {
    #[default]
    Requested,
    Approved,
    Active,
    Paused,
}

/// What a participant wants of what it may have. Without an entry: everything (decision 3).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Subscription {
    /// Who.
    pub participant: ParticipantId,
    /// Which events; `*` for all.
    pub events: Vec<String>,
    /// Reserved for filters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// How it is delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Where it stands.
    #[serde(default)]
    pub state: SubscriptionState,
}

/// Something that a person stopped at once (design 4).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "each names what stands still")]
pub enum Stop {
    Participant(ParticipantId),
    Detention(crate::ids::DetentionRef),
    Rule(crate::ids::RuleId),
}

/// Any register entry.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each names its register")]
pub enum Entry {
    Participant(Participant),
    Agreement(Agreement),
    Mandate(Mandate),
    Capacity(Capacity),
    Subscription(Subscription),
    Stop(Stop),
}

/// An entry with the instant at which the hub recorded it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Recorded<T> {
    /// The entry.
    pub entry: T,
    /// When it was recorded.
    pub recorded: Timestamp,
}

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

    /// Adds one entry; a participant of a known id replaces it from then on.
    pub fn add(&mut self, Recorded { entry, recorded }: Recorded<Entry>) {
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
        let territories = self.participants.values().flatten().flat_map(|p| &p.entry.municipalities).map(|t| Period { from: t.from, until: t.until });
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
