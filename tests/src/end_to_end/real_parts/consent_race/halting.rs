//! A store of which one transaction can be held open, with everything locked that it locks and nothing committed.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError, mpsc},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use schakelpunt_domain::{
    DeliveryId, DetentionRef, MessageId, ParticipantId,
    case::Case,
    ids::MessageKey,
    registers::{Entry, Recorded},
};
use schakelpunt_engine::{
    model::{Delivery, HandOver, Receipt, RejectionRecord, Room, SnapshotKeys, StoredMessage, Timer, Versioned},
    ports::{Change, Decide, DeliveryFilter, Load, Pull, Step, Store, StoreError, Trace},
};
use schakelpunt_store::PostgresStore;
use tokio::sync::oneshot;

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
impl Store for Halting {
    async fn intake(&self, keys: &SnapshotKeys, step: Step<'_>) -> Result<bool, StoreError> {
        let mut held = self.take(Point::Intake);
        let mut stepping = |snapshot| {
            let actions = step(snapshot);
            held.take().into_iter().for_each(Held::wait);
            actions
        };
        self.store.intake(keys, &mut stepping).await
    }

    async fn claim(&self, limit: usize, room: &BTreeMap<ParticipantId, Room>, decide: Decide<'_>) -> Result<Vec<Delivery>, StoreError> {
        let mut held = self.take(Point::Claim);
        let mut deciding = |context| {
            let verdicts = decide(context);
            held.take().into_iter().for_each(Held::wait);
            verdicts
        };
        self.store.claim(limit, room, &mut deciding).await
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        self.store.migrate().await
    }
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.store.now().await
    }
    async fn registers(&self) -> Result<(u64, Vec<Recorded<Entry>>), StoreError> {
        self.store.registers().await
    }
    async fn record(&self, entries: Vec<Recorded<Entry>>) -> Result<u64, StoreError> {
        self.store.record(entries).await
    }
    async fn due_recipients(&self) -> Result<Vec<ParticipantId>, StoreError> {
        self.store.due_recipients().await
    }
    async fn settle(&self, results: &[HandOver]) -> Result<(), StoreError> {
        self.store.settle(results).await
    }
    async fn pull(&self, pull: &Pull, decide: Decide<'_>) -> Result<Vec<Delivery>, StoreError> {
        self.store.pull(pull, decide).await
    }
    async fn receipts(&self, limit: usize) -> Result<Vec<Receipt>, StoreError> {
        self.store.receipts(limit).await
    }
    async fn receipts_told(&self, ids: &[MessageId]) -> Result<(), StoreError> {
        self.store.receipts_told(ids).await
    }
    async fn due_timers(&self, limit: usize) -> Result<Vec<Timer>, StoreError> {
        self.store.due_timers(limit).await
    }
    async fn trace(&self, id: &MessageId) -> Result<Vec<Trace>, StoreError> {
        self.store.trace(id).await
    }
    async fn case(&self, detention: &DetentionRef) -> Result<Option<Versioned<Case>>, StoreError> {
        self.store.case(detention).await
    }
    async fn message(&self, key: &MessageKey) -> Result<Option<StoredMessage>, StoreError> {
        self.store.message(key).await
    }
    async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<Delivery>, StoreError> {
        self.store.deliveries(filter).await
    }
    async fn change_stage(&self, id: &DeliveryId, change: Change<'_>) -> Result<Option<Delivery>, StoreError> {
        self.store.change_stage(id, change).await
    }
    async fn rejections(&self, limit: u32) -> Result<Vec<RejectionRecord>, StoreError> {
        self.store.rejections(limit).await
    }
    async fn load(&self) -> Result<Load, StoreError> {
        self.store.load().await
    }
    async fn forget(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.store.forget(before).await
    }
}
