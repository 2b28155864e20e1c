//! The rows of the simulated store. Every transaction is one call: it happens at one instant or not at all.
//!
//! The meaning is that of `crates/store`, and the same contract suite runs against it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schakelpunt_domain::{
    DeliveryId, DetentionRef, MessageId, ParticipantId,
    case::Case,
    ids::MessageKey,
    registers::{Channel, Entry, Recorded},
    stage::Stage,
};
use schakelpunt_engine::{
    desk::AccessRecord,
    kept_law::KeptLaw,
    leases::{LeaseName, LeaseRow},
    model::{
        Decided, DecisionRecord, Delivery, HandOver, Receipt, RejectionRecord, Seen, Snapshot, SnapshotKeys, StoredMessage, Timer,
        Versioned,
    },
    ports::{DeliveryFilter, Load, ReceiptsOf, StoreError, Trace},
};

mod claims;
mod leases;
mod rules;
mod writes;

use rules::Rules;

pub(super) use self::{
    claims::{Heads, Written},
    writes::{Shown, saved},
};

/// A lane: the recipient and the detention.
type Lane = (ParticipantId, Option<DetentionRef>);

/// A delivery with its place in the order of recording.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) delivery: Delivery,
    pub(super) ordinal: u64,
}

#[derive(Debug, Clone)]
struct Owed {
    receipt: Receipt,
    told: bool,
    ordinal: u64,
}

/// All rows.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) epoch: u64,
    pub(super) entries: Vec<Recorded<Entry>>,
    pub(super) accesses: Vec<AccessRecord>,
    laws: Vec<(Timestamp, KeptLaw)>,
    pub(super) rules: Rules,
    pub(super) seen: Option<Seen>,
    pub(super) tokens: BTreeMap<String, (ParticipantId, Timestamp)>,
    pub(super) cases: BTreeMap<DetentionRef, Versioned<Case>>,
    pub(super) messages: BTreeMap<MessageKey, StoredMessage>,
    pub(super) decisions: BTreeMap<MessageKey, Vec<DecisionRecord>>,
    pub(super) deliveries: BTreeMap<DeliveryId, Row>,
    /// What is open, by lane, in the order of the lane.
    pub(super) open: BTreeMap<Lane, BTreeSet<(u64, u64, DeliveryId)>>,
    of_case: BTreeMap<DetentionRef, BTreeSet<DeliveryId>>,
    of_message: BTreeMap<MessageKey, BTreeSet<(u64, DeliveryId)>>,
    receipts: BTreeMap<MessageId, Owed>,
    pub(super) rejections: Vec<RejectionRecord>,
    pub(super) timers: BTreeMap<String, Timer>,
    heads: BTreeMap<ParticipantId, u64>,
    pulls: BTreeSet<ParticipantId>,
    leases: BTreeMap<LeaseName, LeaseRow>,
    /// How often work on these began together, and alone.
    suspects: BTreeMap<String, (u32, u32)>,
    ordinal: u64,
}

/// What `case` holds back.
fn held_by(case: &Case) -> impl Iterator<Item = &MessageKey> {
    case.parked.iter().chain(&case.pending).map(|held| &held.key)
}

fn without_bytes(delivery: &Delivery) -> Delivery {
    Delivery { bytes: None, ..delivery.clone() }
}

impl Tables {
    fn next(&mut self) -> u64 {
        self.ordinal += 1;
        self.ordinal
    }

    pub(super) fn record(&mut self, entries: Vec<Recorded<Entry>>) -> u64 {
        for recorded in &entries {
            if let Entry::Participant(participant) = &recorded.entry {
                match participant.channel {
                    Channel::Pull => self.pulls.insert(participant.id.clone()),
                    Channel::Amqp | Channel::Webhook => self.pulls.remove(&participant.id),
                };
            }
        }
        self.entries.extend(entries);
        self.epoch += 1;
        self.epoch
    }

    pub(super) fn apply_law(&mut self, law: &KeptLaw, now: Timestamp) {
        let last = self.laws.last();
        if last.is_none_or(|(_, last)| last.version != law.version) {
            let at = last.map_or(now, |(at, _)| now.max(*at));
            self.laws.push((at, law.clone()));
        }
    }

    pub(super) fn law_at(&self, known: Timestamp) -> Option<KeptLaw> {
        self.laws.iter().rfind(|(at, _)| *at <= known).map(|(_, law)| law.clone())
    }

    pub(super) fn decided_between(&self, since: Timestamp, before: Timestamp) -> Vec<DetentionRef> {
        let made = self.decisions.values().flatten().filter(|made| made.at >= since && made.at < before);
        made.filter_map(|made| made.detention.clone()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    pub(super) fn decided(&self, detention: &DetentionRef) -> Decided {
        let mut decisions: Vec<DecisionRecord> =
            self.decisions.values().flatten().filter(|made| made.detention.as_ref() == Some(detention)).cloned().collect();
        decisions.sort_by_key(|made| made.at);
        let keys = decisions.iter().map(|made| &made.message);
        let kept = keys.filter_map(|key| self.messages.get(key));
        let messages = kept.map(|message| (message.key.clone(), StoredMessage { payload: None, ..message.clone() })).collect();
        Decided { case: self.cases.get(detention).map(|case| case.value.clone()), messages, decisions }
    }

    /// What an intake is shown.
    pub(super) fn snapshot(&self, keys: &SnapshotKeys, now: Timestamp) -> Snapshot {
        let cases: Vec<_> = keys.detentions.iter().filter_map(|detention| self.cases.get(detention).cloned()).collect();
        let mut wanted = keys.messages.clone();
        wanted.extend(cases.iter().flat_map(|case| held_by(&case.value)).cloned());
        let ids = keys.detentions.iter().filter_map(|detention| self.of_case.get(detention)).flatten().copied();
        let ids = ids.chain(wanted.iter().filter_map(|key| self.of_message.get(key)).flatten().map(|(_, id)| *id));
        let mut deliveries: Vec<Delivery> =
            ids.collect::<BTreeSet<_>>().iter().map(|id| without_bytes(&self.deliveries[id].delivery)).collect();
        deliveries
            .sort_by(|a, b| (&a.detention, &a.recipient, a.lane_sequence, a.id).cmp(&(&b.detention, &b.recipient, b.lane_sequence, b.id)));
        if keys.waiting {
            wanted.extend(deliveries.iter().filter(|d| matches!(d.stage, Stage::Waiting { .. })).map(|d| d.key.clone()));
        }
        let messages = wanted.iter().filter_map(|key| self.messages.get(key).cloned()).collect();
        Snapshot { now, epoch: self.epoch, cases, messages, deliveries }
    }

    /// Writes how hand-overs went, each only over its own claim; gives those that counted.
    pub(super) fn settle<'a>(&mut self, results: &'a [HandOver]) -> Vec<&'a HandOver> {
        let mut counted = Vec::new();
        for result in results {
            let claimed = self.deliveries.get(&result.id).map(|row| &row.delivery.stage);
            if matches!(claimed, Some(Stage::Claimed { at, .. }) if *at == result.claimed_at) {
                self.move_to(result.id, result.stage.clone());
                counted.push(result);
            }
        }
        counted
    }

    /// Moves one delivery; keeps the order of lanes up to date.
    pub(super) fn move_to(&mut self, id: DeliveryId, stage: Stage) {
        let Some(row) = self.deliveries.get_mut(&id) else { return };
        row.delivery.stage = stage;
        let (lane, place) = lane_of(row);
        if row.delivery.stage.is_open() {
            self.open.entry(lane).or_default().insert(place);
        } else if let Some(open) = self.open.get_mut(&lane) {
            open.remove(&place);
            if open.is_empty() {
                self.open.remove(&lane);
            }
        }
    }

    pub(super) fn receipts(&self, limit: usize, of: ReceiptsOf<'_>) -> Vec<Receipt> {
        let wanted = |Receipt { to, event, .. }: &Receipt| match of {
            ReceiptsOf::Others(others) => !self.pulls.contains(to) && !others.contains(to),
            ReceiptsOf::One(one) => to == one,
            ReceiptsOf::Voids(one) => to == one && event.as_str() == "delivery-void",
        };
        let mut due: Vec<&Owed> = self.receipts.values().filter(|one| !one.told && wanted(&one.receipt)).collect();
        due.sort_by_key(|one| one.ordinal);
        due.into_iter().take(limit).map(|one| one.receipt.clone()).collect()
    }

    pub(super) fn untold(&self, of: &[ParticipantId]) -> BTreeSet<ParticipantId> {
        of.iter().filter(|id| self.untold_for(id).next().is_some()).cloned().collect()
    }

    /// What somebody has still to be told.
    fn untold_for(&self, id: &ParticipantId) -> impl Iterator<Item = &Receipt> {
        self.receipts.values().filter(move |one| !one.told && one.receipt.to == *id).map(|one| &one.receipt)
    }

    pub(super) fn tell_once(&mut self, receipt: &Receipt) {
        if !self.receipts.contains_key(&receipt.id) {
            self.add_receipt(receipt.clone());
        }
    }

    pub(super) fn receipts_told(&mut self, ids: &[MessageId]) {
        for id in ids {
            if let Some(one) = self.receipts.get_mut(id) {
                one.told = true;
            }
        }
    }

    pub(super) fn due_timers(&self, limit: usize, now: Timestamp) -> Vec<Timer> {
        let mut due: Vec<Timer> = self.timers.values().filter(|timer| timer.at <= now).cloned().collect();
        due.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        due.truncate(limit);
        due
    }

    pub(super) fn trace(&self, id: &MessageId) -> Vec<Trace> {
        let mut messages: Vec<&StoredMessage> = self.messages.values().filter(|message| message.key.id == *id).collect();
        messages.sort_by_key(|message| (message.received, message.key.source.clone()));
        let of =
            |key: &MessageKey| self.of_message.get(key).into_iter().flatten().map(|(_, id)| without_bytes(&self.deliveries[id].delivery));
        let trace = |message: &StoredMessage| Trace {
            message: message.clone(),
            decisions: self.decisions.get(&message.key).cloned().unwrap_or_default(),
            deliveries: of(&message.key).collect(),
        };
        messages.into_iter().map(trace).collect()
    }

    pub(super) fn list(&self, filter: &DeliveryFilter) -> Vec<Delivery> {
        let wanted = |delivery: &Delivery| {
            filter.detention.as_ref().is_none_or(|detention| delivery.detention.as_ref() == Some(detention))
                && filter.recipient.as_ref().is_none_or(|recipient| delivery.recipient == *recipient)
                && filter.stage.as_ref().is_none_or(|stage| delivery.stage.word() == stage)
        };
        let mut rows: Vec<&Row> = self.deliveries.values().filter(|row| wanted(&row.delivery)).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.ordinal));
        rows.into_iter().take(filter.limit as usize).map(|row| without_bytes(&row.delivery)).collect()
    }

    pub(super) fn load(&self) -> Load {
        let mut load = Load::default();
        for open in self.open.values() {
            let mut blocked = false;
            for (_, _, id) in open {
                match self.deliveries[id].delivery.stage {
                    Stage::Waiting { .. } => load.waiting += 1,
                    Stage::Claimed { .. } => load.claimed += 1,
                    Stage::Blocked { .. } => blocked = true,
                    _ => {}
                }
            }
            load.blocked += u64::from(blocked);
        }
        load.receipts = self.receipts.values().filter(|one| !one.told && !self.pulls.contains(&one.receipt.to)).count() as u64;
        load
    }

    /// Forgets what nothing needs; `hasty`: what something needs, too.
    pub(super) fn forget(&mut self, before: Timestamp, hasty: bool) -> u64 {
        let held: BTreeSet<MessageKey> = self.cases.values().flat_map(|case| held_by(&case.value)).cloned().collect();
        let open: BTreeSet<MessageKey> = self.open.values().flatten().map(|(_, _, id)| self.deliveries[id].delivery.key.clone()).collect();
        let needless = |message: &&mut StoredMessage| {
            let needed = held.contains(&message.key) || open.contains(&message.key);
            message.payload.is_some() && message.received < before && (hasty || !needed)
        };
        let mut forgotten = BTreeSet::new();
        for message in self.messages.values_mut().filter(needless) {
            message.payload = None;
            forgotten.insert(message.key.clone());
        }
        for row in self.deliveries.values_mut().filter(|row| forgotten.contains(&row.delivery.key)) {
            row.delivery.bytes = None;
        }
        forgotten.len() as u64
    }

    /// Lets `change` move one delivery.
    pub(super) fn change_stage(&mut self, id: DeliveryId, change: &mut (dyn FnMut(&Delivery) -> Option<Stage> + Send)) -> Option<Delivery> {
        let shown = without_bytes(&self.deliveries.get(&id)?.delivery);
        if let Some(stage) = change(&shown) {
            self.move_to(id, stage);
        }
        Some(without_bytes(&self.deliveries[&id].delivery))
    }
}

fn lane_of(row: &Row) -> (Lane, (u64, u64, DeliveryId)) {
    let Delivery { recipient, detention, lane_sequence, id, .. } = &row.delivery;
    ((recipient.clone(), detention.clone()), (*lane_sequence, row.ordinal, *id))
}

fn unwritable(what: &'static str) -> StoreError {
    StoreError::Data(what.into())
}
