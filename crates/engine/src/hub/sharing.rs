//! Which part of the work is this process's. A hub that runs no loops works alone and holds no leases.

use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use schakelpunt_domain::ParticipantId;
use tokio::sync::Notify;

use super::Hub;
use crate::{
    leases::{Lease, LeaseName, ProcessId},
    ports::StoreError,
};

/// The leases of this process.
#[derive(Debug, Default)]
pub(super) struct Sharing {
    held: RwLock<Held>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Held {
    leases: Option<BTreeMap<LeaseName, u64>>,
    /// How often they have changed: they may come, go and be the same again.
    changes: u64,
}

impl Sharing {
    /// The leases under which a transaction works: all inboxes that are ours, and the queue if there is one.
    pub(super) fn fence(&self, queue: Option<&LeaseName>) -> Result<Vec<Lease>, StoreError> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let Some(held) = &held.leases else { return Ok(Vec::new()) };
        let lease = |name: LeaseName| held.get(&name).map(|epoch| Lease { name, epoch: *epoch });
        let mut fence: Vec<Lease> = LeaseName::all_inboxes().filter_map(lease).collect();
        if let Some(queue) = queue {
            fence.push(lease(queue.clone()).ok_or(StoreError::Fenced)?);
        }
        Ok(fence)
    }

    /// What was found out under the leases of before holds as long as this is the same.
    pub(super) fn changes(&self) -> u64 {
        self.held.read().unwrap_or_else(PoisonError::into_inner).changes
    }

    /// Whether this process does that part of the work.
    pub(super) fn holds(&self, name: &LeaseName) -> bool {
        self.held.read().unwrap_or_else(PoisonError::into_inner).leases.as_ref().is_none_or(|held| held.contains_key(name))
    }

    /// Whether this process hands over to that recipient.
    pub(super) fn is_ours(&self, recipient: &ParticipantId) -> bool {
        self.holds(&LeaseName::inboxes_with(recipient))
    }

    fn set(&self, leases: Vec<Lease>) -> BTreeMap<LeaseName, u64> {
        let now: BTreeMap<LeaseName, u64> = leases.into_iter().map(|lease| (lease.name, lease.epoch)).collect();
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let before = held.leases.replace(now.clone()).unwrap_or_default();
        held.changes += u64::from(before != now);
        drop(held);
        if before != now {
            self.changed.notify_waiters();
        }
        before
    }
}

impl Hub {
    /// Takes, renews and gives back leases, so that this process has its share of the work. Nothing wanted: it gives back all.
    pub async fn share(&self, process: &ProcessId, wanted: &[LeaseName], life: Duration) -> Result<(), StoreError> {
        let leases = self.store.lease(process, wanted, life).await?;
        let before = self.sharing.set(leases);
        // what lies in the inboxes that are new to this process has to be asked
        self.inboxes.forget(|recipient| {
            let name = LeaseName::inboxes_with(recipient);
            !self.sharing.holds(&name) || !before.contains_key(&name)
        });
        Ok(())
    }

    /// The leases can no longer be renewed: this process does nothing of what is shared until it has new ones.
    pub(crate) fn lose_share(&self) {
        self.sharing.set(Vec::new());
    }

    /// Waits until it is true that this process does, or does not do, that part of the work.
    pub(crate) async fn until_held(&self, name: &LeaseName, held: bool) {
        loop {
            // made before it looks: no change between goes unseen
            let changed = self.sharing.changed.notified();
            if self.sharing.holds(name) == held {
                return;
            }
            changed.await;
        }
    }
}
