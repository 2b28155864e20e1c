//! Who takes part, and within which limits.

use std::time::Duration;

use schakelpunt_domain::registers::{Channel, Participant};
use schakelpunt_engine::settings::Limits;

use crate::harness::participant;

/// Everybody in the simulated registers; who fetches stands last.
pub(super) const EVERYBODY: [&str; 10] = [
    "pi-zwolle",
    "pi-vught",
    "gemeente-zwolle",
    "gemeente-heerde",
    "rn-zwolle",
    "rn-noord",
    "ggz-zwolle",
    "woonstichting-zwolle",
    "triage",
    "gemeente-kampen",
];

/// Small and short, so that everything is met within a run.
pub(super) fn limits() -> Limits {
    Limits {
        claim: Duration::from_secs(10),
        window: 6,
        batch: 5,
        claims: 8,
        backoff_min: Duration::from_millis(50),
        backoff_max: Duration::from_millis(800),
        park: Duration::from_secs(20),
        retention: Duration::from_secs(3600),
        ..Limits::default()
    }
}

pub(super) fn everybody() -> Vec<Participant> {
    let mut all: Vec<Participant> = EVERYBODY.iter().map(|id| participant(id)).collect();
    all.last_mut().unwrap().channel = Channel::Pull;
    all
}
