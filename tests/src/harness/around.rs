//! A store with another behaviour put around some of its transactions; everything else goes through.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
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
    desk::AccessRecord,
    kept_law::KeptLaw,
    leases::{Lease, LeaseName, ProcessId},
    life::Deed,
    model::{
        Decided, Delivery, Due, HandOver, Pulled, Receipt, RejectionRecord, Room, Seen, SnapshotKeys, StoredMessage, Timer, Versioned,
    },
    ports::{Change, Decide, DeliveryFilter, Do, Enter, Load, Pull, ReceiptsOf, Step, Store, StoreError, Trace},
};

/// What is put around a store.
#[async_trait]
pub(crate) trait Hooks: Send + Sync + fmt::Debug {
    /// The store itself.
    fn inner(&self) -> &dyn Store;

    async fn intake(&self, fence: &[Lease], keys: &SnapshotKeys, step: Step<'_>) -> Result<Option<Vec<Delivery>>, StoreError> {
        self.inner().intake(fence, keys, step).await
    }

    async fn claim(
        &self,
        fence: &[Lease],
        limit: usize,
        room: &BTreeMap<ParticipantId, Room>,
        decide: Decide<'_>,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.inner().claim(fence, limit, room, decide).await
    }

    async fn decided(&self, detentions: &[DetentionRef]) -> Result<Vec<Decided>, StoreError> {
        self.inner().decided(detentions).await
    }

    async fn add_deed(&self, law: Option<&KeptLaw>, act: Do<'_>) -> Result<Option<Deed>, StoreError> {
        self.inner().add_deed(law, act).await
    }

    async fn registers(&self) -> Result<(u64, Vec<Recorded<Entry>>), StoreError> {
        self.inner().registers().await
    }

    async fn due_recipients(&self) -> Result<Vec<Due>, StoreError> {
        self.inner().due_recipients().await
    }

    async fn pull(&self, pull: &Pull, decide: Decide<'_>) -> Result<Pulled, StoreError> {
        self.inner().pull(pull, decide).await
    }
}

/// A store with hooks.
#[derive(Debug)]
pub(crate) struct Around<H>(pub(crate) H);

#[async_trait]
impl<H: Hooks> Store for Around<H> {
    async fn intake(&self, fence: &[Lease], keys: &SnapshotKeys, step: Step<'_>) -> Result<Option<Vec<Delivery>>, StoreError> {
        self.0.intake(fence, keys, step).await
    }
    async fn claim(
        &self,
        fence: &[Lease],
        limit: usize,
        room: &BTreeMap<ParticipantId, Room>,
        decide: Decide<'_>,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.0.claim(fence, limit, room, decide).await
    }
    async fn lease(&self, process: &ProcessId, wanted: &[LeaseName], life: Duration) -> Result<Vec<Lease>, StoreError> {
        self.0.inner().lease(process, wanted, life).await
    }
    async fn suspect(&self, digests: &[String], alone: bool) -> Result<Vec<u32>, StoreError> {
        self.0.inner().suspect(digests, alone).await
    }
    async fn unsuspect(&self, digests: &[String]) -> Result<(), StoreError> {
        self.0.inner().unsuspect(digests).await
    }
    async fn migrate(&self) -> Result<(), StoreError> {
        self.0.inner().migrate().await
    }
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.0.inner().now().await
    }
    async fn registers(&self) -> Result<(u64, Vec<Recorded<Entry>>), StoreError> {
        self.0.registers().await
    }
    async fn epoch(&self) -> Result<u64, StoreError> {
        self.0.inner().epoch().await
    }
    async fn record(&self, entries: Vec<Recorded<Entry>>) -> Result<u64, StoreError> {
        self.0.inner().record(entries).await
    }
    async fn enter(&self, by: &str, enter: Enter<'_>) -> Result<Option<u64>, StoreError> {
        self.0.inner().enter(by, enter).await
    }
    async fn registers_seen(&self) -> Result<Option<Seen>, StoreError> {
        self.0.inner().registers_seen().await
    }
    async fn see_registers(&self, seen: Seen) -> Result<(), StoreError> {
        self.0.inner().see_registers(seen).await
    }
    async fn apply_law(&self, law: &KeptLaw) -> Result<(), StoreError> {
        self.0.inner().apply_law(law).await
    }
    async fn law_at(&self, known: Timestamp) -> Result<Option<KeptLaw>, StoreError> {
        self.0.inner().law_at(known).await
    }
    async fn law(&self, version: &str) -> Result<Option<KeptLaw>, StoreError> {
        self.0.inner().law(version).await
    }
    async fn deeds(&self) -> Result<Vec<Deed>, StoreError> {
        self.0.inner().deeds().await
    }
    async fn add_deed(&self, law: Option<&KeptLaw>, act: Do<'_>) -> Result<Option<Deed>, StoreError> {
        self.0.add_deed(law, act).await
    }
    async fn decided_between(&self, since: Timestamp, before: Timestamp) -> Result<Vec<DetentionRef>, StoreError> {
        self.0.inner().decided_between(since, before).await
    }
    async fn decided(&self, detentions: &[DetentionRef]) -> Result<Vec<Decided>, StoreError> {
        self.0.decided(detentions).await
    }
    async fn token_holder(&self, digest: &str) -> Result<Option<ParticipantId>, StoreError> {
        self.0.inner().token_holder(digest).await
    }
    async fn token_holders(&self) -> Result<Vec<(ParticipantId, Timestamp)>, StoreError> {
        self.0.inner().token_holders().await
    }
    async fn give_token(&self, participant: &ParticipantId, digest: &str, by: &str) -> Result<(), StoreError> {
        self.0.inner().give_token(participant, digest, by).await
    }
    async fn cases_in(&self, prisons: &[ParticipantId]) -> Result<Vec<Case>, StoreError> {
        self.0.inner().cases_in(prisons).await
    }
    async fn note_accesses(&self, accesses: &[AccessRecord]) -> Result<(), StoreError> {
        self.0.inner().note_accesses(accesses).await
    }
    async fn accesses(&self, detention: &DetentionRef) -> Result<Vec<AccessRecord>, StoreError> {
        self.0.inner().accesses(detention).await
    }
    async fn due_recipients(&self) -> Result<Vec<Due>, StoreError> {
        self.0.due_recipients().await
    }
    async fn settle(&self, results: &[HandOver]) -> Result<(), StoreError> {
        self.0.inner().settle(results).await
    }
    async fn pull(&self, pull: &Pull, decide: Decide<'_>) -> Result<Pulled, StoreError> {
        self.0.pull(pull, decide).await
    }
    async fn receipts(&self, limit: usize, of: ReceiptsOf<'_>) -> Result<Vec<Receipt>, StoreError> {
        self.0.inner().receipts(limit, of).await
    }
    async fn untold(&self, of: &[ParticipantId]) -> Result<BTreeSet<ParticipantId>, StoreError> {
        self.0.inner().untold(of).await
    }
    async fn tell_once(&self, receipts: &[Receipt]) -> Result<(), StoreError> {
        self.0.inner().tell_once(receipts).await
    }
    async fn heads(&self) -> Result<BTreeMap<ParticipantId, u64>, StoreError> {
        self.0.inner().heads().await
    }
    async fn receipts_told(&self, ids: &[MessageId]) -> Result<(), StoreError> {
        self.0.inner().receipts_told(ids).await
    }
    async fn due_timers(&self, limit: usize) -> Result<Vec<Timer>, StoreError> {
        self.0.inner().due_timers(limit).await
    }
    async fn trace(&self, id: &MessageId) -> Result<Vec<Trace>, StoreError> {
        self.0.inner().trace(id).await
    }
    async fn case(&self, detention: &DetentionRef) -> Result<Option<Versioned<Case>>, StoreError> {
        self.0.inner().case(detention).await
    }
    async fn message(&self, key: &MessageKey) -> Result<Option<StoredMessage>, StoreError> {
        self.0.inner().message(key).await
    }
    async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<Delivery>, StoreError> {
        self.0.inner().deliveries(filter).await
    }
    async fn change_stage(&self, id: &DeliveryId, change: Change<'_>) -> Result<Option<Delivery>, StoreError> {
        self.0.inner().change_stage(id, change).await
    }
    async fn rejections(&self, limit: u32) -> Result<Vec<RejectionRecord>, StoreError> {
        self.0.inner().rejections(limit).await
    }
    async fn load(&self) -> Result<Load, StoreError> {
        self.0.inner().load().await
    }
    async fn forget(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.0.inner().forget(before).await
    }
}
