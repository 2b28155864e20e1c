//! What the checker has to find, and what it must not.

use std::{num::NonZeroUsize, thread};

use stateright::{Checker, HasDiscoveries, Model};

use super::{
    scopes::{self, ACCEPT, BATCH, CONSENT, HAND_OVER, TOMBSTONE, WINDOW},
    world::{Bug, Gap, Scope, World},
};
use crate::{
    invariants::{
        self, A_TOMBSTONE_STAYS, EVERY_ACCEPTANCE_HAS_ITS_DECISIONS, NO_CLAIM_WITHOUT_GROUND, NOTHING_ACCEPTED_IS_LOST,
        ONE_SET_OF_BYTES_PER_DELIVERY, ORDER_PER_LANE,
    },
    mutants::Mutant,
};

fn threads() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

fn explore(scope: Scope) {
    let checker = World::new(scope, None).checker().threads(threads()).spawn_bfs().join();
    println!("{}: {} states, {} of them different", scope.name, checker.state_count(), checker.unique_state_count());
    checker.assert_properties();
}

#[test]
fn explore_accept() { explore(ACCEPT); }
#[test]
fn explore_consent() { explore(CONSENT); }
#[test]
fn explore_tomb() { explore(TOMBSTONE); }
#[test]
fn explore_hand() { explore(HAND_OVER); }
#[test]
fn explore_batch() { explore(BATCH); }
#[test]
fn explore_window() { explore(WINDOW); }
