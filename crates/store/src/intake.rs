//! The intake transaction: what it shows to the step, and how it writes the actions.

use std::collections::{BTreeMap, BTreeSet};

use schakelpunt_domain::{DeliveryId, case::Case, ids::MessageKey, stage::Stage};
use schakelpunt_engine::{
    leases::Lease,
    model::{Action, DecisionRecord, Delivery, Receipt, RejectionRecord, Snapshot, SnapshotKeys, StoredMessage, Timer, Versioned},
    ports::{Step, StoreError},
};

use crate::{
    cases::{self, Held, Lock},
    deliveries::{self, Shown},
    errors::unwritable,
    leases, messages, registers,
    sql::{End, Session},
    stages, trails,
};

/// Locks cases, then messages; asks `step`; writes. Gives what was claimed at once; `None`: nothing written.
pub(crate) async fn run<S: Session>(
    session: &mut S,
    fence: &[Lease],
    keys: &SnapshotKeys,
    step: Step<'_>,
) -> Result<End<Option<Vec<Delivery>>>, StoreError> {
    let (snapshot, seen) = look(session, fence, keys).await?;
    let Some(actions) = step(snapshot) else { return Ok(End::Rollback(None)) };
    let claimed = Plan::of(actions, &seen)?.write(session, &seen).await?;
    Ok(End::Commit(Some(claimed)))
}

/// What the step was shown, as far as the writing needs it.
struct Seen {
    held: Held,
    messages: BTreeSet<MessageKey>,
    stages: Shown,
}

async fn look<S: Session>(session: &mut S, fence: &[Lease], keys: &SnapshotKeys) -> Result<(Snapshot, Seen), StoreError> {
    let epoch = registers::epoch(session).await?;
    let cases = cases::read(session, &keys.detentions, Lock::Update).await?;
    let held: Held = cases.iter().map(|case| (case.value.detention.clone(), cases::held_by(&case.value))).collect();
    let wanted: BTreeSet<MessageKey> = keys.messages.iter().chain(held.values().flatten()).cloned().collect();
    let mut messages = messages::read(session, &wanted, true).await?;
    // without its message there is no delivery
    let stored = messages.iter().map(|message| message.key.clone()).collect();
    let (deliveries, stages) = deliveries::of(session, &keys.detentions, &stored).await?;
    if keys.waiting {
        let waits = |delivery: &&Delivery| matches!(delivery.stage, Stage::Waiting { .. }) && !wanted.contains(&delivery.key);
        let more = deliveries.iter().filter(waits).map(|delivery| delivery.key.clone()).collect();
        messages.extend(messages::read(session, &more, true).await?);
    }
    let now = leases::check(session, fence).await?;
    let seen = Seen { held, messages: messages.iter().map(|message| message.key.clone()).collect(), stages };
    Ok((Snapshot { now, epoch, cases, messages, deliveries }, seen))
}

/// The actions of one batch, by table.
#[derive(Default)]
struct Plan {
    cases: Vec<Versioned<Case>>,
    messages: Vec<StoredMessage>,
    decisions: Vec<DecisionRecord>,
    deliveries: Vec<Delivery>,
    moves: BTreeMap<DeliveryId, (Stage, String)>,
    receipts: Vec<Receipt>,
    rejections: Vec<RejectionRecord>,
    timers: BTreeMap<String, Option<Timer>>,
}

impl Plan {
    fn of(actions: Vec<Action>, seen: &Seen) -> Result<Self, StoreError> {
        let mut plan = Self::default();
        for action in actions {
            match action {
                Action::SaveCase(case) => plan.cases.push(case),
                Action::SaveMessage(message) => plan.messages.push(message),
                Action::AddDecision(decision) => plan.decisions.push(decision),
                Action::AddDelivery(delivery) => plan.deliveries.push(*delivery),
                Action::SetStage(id, stage) => plan.set_stage(id, stage, seen)?,
                Action::AddReceipt(receipt) => plan.receipts.push(receipt),
                Action::AddRejection(rejection) => plan.rejections.push(rejection),
                Action::SetTimer(timer) => {
                    plan.timers.insert(timer.id.clone(), Some(timer));
                }
                Action::ClearTimer(id) => {
                    plan.timers.insert(id, None);
                }
            }
        }
        Ok(plan)
    }

    /// A delivery that the snapshot showed, or one that an earlier message of this batch added.
    fn set_stage(&mut self, id: DeliveryId, stage: Stage, seen: &Seen) -> Result<(), StoreError> {
        if let Some(added) = self.deliveries.iter_mut().find(|delivery| delivery.id == id) {
            added.stage = stage;
        } else {
            let shown = seen.stages.get(&id).ok_or_else(|| unwritable("a stage for a delivery that was not shown"))?;
            self.moves.insert(id, (stage, shown.clone()));
        }
        Ok(())
    }

    async fn write<S: Session>(self, session: &mut S, seen: &Seen) -> Result<Vec<Delivery>, StoreError> {
        let Self { cases, messages, decisions, deliveries, moves, receipts, rejections, timers } = self;
        let written: BTreeSet<&MessageKey> = messages.iter().map(|message| &message.key).chain(&seen.messages).collect();
        if deliveries.iter().any(|delivery| !written.contains(&delivery.key)) {
            return Err(unwritable("a delivery without its message"));
        }
        cases::save(session, cases, &seen.held).await?;
        messages::save(session, messages, &seen.messages).await?;
        trails::add_decisions(session, &decisions)?;
        let moves = moves.into_iter().map(|(id, (stage, shown))| (id, stage, shown)).collect();
        stages::move_from(session, moves).await?;
        trails::add_receipts(session, &receipts)?;
        trails::add_rejections(session, &rejections)?;
        trails::set_timers(session, timers).await?;
        deliveries::add(session, deliveries).await
    }
}
