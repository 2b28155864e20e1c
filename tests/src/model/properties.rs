//! The invariants over a state, and the named states that a scope has to reach.

use stateright::Property;

use super::world::{Delivery, Kind, Lease, Recipient, Stage, State, World};
use crate::invariants::{
    A_TOMBSTONE_STAYS, EVERY_ACCEPTANCE_HAS_ITS_DECISIONS, NO_CLAIM_WITHOUT_GROUND, NO_FIELD_OUTSIDE_THE_PERMIT, NOTHING_ACCEPTED_IS_LOST,
    ONE_SET_OF_BYTES_PER_DELIVERY, ORDER_PER_LANE,
};

type Condition = fn(&World, &State) -> bool;

/// What holds in every state.
pub(super) fn invariants() -> Vec<Property<World>> {
    vec![
        Property::always(NOTHING_ACCEPTED_IS_LOST, nothing_is_lost),
        Property::always(NO_CLAIM_WITHOUT_GROUND, |_, state: &State| !state.broken.contains(NO_CLAIM_WITHOUT_GROUND)),
        Property::always(NO_FIELD_OUTSIDE_THE_PERMIT, |_, state: &State| !state.broken.contains(NO_FIELD_OUTSIDE_THE_PERMIT)),
        Property::always(ORDER_PER_LANE, |_, state: &State| !state.broken.contains(ORDER_PER_LANE)),
        Property::always(ONE_SET_OF_BYTES_PER_DELIVERY, |_, state: &State| !state.broken.contains(ONE_SET_OF_BYTES_PER_DELIVERY)),
        Property::always(EVERY_ACCEPTANCE_HAS_ITS_DECISIONS, acceptances_have_decisions),
        Property::always(A_TOMBSTONE_STAYS, tombstones_stay),
    ]
}

/// Whatever happened, in the end everything is recorded, acknowledged and provided, cancelled or recalled.
pub(super) const SETTLES: &str = "everything settles";

pub(super) fn settles(world: &World, state: &State) -> bool {
    let taken =
        state.published == world.scope.messages.len() && state.queue.is_empty() && state.hubs.iter().all(|hub| hub.batch.is_empty());
    taken && !state.store.deliveries.iter().any(|one| one.stage.is_open())
}

/// The states that make the model worth its time, by name.
pub(super) const NAMED: [(&str, Condition); 14] = [
    ("withdrawal between claim and confirm", withdrawn_while_claimed),
    ("withdrawal before its consent", |_, state| state.store.cases.iter().any(|case| case.withdrawn.is_some() && case.given.is_none())),
    ("withdrawn after it was handed over", |world, state| {
        let provided = |one: &Delivery| one.permit.by_consent && one.stage == Stage::HandedOver;
        state.store.deliveries.iter().any(|one| provided(one) && world.knows(&state.store, Kind::Withdrawal, one.detention))
    }),
    ("waiting and withdrawn by nobody, but expired", |_, state| {
        let expired = |one: &Delivery| one.permit.until.is_some_and(|until| until <= state.clock);
        state.store.deliveries.iter().any(|one| one.stage == Stage::Waiting && expired(one))
    }),
    ("lease lost with a claim open", |_, state| state.hubs.iter().any(|hub| hub.lease == Lease::Lost && !hub.hands.is_empty())),
    ("lease lost with a batch taken", |_, state| state.hubs.iter().any(|hub| hub.lease == Lease::Lost && hub.batch.len() > hub.recorded)),
    ("claim uncertain and no longer lawful", |world, state| uncertain(world, state, false)),
    ("claim uncertain and still lawful", |world, state| uncertain(world, state, true)),
    ("redelivered after commit", |_, state| state.queue.iter().any(|message| state.store.messages[*message].is_some())),
    ("one message with two hubs", |_, state| {
        let (first, second) = (state.hubs.first(), state.hubs.get(1));
        first.zip(second).is_some_and(|(first, second)| first.batch.iter().any(|message| second.batch.contains(message)))
    }),
    ("recalled", |_, state| state.store.deliveries.iter().any(|one| one.recall && one.stage == Stage::HandedOver)),
    ("claimed in the transaction that decided it", |_, state| {
        let claimed = |message: &usize| {
            state.store.deliveries.iter().any(|one| one.message == *message && matches!(one.stage, Stage::Claimed { .. }))
        };
        state.hubs.iter().any(|hub| hub.batch.iter().take(hub.recorded).any(claimed))
    }),
    ("the older value comes after the newer", |world, state| {
        let recorded = |kind, detention| world.knows(&state.store, kind, detention);
        state.queue.iter().any(|message| {
            let (kind, detention) = world.catalogue[*message];
            kind == Kind::Notice && !recorded(kind, detention) && recorded(Kind::Newer, detention)
        })
    }),
    ("payload forgotten", |_, state| {
        let forgotten = |one: &Delivery| one.stage == Stage::HandedOver && one.bytes.is_none();
        state.store.deliveries.iter().any(forgotten)
    }),
];

fn nothing_is_lost(world: &World, state: &State) -> bool {
    let kept = |message: &usize| {
        let held = |hub: &super::world::Hub| hub.channel && hub.batch.contains(message);
        state.store.messages[*message].is_some() || state.queue.contains(message) || state.hubs.iter().any(held)
    };
    let published = world.scope.messages.iter().take(state.published).map(|message| world.message(*message));
    let told = |message: &usize| state.store.messages[*message].as_ref().is_some_and(|stored| stored.accepted);
    published.into_iter().all(|message| kept(&message)) && state.told.iter().all(told)
}

fn acceptances_have_decisions(world: &World, state: &State) -> bool {
    let decided = world.catalogue.iter().zip(&state.store.messages).all(|((kind, _), stored)| match (kind, stored) {
        (Kind::Notice | Kind::Newer, Some(stored)) => stored.decided.len() == Recipient::ALL.len(),
        _ => true,
    });
    let payload = |one: &Delivery| state.store.messages[one.message].as_ref().is_some_and(|stored| stored.payload);
    let needs = |one: &&Delivery| one.stage.is_open() && one.bytes.is_none() && !one.recall;
    decided && state.store.deliveries.iter().filter(needs).all(payload)
}

fn tombstones_stay(world: &World, state: &State) -> bool {
    let carries = |detention: usize| {
        let case = &state.store.cases[detention];
        world.decide(case, Kind::Newer, Recipient::Partner, state.store.epoch, state.clock, false).is_some()
    };
    let withdrawn = (0..state.store.cases.len()).filter(|detention| world.knows(&state.store, Kind::Withdrawal, *detention));
    withdrawn.into_iter().all(|detention| !carries(detention)) && !state.broken.contains(A_TOMBSTONE_STAYS)
}

fn withdrawn_while_claimed(world: &World, state: &State) -> bool {
    let on_its_way = |one: &Delivery| one.permit.by_consent && matches!(one.stage, Stage::Claimed { until, .. } if state.clock < until);
    state.store.deliveries.iter().any(|one| on_its_way(one) && world.knows(&state.store, Kind::Withdrawal, one.detention))
}

fn uncertain(world: &World, state: &State, lawful: bool) -> bool {
    let is = |one: &Delivery| matches!(one.stage, Stage::Claimed { until, .. } if until <= state.clock);
    let may = |one: &Delivery| match world.lawful(&state.store, one, state.clock) {
        super::law::Ground::Leaves(leaves) => one.permit.leaves & !leaves == 0,
        super::law::Ground::None | super::law::Ground::Withdrawn => false,
    };
    state.store.deliveries.iter().any(|one| is(one) && may(one) == lawful)
}
