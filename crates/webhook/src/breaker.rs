//! The circuit breaker: a target that fails again and again is left alone for a while, and people are told once.
//!
//! ```text
//!            N failures in a row               pause over
//!   closed ----------------------> open ----------------------> half-open
//!     ^                              ^                              |
//!     |                              '------ the attempt fails -----|   (pause doubled, up to a bound)
//!     '------------------------------------- a success -------------'
//! ```
//!
//! A plain function of what it is told: time is passed in, nothing is waited for. Each change of state comes out once, as the value of
//! the call that made it.

use std::{num::NonZeroU32, time::Duration};

use jiff::Timestamp;

/// Failures in a row after which a target is left alone: fewer may be chance.
pub const FAILURES: NonZeroU32 = NonZeroU32::new(5).unwrap();
/// How long at first: as long as a restart of a server takes.
pub const PAUSE: Duration = Duration::from_secs(30);
/// How long at most: whoever comes back is found within this time.
pub const PAUSE_MAX: Duration = Duration::from_secs(10 * 60);

/// When a breaker opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failures in a row that open it.
    pub failures: NonZeroU32,
    /// The first pause.
    pub pause: Duration,
    /// The longest pause; each one is twice as long as the one before.
    pub pause_max: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { failures: FAILURES, pause: PAUSE, pause_max: PAUSE_MAX }
    }
}

/// What may be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Whatever there is.
    Go,
    /// This one attempt. Whoever has it reports how it went; without a report another one is given after the pause.
    Probe,
    /// Nothing before this instant.
    Wait(Timestamp),
}

/// A change of state, told once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// So many failures in a row: closed to open. For people.
    Opened {
        /// How many.
        failures: u32,
        /// When it is tried again.
        until: Timestamp,
    },
    /// The pause is over and one attempt goes out: open to half-open.
    HalfOpened,
    /// That attempt failed: back to open.
    Reopened {
        /// When it is tried again.
        until: Timestamp,
    },
    /// The target takes events again: to closed. For people.
    Closed {
        /// Since when it had been left alone.
        since: Timestamp,
    },
}

impl Change {
    /// Whether people should hear of it: that it begins and that it is over. What lies between is for the log.
    pub fn is_notice(&self) -> bool {
        matches!(self, Self::Opened { .. } | Self::Closed { .. })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { rest: Rest, since: Timestamp },
    HalfOpen { rest: Rest, since: Timestamp },
}

/// A pause that is under way, or for a half-open breaker the time that its attempt has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rest {
    from: Timestamp,
    pause: Duration,
}

impl Rest {
    fn until(&self) -> Timestamp {
        later(self.from, self.pause)
    }

    /// Over, or begun in the future: then the clock was set back, and waiting for it to catch up could take days.
    fn is_over(&self, now: Timestamp) -> bool {
        now >= self.until() || now < self.from
    }
}

fn later(from: Timestamp, pause: Duration) -> Timestamp {
    from.checked_add(pause).unwrap_or(Timestamp::MAX)
}

/// One target's breaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    settings: BreakerSettings,
    state: State,
    /// What the target itself asked for (`Retry-After`): from when, until when.
    held: Option<(Timestamp, Timestamp)>,
}

impl Breaker {
    /// A closed breaker.
    pub fn new(settings: BreakerSettings) -> Self {
        Self { settings, state: State::Closed { failures: 0 }, held: None }
    }

    /// Whether something may be sent now.
    pub fn admit(&mut self, now: Timestamp) -> (Admission, Option<Change>) {
        if let Some((from, until)) = self.held {
            if now < until && now >= from {
                return (Admission::Wait(until), None);
            }
            self.held = None;
        }
        match self.state {
            State::Closed { .. } => (Admission::Go, None),
            State::Open { rest, .. } | State::HalfOpen { rest, .. } if !rest.is_over(now) => (Admission::Wait(rest.until()), None),
            State::Open { rest, since } => {
                self.state = State::HalfOpen { rest: Rest { from: now, ..rest }, since };
                (Admission::Probe, Some(Change::HalfOpened))
            }
            // the attempt before was never reported: its process may be gone
            State::HalfOpen { rest, since } => {
                self.state = State::HalfOpen { rest: Rest { from: now, ..rest }, since };
                (Admission::Probe, None)
            }
        }
    }

    /// The target answered as it should.
    pub fn succeeded(&mut self) -> Option<Change> {
        let before = std::mem::replace(&mut self.state, State::Closed { failures: 0 });
        match before {
            State::Closed { .. } => None,
            State::Open { since, .. } | State::HalfOpen { since, .. } => Some(Change::Closed { since }),
        }
    }

    /// The target failed; `not_before` is what it asked for, if it did ([`crate::Pause::until`]).
    pub fn failed(&mut self, now: Timestamp, not_before: Option<Timestamp>) -> Option<Change> {
        if let Some(until) = not_before.filter(|until| *until > now) {
            self.held = Some((now, self.held.map_or(until, |(_, before)| before.max(until))));
        }
        match self.state {
            State::Closed { failures } => {
                let failures = failures.saturating_add(1);
                if failures < self.settings.failures.get() {
                    self.state = State::Closed { failures };
                    return None;
                }
                let rest = Rest { from: now, pause: self.settings.pause.min(self.settings.pause_max) };
                self.state = State::Open { rest, since: now };
                Some(Change::Opened { failures, until: rest.until() })
            }
            // began before it opened: nothing new
            State::Open { .. } => None,
            State::HalfOpen { rest, since } => {
                let pause = rest.pause.saturating_mul(2).min(self.settings.pause_max);
                let rest = Rest { from: now, pause };
                self.state = State::Open { rest, since };
                Some(Change::Reopened { until: rest.until() })
            }
        }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new(BreakerSettings::default())
    }
}

#[cfg(test)]
mod tests;
