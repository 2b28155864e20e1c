//! Everything that outlives a process: the store's rows, the broker, the clock; and what the simulation knows of the run.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use jiff::{SignedDuration, Timestamp};
use tokio::{sync::Notify, time::Instant};

use super::{broker::Broker, ledger::Ledger, planted::Memory, rng::Rng, tables::Tables};
use crate::mutants::Mutant;

/// An invariant that was broken, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) invariant: &'static str,
    pub(super) what: String,
}

/// What happened, as a digest; with `lines` as text.
#[derive(Debug, Default)]
pub(super) struct Trace {
    digest: u64,
    pub(super) lines: Option<Vec<String>>,
    text: String,
}

impl Trace {
    pub(super) fn new(verbose: bool) -> Self {
        Self { lines: verbose.then(Vec::new), ..Self::default() }
    }

    fn add(&mut self, step: u64, now: Timestamp, what: fmt::Arguments<'_>) {
        self.text.clear();
        write!(self.text, "{step:5} {now} {what}").unwrap();
        for byte in self.text.bytes() {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
        if let Some(lines) = &mut self.lines {
            lines.push(self.text.clone());
        }
    }

    pub(super) fn digest(&self) -> u64 {
        self.digest
    }
}

/// The store's clock. It goes with the simulated time, and the environment sets it on or back.
#[derive(Debug)]
pub(super) struct Clock {
    base: Timestamp,
    started: Instant,
    offset: SignedDuration,
    ticks: i64,
    latest: Timestamp,
    /// Another clock that counts instead: that of the contract suite.
    other: Option<Arc<dyn schakelpunt_domain::Clock>>,
}

impl Clock {
    pub(super) fn new(base: Timestamp) -> Self {
        Self { base, started: Instant::now(), offset: SignedDuration::ZERO, ticks: 0, latest: base, other: None }
    }

    pub(super) fn like(other: Arc<dyn schakelpunt_domain::Clock>) -> Self {
        Self { other: Some(other), ..Self::new(Timestamp::UNIX_EPOCH) }
    }

    /// Every reading is a little later than the one before, unless the clock was set back.
    pub(super) fn read(&mut self) -> Timestamp {
        self.ticks += 1;
        let now = self.see();
        self.latest = self.latest.max(now);
        now
    }

    pub(super) fn see(&self) -> Timestamp {
        if let Some(other) = &self.other {
            return other.now();
        }
        let passed = SignedDuration::try_from(self.started.elapsed()).unwrap();
        self.base + passed + self.offset + SignedDuration::from_micros(self.ticks)
    }

    /// It is set right: not before anything that it ever said.
    pub(super) fn catch_up(&mut self) {
        let behind = self.latest.duration_since(self.see());
        if behind.is_positive() {
            self.offset += behind;
        }
    }

    pub(super) fn step(&mut self, by: SignedDuration) {
        self.offset += by;
    }
}

/// What is drawn for one seed: how bad it gets.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weather {
    /// A call to the store fails once in so many.
    pub(super) store: u64,
    /// A call to the bus fails once in so many.
    pub(super) bus: u64,
    /// A process crashes or stalls once in so many steps.
    pub(super) process: u64,
    /// A ground ends right behind a claim, once in so many claims.
    pub(super) worst_moment: u64,
    /// Before that no timer fires, and nobody looks at what passes by the registers.
    pub(super) timers_from: Timestamp,
    /// Before that no inbox has room: what was decided waits, also beyond midnight.
    pub(super) room_from: Timestamp,
}

/// The world.
#[derive(Debug)]
pub(super) struct World {
    pub(super) rng: Rng,
    pub(super) clock: Clock,
    pub(super) tables: Tables,
    pub(super) broker: Broker,
    pub(super) ledger: Ledger,
    pub(super) trace: Trace,
    pub(super) step: u64,
    /// Faults that were injected and states that were reached.
    pub(super) counts: BTreeMap<&'static str, u64>,
    pub(super) violation: Option<Violation>,
    /// No more faults: everything runs to its end.
    pub(super) calm: bool,
    pub(super) weather: Weather,
    pub(super) mutant: Option<Mutant>,
    /// A known gap was met after which the run has no end.
    pub(super) given_up: bool,
    /// Producers that have sent everything.
    pub(super) sent: usize,
    pub(super) memory: Memory,
}

impl World {
    /// An empty one in fair weather.
    pub(super) fn new(rng: Rng, clock: Clock) -> Self {
        Self {
            rng,
            clock,
            tables: Tables::default(),
            broker: Broker::default(),
            ledger: Ledger::default(),
            trace: Trace::default(),
            step: 0,
            counts: BTreeMap::new(),
            violation: None,
            calm: false,
            weather: Weather::default(),
            mutant: None,
            given_up: false,
            sent: 0,
            memory: Memory::default(),
        }
    }

    pub(super) fn note(&mut self, what: fmt::Arguments<'_>) {
        self.trace.add(self.step, self.clock.see(), what);
    }

    pub(super) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// The first broken invariant ends the run.
    pub(super) fn broken(&mut self, invariant: &'static str, what: String) {
        self.note(format_args!("BROKEN {invariant}: {what}"));
        if self.violation.is_none() {
            self.violation = Some(Violation { invariant, what });
        }
    }

    /// Whether a fault of this kind happens now.
    pub(super) fn chance(&mut self, of: u64) -> bool {
        !self.calm && of > 0 && self.rng.once_in(of)
    }

    /// Whether what falls due by itself has to wait.
    pub(super) fn timers_wait(&mut self) -> bool {
        let wait = self.clock.see() < self.weather.timers_from;
        if wait {
            self.count("fault: timers come late");
        }
        wait
    }

    pub(super) fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

/// Lets the scheduler choose anew.
pub(super) async fn turn() {
    let mut passed = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut passed, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The world, as the ports of all processes and the actors share it.
#[derive(Debug)]
pub(super) struct Shared {
    world: Mutex<World>,
    /// Raised whenever the broker has something new.
    pub(super) changed: Notify,
}

/// A handle on it.
pub(super) type Sim = Arc<Shared>;

impl Shared {
    pub(super) fn new(world: World) -> Sim {
        Arc::new(Self { world: Mutex::new(world), changed: Notify::new() })
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something is on its way: the scheduler may let anything else happen before it goes on.
    pub(super) async fn under_way(&self) {
        let turns = self.world().rng.below(3);
        for _ in 0..=turns {
            turn().await;
        }
    }

    /// Something takes this long.
    pub(super) async fn slow(&self, of: u64, millis: u64) {
        let wait = {
            let mut world = self.world();
            if world.chance(of) { world.rng.below(millis) } else { 0 }
        };
        if wait > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
        }
    }
}
