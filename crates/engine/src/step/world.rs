//! The working state of one step: the snapshot, changed by every input, and the actions so far.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schakelpunt_domain::{
    DeliveryId, DetentionRef,
    case::Case,
    ids::MessageKey,
    registers::{At, Registers},
    stage::{CancelReason, Stage},
};

use super::Law;
use crate::{
    Settings,
    model::{Action, DecisionRecord, Delivery, Snapshot, Stamp, StoredMessage, Versioned},
};

struct Row {
    case: Case,
    version: u64,
    as_read: Option<Case>,
}

/// The working state.
pub(super) struct World<'a> {
    law: Law<'a>,
    now: Timestamp,
    clock: Timestamp,
    epoch: u64,
    cases: BTreeMap<DetentionRef, Row>,
    messages: BTreeMap<MessageKey, StoredMessage>,
    deliveries: Vec<Delivery>,
    /// How many messages of each case were considered.
    considered: BTreeMap<DetentionRef, u32>,
    actions: Vec<Action>,
}

impl<'a> World<'a> {
    pub(super) fn new(law: Law<'a>, snapshot: Snapshot) -> Self {
        let Snapshot { now, epoch, cases, messages, deliveries } = snapshot;
        // a clock that went back must not make unknown what is on record (a-tombstone-stays)
        let recorded = cases.iter().map(|case| case.value.last_recorded()).max().flatten().max(law.registers.last_recorded());
        let row = |Versioned { value, version }: Versioned<Case>| {
            (value.detention.clone(), Row { as_read: Some(value.clone()), case: value, version })
        };
        Self {
            law,
            now: recorded.map_or(now, |recorded| recorded.max(now)),
            clock: now,
            epoch,
            cases: cases.into_iter().map(row).collect(),
            messages: messages.into_iter().map(|message| (message.key.clone(), message)).collect(),
            deliveries,
            considered: BTreeMap::new(),
            actions: Vec::new(),
        }
    }

    pub(super) fn law(&self) -> Law<'a> {
        self.law
    }

    pub(super) fn settings(&self) -> &'a Settings {
        self.law.settings
    }

    pub(super) fn registers(&self) -> &'a Registers {
        self.law.registers
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// The store's clock, by which it is judged what is due.
    pub(super) fn clock(&self) -> Timestamp {
        self.clock
    }

    pub(super) fn at(&self) -> At {
        At::now(self.now)
    }

    /// The case, new if it is not known.
    pub(super) fn case(&mut self, detention: &DetentionRef) -> &mut Case {
        let row = || Row { case: Case::new(detention.clone()), version: 0, as_read: None };
        &mut self.cases.entry(detention.clone()).or_insert_with(row).case
    }

    /// The case as it stands, if anything is known of it.
    pub(super) fn known_case(&self, detention: &DetentionRef) -> Option<&Case> {
        self.cases.get(detention).map(|row| &row.case)
    }

    /// What decisions on this case rest on: the version that this transaction leaves behind.
    pub(super) fn stamp(&self, detention: &DetentionRef) -> Stamp {
        let case_version = self.cases.get(detention).map_or(1, |row| row.version + 1);
        Stamp { case_version, epoch: self.epoch, rules: self.law.settings.rules.version.clone() }
    }

    /// Notes that a message of this case is considered.
    pub(super) fn considers(&mut self, detention: &DetentionRef) {
        *self.considered.entry(detention.clone()).or_default() += 1;
    }

    /// What this step added and still waits, in cases of which it considered more than one message.
    pub(super) fn overtaken(&self) -> Vec<Delivery> {
        let several = |detention: &DetentionRef| self.considered.get(detention).is_some_and(|count| *count > 1);
        let added = self.actions.iter().filter_map(|action| if let Action::AddDelivery(added) = action { Some(&**added) } else { None });
        let waits = |added: &&Delivery| matches!(added.stage, Stage::Waiting { .. }) && added.detention.as_ref().is_some_and(several);
        added.filter(waits).cloned().collect()
    }

    /// Lets the claim ask again about a delivery that this step added: its stamp becomes one that no claim finds.
    pub(super) fn doubt(&mut self, id: DeliveryId) {
        let added = self.actions.iter_mut().find_map(|action| match action {
            Action::AddDelivery(added) if added.id == id => Some(added),
            _ => None,
        });
        if let Some(added) = added {
            added.stamp.case_version = added.stamp.case_version.saturating_sub(1);
        }
    }

    pub(super) fn message(&self, key: &MessageKey) -> Option<&StoredMessage> {
        self.messages.get(key)
    }

    pub(super) fn save_message(&mut self, message: StoredMessage) {
        self.messages.insert(message.key.clone(), message.clone());
        self.actions.push(Action::SaveMessage(message));
    }

    /// Deliveries of one message.
    pub(super) fn deliveries_of<'b>(&'b self, key: &'b MessageKey) -> impl Iterator<Item = &'b Delivery> {
        self.deliveries.iter().filter(move |delivery| delivery.key == *key)
    }

    /// Deliveries of one case.
    pub(super) fn deliveries_in<'b>(&'b self, detention: &'b DetentionRef) -> impl Iterator<Item = &'b Delivery> {
        self.deliveries.iter().filter(move |delivery| delivery.detention.as_ref() == Some(detention))
    }

    pub(super) fn add_delivery(&mut self, delivery: Delivery) {
        self.deliveries.push(delivery.clone());
        self.actions.push(Action::AddDelivery(Box::new(delivery)));
    }

    /// Cancels a delivery that nobody has. One that this very step added never comes to be.
    pub(super) fn cancel(&mut self, id: DeliveryId, why: CancelReason) {
        let Some(delivery) = self.deliveries.iter_mut().find(|delivery| delivery.id == id) else { return };
        let Ok(stage) = delivery.stage.clone().cancel(self.now, why) else { return };
        delivery.stage = stage.clone();
        let added = self.actions.iter_mut().find_map(|action| match action {
            Action::AddDelivery(added) if added.id == id => Some(added),
            _ => None,
        });
        match added {
            Some(added) => added.stage = stage,
            None => self.actions.push(Action::SetStage(id, stage)),
        }
    }

    /// Moves a delivery that the snapshot showed.
    pub(super) fn set_stage(&mut self, id: DeliveryId, stage: Stage) {
        if let Some(delivery) = self.deliveries.iter_mut().find(|delivery| delivery.id == id) {
            delivery.stage = stage.clone();
            self.actions.push(Action::SetStage(id, stage));
        }
    }

    pub(super) fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// How many decisions were made so far.
    pub(super) fn decisions(&self) -> usize {
        self.actions.iter().filter(|action| matches!(action, Action::AddDecision(_))).count()
    }

    /// The decisions made after the first `before`.
    pub(super) fn decisions_since(&self, before: usize) -> Vec<DecisionRecord> {
        let made = self.actions.iter().filter_map(|action| if let Action::AddDecision(decision) = action { Some(decision) } else { None });
        made.skip(before).cloned().collect()
    }

    /// Everything to carry out; each changed case once, with all that was done to it.
    pub(super) fn into_actions(self) -> Vec<Action> {
        let changed = self.cases.into_values().filter(|row| row.as_read.as_ref() != Some(&row.case));
        // the cases come first: their rows are locked and compared before anything else is written
        let mut actions: Vec<Action> = changed.map(|row| Action::SaveCase(Versioned { value: row.case, version: row.version })).collect();
        actions.extend(self.actions);
        actions
    }
}
