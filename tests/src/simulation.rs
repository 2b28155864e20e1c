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
//! `SCHAKELPUNT_SEEDS=1000000 cargo test --release -p schakelpunt-tests simulation::seeds`.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use self::run::{Options, Outcome, run};

mod actors;
mod broker;
mod bus;
mod checks;
mod end;
mod ledger;
mod planted;
mod processes;
mod rng;
mod run;
mod store;
mod tables;
mod workload;
mod world;

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

#[test]
fn every_seed_keeps_every_invariant() {
    if let Some(seed) = number("SCHAKELPUNT_SEED") {
        println!("{}", schedule(seed, Options::default()));
        return;
    }
    let (sums, failure) = seeds(1, number("SCHAKELPUNT_SEEDS").unwrap_or(SEEDS), Options::default());
    for (what, times) in &sums {
        println!("{times:>10} {what}");
    }
    if let Some(failure) = failure {
        panic!("{}\n{:?}", schedule(failure.seed, Options::default()), failure.violation);
    }
}
