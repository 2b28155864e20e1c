//! What this process knows of the inboxes that it hands over to: how much they still take without asking the bus again.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use schakelpunt_domain::ParticipantId;

#[derive(Debug, Default)]
struct Inbox {
    /// What it takes beyond what is under way.
    free: usize,
    /// Claimed or set aside to be claimed, and not yet on the bus.
    under_way: usize,
}

/// All inboxes that were asked about.
#[derive(Debug, Default)]
pub(super) struct Inboxes(Mutex<BTreeMap<ParticipantId, Inbox>>);

impl Inboxes {
    fn all(&self) -> MutexGuard<'_, BTreeMap<ParticipantId, Inbox>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bus said how much an inbox takes. Gives how much of that is not under way already.
    pub(super) fn asked(&self, recipient: &ParticipantId, count: usize) -> usize {
        let mut all = self.all();
        let inbox = all.entry(recipient.clone()).or_default();
        inbox.free = count.saturating_sub(inbox.under_way);
        inbox.free
    }

    /// Inboxes with something under way that may take less than a batch: they have to be asked again.
    pub(super) fn nearly_full(&self, batch: usize) -> Vec<ParticipantId> {
        let all = self.all();
        all.iter().filter(|(_, inbox)| inbox.under_way > 0 && inbox.free < batch).map(|(recipient, _)| recipient.clone()).collect()
    }

    /// Sets aside for one batch what each inbox takes: a batch may be for one recipient as a whole.
    pub(super) fn set_aside(&self, batch: usize, may: impl Fn(&ParticipantId) -> bool) -> BTreeMap<ParticipantId, usize> {
        let mut all = self.all();
        let free = all.iter_mut().filter(|(recipient, inbox)| inbox.free > 0 && may(recipient));
        let taken = free.map(|(recipient, inbox)| {
            let count = inbox.free.min(batch);
            inbox.free -= count;
            inbox.under_way += count;
            (recipient.clone(), count)
        });
        taken.collect()
    }

    /// Gives back what was set aside, as far as it was not used.
    pub(super) fn give_back<'a>(&self, set_aside: BTreeMap<ParticipantId, usize>, used: impl Iterator<Item = &'a ParticipantId>) {
        let mut left = set_aside;
        for recipient in used {
            if let Some(count) = left.get_mut(recipient) {
                *count = count.saturating_sub(1);
            }
        }
        let mut all = self.all();
        for (recipient, count) in left {
            let inbox = all.entry(recipient).or_default();
            inbox.free += count;
            inbox.under_way = inbox.under_way.saturating_sub(count);
        }
    }

    /// These were claimed without being set aside.
    pub(super) fn claimed<'a>(&self, recipients: impl Iterator<Item = &'a ParticipantId>) {
        let mut all = self.all();
        for recipient in recipients {
            let inbox = all.entry(recipient.clone()).or_default();
            inbox.free = inbox.free.saturating_sub(1);
            inbox.under_way += 1;
        }
    }

    /// These are on the bus, or not under way any more.
    pub(super) fn done<'a>(&self, recipients: impl Iterator<Item = &'a ParticipantId>) {
        let mut all = self.all();
        for recipient in recipients {
            if let Some(inbox) = all.get_mut(recipient) {
                inbox.under_way = inbox.under_way.saturating_sub(1);
            }
        }
    }

    /// What was known of the inboxes of which it is true is forgotten: they have to be asked again.
    pub(super) fn forget(&self, which: impl Fn(&ParticipantId) -> bool) {
        self.all().iter_mut().filter(|(recipient, _)| which(recipient)).for_each(|(_, inbox)| inbox.free = 0);
    }
}
