//! Workers: in which capacities they act, and which cases they may not see.

use super::{At, Capacity, Ended, Registers, Row, known};
use crate::{
    calendar::Period,
    ids::{DetentionRef, ParticipantId},
};

impl Registers {
    /// The capacities of a worker in force. At midnight of its last day a secondment is over by itself.
    pub fn capacities<'a>(&'a self, worker: &'a str, at: At) -> impl Iterator<Item = &'a Capacity> {
        let own = known(&self.capacities, at).filter(move |row| row.entry.worker == worker);
        own.filter(move |row| self.capacity_holds(row, at)).map(|row| &row.entry)
    }

    pub(super) fn capacity_holds(&self, row: &Row<Capacity>, at: At) -> bool {
        let meant = |what: &Ended| {
            matches!(what, Ended::Capacity { worker, acting_for, role }
                if *worker == row.entry.worker
                    && *acting_for == row.entry.acting_for
                    && role.as_ref().is_none_or(|role| *role == row.entry.role))
        };
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
