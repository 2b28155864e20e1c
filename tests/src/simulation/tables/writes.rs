//! What an intake writes: looked at as a whole first, so that a transaction that fails leaves nothing.

use std::collections::{BTreeMap, BTreeSet};

use schakelpunt_domain::{DeliveryId, DetentionRef, ParticipantId, ids::MessageKey, stage::Stage};
use schakelpunt_engine::{
    model::{Action, DecisionRecord, Delivery, Receipt, Snapshot, StoredMessage},
    ports::StoreError,
};

use super::{Owed, Row, Tables, lane_of, unwritable};

/// What a step was shown, as far as its writing needs it.
pub(crate) struct Shown {
    messages: BTreeSet<MessageKey>,
    deliveries: BTreeSet<DeliveryId>,
}

impl Shown {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        Self {
            messages: snapshot.messages.iter().map(|message| message.key.clone()).collect(),
            deliveries: snapshot.deliveries.iter().map(|delivery| delivery.id).collect(),
        }
    }
}

/// The last word of these actions on each message that they save.
pub(crate) fn saved(actions: &[Action]) -> BTreeMap<&MessageKey, &StoredMessage> {
    let saves = actions.iter().filter_map(|action| if let Action::SaveMessage(message) = action { Some(message) } else { None });
    saves.map(|message| (&message.key, message)).collect()
}

impl Tables {
    /// Whether all of these can be written.
    pub(crate) fn check(&self, actions: &[Action], shown: &Shown) -> Result<(), StoreError> {
        let mut cases: BTreeSet<&DetentionRef> = BTreeSet::new();
        let mut added: BTreeSet<DeliveryId> = BTreeSet::new();
        let messages = saved(actions);
        if messages.keys().any(|key| !shown.messages.contains(*key) && self.messages.contains_key(*key)) {
            return Err(StoreError::Conflict);
        }
        for action in actions {
            match action {
                // of several in a batch the first names the version that was read
                Action::SaveCase(case) if cases.insert(&case.value.detention) => {
                    let stored = self.cases.get(&case.value.detention).map_or(0, |stored| stored.version);
                    if stored != case.version {
                        return Err(StoreError::Conflict);
                    }
                }
                Action::AddDelivery(delivery) => {
                    if i64::try_from(delivery.lane_sequence).is_err() {
                        return Err(unwritable("a number that no column holds"));
                    }
                    if self.deliveries.contains_key(&delivery.id) || !added.insert(delivery.id) {
                        return Err(unwritable("a second delivery of one id"));
                    }
                    if !messages.contains_key(&delivery.key) && !self.messages.contains_key(&delivery.key) {
                        return Err(unwritable("a delivery without its message"));
                    }
                }
                Action::SetStage(id, _) if !shown.deliveries.contains(id) && !added.contains(id) => {
                    return Err(unwritable("a stage for a delivery that was not shown"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes what was found writable; gives what was added as claimed, with its numbers.
    pub(crate) fn write(&mut self, actions: Vec<Action>) -> Vec<Delivery> {
        let mut claimed = Vec::new();
        for action in actions {
            match action {
                Action::SaveCase(mut case) => {
                    case.version += 1;
                    self.cases.insert(case.value.detention.clone(), case);
                }
                Action::SaveMessage(message) => self.save_message(message),
                Action::AddDecision(decision) => self.add_decision(decision),
                Action::AddDelivery(mut delivery) => {
                    if matches!(delivery.stage, Stage::Claimed { .. }) {
                        self.number(std::slice::from_mut(&mut *delivery));
                        claimed.push((*delivery).clone());
                    }
                    self.add_delivery(*delivery);
                }
                Action::SetStage(id, stage) => self.move_to(id, stage),
                Action::AddReceipt(receipt) => self.add_receipt(receipt),
                Action::AddRejection(rejection) => self.rejections.push(rejection),
                Action::SetTimer(timer) => drop(self.timers.insert(timer.id.clone(), timer)),
                Action::ClearTimer(id) => drop(self.timers.remove(&id)),
            }
        }
        claimed
    }

    pub(super) fn save_message(&mut self, message: StoredMessage) {
        self.messages.insert(message.key.clone(), message);
    }

    pub(super) fn add_decision(&mut self, decision: DecisionRecord) {
        self.decisions.entry(decision.message.clone()).or_default().push(decision);
    }

    pub(super) fn add_delivery(&mut self, delivery: Delivery) {
        let row = Row { delivery, ordinal: self.next() };
        let (lane, place) = lane_of(&row);
        if row.delivery.stage.is_open() {
            self.open.entry(lane).or_default().insert(place);
        }
        self.of_message.entry(row.delivery.key.clone()).or_default().insert((row.ordinal, row.delivery.id));
        if let Some(detention) = &row.delivery.detention {
            self.of_case.entry(detention.clone()).or_default().insert(row.delivery.id);
        }
        self.deliveries.insert(row.delivery.id, row);
    }

    /// The same receipt again is told again, in its old place.
    pub(crate) fn add_receipt(&mut self, receipt: Receipt) {
        let ordinal = self.next();
        let ordinal = self.receipts.get(&receipt.id).map_or(ordinal, |known| known.ordinal);
        self.receipts.insert(receipt.id.clone(), Owed { receipt, told: false, ordinal });
    }

    /// Gives each delivery without a number the next one of its recipient.
    pub(super) fn number(&mut self, claimed: &mut [Delivery]) {
        for delivery in claimed.iter_mut().filter(|delivery| delivery.number.is_none()) {
            let head = self.heads.entry(delivery.recipient.clone()).or_default();
            *head += 1;
            delivery.number = Some(*head);
        }
    }

    /// The last decision on a message for somebody.
    pub(crate) fn last_decision(&self, key: &MessageKey, recipient: &ParticipantId) -> Option<&DecisionRecord> {
        self.decisions.get(key)?.iter().rfind(|made| made.recipient == *recipient)
    }
}
