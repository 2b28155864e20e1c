//! The rounds, on both versions of the broker.

use super::{report::Report, rounds::play};
use crate::parts::rabbitmq::{Version, random, variable};

/// Rounds on each version where nobody says how many: every kind of kill comes in them.
const SHORT: usize = 5;

fn number<T: std::str::FromStr>(name: &str) -> Option<T> {
    variable(name).map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rounds_of_kills_under_load() {
    let seed = number("SCHAKELPUNT_SEED").unwrap_or_else(random);
    let count = number("SCHAKELPUNT_ROUNDS").unwrap_or(SHORT);
    println!("{count} rounds on each version; SCHAKELPUNT_SEED={seed} repeats the order");
    // at the same time: most of a round is waiting for parts that come up
    let (three, four) = tokio::join!(play(Version::Three, seed, count), play(Version::Four, seed, count));
    let report = Report(three.into_iter().chain(four).collect());
    println!("SCHAKELPUNT_SEED={seed} SCHAKELPUNT_ROUNDS={count}\n\n{report}");
    let faults = report.faults();
    assert!(faults.is_empty(), "SCHAKELPUNT_SEED={seed}: {} faults:\n{}", faults.len(), faults.join("\n"));
}
