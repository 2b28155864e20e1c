//! What this process knows of the inboxes that it hands over to: how much they still take without asking the bus again.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use schakelpunt_domain::ParticipantId;

use crate::{
    model::{ByConsent, Room},
    step::AtOnce,
};

#[derive(Debug, Default)]
struct Inbox {
    /// What it takes beyond what is under way.
    free: usize,
    /// Claimed or set aside to be claimed, and not yet on the bus.
    under_way: usize,
    /// How often something came to the end of its way, ever.
    arrived: u64,
    /// Something by consent would go if nothing were under way: until it has gone, nobody else sets room aside.
    wanted: bool,
}

/// How often something had come to the end of its way to an inbox when the bus was about to be asked about it. What arrives between the
/// bus's look and its answer is in neither that answer nor under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before(u64);

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

    /// To be asked before the bus is.
    pub(super) fn before(&self, recipient: &ParticipantId) -> Before {
        Before(self.all().get(recipient).map_or(0, |inbox| inbox.arrived))
    }

    /// The bus said how much an inbox takes: what is under way to it already takes its part of that.
    pub(super) fn asked(&self, recipient: &ParticipantId, room: Room) {
        let mut all = self.all();
        let inbox = all.entry(recipient.clone()).or_default();
        inbox.free = room.count.saturating_sub(inbox.under_way);
    }

    /// Inboxes of others than these are not held free for consent any more.
    pub(super) fn wanted_only(&self, of: impl Fn(&ParticipantId) -> bool) {
        self.all().iter_mut().for_each(|(recipient, inbox)| inbox.wanted &= of(recipient));
    }

    /// Inboxes with something under way that may take less than a batch: they have to be asked again.
    pub(super) fn nearly_full(&self, batch: usize) -> Vec<ParticipantId> {
        let all = self.all();
        all.iter().filter(|(_, inbox)| inbox.under_way > 0 && inbox.free < batch).map(|(recipient, _)| recipient.clone()).collect()
    }

    /// Sets aside for one batch what each inbox takes: a batch may be for one recipient as a whole.
    pub(super) fn set_aside(&self, batch: usize, may: impl Fn(&ParticipantId) -> bool) -> SetAside<'_> {
        let mut all = self.all();
        let free = all.iter_mut().filter(|(recipient, inbox)| inbox.free > 0 && !inbox.wanted && may(recipient));
        let taken = free.map(|(recipient, inbox)| {
            let count = inbox.free.min(batch);
            inbox.free -= count;
            inbox.under_way += count;
            (recipient.clone(), count)
        });
        SetAside { inboxes: self, left: taken.collect() }
    }

    /// Sets nothing aside yet: inbox by inbox as the bus is asked.
    pub(super) fn none_aside(&self) -> SetAside<'_> {
        SetAside { inboxes: self, left: AtOnce::new() }
    }

    /// These are on the bus, or not under way any more.
    pub(super) fn done<'a>(&self, recipients: impl Iterator<Item = &'a ParticipantId>) {
        let mut all = self.all();
        for recipient in recipients {
            if let Some(inbox) = all.get_mut(recipient) {
                inbox.under_way = inbox.under_way.saturating_sub(1);
                inbox.arrived = inbox.arrived.wrapping_add(1);
            }
        }
    }

    /// What was known of the inboxes of which it is true is forgotten: they have to be asked again.
    pub(super) fn forget(&self, which: impl Fn(&ParticipantId) -> bool) {
        self.all().iter_mut().filter(|(recipient, _)| which(recipient)).for_each(|(_, inbox)| {
            inbox.free = 0;
            inbox.wanted = false;
        });
    }
}

impl SetAside<'_> {
    /// Sets aside what may be claimed for an inbox of which the bus just said how much it takes: at most so many, or, where something by
    /// consent may be among it, all of it. So no other loop claims for that inbox between this look and the claim. With `consent` only
    /// for the one loop whose turn it is. `None`: nothing.
    pub(super) fn ask(
        &mut self,
        recipient: &ParticipantId,
        (before, room): (Before, Room),
        most: usize,
        consent: Option<ByConsent>,
    ) -> Option<Room> {
        let mut all = self.inboxes.all();
        let inbox = all.entry(recipient.clone()).or_default();
        inbox.free = room.count.saturating_sub(inbox.under_way);
        let wants = room.consent && consent == Some(ByConsent::Waits);
        let quiet = inbox.under_way == 0 && inbox.arrived == before.0;
        if consent.is_some() {
            inbox.wanted = wants && !quiet;
        } else if inbox.wanted {
            return None;
        }
        let consent = wants && quiet;
        let count = if consent { inbox.free } else { inbox.free.min(most) };
        if count == 0 {
            return None;
        }
        inbox.free -= count;
        inbox.under_way += count;
        self.left.insert(recipient.clone(), count);
        Some(Room { count, consent })
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: Room = Room { count: 10, consent: true };
    const MOST: usize = 4;

    fn partner() -> ParticipantId {
        "ggz-zwolle".parse().unwrap()
    }

    /// One loop looks: `Some(what)` where it is its turn to look for what may go by consent.
    fn look(aside: &mut SetAside<'_>, before: Before, turn: Option<ByConsent>) -> Option<Room> {
        aside.ask(&partner(), (before, EMPTY), MOST, turn)
    }

    #[test]
    fn by_consent_one_loop_takes_a_quiet_inbox_whole_until_it_has_claimed() {
        let inboxes = Inboxes::default();
        let (mut first, mut second) = (inboxes.none_aside(), inboxes.none_aside());
        let before = inboxes.before(&partner());
        assert_eq!(look(&mut first, before, Some(ByConsent::Waits)), Some(Room { count: 10, consent: true }));
        assert_eq!(look(&mut second, before, None), None, "another loop finds nothing between look and claim");
        assert!(inboxes.set_aside(MOST, |_| true).room().is_empty());
        first.used(std::iter::once(&partner()));
        assert_eq!(look(&mut second, inboxes.before(&partner()), None), Some(Room { count: MOST, consent: false }));
    }

    #[test]
    fn by_consent_it_does_not_go_behind_what_another_loop_may_claim() {
        let inboxes = Inboxes::default();
        let (mut first, mut second) = (inboxes.none_aside(), inboxes.none_aside());
        let before = inboxes.before(&partner());
        assert_eq!(look(&mut second, before, None), Some(Room { count: MOST, consent: false }));
        assert_eq!(look(&mut first, before, Some(ByConsent::Waits)), Some(Room { count: MOST, consent: false }));
    }

    #[test]
    fn what_arrived_while_the_bus_was_asked_counts_as_being_there() {
        let inboxes = Inboxes::default();
        let mut other = inboxes.none_aside();
        let before = inboxes.before(&partner());
        look(&mut other, before, None);
        other.used([&partner()].into_iter());
        inboxes.done(std::iter::once(&partner()));
        let seen = look(&mut inboxes.none_aside(), before, Some(ByConsent::Waits));
        assert_eq!(seen, Some(Room { count: MOST, consent: false }), "the bus's answer is older than what arrived");
        let seen = look(&mut inboxes.none_aside(), inboxes.before(&partner()), Some(ByConsent::Waits));
        assert_eq!(seen, Some(EMPTY));
    }

    #[test]
    fn an_inbox_that_something_by_consent_waits_for_is_held_free_of_the_others() {
        let inboxes = Inboxes::default();
        let mut under_way = inboxes.none_aside();
        look(&mut under_way, inboxes.before(&partner()), None);
        look(&mut inboxes.none_aside(), inboxes.before(&partner()), Some(ByConsent::Waits));
        assert!(inboxes.set_aside(MOST, |_| true).room().is_empty());
        assert_eq!(look(&mut inboxes.none_aside(), inboxes.before(&partner()), None), None);
        inboxes.wanted_only(|_| false);
        assert!(!inboxes.set_aside(MOST, |_| true).room().is_empty(), "nothing is due by consent any more");
    }

    #[test]
    fn what_is_not_used_goes_back() {
        let inboxes = Inboxes::default();
        drop({
            let mut given_up = inboxes.none_aside();
            look(&mut given_up, inboxes.before(&partner()), Some(ByConsent::Waits));
            given_up
        });
        assert_eq!(look(&mut inboxes.none_aside(), inboxes.before(&partner()), Some(ByConsent::Waits)), Some(EMPTY));
    }
}
