//! Who does which part of the work (design 5): intake queues, inboxes and duties are shared out between processes by leases. Pure.
//!
//! A lease has an epoch that rises whenever it changes hands. Every intake and every claim asks inside its transaction whether the
//! leases that it works under still have their epochs: a process that stood still for too long writes nothing any more.

use jiff::{SignedDuration, Timestamp};
use schakelpunt_domain::ParticipantId;

/// Inboxes are shared out in so many parts: more processes than that never share one hub.
const INBOX_PARTS: u64 = 16;
/// What every process holds for itself: by these the others count who is there.
const PRESENCE: &str = "process";

/// One running process.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcessId {
    /// Its name, the same after a restart: it takes over from its former self at once.
    pub name: String,
    /// Another value each time it starts.
    pub run: String,
}

/// A part of the work. Kind and name, with a slash between.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeaseName(String);

impl LeaseName {
    /// Reading one intake queue.
    pub fn queue(queue: &str) -> Self {
        Self(format!("queue/{queue}"))
    }

    /// Handing over to everybody in the same part as this recipient, so that what lies in an inbox is one process's business.
    pub fn inboxes_with(recipient: &ParticipantId) -> Self {
        // FNV-1a: the same for every version and machine
        let hash =
            recipient.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self(format!("inboxes/{:02}", hash % INBOX_PARTS))
    }

    /// All parts of the inboxes.
    pub fn all_inboxes() -> impl Iterator<Item = Self> {
        (0..INBOX_PARTS).map(|part| Self(format!("inboxes/{part:02}")))
    }

    /// Something that one process does for all, such as firing timers.
    pub fn duty(duty: &str) -> Self {
        Self(format!("duty/{duty}"))
    }

    fn presence(process: &ProcessId) -> Self {
        Self(format!("{PRESENCE}/{}", process.name))
    }

    /// A name as stored.
    pub fn stored(name: String) -> Self {
        Self(name)
    }

    /// As stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Parts of one kind are shared out evenly.
    fn kind(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }
}

/// A lease that a process holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Of what.
    pub name: LeaseName,
    /// Rises whenever it changes hands.
    pub epoch: u64,
}

/// A lease as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRow {
    /// What is leased.
    pub lease: Lease,
    /// To whom.
    pub holder: ProcessId,
    /// Until when, by the store's clock; free from then on.
    pub until: Timestamp,
}

/// Shares the work out from one process's side: renews what it holds, takes what is free up to its fair share, gives back what is
/// more than that or no longer wanted. Gives the rows to write. Without anything wanted the process says goodbye.
pub fn share_out(rows: &[LeaseRow], me: &ProcessId, wanted: &[LeaseName], now: Timestamp, life: SignedDuration) -> Vec<LeaseRow> {
    let until = if wanted.is_empty() { now } else { now.checked_add(life).unwrap_or(Timestamp::MAX) };
    let others = rows.iter().filter(|row| row.lease.name.kind() == PRESENCE && row.holder.name != me.name && row.until > now).count();
    let held = |name: &LeaseName| rows.iter().find(|row| row.lease.name == *name);
    let mine = |row: &LeaseRow| row.holder == *me && row.until > now;
    let renewed = |row: &LeaseRow| LeaseRow { until, ..row.clone() };
    let taken = |name: &LeaseName, before: Option<&LeaseRow>| LeaseRow {
        lease: Lease { name: name.clone(), epoch: before.map_or(1, |row| row.lease.epoch + 1) },
        holder: me.clone(),
        until,
    };
    let presence = LeaseName::presence(me);
    let mut changes = vec![match held(&presence) {
        Some(row) if mine(row) => renewed(row),
        before => taken(&presence, before),
    }];
    let mut kinds: Vec<&str> = wanted.iter().map(LeaseName::kind).collect();
    kinds.dedup();
    for kind in kinds {
        let names = || wanted.iter().filter(move |name| name.kind() == kind);
        let share = names().count().div_ceil(others + 1);
        let (keep, surplus): (Vec<_>, Vec<_>) = {
            let mut held: Vec<&LeaseRow> = names().filter_map(held).filter(|row| mine(row)).collect();
            let surplus = held.split_off(share.min(held.len()));
            (held, surplus)
        };
        let free =
            |name: &&LeaseName| held(name).is_none_or(|row| row.until <= now || (row.holder.name == me.name && row.holder.run != me.run));
        changes.extend(names().filter(free).take(share.saturating_sub(keep.len())).map(|name| taken(name, held(name))));
        changes.extend(keep.into_iter().map(renewed));
        changes.extend(surplus.into_iter().map(|row| LeaseRow { until: now, ..row.clone() }));
    }
    let unwanted = rows.iter().filter(|row| mine(row) && row.lease.name != presence && !wanted.contains(&row.lease.name));
    changes.extend(unwanted.map(|row| LeaseRow { until: now, ..row.clone() }));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: SignedDuration = SignedDuration::from_secs(6);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn process(name: &str, run: &str) -> ProcessId {
        ProcessId { name: name.to_owned(), run: run.to_owned() }
    }

    fn parts() -> Vec<LeaseName> {
        let queues = ["in.0", "in.1", "in.2", "in.3"].into_iter().map(LeaseName::queue);
        queues.chain(LeaseName::all_inboxes()).collect()
    }

    fn write(rows: &mut Vec<LeaseRow>, changes: Vec<LeaseRow>) {
        for change in changes {
            rows.retain(|row| row.lease.name != change.lease.name);
            rows.push(change);
        }
    }

    fn holds(rows: &[LeaseRow], process: &ProcessId, now: Timestamp) -> (usize, usize) {
        let count = |kind: &str| rows.iter().filter(|r| r.holder == *process && r.until > now && r.lease.name.kind() == kind).count();
        (count("queue"), count("inboxes"))
    }

    #[test]
    fn one_process_takes_all_and_two_share() {
        let (a, b) = (process("a", "1"), process("b", "1"));
        let mut rows = Vec::new();
        let changes = share_out(&rows, &a, &parts(), at(0), LIFE);
        write(&mut rows, changes);
        assert_eq!(holds(&rows, &a, at(0)), (4, 16));
        // b finds nothing free, but shows that it is there; a gives back what is more than its share
        for (process, second) in [(&b, 1), (&a, 2), (&b, 3)] {
            let changes = share_out(&rows, process, &parts(), at(second), LIFE);
            write(&mut rows, changes);
        }
        assert_eq!((holds(&rows, &a, at(3)), holds(&rows, &b, at(3))), ((2, 8), (2, 8)));
    }

    #[test]
    fn what_a_dead_process_held_is_taken_when_it_has_passed_with_a_new_epoch() {
        let (a, b) = (process("a", "1"), process("b", "1"));
        let mut rows = share_out(&[], &a, &parts(), at(0), LIFE);
        let early = share_out(&rows, &b, &parts(), at(5), LIFE);
        write(&mut rows, early);
        assert_eq!(holds(&rows, &b, at(5)), (0, 0));
        let late = share_out(&rows, &b, &parts(), at(6), LIFE);
        write(&mut rows, late);
        assert_eq!(holds(&rows, &b, at(6)), (4, 16));
        assert!(rows.iter().filter(|row| row.lease.name.kind() != PRESENCE).all(|row| row.lease.epoch == 2));
    }

    #[test]
    fn a_restarted_process_takes_over_from_its_former_self_at_once() {
        let (before, after) = (process("a", "1"), process("a", "2"));
        let mut rows = share_out(&[], &before, &parts(), at(0), LIFE);
        let changes = share_out(&rows, &after, &parts(), at(1), LIFE);
        write(&mut rows, changes);
        assert_eq!((holds(&rows, &before, at(1)), holds(&rows, &after, at(1))), ((0, 0), (4, 16)));
        assert!(rows.iter().all(|row| row.lease.epoch == 2));
    }

    #[test]
    fn who_says_goodbye_leaves_everything_free() {
        let (a, b) = (process("a", "1"), process("b", "1"));
        let mut rows = share_out(&[], &a, &parts(), at(0), LIFE);
        for (process, wanted) in [(&a, Vec::new()), (&b, parts())] {
            let changes = share_out(&rows, process, &wanted, at(1), LIFE);
            write(&mut rows, changes);
        }
        assert_eq!(holds(&rows, &b, at(1)), (4, 16));
    }

    #[test]
    fn renewing_keeps_the_epoch() {
        let a = process("a", "1");
        let mut rows = share_out(&[], &a, &parts(), at(0), LIFE);
        let changes = share_out(&rows, &a, &parts(), at(4), LIFE);
        write(&mut rows, changes);
        assert!(rows.iter().all(|row| row.lease.epoch == 1 && row.until == at(10)));
    }
}
