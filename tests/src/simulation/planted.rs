//! The planted bugs: what each of them does to the store. Those of the bus stand where the bus does it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schakelpunt_domain::{
    DetentionRef,
    case::{Case, Held},
    stage::Stage,
};
use schakelpunt_engine::model::{Action, ClaimContext, Outcome, Snapshot, SnapshotKeys, Stamp, StoredMessage, Timer};
use schakelpunt_rules::Relation;

use super::world::World;
use crate::{harness::who, mutants::Mutant};

/// What a planted bug remembers.
#[derive(Debug, Default)]
pub(super) struct Memory {
    cases: BTreeMap<DetentionRef, Case>,
    /// Timers that were set, with what waited for them.
    timers: Vec<(Timer, Held, StoredMessage)>,
    /// The one that is fired again now.
    again: Option<(Timer, Held, StoredMessage)>,
}

/// What an intake is shown.
pub(super) fn snapshot(world: &mut World, keys: &SnapshotKeys, snapshot: &mut Snapshot) {
    match world.mutant {
        Some(Mutant::FactsLoadedOncePerBatch) => {
            for case in &mut snapshot.cases {
                let detention = case.value.detention.clone();
                if world.rng.once_in(4) {
                    world.memory.cases.remove(&detention);
                }
                let loaded = world.memory.cases.entry(detention).or_insert_with(|| case.value.clone());
                let lanes = std::mem::take(&mut case.value.lanes);
                case.value = Case { lanes, written: case.value.written, ..loaded.clone() };
            }
        }
        Some(Mutant::TombstoneIgnored) => snapshot.cases.iter_mut().for_each(|case| case.value.tombstones.clear()),
        Some(Mutant::StaleSlotDelivered) => snapshot.cases.iter_mut().for_each(|case| case.value.slots.clear()),
        Some(Mutant::ClockStepBack) => snapshot.cases.iter_mut().for_each(|case| case.value.written = None),
        Some(Mutant::TimerFiredTwice) if keys.messages.is_empty() => fire_again(world, keys, snapshot),
        _ => {}
    }
}

/// The effect of the first firing is not seen.
fn fire_again(world: &mut World, keys: &SnapshotKeys, snapshot: &mut Snapshot) {
    let Some((timer, held, message)) = world.memory.again.take().filter(|(timer, ..)| keys.detentions.contains(&timer.detention)) else {
        return;
    };
    let Some(case) = snapshot.cases.iter_mut().find(|case| case.value.detention == timer.detention) else { return };
    if !case.value.parked.contains(&held) {
        case.value.parked.push(held);
        snapshot.messages.retain(|other| other.key != message.key);
        snapshot.messages.push(message);
    }
}

/// What an intake writes.
pub(super) fn actions(world: &mut World, actions: &mut Vec<Action>) {
    match world.mutant {
        Some(Mutant::ReceiptBeforeCommit) => actions.retain(|action| match action {
            Action::AddReceipt(receipt) => {
                world.tables.add_receipt(receipt.clone());
                false
            }
            _ => true,
        }),
        Some(Mutant::VoidNotTold) => {
            actions.retain(|action| !matches!(action, Action::AddReceipt(receipt) if receipt.event.as_str() == "delivery-void"));
        }
        Some(Mutant::TimerFiredTwice) => remember_timers(world, actions),
        Some(Mutant::CorrectionToTheWrongRecipient) => {
            let to = |relations: &[Relation]| (relations == [Relation::EarlierRecipient]).then(|| who("gemeente-heerde"));
            for action in actions {
                match action {
                    Action::AddDelivery(delivery) => {
                        if let Some(other) = to(&delivery.relations) {
                            delivery.recipient = other;
                        }
                    }
                    Action::AddDecision(made) => {
                        if let Some(other) = to(&made.relations) {
                            made.recipient = other;
                        }
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn remember_timers(world: &mut World, actions: &[Action]) {
    for action in actions {
        let Action::SetTimer(timer) = action else { continue };
        for (held, message) in actions.iter().filter_map(|action| match action {
            Action::SaveMessage(message) if message.outcome == Outcome::Parked => {
                Some((Held { key: message.key.clone(), until: Some(timer.at) }, message.clone()))
            }
            _ => None,
        }) {
            if timer.id.ends_with(message.key.id.as_str()) {
                world.memory.timers.push((timer.clone(), held, message));
            }
        }
    }
}

/// What a claim is shown.
pub(super) fn context(world: &World, context: &mut ClaimContext) {
    for candidate in &mut context.candidates {
        let delivery = &mut candidate.delivery;
        match world.mutant {
            Some(Mutant::ClaimWithoutStamp) => {
                let case_version = candidate.case.as_ref().map_or(0, |case| case.version);
                delivery.stamp = Stamp {
                    case_version,
                    epoch: context.epoch,
                    rules: world.tables.rules.in_force(context.now).unwrap_or_default().to_owned(),
                };
            }
            Some(Mutant::ExpiryWithoutAWriteMissed) => delivery.decision.valid_until = None,
            Some(Mutant::RetryWithOtherBytes) if matches!(delivery.stage, Stage::Claimed { .. }) => delivery.bytes = None,
            Some(Mutant::ClockStepBack) => {
                if let Some(case) = &mut candidate.case {
                    case.value.written = None;
                }
            }
            _ => {}
        }
    }
}

/// Which timers are due.
pub(super) fn timers(world: &mut World, limit: usize, now: Timestamp) -> Vec<Timer> {
    let mut due = world.tables.due_timers(limit, now);
    if world.mutant == Some(Mutant::TimerLost) {
        let of_a_case = |timer: &Timer| timer.id.starts_with("deadlines");
        world.tables.timers.retain(|_, timer| timer.at > now || !of_a_case(timer));
        due.retain(|timer| !of_a_case(timer));
    }
    if world.mutant != Some(Mutant::TimerFiredTwice) || !due.is_empty() {
        return due;
    }
    let Some(index) = world.memory.timers.iter().position(|(timer, ..)| timer.at <= now) else { return due };
    let again = world.memory.timers.remove(index);
    let timer = again.0.clone();
    world.memory.again = Some(again);
    vec![timer]
}
