//! A store of which one transaction can be held open, with everything locked that it locks and nothing committed.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError, mpsc},
    time::Duration,
};

use async_trait::async_trait;
use schakelpunt_domain::ParticipantId;
use schakelpunt_engine::{
    leases::Lease,
    model::{Delivery, Room, SnapshotKeys},
    ports::{Decide, Step, Store, StoreError},
};
use schakelpunt_store::PostgresStore;
use tokio::sync::oneshot;

use crate::harness::around::Hooks;

/// Where a transaction is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Point {
    /// An intake, after its step.
    Intake,
    /// A claim, after its verdicts.
    Claim,
}

/// PostgreSQL, and at most one halt.
#[derive(Debug)]
pub(super) struct Halting {
    store: PostgresStore,
    halt: Mutex<Option<(Point, Held)>>,
}

/// The transaction's end of a halt.
#[derive(Debug)]
struct Held {
    reached: oneshot::Sender<()>,
    go_on: mpsc::Receiver<()>,
}

/// The test's end of a halt.
#[derive(Debug)]
pub(super) struct Halt {
    reached: Mutex<Option<oneshot::Receiver<()>>>,
    go_on: mpsc::Sender<()>,
}

// === impl Halting ===

impl Halting {
    pub(super) fn new(store: PostgresStore) -> Self {
        Self { store, halt: Mutex::new(None) }
    }

    /// Holds the next transaction that comes to this point.
    pub(super) fn halt_at(&self, point: Point) -> Halt {
        let ((here, reached), (go_on, told)) = (oneshot::channel(), mpsc::channel());
        *self.halt.lock().unwrap_or_else(PoisonError::into_inner) = Some((point, Held { reached: here, go_on: told }));
        Halt { reached: Mutex::new(Some(reached)), go_on }
    }

    fn take(&self, point: Point) -> Option<Held> {
        let mut halt = self.halt.lock().unwrap_or_else(PoisonError::into_inner);
        halt.take_if(|(at, _)| *at == point).map(|(_, held)| held)
    }
}

// === impl Held ===

impl Held {
    fn wait(self) {
        self.reached.send(()).unwrap();
        // the thread stands still: the pure part of a transaction cannot await
        self.go_on.recv_timeout(Duration::from_secs(30)).unwrap();
    }
}

// === impl Halt ===

impl Halt {
    /// Waits until a transaction is held.
    pub(super) async fn reached(&self) {
        let reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap();
        tokio::time::timeout(Duration::from_secs(30), reached).await.unwrap().unwrap();
    }

    /// Lets it go on.
    pub(super) fn go_on(&self) {
        self.go_on.send(()).unwrap();
    }
}

#[async_trait]
impl Hooks for Halting {
    fn inner(&self) -> &dyn Store {
        &self.store
    }

    async fn intake(&self, fence: &[Lease], keys: &SnapshotKeys, step: Step<'_>) -> Result<Option<Vec<Delivery>>, StoreError> {
        let mut held = self.take(Point::Intake);
        let mut stepping = |snapshot| {
            let actions = step(snapshot);
            held.take().into_iter().for_each(Held::wait);
            actions
        };
        self.store.intake(fence, keys, &mut stepping).await
    }

    async fn claim(
        &self,
        fence: &[Lease],
        limit: usize,
        room: &BTreeMap<ParticipantId, Room>,
        decide: Decide<'_>,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut held = self.take(Point::Claim);
        let mut deciding = |context| {
            let verdicts = decide(context);
            held.take().into_iter().for_each(Held::wait);
            verdicts
        };
        self.store.claim(fence, limit, room, &mut deciding).await
    }
}
