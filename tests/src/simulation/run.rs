//! One run: the scheduler, crashes and stalls, and the end at which everything has come to rest.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use jiff::SignedDuration;
use schakelpunt_domain::{
    LegalDay, ParticipantId,
    registers::{Channel, Entry, Recorded},
};
use schakelpunt_engine::Settings;
use tokio::time::Instant;

use super::{
    actors,
    broker::Broker,
    cast::{EVERYBODY, everybody, limits},
    end,
    ledger::Ledger,
    processes::{Processes, Running},
    rng::Rng,
    tables::Tables,
    workload::{self, PARTITIONS, Sending},
    world::{Clock, Shared, Sim, Trace, Violation, Weather, World},
};
use crate::{harness::settings, invariants::NOTHING_ACCEPTED_IS_LOST, mutants::Mutant};

/// Steps with faults, before everything runs to its end: at least so many, and until everything was said, but not more than the second.
const STEPS: [u64; 2] = [600, 2000];
/// Steps in which everything must have come to rest.
const STEPS_MAX: u64 = 30_000;
/// What a run gave.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) seed: u64,
    pub(super) steps: u64,
    pub(super) digest: u64,
    pub(super) counts: BTreeMap<&'static str, u64>,
    pub(super) violation: Option<Violation>,
    pub(super) lines: Vec<String>,
}

/// How a run is made.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Options {
    pub(super) mutant: Option<Mutant>,
    /// Whether what happens is kept as text.
    pub(super) verbose: bool,
}

#[derive(Default)]
struct Ready {
    ready: AtomicBool,
    idle: Arc<Mutex<Option<Waker>>>,
}

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.ready.store(true, Ordering::Relaxed);
        if let Some(scheduler) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take() {
            scheduler.wake();
        }
    }
}

struct Actor {
    name: &'static str,
    process: Option<usize>,
    running: Running,
    ready: Arc<Ready>,
    waker: Waker,
}

/// A process between crashes.
#[derive(Debug, Clone, Copy, Default)]
struct Life {
    stalled_until: Option<Instant>,
    down_until: Option<Instant>,
}

struct Scheduler {
    sim: Sim,
    processes: Processes,
    actors: Vec<Actor>,
    rng: Rng,
    lives: [Life; 2],
    idle: Arc<Mutex<Option<Waker>>>,
    producers: usize,
}

/// Runs one seed.
pub(super) fn run(seed: u64, options: Options) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut scheduler = Scheduler::new(seed, options);
        scheduler.play().await;
        let sim = scheduler.sim.clone();
        drop(scheduler);
        let mut world = sim.world();
        Outcome {
            seed,
            steps: world.step,
            digest: world.trace.digest(),
            counts: std::mem::take(&mut world.counts),
            violation: world.violation.take(),
            lines: world.trace.lines.take().unwrap_or_default(),
        }
    })
}

impl Scheduler {
    fn new(seed: u64, options: Options) -> Self {
        let mut rng = Rng::stream(seed, 2);
        let plan = workload::plan(seed);
        let base = rng.word(&["2024-09-04T06:30:00Z", "2024-09-04T06:30:00Z", "2024-09-04T21:59:50Z", "2021-06-30T21:59:30Z"]);
        let base: jiff::Timestamp = base.parse().unwrap();
        let mut tables = Tables::default();
        let mut ledger = Ledger::default();
        ledger.offers = plan.offers;
        let recorded = base - jiff::SignedDuration::from_hours(24 * 365);
        let entries: Vec<_> = everybody().into_iter().map(|one| Recorded { entry: Entry::Participant(one), recorded }).collect();
        ledger.record(&entries);
        tables.record(entries);
        let inboxes: Vec<ParticipantId> = everybody().into_iter().filter(|one| one.channel == Channel::Amqp).map(|one| one.id).collect();
        let midnight = Some(LegalDay::of(base).ends()).filter(|end| base.duration_until(*end) < jiff::SignedDuration::from_mins(1));
        let midnight = midnight.unwrap_or(base);
        let weather = Weather {
            store: *rng.pick(&[0, 10, 25, 60]),
            bus: *rng.pick(&[0, 6, 15, 40]),
            process: *rng.pick(&[0, 60, 150, 300]),
            worst_moment: *rng.pick(&[0, 10, 30]),
            timers_from: if rng.once_in(3) { midnight + jiff::SignedDuration::from_secs(3) } else { base },
            room_from: if rng.once_in(3) { midnight } else { base },
        };
        let world = World {
            tables,
            broker: Broker::new(PARTITIONS, inboxes.iter().cloned()),
            ledger,
            trace: Trace::new(options.verbose),
            weather,
            mutant: options.mutant,
            ..World::new(Rng::stream(seed, 3), Clock::new(base))
        };
        let mut scheduler = Self {
            sim: Shared::new(world),
            processes: Processes::new(),
            actors: Vec::new(),
            rng,
            lives: [Life::default(); 2],
            idle: Arc::default(),
            producers: 0,
        };
        scheduler.populate(plan.sendings, inboxes);
        scheduler
    }

    fn populate(&mut self, sendings: Vec<Sending>, inboxes: Vec<ParticipantId>) {
        let (sim, all) = (&self.sim, &self.processes);
        let mut by_sender: BTreeMap<ParticipantId, Vec<Sending>> = BTreeMap::new();
        for sending in sendings {
            by_sender.entry(sending.sender.clone()).or_default().push(sending);
        }
        self.producers = by_sender.len();
        for sendings in by_sender.into_values() {
            all.start(None, "producer", actors::producer(sim.clone(), all.clone(), sendings));
        }
        for inbox in inboxes {
            all.start(None, "recipient", actors::recipient(sim.clone(), inbox));
        }
        let fetcher = EVERYBODY.last().unwrap().parse().unwrap();
        all.start(None, "fetcher", actors::fetcher(sim.clone(), all.clone(), fetcher));
        all.start(None, "environment", actors::environment(sim.clone(), all.clone()));
        for process in 0..2 {
            let settings = Self::settings();
            self.processes.boot(&self.sim, process, settings);
        }
    }

    fn settings() -> Settings {
        Settings { limits: limits(), ..settings() }
    }

    /// Sometimes other rules come into force, with or without a stop before.
    fn change_rules(&mut self) {
        let (set, stop) = (*self.rng.pick(&[0, 1, 2]), self.rng.once_in(4));
        let ahead =
            SignedDuration::try_from(limits().claim).unwrap() + SignedDuration::from_millis(self.rng.between(0, 3000).cast_signed());
        let mut world = self.sim.world();
        let now = world.clock.read();
        world.tables.schedule(set, now, ahead, stop);
        world.count(if stop { "fault: all rules are stopped" } else { "state: other rules are scheduled" });
        world.note(format_args!("rules {set} in {ahead:?}, stopped before: {stop}"));
    }

    async fn play(&mut self) {
        let mut steps = 0;
        loop {
            self.enroll();
            steps += 1;
            let (calm, broken) = {
                let mut world = self.sim.world();
                world.step = steps;
                (world.calm, world.violation.is_some() || world.given_up)
            };
            if broken {
                return;
            }
            let said = self.sim.world().sent == self.producers;
            if !calm && (steps >= STEPS[1] || (said && steps >= STEPS[0])) {
                self.becalm();
            }
            if calm && steps % 16 == 0 && said && end::is_at_rest(&self.sim.world()) {
                return end::check(&mut self.sim.world());
            }
            if steps > STEPS_MAX {
                let what = end::what_is_left(&self.sim.world());
                return self.sim.world().broken(NOTHING_ACCEPTED_IS_LOST, format!("it never comes to rest: {what}"));
            }
            if !calm {
                self.trouble();
            }
            self.revive();
            if self.rng.once_in(6) {
                let millis = 1 + self.rng.below(8);
                tokio::time::advance(Duration::from_millis(millis)).await;
            }
            self.step().await;
        }
    }

    /// What was started since takes part.
    fn enroll(&mut self) {
        for (process, name, running) in self.processes.starts() {
            let ready = Arc::new(Ready { ready: AtomicBool::new(true), idle: Arc::clone(&self.idle) });
            let waker = Waker::from(Arc::clone(&ready));
            let running: Running = Box::pin(tokio::task::unconstrained(running));
            self.actors.push(Actor { name, process, running, ready, waker });
        }
    }

    /// Polls one of those who can go on; if nobody can, time passes until somebody can.
    async fn step(&mut self) {
        let now = Instant::now();
        let stalled = self.lives.map(|life| life.stalled_until.is_some_and(|until| now < until));
        let can = |actor: &Actor| actor.ready.ready.load(Ordering::Relaxed) && !actor.process.is_some_and(|process| stalled[process]);
        let able: Vec<usize> = (0..self.actors.len()).filter(|index| can(&self.actors[*index])).collect();
        if able.is_empty() {
            let until = self.lives.iter().flat_map(|life| [life.stalled_until, life.down_until]).flatten().min();
            let wait = idle(&self.idle, &self.actors, stalled);
            match until {
                Some(until) => drop(tokio::time::timeout_at(until.max(now + Duration::from_millis(1)), wait).await),
                None => wait.await,
            }
            return;
        }
        let index = able[self.rng.index(able.len())];
        let actor = &mut self.actors[index];
        actor.ready.ready.store(false, Ordering::Relaxed);
        let done = actor.running.as_mut().poll(&mut Context::from_waker(&actor.waker)).is_ready();
        if done {
            let actor = self.actors.remove(index);
            self.sim.world().note(format_args!("{} {:?} is done", actor.name, actor.process));
        }
    }

    /// A process crashes, or stands still for longer than a claim lives.
    fn trouble(&mut self) {
        let odds = self.sim.world().weather.process;
        if odds == 0 || !self.rng.once_in(odds) {
            return;
        }
        let process = self.rng.index(2);
        let life = self.lives[process];
        if life.down_until.is_some() || life.stalled_until.is_some() {
            return;
        }
        let now = Instant::now();
        if self.rng.once_in(3) {
            let wait = Duration::from_millis(self.rng.between(1000, 25_000));
            self.lives[process].stalled_until = Some(now + wait);
            end::stalls(&mut self.sim.world(), process, wait);
        } else {
            self.lives[process].down_until = Some(now + Duration::from_millis(self.rng.between(10, 3000)));
            end::crashes(&mut self.sim.world(), process);
            self.crash(process);
        }
    }

    fn crash(&mut self, process: usize) {
        self.processes.crash(process);
        self.actors.retain(|actor| actor.process != Some(process));
    }

    fn revive(&mut self) {
        let now = Instant::now();
        for process in 0..2 {
            let life = &mut self.lives[process];
            if life.stalled_until.is_some_and(|until| until <= now) {
                life.stalled_until = None;
            }
            if life.down_until.is_some_and(|until| until <= now) {
                life.down_until = None;
                let settings = Self::settings();
                self.sim.world().note(format_args!("{process} starts"));
                if self.rng.once_in(2) && !self.sim.world().calm {
                    self.change_rules();
                }
                self.processes.boot(&self.sim, process, settings);
            }
        }
    }

    /// No more faults; the shipped rules come into force.
    fn becalm(&mut self) {
        {
            let mut world = self.sim.world();
            world.calm = true;
            world.broker.alarm = false;
            world.clock.catch_up();
            let now = world.clock.read();
            world.tables.schedule(0, now, SignedDuration::ZERO, false);
            world.note(format_args!("calm"));
        }
        let now = Instant::now();
        for life in &mut self.lives {
            life.stalled_until = None;
            life.down_until = life.down_until.map(|_| now);
        }
    }
}

/// Until somebody who is not stalled can go on.
async fn idle(waker: &Mutex<Option<Waker>>, actors: &[Actor], stalled: [bool; 2]) {
    std::future::poll_fn(|context| {
        let can = |actor: &Actor| actor.ready.ready.load(Ordering::Relaxed) && !actor.process.is_some_and(|process| stalled[process]);
        if actors.iter().any(can) {
            return Poll::Ready(());
        }
        *waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
        Poll::Pending
    })
    .await;
}
