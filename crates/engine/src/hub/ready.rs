//! What was claimed as it was decided, on its way to the bus.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use crate::{claim::Permitted, model::Delivery, step::Law};

/// How long a batch waits while nothing of what was claimed before it is handed over.
const HOLD: Duration = Duration::from_millis(250);

/// Claimed deliveries, oldest first.
#[derive(Debug, Default)]
pub(super) struct Ready {
    claimed: Mutex<VecDeque<(Instant, Permitted)>>,
    taken: Notify,
}

/// What is taken out at once.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// To hand over before the deadline.
    pub(super) in_time: Vec<Permitted>,
    /// The earliest of theirs.
    pub(super) deadline: Option<Instant>,
    /// Too late: whoever claims it next decides again.
    pub(super) late: Vec<Permitted>,
}

impl Ready {
    fn all(&self) -> MutexGuard<'_, VecDeque<(Instant, Permitted)>> {
        self.claimed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what the store gave back as claimed, to be handed over before the deadline.
    pub(super) fn add(&self, claimed: Vec<Delivery>, law: Law<'_>, until: Instant) {
        self.all().extend(claimed.into_iter().filter_map(|delivery| Some((until, Permitted::from_claimed(delivery, law)?))));
    }

    /// Waits until fewer than `max` are ready, for as long as some are taken: to claim later costs more than this wait. Where nothing
    /// moves, what cannot be handed over must not hold up what comes in. Gives whether it is so.
    pub(super) async fn fewer_than(&self, max: usize) -> bool {
        loop {
            let taken = self.taken.notified();
            if self.all().len() < max {
                return true;
            }
            if tokio::time::timeout(HOLD, taken).await.is_err() {
                return false;
            }
        }
    }

    /// Takes out at most `max`.
    pub(super) fn take(&self, max: usize) -> Taken {
        let mut all = self.all();
        let count = all.len().min(max);
        let now = Instant::now();
        let mut taken = Taken::default();
        for (until, permitted) in all.drain(..count) {
            if now < until {
                taken.deadline = Some(taken.deadline.map_or(until, |deadline| deadline.min(until)));
                taken.in_time.push(permitted);
            } else {
                taken.late.push(permitted);
            }
        }
        drop(all);
        self.taken.notify_waiters();
        taken
    }
}
