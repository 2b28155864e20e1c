//! The store port of one process over the shared rows: every call is a request under way, an instant, and an answer under way.

use jiff::Timestamp;
use schakelpunt_engine::{leases::Lease, ports::StoreError};

use super::{
    end,
    world::{Sim, World},
};
use crate::mutants::Mutant;

mod port;

/// The store as one process sees it.
#[derive(Debug, Clone)]
pub(super) struct SimStore {
    pub(super) sim: Sim,
    pub(super) process: usize,
}

fn gone() -> StoreError {
    StoreError::Unavailable("the simulated connection is gone".into())
}

impl SimStore {
    /// One call: its effect happens at one instant, or not at all, and its answer may get lost.
    async fn call<R: Send>(
        &self,
        name: &'static str,
        writes: bool,
        effect: impl FnOnce(&mut World, Timestamp) -> Result<R, StoreError> + Send,
    ) -> Result<R, StoreError> {
        self.sim.under_way().await;
        self.sim.slow(40, 3000).await;
        let done = {
            let mut world = self.sim.world();
            let world = &mut *world;
            let odds = world.weather.store;
            if world.chance(odds) {
                let conflict = writes && world.rng.once_in(3);
                world.count(if conflict { "fault: conflict" } else { "fault: store unreachable" });
                world.note(format_args!("{}:{name} fails before", self.name()));
                Err(if conflict { StoreError::Conflict } else { gone() })
            } else {
                let now = world.clock.read();
                world.note(format_args!("{}:{name}", self.name()));
                let done = effect(world, now);
                if let Err(error) = &done {
                    world.note(format_args!("{}:{name}: {error}", self.name()));
                }
                if writes && done.is_ok() && world.chance(odds) {
                    world.count("fault: answer lost after the commit");
                    world.note(format_args!("{}:{name} answer lost", self.name()));
                    Err(gone())
                } else {
                    done
                }
            }
        };
        self.sim.under_way().await;
        done
    }

    fn fence(&self, world: &mut World, fence: &[Lease], now: Timestamp) -> Result<(), StoreError> {
        let held = world.tables.fence(fence, now);
        if held.is_err() {
            world.count("state: a lease had gone when something was to be written");
            if end::holds_claims(world, self.process) {
                world.count("state: a lease lost with a claim open");
            }
        }
        if world.is(Mutant::LeaseNotFenced) { Ok(()) } else { held }
    }

    fn name(&self) -> char {
        ['A', 'B'][self.process]
    }
}
