//! Take, record, acknowledge.

use super::world::{Bytes, Case, Delivery, Gap, InHand, Kind, REFERENCE, Recipient, Stage, Stamp, State, Store, Stored, World};
use crate::mutants::Mutant;

/// What an intake transaction works on.
struct Batch<'a> {
    now: u8,
    store: &'a mut Store,
    /// The cases as the transaction found them.
    before: Vec<Case>,
    /// The first delivery that this batch adds.
    first: usize,
}

impl World {
    /// Takes the next messages off the queue; they stay unacknowledged.
    pub(super) fn take(&self, state: &mut State, hub: usize) {
        let count = self.scope.batch.min(state.queue.len());
        let taken: Vec<usize> = state.queue.drain(..count).collect();
        if self.has(Mutant::ReceiptBeforeCommit) {
            state.told.extend(taken.iter().copied());
        }
        let hub = &mut state.hubs[hub];
        (hub.batch, hub.recorded, hub.channel) = (taken, 0, true);
    }

    /// The intake transaction over the first `count` messages. Gives `false` if it wrote nothing.
    pub(super) fn record(&self, state: &mut State, hub: usize, count: usize) -> bool {
        if !self.holds_lease(state, hub) {
            return false;
        }
        let messages: Vec<usize> = state.hubs[hub].batch[..count].to_vec();
        let mut batch =
            Batch { now: state.clock, before: state.store.cases.clone(), first: state.store.deliveries.len(), store: &mut state.store };
        let mut claims = Vec::new();
        for message in messages {
            self.offer(&mut batch, message);
            if self.scope.claims_at_intake && self.lacks(Gap::ClaimedInItsTurn) {
                claims.extend(self.claim_free_lanes(&mut batch));
            }
        }
        if self.scope.claims_at_intake && !self.lacks(Gap::ClaimedInItsTurn) {
            claims.extend(self.claim_free_lanes(&mut batch));
        }
        let Batch { before, .. } = batch;
        for (case, before) in state.store.cases.iter_mut().zip(before) {
            if *case != before {
                case.version += 1;
            }
        }
        for hand in &claims {
            self.witness(state, hand.delivery, hand.bytes);
        }
        state.hubs[hub].hands.extend(claims);
        state.hubs[hub].recorded = count;
        true
    }

    /// Acknowledges what is recorded.
    pub(super) fn acknowledge(&self, state: &mut State, hub: usize) {
        let hub = &mut state.hubs[hub];
        if self.has(Mutant::AcknowledgedBeforeTheCommit) && hub.recorded == 0 {
            // the queue has it no longer, the memory still does
            hub.channel = false;
            return;
        }
        // through a closed channel nothing is acknowledged: the queue has it again
        let count = if !hub.channel || self.has(Mutant::AcknowledgedTooFar) { hub.batch.len() } else { hub.recorded };
        hub.batch.drain(..count);
        hub.recorded = 0;
    }

    fn offer(&self, batch: &mut Batch<'_>, message: usize) {
        let (kind, detention) = self.catalogue[message];
        let seen = batch.store.messages[message].clone();
        let done = seen.as_ref().is_some_and(|seen| seen.accepted);
        if !self.lacks(Gap::OneStampForTheBatch) {
            self.overtake(batch, detention);
        }
        self.apply(batch, kind, detention, done);
        let fold = !self.has(Mutant::FactsLoadedOncePerBatch);
        let facts = if fold { batch.store.cases[detention].clone() } else { batch.before[detention].clone() };
        let mut decided = seen.as_ref().map(|seen| seen.decided.clone()).unwrap_or_default();
        let mut given = Vec::new();
        let stale = kind == Kind::Notice && facts.newer.is_some();
        let mut superseded = false;
        for to in self.candidates(batch.store, kind, detention) {
            let open = |one: &Delivery| one.message == message && one.to == to && !one.recall && one.stage != Stage::Cancelled;
            if batch.store.deliveries.iter().any(open) {
                continue;
            }
            decided.insert(to);
            let holds_newer = facts.newer.as_ref().is_some_and(|holders| holders.contains(&to));
            if stale && holds_newer && !self.has(Mutant::StaleSlotDelivered) {
                superseded = true;
                continue;
            }
            let had = self.has(Mutant::CorrectionToTheWrongRecipient) || self.had(batch.store, detention, to);
            if let Some(permit) = self.decide(&facts, kind, to, batch.store.epoch, batch.now, had) {
                self.deliver(batch, message, to, permit);
                given.push(to);
            }
        }
        let kept = !given.is_empty() || superseded || done || !matches!(kind, Kind::Notice | Kind::Newer);
        let payload = kept && (!done || seen.as_ref().is_some_and(|seen| seen.payload) || !given.is_empty());
        if kind == Kind::Newer && kept {
            batch.store.cases[detention].newer.get_or_insert_default().extend(given);
        }
        batch.store.messages[message] = Some(Stored { payload, accepted: kept, decided });
        if matches!(kind, Kind::Withdrawal | Kind::Retraction) {
            self.cancel_unlawful(batch, detention);
        }
    }

    /// A retraction concerns who had the notice, everything else who may be concerned.
    fn candidates(&self, store: &Store, kind: Kind, detention: usize) -> Vec<Recipient> {
        let all = self.has(Mutant::CorrectionToTheWrongRecipient);
        match kind {
            Kind::Notice | Kind::Newer => Recipient::ALL.to_vec(),
            Kind::Retraction => Recipient::ALL.into_iter().filter(|to| all || self.had(store, detention, *to)).collect(),
            Kind::Consent | Kind::Withdrawal | Kind::Move => Vec::new(),
        }
    }

    /// What the message does to the case before anybody is asked about.
    fn apply(&self, batch: &mut Batch<'_>, kind: Kind, detention: usize, done: bool) {
        let now = batch.now;
        let case = &mut batch.store.cases[detention];
        match kind {
            Kind::Consent if !done => {
                case.given.get_or_insert(now);
                if self.has(Mutant::TombstoneIgnored) {
                    case.withdrawn = None;
                }
            }
            Kind::Withdrawal => {
                case.withdrawn.get_or_insert(now);
            }
            Kind::Retraction if !done => {
                case.retracted = true;
                let notice = |one: &Delivery| self.catalogue[one.message] == (Kind::Notice, detention) && !one.recall;
                let waiting = batch.store.deliveries.iter_mut().filter(|one| notice(one));
                waiting.filter(|one| matches!(one.stage, Stage::Waiting | Stage::Blocked)).for_each(|one| one.stage = Stage::Cancelled);
            }
            Kind::Move => case.moved = true,
            Kind::Notice | Kind::Newer | Kind::Consent | Kind::Retraction => {}
        }
    }

    /// What this batch decided before rests on facts that another message of it may change: it is asked again at its claim.
    fn overtake(&self, batch: &mut Batch<'_>, detention: usize) {
        let _ = self;
        let version = batch.before[detention].version;
        let earlier = batch.store.deliveries.iter_mut().skip(batch.first).filter(|one| one.detention == detention);
        earlier.for_each(|one| one.stamp.version = version);
    }

    fn deliver(&self, batch: &mut Batch<'_>, message: usize, to: Recipient, permit: super::world::Permit) {
        let (_, detention) = self.catalogue[message];
        let lane = Recipient::ALL.iter().position(|one| *one == to).unwrap();
        batch.store.cases[detention].lanes[lane] += 1;
        batch.store.deliveries.push(Delivery {
            message,
            detention,
            to,
            recall: false,
            lane_sequence: batch.store.cases[detention].lanes[lane],
            permit,
            stamp: Stamp { version: batch.before[detention].version + 1, epoch: batch.store.epoch },
            stage: Stage::Waiting,
            bytes: None,
        });
    }

    fn cancel_unlawful(&self, batch: &mut Batch<'_>, detention: usize) {
        let facts = batch.store.cases[detention].clone();
        let store = batch.store.clone();
        for one in batch.store.deliveries.iter_mut().filter(|one| one.detention == detention && one.stage == Stage::Waiting && !one.recall)
        {
            let (kind, _) = self.catalogue[one.message];
            let had = kind == Kind::Retraction || self.had(&store, detention, one.to);
            if self.decide(&facts, kind, one.to, store.epoch, batch.now, had).is_none() {
                one.stage = Stage::Cancelled;
            }
        }
    }

    /// Claims what this batch added and is alone in its lane: by law only, since the partner's inbox was not looked at.
    fn claim_free_lanes(&self, batch: &mut Batch<'_>) -> Vec<InHand> {
        let until = batch.now + self.scope.claim;
        let mut hands = Vec::new();
        for place in batch.first..batch.store.deliveries.len() {
            let one = &batch.store.deliveries[place];
            if one.stage != Stage::Waiting || one.permit.by_consent || !self.is_head(batch.store, place) {
                continue;
            }
            let (kind, detention) = self.catalogue[one.message];
            let had = kind == Kind::Retraction;
            let Some(permit) = self.decide(&batch.store.cases[detention], kind, one.to, batch.store.epoch, batch.now, had) else {
                continue;
            };
            let bytes = Bytes { leaves: permit.leaves & (one.permit.leaves | REFERENCE), cut: batch.now };
            let one = &mut batch.store.deliveries[place];
            (one.permit, one.bytes, one.stage) = (permit, Some(bytes), Stage::Claimed { at: batch.now, until });
            hands.push(InHand { delivery: place, bytes, at: batch.now, until, uncertain: false, answer: None });
        }
        hands
    }
}
