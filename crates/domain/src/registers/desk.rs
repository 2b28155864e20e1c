//! Workers: in which capacities they act, and which cases they may not see.

use jiff::{SignedDuration, Timestamp};

use super::{At, Capacity, Ended, Ending, Registers, Row, known};
use crate::{
    calendar::Period,
    ids::{DetentionRef, ParticipantId},
};

/// The moment before an instant, and what was known in it: the store counts microseconds.
fn just_before(instant: Timestamp) -> At {
    At::now(instant.checked_sub(SignedDuration::from_micros(1)).unwrap_or(instant))
}

impl Capacity {
    /// Whether an ending means it.
    fn is_meant(&self, what: &Ended) -> bool {
        matches!(what, Ended::Capacity { worker, acting_for, role }
            if *worker == self.worker && *acting_for == self.acting_for && role.as_ref().is_none_or(|role| *role == self.role))
    }
}

impl Registers {
    /// The capacities of a worker in force. At midnight of its last day a secondment is over by itself.
    pub fn capacities<'a>(&'a self, worker: &'a str, at: At) -> impl Iterator<Item = &'a Capacity> {
        let own = known(&self.capacities, at).filter(move |row| row.entry.worker == worker);
        own.filter(move |row| self.capacity_holds(row, at)).map(|row| &row.entry)
    }

    /// The capacities that an ending cuts short: without it they would have held on its day or later.
    pub fn cut_short<'a>(&'a self, ending: &'a Ending, recorded: Timestamp) -> impl Iterator<Item = &'a Capacity> {
        // the order of entries counts, not their instants: two may be of one
        let place = self.endings.iter().find(|row| row.recorded == recorded && row.entry == *ending).map_or(0, |row| row.place);
        let before = self.capacities.iter().filter(move |row| row.place < place && row.entry.is_meant(&ending.what));
        let lost = move |row: &&Row<Capacity>| {
            let first = ending.from.max(row.entry.from).begins();
            let ended = |other: &&Row<Ending>| (row.place..place).contains(&other.place) && other.entry.from.begins() <= first;
            let period = Period { from: Some(row.entry.from), until: row.entry.until };
            period.contains(first) && !self.endings.iter().filter(ended).any(|other| row.entry.is_meant(&other.entry.what))
        };
        before.filter(lost).map(|row| &row.entry)
    }

    /// The capacities of a worker for a unit that held until their last day passed at `instant`, and that no other in the same role goes on
    /// with, by what is known `now`.
    pub fn run_out<'a>(
        &'a self,
        worker: &'a str,
        acting_for: &'a ParticipantId,
        instant: Timestamp,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a Capacity> {
        let for_unit = move |at: At| self.capacities(worker, at).filter(move |own| own.acting_for == *acting_for);
        let goes_on = move |role: &str| for_unit(At { valid: instant, known: now }).any(|other| other.role == role);
        let passed = move |own: &&Capacity| own.until.is_some_and(|until| until.begins() == instant);
        for_unit(just_before(instant)).filter(passed).filter(move |own| !goes_on(&own.role))
    }

    pub(super) fn capacity_holds(&self, row: &Row<Capacity>, at: At) -> bool {
        let meant = |what: &Ended| row.entry.is_meant(what);
        self.holds(row, Period { from: Some(row.entry.from), until: row.entry.until }, meant, at)
    }

    /// Whether a worker may not see a case in this capacity: a former client of the worker's own.
    pub fn has_conflict(&self, worker: &str, acting_for: &ParticipantId, detention: &DetentionRef, at: At) -> bool {
        let of_both = known(&self.conflicts, at).filter(|row| row.entry.worker == worker && row.entry.detention == *detention);
        of_both.filter(|row| row.entry.acting_for.as_ref().is_none_or(|one| one == acting_for)).any(|row| {
            let meant = |what: &Ended| {
                matches!(what, Ended::Conflict { worker, detention } if *worker == row.entry.worker && *detention == row.entry.detention)
            };
            self.holds(row, Period { from: row.entry.from, until: None }, meant, at)
        })
    }
}
