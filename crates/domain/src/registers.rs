//! The registers: who takes part, what they agreed, who acts for whom. All entries have validity and record time, and are only added to.
//!
//! | module | what it holds |
//! |---|---|
//! | `entry` | the entries, as they stand in files |
//! | `change` | entries that end or change earlier ones |
//! | `subscription` | what a participant wants, whether it pauses, and its channel |
//! | `stop` | what stands still, and how it goes on |
//! | `succession` | who took whose place, and which municipality stands for a code |
//! | `channel` | how a participant gets its messages |
//! | `desk` | workers: capacities and conflicts |
//! | `listing` | lists of one register |
//! | `proper` | whether an entry can be entered |

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use jiff::Timestamp;

use crate::{
    calendar::{LegalDay, Period},
    environment::Environment,
    ids::ParticipantId,
    reorganisation,
};

mod change;
mod channel;
mod desk;
mod entry;
mod listing;
mod proper;
mod stop;
mod subscription;
mod succession;

pub use change::{Approval, Conflict, Ended, Ending, Part, Reorganisation, Succession};
pub use channel::{Channel, Webhook};
pub use entry::{
    Agreement, Capacity, Entry, Form, Kind, Mandate, Participant, Recorded, Scope, Subscription, SubscriptionState, Territory,
};
pub use proper::{Improper, KINDS};
pub use stop::{Lift, Stop};
pub use subscription::{Filter, InvalidFilter, Told};

/// All registers as they were known at one epoch. Every change makes a new epoch.
#[derive(Debug, Clone, Default)]
pub struct Registers {
    /// Raised by every change; part of the stamp of a decision.
    pub epoch: u64,
    latest: Timestamp,
    count: usize,
    participants: BTreeMap<ParticipantId, Vec<Row<Participant>>>,
    agreements: Vec<Row<Agreement>>,
    mandates: Vec<Row<Mandate>>,
    capacities: Vec<Row<Capacity>>,
    subscriptions: Vec<Row<Subscription>>,
    approvals: Vec<Row<Approval>>,
    stops: Vec<Row<Stop>>,
    lifts: Vec<Row<Lift>>,
    endings: Vec<Row<Ending>>,
    successions: Vec<Row<Succession>>,
    conflicts: Vec<Row<Conflict>>,
    reorganisations: Vec<Row<Reorganisation>>,
    /// As it was said last, with a participant or with a subscription.
    channels: BTreeMap<ParticipantId, Channel>,
    /// When something begins or ends, made when it is first asked for: every decision asks.
    boundaries: OnceLock<Vec<(Timestamp, Timestamp)>>,
}

/// One entry with its place among all: what ends another stands behind it.
#[derive(Debug, Clone)]
struct Row<T> {
    place: usize,
    recorded: Timestamp,
    entry: T,
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
        self.latest = self.latest.max(recorded);
        self.count += 1;
        self.boundaries = OnceLock::new();
        let place = self.count;
        if let Some((participant, channel)) = entry.channel() {
            self.channels.insert(participant.clone(), channel);
        }
        match entry {
            Entry::Participant(entry) => {
                self.participants.entry(entry.id.clone()).or_default().push(Row { place, recorded, entry });
            }
            Entry::Agreement(entry) => self.agreements.push(Row { place, recorded, entry }),
            Entry::Mandate(entry) => self.mandates.push(Row { place, recorded, entry }),
            Entry::Capacity(entry) => self.capacities.push(Row { place, recorded, entry }),
            Entry::Subscription(entry) => self.subscriptions.push(Row { place, recorded, entry }),
            Entry::Stop(entry) => self.stops.push(Row { place, recorded, entry }),
            Entry::Lift(entry) => self.lifts.push(Row { place, recorded, entry }),
            Entry::Ending(entry) => self.endings.push(Row { place, recorded, entry }),
            Entry::Succession(entry) => self.successions.push(Row { place, recorded, entry }),
            Entry::Approval(entry) => self.approvals.push(Row { place, recorded, entry }),
            Entry::Conflict(entry) => self.conflicts.push(Row { place, recorded, entry }),
            Entry::Reorganisation(entry) => self.reorganisations.push(Row { place, recorded, entry }),
        }
    }

    /// When the last entry was recorded; the Unix epoch where there is none.
    pub fn latest(&self) -> Timestamp {
        self.latest
    }

    /// How many entries there are. They are only added to: the first so many are what was known once.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The participant of that id, as known, while it takes part.
    pub fn participant(&self, id: &ParticipantId, at: At) -> Option<&Participant> {
        self.taking_part(self.participants.get(id)?, at)
    }

    /// The same, whether or not it still takes part: what it said keeps its meaning.
    pub fn registered(&self, id: &ParticipantId, at: At) -> Option<&Participant> {
        known(self.participants.get(id)?, at).last().map(|row| &row.entry)
    }

    /// All participants that take part, as known.
    pub fn participants(&self, at: At) -> impl Iterator<Item = &Participant> {
        self.participants.values().filter_map(move |versions| self.taking_part(versions, at))
    }

    fn taking_part<'a>(&'a self, versions: &'a [Row<Participant>], at: At) -> Option<&'a Participant> {
        let row = known(versions, at).last()?;
        let own = |what: &Ended| matches!(what, Ended::Participant { id } if *id == row.entry.id);
        self.holds(row, Period::default(), own, at).then_some(&row.entry)
    }

    /// The agreement between a municipality and a prison, or between those whose place they took.
    pub fn agreement(&self, municipality: &ParticipantId, prison: &ParticipantId, at: At) -> Option<&Agreement> {
        let (municipalities, prisons) = (self.predecessors(municipality, at), self.predecessors(prison, at));
        let of_both = |row: &&Row<Agreement>| municipalities.contains(&row.entry.municipality) && prisons.contains(&row.entry.prison);
        let mut agreements = known(&self.agreements, at).filter(of_both).filter(|row| self.agreement_holds(row, at));
        // one of their own goes before one that they took over
        let last = agreements.clone().next_back();
        agreements.rfind(|row| row.entry.municipality == *municipality && row.entry.prison == *prison).or(last).map(|row| &row.entry)
    }

    fn agreement_holds(&self, row: &Row<Agreement>, at: At) -> bool {
        let own = |what: &Ended| {
            matches!(what, Ended::Agreement { municipality, prison }
                if *municipality == row.entry.municipality && *prison == row.entry.prison)
        };
        self.holds(row, Period { from: row.entry.from, until: row.entry.until }, own, at)
    }

    /// The mandates of `mandator`, or of those whose place it took, in force.
    pub fn mandates(&self, mandator: &ParticipantId, at: At) -> impl Iterator<Item = &Mandate> {
        let mandators = self.predecessors(mandator, at);
        self.mandates_in_force(at).filter(move |mandate| mandators.contains(&mandate.mandator))
    }

    /// All mandates in force.
    pub fn mandates_in_force(&self, at: At) -> impl Iterator<Item = &Mandate> {
        known(&self.mandates, at).filter(move |row| self.mandate_holds(row, at)).map(|row| &row.entry)
    }

    fn mandate_holds(&self, row: &Row<Mandate>, at: At) -> bool {
        let own = |what: &Ended| {
            matches!(what, Ended::Mandate { mandator, mandatary, scope }
                if *mandator == row.entry.mandator && *mandatary == row.entry.mandatary && scope.is_none_or(|scope| scope == row.entry.scope))
        };
        self.holds(row, Period { from: Some(row.entry.from), until: row.entry.until }, own, at)
    }

    /// Whether the register knows any mandate between the two, in force or not.
    pub fn ever_mandated(&self, mandator: &ParticipantId, mandatary: &ParticipantId, at: At) -> bool {
        known(&self.mandates, at).any(|row| row.entry.mandator == *mandator && row.entry.mandatary == *mandatary)
    }

    /// Whether an entry counts on the legal day: within its period, and not ended by a later entry.
    fn holds<T>(&self, row: &Row<T>, period: Period, is_meant: impl Fn(&Ended) -> bool, at: At) -> bool {
        period.contains(at.valid)
            && !known(&self.endings, at)
                .any(|ending| ending.place > row.place && ending.entry.from.begins() <= at.valid && is_meant(&ending.entry.what))
    }

    /// The next instant after `at` at which an entry that was known begins or ends.
    pub fn next_boundary(&self, at: At) -> Option<Timestamp> {
        let all = self.boundaries.get_or_init(|| self.all_boundaries());
        let first = all.partition_point(|(boundary, _)| *boundary <= at.valid);
        all.iter().skip(first).find(|(_, recorded)| *recorded <= at.known).map(|(boundary, _)| *boundary)
    }

    /// Every instant at which an entry begins or ends, with that at which the entry was recorded; sorted.
    fn all_boundaries(&self) -> Vec<(Timestamp, Timestamp)> {
        fn of<T>(row: &Row<T>, from: Option<LegalDay>, until: Option<LegalDay>) -> (Period, Timestamp) {
            (Period { from, until }, row.recorded)
        }
        let territories = self.participants.values().flatten();
        let territories = territories.flat_map(|row| row.entry.municipalities.iter().map(move |one| of(row, one.from, one.until)));
        let agreements = self.agreements.iter().map(|row| of(row, row.entry.from, row.entry.until));
        let mandates = self.mandates.iter().map(|row| of(row, Some(row.entry.from), row.entry.until));
        let subscriptions = self.subscriptions.iter().map(|row| of(row, row.entry.from, row.entry.until));
        let approvals = self.approvals.iter().map(|row| of(row, row.entry.from, None));
        let endings = self.endings.iter().map(|row| of(row, Some(row.entry.from), None));
        let successions = self.successions.iter().map(|row| of(row, Some(row.entry.from), None));
        let reorganisations = self.reorganisations.iter().map(|row| of(row, Some(row.entry.from), None));
        // those of the law were always known
        let lawful = reorganisation::days().map(|day| (Period { from: Some(day), until: None }, Timestamp::MIN));
        let periods = territories.chain(agreements).chain(mandates).chain(subscriptions).chain(approvals);
        let periods = periods.chain(endings).chain(successions).chain(reorganisations).chain(lawful);
        let boundaries = periods.flat_map(|(period, recorded)| {
            period.boundaries_after(Timestamp::MIN).map(|boundary| (boundary, recorded)).collect::<Vec<_>>()
        });
        let sorted: BTreeSet<(Timestamp, Timestamp)> = boundaries.collect();
        sorted.into_iter().collect()
    }

    /// The environments that occur: more than one is a mistake of configuration.
    pub fn environments(&self) -> BTreeSet<Environment> {
        self.participants.values().flatten().map(|p| p.entry.environment).collect()
    }
}

fn known<T>(rows: &[Row<T>], at: At) -> impl DoubleEndedIterator<Item = &Row<T>> + Clone {
    rows.iter().filter(move |row| row.recorded <= at.known)
}

#[cfg(test)]
mod tests;
