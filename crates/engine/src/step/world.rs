//! The working state of one step: the snapshot, changed by every input, and the actions so far.

use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    /// Places in `deliveries`: a batch holds hundreds.
    by_message: HashMap<MessageKey, Vec<usize>>,
    by_case: HashMap<DetentionRef, Vec<usize>>,
    actions: Vec<Action>,
    /// Places of the decisions in `actions`.
    decided: Vec<usize>,
    /// How often each case was changed by an input, and after how many changes each delivery was decided.
    changes: HashMap<DetentionRef, u64>,
    decided_after: HashMap<DeliveryId, u64>,
}

impl<'a> World<'a> {
    pub(super) fn new(law: Law<'a>, snapshot: Snapshot) -> Self {
        let Snapshot { now, epoch, cases, messages, deliveries } = snapshot;
        let row = |Versioned { value, version }: Versioned<Case>| {
            (value.detention.clone(), Row { as_read: Some(value.clone()), case: value, version })
        };
        // time never runs back for a case, whatever the clock of the store does: what was ended stays ended
        let latest = cases.iter().filter_map(|case| case.value.written).chain([law.registers.latest()]).fold(now, Timestamp::max);
        let mut world = Self {
            law,
            now: latest,
            clock: now,
            epoch,
            cases: cases.into_iter().map(row).collect(),
            messages: messages.into_iter().map(|message| (message.key.clone(), message)).collect(),
            deliveries: Vec::with_capacity(deliveries.len()),
            by_message: HashMap::new(),
            by_case: HashMap::new(),
            actions: Vec::new(),
            decided: Vec::new(),
            changes: HashMap::new(),
            decided_after: HashMap::new(),
        };
        deliveries.into_iter().for_each(|delivery| world.know(delivery));
        world
    }

    fn know(&mut self, delivery: Delivery) {
        let place = self.deliveries.len();
        self.by_message.entry(delivery.key.clone()).or_default().push(place);
        if let Some(detention) = &delivery.detention {
            self.by_case.entry(detention.clone()).or_default().push(place);
        }
        self.deliveries.push(delivery);
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

    /// What comes now may change what decisions on this case rest on: those made before in this step have to be asked again.
    pub(super) fn changes(&mut self, detention: &DetentionRef) {
        *self.changes.entry(detention.clone()).or_default() += 1;
    }

    fn changes_of(&self, detention: Option<&DetentionRef>) -> u64 {
        detention.and_then(|detention| self.changes.get(detention)).copied().unwrap_or_default()
    }

    /// Takes the stamp from every delivery of this step after whose decision its case was changed: no case has version 0.
    pub(super) fn unstamp_outdated(&mut self) {
        let outdated =
            |added: &Delivery| self.decided_after.get(&added.id).is_some_and(|after| *after < self.changes_of(added.detention.as_ref()));
        let added = self.actions.iter().filter_map(|action| if let Action::AddDelivery(added) = action { Some(added) } else { None });
        let outdated: BTreeSet<DeliveryId> = added.filter(|added| outdated(added)).map(|added| added.id).collect();
        for action in &mut self.actions {
            if let Action::AddDelivery(added) = action
                && outdated.contains(&added.id)
            {
                added.stamp.case_version = 0;
            }
        }
    }

    /// What decisions on this case rest on: the version that this transaction leaves behind.
    pub(super) fn stamp(&self, detention: &DetentionRef) -> Stamp {
        let case_version = self.cases.get(detention).map_or(1, |row| row.version + 1);
        Stamp { case_version, epoch: self.epoch, rules: self.law.settings.rules.version.clone() }
    }

    pub(super) fn message(&self, key: &MessageKey) -> Option<&StoredMessage> {
        self.messages.get(key)
    }

    pub(super) fn save_message(&mut self, message: StoredMessage) {
        let message = match self.messages.get(&message.key) {
            Some(old) => message.instead_of(old, self.now),
            None => message,
        };
        self.messages.insert(message.key.clone(), message.clone());
        self.actions.push(Action::SaveMessage(message));
    }

    /// Deliveries of one message.
    pub(super) fn deliveries_of(&self, key: &MessageKey) -> impl Iterator<Item = &Delivery> {
        self.by_message.get(key).into_iter().flatten().filter_map(|place| self.deliveries.get(*place))
    }

    /// Deliveries of one case.
    pub(super) fn deliveries_in(&self, detention: &DetentionRef) -> impl Iterator<Item = &Delivery> {
        self.by_case.get(detention).into_iter().flatten().filter_map(|place| self.deliveries.get(*place))
    }

    /// Every delivery that was read or added.
    pub(super) fn deliveries(&self) -> &[Delivery] {
        &self.deliveries
    }

    pub(super) fn add_delivery(&mut self, delivery: Delivery) {
        self.decided_after.insert(delivery.id, self.changes_of(delivery.detention.as_ref()));
        self.know(delivery.clone());
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
        if matches!(action, Action::AddDecision(_)) {
            self.decided.push(self.actions.len());
        }
        self.actions.push(action);
    }

    /// The actions so far.
    pub(super) fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// The same, to be changed: kinds and order stay.
    pub(super) fn actions_mut(&mut self) -> &mut [Action] {
        &mut self.actions
    }

    /// How many decisions were made so far.
    pub(super) fn decisions(&self) -> usize {
        self.decided.len()
    }

    /// The decisions made after the first `before`.
    pub(super) fn decisions_since(&self, before: usize) -> Vec<DecisionRecord> {
        let made = self.decided.iter().skip(before).filter_map(|place| self.actions.get(*place));
        made.filter_map(|action| if let Action::AddDecision(decision) = action { Some(decision.clone()) } else { None }).collect()
    }

    /// Everything to carry out; each changed case once, with all that was done to it.
    pub(super) fn into_actions(self) -> Vec<Action> {
        let changed = self.cases.into_values().filter(|row| row.as_read.as_ref() != Some(&row.case));
        // the cases come first: their rows are locked and compared before anything else is written
        let now = self.now;
        let save = |row: Row| Action::SaveCase(Versioned { value: Case { written: Some(now), ..row.case }, version: row.version });
        let mut actions: Vec<Action> = changed.map(save).collect();
        actions.extend(self.actions);
        actions
    }
}
