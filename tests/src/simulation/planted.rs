//! The planted bugs: what each of them does to the store. Those of the bus stand where the bus does it.

use jiff::Timestamp;
use schakelpunt_engine::model::{Action, ClaimContext, Snapshot, SnapshotKeys, Timer};

use super::world::World;
use crate::mutants::Mutant;

/// What a planted bug remembers.
#[derive(Debug, Default)]
pub(super) struct Memory {
    cases: std::collections::BTreeMap<schakelpunt_domain::DetentionRef, schakelpunt_domain::case::Case>,
    timers: Vec<(Timer, schakelpunt_domain::case::Held, schakelpunt_engine::model::StoredMessage)>,
}

/// What an intake is shown.
pub(super) fn snapshot(_world: &mut World, _process: usize, _keys: &SnapshotKeys, _snapshot: &mut Snapshot) {}

/// What an intake writes.
pub(super) fn actions(_world: &mut World, _actions: &mut Vec<Action>) {}

/// What a claim is shown.
pub(super) fn context(world: &mut World, context: &mut ClaimContext) {
    for candidate in &mut context.candidates {
        match world.mutant {
            Some(Mutant::ClaimWithoutStamp) => {}
            Some(Mutant::ExpiryWithoutAWriteMissed) => candidate.delivery.decision.valid_until = None,
            Some(Mutant::RetryWithOtherBytes) => candidate.delivery.bytes = None,
            _ => {}
        }
    }
}

/// Which timers are due.
pub(super) fn timers(world: &World, limit: usize, now: Timestamp) -> Vec<Timer> {
    world.tables.due_timers(limit, now)
}
