//! What was claimed as it was decided, on its way to the bus.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{Settings, claim::Permitted, model::Delivery, step::Law};

/// A claim that is older than this part of its life is not handed over any more: the bus may take its time, and when the claim has
/// passed the delivery is decided again.
const IN_TIME: u32 = 2;

/// Claimed deliveries, oldest first.
#[derive(Debug, Default)]
pub(super) struct Ready(Mutex<VecDeque<(Instant, Permitted)>>);

/// What is taken out at once.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// To hand over.
    pub(super) in_time: Vec<Permitted>,
    /// Too late: whoever claims it next decides again.
    pub(super) late: Vec<Permitted>,
}

impl Ready {
    fn all(&self) -> MutexGuard<'_, VecDeque<(Instant, Permitted)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what the store gave back as claimed.
    pub(super) fn add(&self, claimed: Vec<Delivery>, law: Law<'_>, settings: &Settings) {
        let until = Instant::now() + in_time(settings.limits.claim);
        self.all().extend(claimed.into_iter().filter_map(|delivery| Some((until, Permitted::from_claimed(delivery, law)?))));
    }

    pub(super) fn len(&self) -> usize {
        self.all().len()
    }

    /// Takes out at most `max`.
    pub(super) fn take(&self, max: usize) -> Taken {
        let mut all = self.all();
        let count = all.len().min(max);
        let now = Instant::now();
        let mut taken = Taken::default();
        for (until, permitted) in all.drain(..count) {
            if now < until { taken.in_time.push(permitted) } else { taken.late.push(permitted) }
        }
        taken
    }
}

fn in_time(claim: Duration) -> Duration {
    claim / IN_TIME
}
