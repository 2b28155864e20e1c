//! What the checker must not find in the true model, and what it has to find in a broken one.

use std::{collections::BTreeSet, num::NonZeroUsize, thread};

use stateright::{Checker, HasDiscoveries, Model, Path};
use tokio::time::Instant;

use super::{
    properties,
    scopes::{ACCEPT, BATCH, CONSENT, FOLD, HAND_OVER, TOMBSTONE, WINDOW},
    world::{Bug, Gap, Scope, World},
};
use crate::{
    invariants::{
        A_DEADLINE_IS_TOLD_ONCE, A_TOMBSTONE_STAYS, ALL, EVERY_ACCEPTANCE_HAS_ITS_DECISIONS, NO_CLAIM_WITHOUT_GROUND,
        NO_FIELD_OUTSIDE_THE_PERMIT, NO_NUMBER_IS_MISSING, NOTHING_ACCEPTED_IS_LOST, ONE_SET_OF_BYTES_PER_DELIVERY, ORDER_PER_LANE,
    },
    mutants::Mutant,
};

/// Where each planted bug shows, and by which invariant.
const MUTANTS: [(Mutant, Scope, &str); 15] = [
    (Mutant::FactsLoadedOncePerBatch, FOLD, NO_CLAIM_WITHOUT_GROUND),
    (Mutant::AcknowledgedBeforeTheCommit, ACCEPT, NOTHING_ACCEPTED_IS_LOST),
    (Mutant::AcknowledgedTooFar, BATCH, NOTHING_ACCEPTED_IS_LOST),
    (Mutant::ClaimWithoutStamp, BATCH, NO_CLAIM_WITHOUT_GROUND),
    (Mutant::ClaimWithoutStamp, HAND_OVER, NO_FIELD_OUTSIDE_THE_PERMIT),
    (Mutant::RetryWithOtherBytes, HAND_OVER, ONE_SET_OF_BYTES_PER_DELIVERY),
    (Mutant::TombstoneIgnored, TOMBSTONE, A_TOMBSTONE_STAYS),
    (Mutant::LaneOvertaken, HAND_OVER, ORDER_PER_LANE),
    (Mutant::ExpiryWithoutAWriteMissed, CONSENT, NO_CLAIM_WITHOUT_GROUND),
    (Mutant::StaleSlotDelivered, ACCEPT, ORDER_PER_LANE),
    (Mutant::CorrectionToTheWrongRecipient, BATCH, NO_CLAIM_WITHOUT_GROUND),
    (Mutant::LeaseNotFenced, WINDOW, NO_CLAIM_WITHOUT_GROUND),
    (Mutant::PayloadPurgedTooEarly, CONSENT, EVERY_ACCEPTANCE_HAS_ITS_DECISIONS),
    (Mutant::ReceiptBeforeCommit, ACCEPT, NOTHING_ACCEPTED_IS_LOST),
    (Mutant::ClockStepBack, TOMBSTONE, A_TOMBSTONE_STAYS),
];

fn search(bug: Bug, scope: Scope, invariant: &'static str) {
    let wanted = HasDiscoveries::AnyOf(BTreeSet::from([invariant]));
    let checker = World::new(scope, Some(bug)).checker().finish_when(wanted).spawn_bfs().join();
    let steps = checker.discovery(invariant).map(Path::into_actions);
    println!("{} in {}: {invariant} after {} states: {steps:?}", bug.name(), scope.name, checker.unique_state_count());
    assert!(steps.is_some(), "{bug:?} is not found in {} by {invariant}", scope.name);
}

/// Every state of the scope: the invariants hold, everything settles, and the named states are reached.
fn explore(scope: Scope) {
    let began = Instant::now();
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let checker = World::new(scope, None).checker().threads(threads).spawn_bfs().join();
    let (states, seconds) = (checker.unique_state_count(), began.elapsed().as_secs_f32());
    println!("{}: {states} states in {seconds:.1} s, {} steps deep", scope.name, checker.max_depth());
    checker.assert_properties();
}

#[test]
fn between_broker_and_store_nothing_is_lost() {
    explore(ACCEPT);
}

#[test]
fn consent_ends_and_is_withdrawn_at_any_moment() {
    explore(CONSENT);
}

#[test]
fn a_withdrawal_comes_before_its_consent() {
    explore(TOMBSTONE);
}

#[test]
fn a_hand_over_fails_in_every_way() {
    explore(HAND_OVER);
}

#[test]
fn a_batch_ends_its_own_grounds() {
    explore(BATCH);
}

#[test]
fn a_batch_withdraws_what_its_later_messages_would_rest_on() {
    explore(FOLD);
}

#[test]
fn two_hubs_share_an_inbox_that_has_to_be_empty() {
    explore(WINDOW);
}

#[test]
fn every_planted_bug_is_found() {
    for (mutant, scope, invariant) in MUTANTS {
        search(Bug::Mutant(mutant), scope, invariant);
    }
}

#[test]
fn the_model_leaves_out_timers_and_numbers_and_nothing_else() {
    let found: BTreeSet<Mutant> = MUTANTS.into_iter().map(|(mutant, ..)| mutant).collect();
    let left: Vec<Mutant> = Mutant::ALL.into_iter().filter(|mutant| !found.contains(mutant)).collect();
    assert_eq!(left, [Mutant::TimerFiredTwice, Mutant::TimerLost, Mutant::VoidNotTold]);
    let checked: Vec<&str> = properties::invariants().iter().map(|property| property.name).collect();
    let left = [A_DEADLINE_IS_TOLD_ONCE, NO_NUMBER_IS_MISSING];
    let modelled: Vec<&str> = ALL.into_iter().filter(|name| !left.contains(name)).collect();
    assert_eq!(checked, modelled);
}

#[test]
fn every_gap_is_shown() {
    search(Bug::Gap(Gap::SentAfterItsClaim), HAND_OVER, ORDER_PER_LANE);
    search(Bug::Gap(Gap::OneStampForTheBatch), BATCH, NO_CLAIM_WITHOUT_GROUND);
    search(Bug::Gap(Gap::ClaimedInItsTurn), BATCH, NO_CLAIM_WITHOUT_GROUND);
    search(Bug::Gap(Gap::ConsentTurnPerProcess), WINDOW, NO_CLAIM_WITHOUT_GROUND);
    search(Bug::Gap(Gap::UncertainThenBlocked), HAND_OVER, ONE_SET_OF_BYTES_PER_DELIVERY);
}
