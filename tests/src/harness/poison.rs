//! A store that refuses one message, as a database refuses a row that it cannot write.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;
use schakelpunt_domain::{
    DeliveryId, DetentionRef, MessageId, ParticipantId,
    case::Case,
    ids::MessageKey,
    registers::{Entry, Recorded},
};
use schakelpunt_engine::{
    model::{Action, Delivery, HandOver, Receipt, RejectionRecord, Room, SnapshotKeys, StoredMessage, Timer, Versioned},
    ports::{Change, Decide, DeliveryFilter, Load, Pull, Step, Store, StoreError, Trace},
};

/// Every transaction that would save the message of this id fails with [`StoreError::Data`].
#[derive(Debug)]
pub(crate) struct Poisoned {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) id: &'static str,
}

#[async_trait]
impl Store for Poisoned {
    async fn intake(&self, keys: &SnapshotKeys, step: Step<'_>) -> Result<bool, StoreError> {
        let mut poisoned = false;
        let done = self
            .store
            .intake(keys, &mut |snapshot| {
                let actions = step(snapshot)?;
                poisoned =
                    actions.iter().any(|action| matches!(action, Action::SaveMessage(message) if message.key.id.as_str() == self.id));
                (!poisoned).then_some(actions)
            })
            .await?;
        if poisoned { Err(StoreError::Data("a row that cannot be written".into())) } else { Ok(done) }
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
    async fn claim(&self, limit: usize, room: &BTreeMap<ParticipantId, Room>, decide: Decide<'_>) -> Result<Vec<Delivery>, StoreError> {
        self.store.claim(limit, room, decide).await
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
