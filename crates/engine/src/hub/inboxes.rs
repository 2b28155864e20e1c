//! What this process knows of the inboxes that it hands over to: how much they still take without asking the bus again.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use schakelpunt_domain::ParticipantId;

use crate::{model::Room, step::AtOnce};

#[derive(Debug, Default)]
struct Inbox {
    /// What it takes beyond what is under way.
    free: usize,
    /// Claimed or set aside to be claimed, and not yet on the bus.
    under_way: usize,
}

/// Room that is set aside for one batch. What is not used goes back, also where the batch is given up.
#[derive(Debug)]
pub(super) struct SetAside<'a> {
    inboxes: &'a Inboxes,
    left: AtOnce,
}

/// All inboxes that were asked about.
#[derive(Debug, Default)]
pub(super) struct Inboxes(Mutex<BTreeMap<ParticipantId, Inbox>>);

impl Inboxes {
    fn all(&self) -> MutexGuard<'_, BTreeMap<ParticipantId, Inbox>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bus said how much an inbox takes. What is under way to it already takes its part of that; what rests on consent goes
    /// when nothing else is.
    pub(super) fn asked(&self, recipient: &ParticipantId, room: Room) -> Room {
        let mut all = self.all();
        let inbox = all.entry(recipient.clone()).or_default();
        inbox.free = room.count.saturating_sub(inbox.under_way);
        Room { count: inbox.free, consent: room.consent && inbox.under_way == 0 }
    }

    /// Inboxes with something under way that may take less than a batch: they have to be asked again.
    pub(super) fn nearly_full(&self, batch: usize) -> Vec<ParticipantId> {
        let all = self.all();
        all.iter().filter(|(_, inbox)| inbox.under_way > 0 && inbox.free < batch).map(|(recipient, _)| recipient.clone()).collect()
    }

    /// Sets aside for one batch what each inbox takes: a batch may be for one recipient as a whole.
    pub(super) fn set_aside(&self, batch: usize, may: impl Fn(&ParticipantId) -> bool) -> SetAside<'_> {
        let mut all = self.all();
        let free = all.iter_mut().filter(|(recipient, inbox)| inbox.free > 0 && may(recipient));
        let taken = free.map(|(recipient, inbox)| {
            let count = inbox.free.min(batch);
            inbox.free -= count;
            inbox.under_way += count;
            (recipient.clone(), count)
        });
        SetAside { inboxes: self, left: taken.collect() }
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

impl SetAside<'_> {
    /// For how many deliveries of each recipient.
    pub(super) fn room(&self) -> &AtOnce {
        &self.left
    }

    /// These were claimed.
    pub(super) fn used<'a>(mut self, recipients: impl Iterator<Item = &'a ParticipantId>) {
        for recipient in recipients {
            if let Some(count) = self.left.get_mut(recipient) {
                *count = count.saturating_sub(1);
            }
        }
    }
}

impl Drop for SetAside<'_> {
    fn drop(&mut self) {
        let mut all = self.inboxes.all();
        for (recipient, count) in std::mem::take(&mut self.left) {
            let inbox = all.entry(recipient).or_default();
            inbox.free += count;
            inbox.under_way = inbox.under_way.saturating_sub(count);
        }
    }
}
