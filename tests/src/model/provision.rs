//! Claim, send, settle, forget: the moment of provision and what follows.

use super::{
    law::Ground,
    world::{Answer, Arrival, Bytes, Delivery, Gap, InHand, Kind, Lease, Permit, REFERENCE, Recipient, Stage, Stamp, State, Store, World},
};
use crate::{
    invariants::{A_TOMBSTONE_STAYS, NO_CLAIM_WITHOUT_GROUND, NO_FIELD_OUTSIDE_THE_PERMIT, ONE_SET_OF_BYTES_PER_DELIVERY, ORDER_PER_LANE},
    mutants::Mutant,
};

impl World {
    /// Whether the lease that the hub believes to hold is still its own: asked in every transaction.
    pub(super) fn holds_lease(&self, state: &State, hub: usize) -> bool {
        match state.hubs[hub].lease {
            Lease::Lost | Lease::Own if self.has(Mutant::LeaseNotFenced) => true,
            Lease::None | Lease::Lost => false,
            Lease::Own => state.clock < state.store.lease_until,
        }
    }

    /// Whether nothing open stands before that delivery in its lane.
    pub(super) fn is_head(&self, store: &Store, place: usize) -> bool {
        let one = &store.deliveries[place];
        let before = |(other, earlier): (usize, &Delivery)| {
            earlier.stage.is_open()
                && (earlier.detention, earlier.to) == (one.detention, one.to)
                && (earlier.lane_sequence, other) < (one.lane_sequence, place)
        };
        self.has(Mutant::LaneOvertaken) || !store.deliveries.iter().enumerate().any(before)
    }

    /// Whether a claim by consent other than that one is in force: it may come to the inbox at any time.
    fn is_under_way(state: &State, place: Option<usize>) -> bool {
        let claimed = |(other, one): (usize, &Delivery)| {
            Some(other) != place && one.permit.by_consent && matches!(one.stage, Stage::Claimed { until, .. } if state.clock < until)
        };
        state.store.deliveries.iter().enumerate().any(claimed)
    }

    /// Whether the partner's inbox is seen to be empty, with nothing on its way into it. The store is asked first, under the own lease:
    /// what another hub claimed before may arrive after the look.
    pub(super) fn sees_empty(&self, state: &State, hub: usize) -> bool {
        let by_consent = |hand: &InHand| state.store.deliveries[hand.delivery].permit.by_consent;
        let busy = state.hubs[hub].hands.iter().any(by_consent);
        let under_way = !self.lacks(Gap::ConsentTurnPerProcess) && (Self::is_under_way(state, None) || !self.holds_lease(state, hub));
        !busy && !under_way && !state.inbox
    }

    /// The claim of one delivery: gives `false` if nothing was written.
    pub(super) fn claim(&self, state: &mut State, hub: usize, place: usize) -> bool {
        let one = state.store.deliveries[place].clone();
        let due = match one.stage {
            Stage::Waiting => true,
            Stage::Claimed { until, .. } => until <= state.clock,
            Stage::HandedOver | Stage::Blocked | Stage::Cancelled => false,
        };
        if !due || !self.holds_lease(state, hub) || !self.is_head(&state.store, place) {
            return false;
        }
        // with two hubs, looking and claiming are two things
        let empty = if self.scope.hubs == 1 { self.sees_empty(state, hub) } else { state.hubs[hub].saw_empty };
        if one.permit.by_consent && !empty {
            return false;
        }
        let stamp = Stamp { version: state.store.cases[one.detention].version, epoch: state.store.epoch };
        let same = self.has(Mutant::ClaimWithoutStamp) || one.stamp == stamp;
        let in_time = self.has(Mutant::ExpiryWithoutAWriteMissed) || one.permit.until.is_none_or(|until| state.clock < until);
        if same && in_time && one.stage == Stage::Waiting {
            let permit = one.permit;
            return self.provide(state, hub, place, permit, one.bytes);
        }
        match (self.ask(state, &one), one.stage) {
            (Some(permit), Stage::Waiting) => {
                state.store.deliveries[place].stamp = stamp;
                let frozen = one.bytes.filter(|_| permit == one.permit);
                self.provide(state, hub, place, permit, frozen)
            }
            (None, Stage::Waiting) => {
                state.store.deliveries[place].stage = Stage::Cancelled;
                true
            }
            (Some(permit), _) if self.has(Mutant::RetryWithOtherBytes) => self.provide(state, hub, place, permit, None),
            (Some(permit), _) if one.permit.leaves & !permit.leaves == 0 => self.provide(state, hub, place, one.permit, one.bytes),
            (Some(_) | None, _) => {
                recall(&mut state.store, place, stamp);
                true
            }
        }
    }

    fn ask(&self, state: &State, one: &Delivery) -> Option<Permit> {
        let (kind, detention) = self.catalogue[one.message];
        if one.recall {
            return Some(one.permit);
        }
        // who was to hear of the retraction is found once
        self.decide(&state.store.cases[detention], kind, one.to, state.store.epoch, state.clock, kind == Kind::Retraction)
    }

    /// Freezes the bytes, once, and claims.
    fn provide(&self, state: &mut State, hub: usize, place: usize, permit: Permit, frozen: Option<Bytes>) -> bool {
        let one = &mut state.store.deliveries[place];
        let payload = one.recall || state.store.messages[one.message].as_ref().is_some_and(|message| message.payload);
        let Some(bytes) = frozen.or(payload.then_some(Bytes { leaves: permit.leaves, cut: state.clock })) else { return false };
        let uncertain = matches!(one.stage, Stage::Claimed { .. });
        let (at, until) = (state.clock, state.clock + self.scope.claim);
        (one.permit, one.bytes, one.stage) = (permit, Some(bytes), Stage::Claimed { at, until });
        if permit.by_consent {
            state.hubs[hub].saw_empty = false;
        }
        state.hubs[hub].hands.push(InHand { delivery: place, bytes, at, until, uncertain, answer: None });
        self.witness(state, place, bytes);
        true
    }

    /// Holds a claim that has just been committed against what is true.
    pub(super) fn witness(&self, state: &mut State, place: usize, bytes: Bytes) {
        let one = &state.store.deliveries[place];
        let window = !one.permit.by_consent || (!state.inbox && !Self::is_under_way(state, Some(place)));
        match self.lawful(&state.store, one, state.clock) {
            Ground::Leaves(leaves) => {
                if bytes.leaves & !leaves != 0 {
                    state.broken.insert(NO_FIELD_OUTSIDE_THE_PERMIT);
                }
                if !window {
                    state.broken.insert(NO_CLAIM_WITHOUT_GROUND);
                }
            }
            Ground::None => {
                state.broken.insert(NO_CLAIM_WITHOUT_GROUND);
            }
            Ground::Withdrawn => {
                state.broken.extend([NO_CLAIM_WITHOUT_GROUND, A_TOMBSTONE_STAYS]);
            }
        }
    }

    /// Publishes what was claimed; one action with its answer. What is claimed no longer is not sent.
    pub(super) fn send(&self, state: &mut State, hub: usize, hand: usize, answer: Answer) {
        let InHand { delivery, bytes, until, .. } = state.hubs[hub].hands[hand];
        if state.clock >= until && !self.lacks(Gap::SentAfterItsClaim) {
            state.hubs[hub].hands.remove(hand);
            return;
        }
        state.hubs[hub].hands[hand].answer = Some(answer);
        if matches!(answer, Answer::Confirmed | Answer::LostAfter) {
            self.arrive(state, Arrival { delivery, bytes });
        }
    }

    fn arrive(&self, state: &mut State, arrival: Arrival) {
        let one = &state.store.deliveries[arrival.delivery];
        let mut first = true;
        for earlier in &state.arrivals {
            if earlier.delivery == arrival.delivery {
                first = false;
                if earlier.bytes != arrival.bytes {
                    state.broken.insert(ONE_SET_OF_BYTES_PER_DELIVERY);
                }
            }
        }
        let lane = |earlier: &&Arrival| {
            let other = &state.store.deliveries[earlier.delivery];
            (other.detention, other.to) == (one.detention, one.to)
        };
        for earlier in state.arrivals.iter().filter(lane).filter(|_| first) {
            let other = &state.store.deliveries[earlier.delivery];
            let overtaken = (one.lane_sequence, arrival.delivery) < (other.lane_sequence, earlier.delivery);
            let kind = |one: &Delivery| self.catalogue[one.message].0;
            let stale = kind(one) == Kind::Notice && !one.recall && kind(other) == Kind::Newer && !other.recall;
            if overtaken || stale {
                state.broken.insert(ORDER_PER_LANE);
            }
        }
        state.inbox |= one.to == Recipient::Partner;
        if !state.arrivals.contains(&arrival) {
            state.arrivals.push(arrival);
        }
    }

    /// Writes how a hand-over went, over its own claim only. What nobody knows stays claimed: its claim passes, and it is decided again.
    pub(super) fn settle(&self, state: &mut State, hub: usize, hand: usize) {
        let InHand { delivery, at, uncertain, answer, .. } = state.hubs[hub].hands.remove(hand);
        let one = &mut state.store.deliveries[delivery];
        let stage = match answer {
            Some(Answer::Confirmed) => Stage::HandedOver,
            Some(Answer::NotNow) if !uncertain => Stage::Waiting,
            Some(Answer::Unroutable) if !uncertain || self.lacks(Gap::UncertainThenBlocked) => Stage::Blocked,
            Some(Answer::NotNow | Answer::Unroutable | Answer::LostAfter | Answer::LostBefore) | None => return,
        };
        if matches!(one.stage, Stage::Claimed { at: claimed, .. } if claimed == at) {
            one.stage = stage;
        }
    }

    /// Forgets the payload and the bytes of a message that nothing needs. Gives `false` if something does.
    pub(super) fn forget(&self, state: &mut State, message: usize) -> bool {
        let Some(stored) = state.store.messages[message].as_mut().filter(|stored| stored.payload) else { return false };
        let own = |one: &Delivery| one.message == message && !one.recall;
        let needed = state.store.deliveries.iter().any(|one| own(one) && one.stage.is_open());
        if needed && !self.has(Mutant::PayloadPurgedTooEarly) {
            return false;
        }
        stored.payload = false;
        state.store.deliveries.iter_mut().filter(|one| own(one)).for_each(|one| one.bytes = None);
        true
    }
}

/// Nobody knows whether it arrived, and it is no longer lawful: it counts as handed over, and its recall stands right behind it.
fn recall(store: &mut Store, place: usize, stamp: Stamp) {
    store.deliveries[place].stage = Stage::HandedOver;
    let permit = Permit { leaves: REFERENCE, by_consent: false, until: None };
    let recall = Delivery { recall: true, permit, stamp, stage: Stage::Waiting, bytes: None, ..store.deliveries[place].clone() };
    store.deliveries.push(recall);
}
