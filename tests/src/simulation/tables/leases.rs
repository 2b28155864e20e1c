//! Leases, and what was at work when a process died.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schakelpunt_engine::{
    leases::{Lease, LeaseName, LeaseRow, ProcessId, share_out},
    ports::StoreError,
};

use super::Tables;

impl Tables {
    /// Shares the work out from one process's side; gives what it holds then.
    pub(crate) fn lease(&mut self, process: &ProcessId, wanted: &[LeaseName], life: Duration, now: Timestamp) -> Vec<Lease> {
        let rows: Vec<LeaseRow> = self.leases.values().cloned().collect();
        let changes = share_out(&rows, process, wanted, now, SignedDuration::try_from(life).unwrap());
        let held = changes.iter().filter(|row| row.until > now && wanted.contains(&row.lease.name)).map(|row| row.lease.clone()).collect();
        for row in changes {
            self.leases.insert(row.lease.name.clone(), row);
        }
        held
    }

    /// Whether all of these are still held by whom they were given to.
    pub(crate) fn fence(&self, fence: &[Lease], now: Timestamp) -> Result<(), StoreError> {
        let held = |lease: &Lease| self.leases.get(&lease.name).is_some_and(|row| row.lease.epoch == lease.epoch && row.until > now);
        if fence.iter().all(held) { Ok(()) } else { Err(StoreError::Fenced) }
    }

    /// Who holds it now.
    pub(crate) fn holder(&self, name: &LeaseName, now: Timestamp) -> Option<&str> {
        self.leases.get(name).filter(|row| row.until > now).map(|row| row.holder.name.as_str())
    }

    /// Work on these begins; gives how often it had begun before.
    pub(crate) fn suspect(&mut self, digests: &[String], alone: bool) -> Vec<u32> {
        let begin = |digest: &String| {
            let (together, by_itself) = self.suspects.entry(digest.clone()).or_default();
            let count = if alone { by_itself } else { together };
            *count += 1;
            *count - 1
        };
        digests.iter().map(begin).collect()
    }

    /// Work on these has ended.
    pub(crate) fn unsuspect(&mut self, digests: &[String]) {
        self.suspects.retain(|digest, _| !digests.contains(digest));
    }
}
