//! The machine's clock, and one that a scenario sets.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use schakelpunt_domain::Clock;

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
        Timestamp::now()
    }
}

/// A clock that stands still until it is set, or goes live.
#[derive(Debug, Clone)]
pub struct SetClock(Arc<RwLock<Option<Timestamp>>>);

impl SetClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(RwLock::new(Some(now))))
    }

    /// Sets it.
    pub fn set(&self, now: Timestamp) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// From now on it goes with the machine's clock.
    pub fn go_live(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        self.0.read().unwrap_or_else(PoisonError::into_inner).unwrap_or_else(|| SystemClock.now())
    }
}
