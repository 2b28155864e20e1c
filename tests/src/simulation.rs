//! Deterministic simulation of the whole hub: two processes run the real loops over a simulated store and bus.
//!
//! | module | what it is |
//! |---|---|
//! | `run` | the scheduler: one actor is polled at a time, in an order drawn from the seed; crashes and stalls come between polls |
//! | `world` | what outlives a process: rows, broker, clock; the trace |
//! | `tables`, `store` | the store port: every call is a request under way, an instant, an answer under way |
//! | `broker`, `bus` | the bus port |
//! | `processes`, `actors`, `workload` | who runs, and what producers, recipients and the environment do |
//! | `ledger`, `checks`, `end` | the invariants, judged by what the simulation itself knows of consents, registers and residence |
//! | `planted` | the planted bugs |
//!
//! `SCHAKELPUNT_SEED=n` replays one seed and prints its schedule; `SCHAKELPUNT_SEEDS=n` runs so many:
//! `SCHAKELPUNT_SEEDS=1000000 cargo test --release -p schakelpunt-tests simulation::every`.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use schakelpunt_engine::ports::Store;

use self::{
    rng::Rng,
    run::{Options, Outcome, run},
    store::SimStore,
    world::{Clock, Shared, World},
};
use crate::{invariants, mutants::Mutant};

mod actors;
mod broker;
mod bus;
mod cast;
mod checks;
mod end;
mod fetching;
mod ledger;
mod planted;
mod processes;
mod rng;
mod run;
mod store;
mod tables;
mod workload;
mod world;

/// The simulated store by itself, without faults: the contract suite runs against it, so that it means what the real ones mean.
pub(crate) fn store(clock: Arc<dyn schakelpunt_domain::Clock>) -> impl Store {
    let world = World { calm: true, ..World::new(Rng::stream(0, 0), Clock::like(clock)) };
    SimStore { sim: Shared::new(world), process: 0 }
}

/// Seeds of an ordinary run of the tests.
const SEEDS: u64 = 2000;

#[expect(clippy::disallowed_methods, reason = "the two switches of this suite")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs seeds on all cores until one fails; gives the sums and the first failure.
fn seeds(from: u64, count: u64, options: Options) -> (BTreeMap<&'static str, u64>, Option<Outcome>) {
    let (next, failed) = (AtomicU64::new(from), AtomicU64::new(u64::MAX));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let (mut sums, mut failure) = (BTreeMap::new(), None);
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= from + count || seed > failed.load(Ordering::Relaxed) {
                return (sums, failure);
            }
            let outcome = run(seed, options);
            *sums.entry("steps").or_default() += outcome.steps;
            for (what, times) in &outcome.counts {
                *sums.entry(*what).or_insert(0) += times;
            }
            if outcome.violation.is_some() {
                failed.fetch_min(seed, Ordering::Relaxed);
                failure = Some(outcome);
                return (sums, failure);
            }
        }
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (mut sums, mut failure) = (BTreeMap::new(), None::<Outcome>);
    for (part, failed) in results {
        for (what, times) in part {
            *sums.entry(what).or_insert(0) += times;
        }
        failure = [failure, failed].into_iter().flatten().min_by_key(|outcome| outcome.seed);
    }
    (sums, failure)
}

/// The whole schedule of a seed.
fn schedule(seed: u64, options: Options) -> String {
    let outcome = run(seed, Options { verbose: true, ..options });
    format!("{}\nseed {seed}: {} steps, {:?}", outcome.lines.join("\n"), outcome.steps, outcome.violation)
}

/// Faults that must have been injected and states that must have been reached in an ordinary run, and how often at least.
const REACHED: [(&str, u64); 42] = [
    ("fault: a process stands still", 100),
    ("fault: a producer posts again", 100),
    ("fault: a producer sends again", 100),
    ("fault: a recipient stops reading", 100),
    ("fault: a row is locked by another", 10),
    ("fault: a row that the database refuses", 100),
    ("fault: a transaction rolled back at its commit", 100),
    ("fault: acknowledgement lost", 100),
    ("fault: an answer to a fetch lost", 100),
    ("fault: an inbox is gone", 100),
    ("fault: answer lost after the commit", 100),
    ("fault: clock set back", 100),
    ("fault: clock set on", 100),
    ("fault: confirm lost", 100),
    ("fault: conflict", 100),
    ("fault: crash", 100),
    ("fault: forgetting runs early", 100),
    ("fault: frames reordered", 100),
    ("fault: no inbox has room", 100),
    ("fault: publication lost, nobody knows", 100),
    ("fault: publishing is blocked", 100),
    ("fault: register change", 100),
    ("fault: register change right behind a claim", 100),
    ("fault: timers come late", 100),
    ("state: a case passes to another municipality", 10),
    ("state: a claim passes while its process stands still", 10),
    ("state: a claim that has passed is still published", 1),
    ("state: a consent runs out", 10),
    ("state: a deadline is told", 100),
    ("state: a deadline is told by its timer", 10),
    ("state: a heartbeat arrived", 100),
    ("state: a lane is blocked", 100),
    ("state: a lease lost with a claim open", 10),
    ("state: a message waits for triage", 100),
    ("state: a number is void", 10),
    ("state: a parked message found its case", 100),
    ("state: a parked message lapsed", 10),
    ("state: a recall", 10),
    ("state: crash between commit and acknowledgement", 10),
    ("state: crash with a claim open", 10),
    ("state: register change between claim and confirm", 10),
    ("state: withdrawal between claim and confirm", 100),
];

#[test]
fn every_seed_keeps_every_invariant() {
    if let Some(seed) = number("SCHAKELPUNT_SEED") {
        println!("{}", schedule(seed, Options::default()));
        return;
    }
    let count = number("SCHAKELPUNT_SEEDS").unwrap_or(SEEDS);
    let (sums, failure) = seeds(1, count, Options::default());
    for (what, times) in &sums {
        println!("{times:>10} {what}");
    }
    if let Some(failure) = failure {
        panic!("{}\n{:?}", schedule(failure.seed, Options::default()), failure.violation);
    }
    let missing = REACHED.iter().filter(|(what, least)| count >= SEEDS && sums.get(what).copied().unwrap_or(0) < *least);
    let missing: Vec<_> = missing.collect();
    assert!(missing.is_empty(), "not reached often enough: {missing:?}");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 1..=8 {
        let (once, again) = (run(seed, Options::default()), run(seed, Options { verbose: true, ..Options::default() }));
        assert_eq!((once.digest, once.steps), (again.digest, again.steps), "seed {seed}");
    }
    assert_ne!(run(1, Options::default()).digest, run(2, Options::default()).digest);
}

/// Finds a planted bug, and by which invariant.
#[track_caller]
fn finds(mutant: Mutant, by: &[&str]) {
    let most = number("SCHAKELPUNT_SEEDS").unwrap_or(SEEDS);
    let (sums, failure) = seeds(1, most, Options { mutant: Some(mutant), verbose: false });
    let found = failure.unwrap_or_else(|| panic!("{mutant} was not found in {most} seeds"));
    let violation = found.violation.unwrap();
    println!(
        "{mutant}: seed {}, {} runs ended before, {}: {}",
        found.seed,
        sums.get("ended").unwrap_or(&0),
        violation.invariant,
        violation.what
    );
    assert!(invariants::ALL.contains(&violation.invariant));
    let told = || schedule(found.seed, Options { mutant: Some(mutant), verbose: true });
    assert!(by.contains(&violation.invariant), "{}\n{mutant} was found by {}", told(), violation.invariant);
}

macro_rules! found {
    ($($test:ident: $mutant:ident by $($invariant:ident),+;)+) => {
        mod planted_bugs {
            use super::{Mutant, finds};
            use crate::invariants::*;
            $(#[test]
            fn $test() {
                finds(Mutant::$mutant, &[$($invariant),+]);
            })+

            #[test]
            fn each_is_looked_for() {
                let mut looked_for = [$(Mutant::$mutant),+];
                looked_for.sort_unstable();
                assert_eq!(looked_for, Mutant::ALL);
            }
        }
    };
}

found! {
    facts_loaded_once_per_batch: FactsLoadedOncePerBatch by A_TOMBSTONE_STAYS, NO_CLAIM_WITHOUT_GROUND, ORDER_PER_LANE;
    acknowledged_before_the_commit: AcknowledgedBeforeTheCommit by NOTHING_ACCEPTED_IS_LOST;
    acknowledged_too_far: AcknowledgedTooFar by NOTHING_ACCEPTED_IS_LOST;
    claim_without_stamp: ClaimWithoutStamp by NO_CLAIM_WITHOUT_GROUND, A_TOMBSTONE_STAYS;
    retry_with_other_bytes: RetryWithOtherBytes by ONE_SET_OF_BYTES_PER_DELIVERY;
    timer_fired_twice: TimerFiredTwice by NOTHING_ACCEPTED_IS_LOST, EVERY_ACCEPTANCE_HAS_ITS_DECISIONS;
    timer_lost: TimerLost by A_DEADLINE_IS_TOLD_ONCE;
    tombstone_ignored: TombstoneIgnored by A_TOMBSTONE_STAYS;
    lane_overtaken: LaneOvertaken by ORDER_PER_LANE;
    expiry_without_a_write_missed: ExpiryWithoutAWriteMissed by NO_CLAIM_WITHOUT_GROUND, A_TOMBSTONE_STAYS;
    stale_slot_delivered: StaleSlotDelivered by ORDER_PER_LANE;
    correction_to_the_wrong_recipient: CorrectionToTheWrongRecipient by NO_CLAIM_WITHOUT_GROUND, ORDER_PER_LANE;
    lease_not_fenced: LeaseNotFenced by NO_CLAIM_WITHOUT_GROUND, EVERY_ACCEPTANCE_HAS_ITS_DECISIONS;
    payload_purged_too_early: PayloadPurgedTooEarly by EVERY_ACCEPTANCE_HAS_ITS_DECISIONS;
    receipt_before_commit: ReceiptBeforeCommit by NOTHING_ACCEPTED_IS_LOST;
    void_not_told: VoidNotTold by NO_NUMBER_IS_MISSING;
    clock_step_back: ClockStepBack by NO_CLAIM_WITHOUT_GROUND, A_TOMBSTONE_STAYS, ORDER_PER_LANE, A_DEADLINE_IS_TOLD_ONCE;
}
