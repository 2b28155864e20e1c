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

/// A clock that stands still until it is set, or runs on from where it stands.
#[derive(Debug, Clone)]
pub struct SetClock(Arc<RwLock<State>>);

#[derive(Debug, Clone, Copy)]
enum State {
    Still(Timestamp),
    /// Shows `from` at the machine's `since`, and goes on with the machine.
    Running {
        from: Timestamp,
        since: Timestamp,
    },
}

impl SetClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(RwLock::new(State::Still(now))))
    }

    /// Sets it.
    pub fn set(&self, now: Timestamp) {
        self.become_state(State::Still(now));
    }

    /// From now on it runs.
    pub fn run_on(&self) {
        self.become_state(State::Running { from: self.now(), since: SystemClock.now() });
    }

    fn become_state(&self, state: State) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        match *self.0.read().unwrap_or_else(PoisonError::into_inner) {
            State::Still(now) => now,
            State::Running { from, since } => from.saturating_add(SystemClock.now().duration_since(since)).unwrap_or(Timestamp::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_still_and_then_runs_on_from_there() {
        let start: Timestamp = "2024-09-27T16:00:00Z".parse().unwrap();
        let clock = SetClock::new(start);
        assert_eq!(clock.now(), start);
        clock.run_on();
        let later = clock.now();
        assert!(later >= start && later.duration_since(start) < jiff::SignedDuration::from_hours(1));
        clock.set(start);
        assert_eq!(clock.now(), start);
    }
}
