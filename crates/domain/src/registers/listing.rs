//! Lists of one register: everything that was recorded, or what is in force.

use jiff::Timestamp;

use super::{At, Ended, Entry, Recorded, Registers, Row, known};
use crate::calendar::Period;

fn shown<T: Clone>(row: &Row<T>, entry: impl Fn(T) -> Entry) -> Recorded<Entry> {
    Recorded { entry: entry(row.entry.clone()), recorded: row.recorded }
}

impl Registers {
    /// Every entry of a register that was recorded by `until`, in the order of recording; nothing for a word that is no register.
    pub fn recorded(&self, kind: &str, until: Timestamp) -> Vec<Recorded<Entry>> {
        let at = At::now(until);
        match kind {
            "participant" => {
                let mut all: Vec<&Row<_>> = self.participants.values().flat_map(|versions| known(versions, at)).collect();
                all.sort_by_key(|row| row.place);
                all.into_iter().map(|row| shown(row, Entry::Participant)).collect()
            }
            "agreement" => known(&self.agreements, at).map(|row| shown(row, Entry::Agreement)).collect(),
            "mandate" => known(&self.mandates, at).map(|row| shown(row, Entry::Mandate)).collect(),
            "capacity" => known(&self.capacities, at).map(|row| shown(row, Entry::Capacity)).collect(),
            "subscription" => known(&self.subscriptions, at).map(|row| shown(row, Entry::Subscription)).collect(),
            "approval" => known(&self.approvals, at).map(|row| shown(row, Entry::Approval)).collect(),
            "stop" => known(&self.stops, at).map(|row| shown(row, Entry::Stop)).collect(),
            "lift" => known(&self.lifts, at).map(|row| shown(row, Entry::Lift)).collect(),
            "ending" => known(&self.endings, at).map(|row| shown(row, Entry::Ending)).collect(),
            "succession" => known(&self.successions, at).map(|row| shown(row, Entry::Succession)).collect(),
            "conflict" => known(&self.conflicts, at).map(|row| shown(row, Entry::Conflict)).collect(),
            "reorganisation" => known(&self.reorganisations, at).map(|row| shown(row, Entry::Reorganisation)).collect(),
            _ => Vec::new(),
        }
    }

    /// The entries of a register that are in force. What changes others is in force from the day that it names.
    pub fn in_force(&self, kind: &str, at: At) -> Vec<Recorded<Entry>> {
        match kind {
            "participant" => {
                let latest = self.participants.values().filter_map(|versions| known(versions, at).last());
                let takes_part = |row: &&Row<super::Participant>| self.participant(&row.entry.id, at).is_some();
                latest.filter(takes_part).map(|row| shown(row, Entry::Participant)).collect()
            }
            "agreement" => {
                known(&self.agreements, at).filter(|row| self.agreement_holds(row, at)).map(|row| shown(row, Entry::Agreement)).collect()
            }
            "mandate" => {
                known(&self.mandates, at).filter(|row| self.mandate_holds(row, at)).map(|row| shown(row, Entry::Mandate)).collect()
            }
            "capacity" => {
                known(&self.capacities, at).filter(|row| self.capacity_holds(row, at)).map(|row| shown(row, Entry::Capacity)).collect()
            }
            "subscription" => {
                let holds = |row: &&Row<super::Subscription>| {
                    let ended = |what: &Ended| matches!(what, Ended::Subscription { participant } if *participant == row.entry.participant);
                    self.holds(row, Period { from: row.entry.from, until: row.entry.until }, ended, at)
                };
                known(&self.subscriptions, at).filter(holds).map(|row| shown(row, Entry::Subscription)).collect()
            }
            "stop" => known(&self.stops, at).filter(|row| !self.is_lifted(row, at)).map(|row| shown(row, Entry::Stop)).collect(),
            other => self
                .recorded(other, at.known)
                .into_iter()
                .filter(|one| begins(&one.entry).is_none_or(|day| day.begins() <= at.valid))
                .collect(),
        }
    }
}

fn begins(entry: &Entry) -> Option<crate::LegalDay> {
    match entry {
        Entry::Ending(one) => Some(one.from),
        Entry::Succession(one) => Some(one.from),
        Entry::Reorganisation(one) => Some(one.from),
        Entry::Approval(one) => one.from,
        Entry::Conflict(one) => one.from,
        Entry::Participant(_)
        | Entry::Agreement(_)
        | Entry::Mandate(_)
        | Entry::Capacity(_)
        | Entry::Subscription(_)
        | Entry::Stop(_)
        | Entry::Lift(_) => None,
    }
}
