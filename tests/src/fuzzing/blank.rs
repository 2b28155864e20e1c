//! A store that knows nothing and forgets everything, and a bus that takes nothing: what stands behind a gateway under fuzzing.

use std::{
    collections::{BTreeMap, BTreeSet},
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
    life::{Deed, DraftId, What},
    model::{
        Decided, Delivery, Due, HandOver, Pulled, Receipt, RejectionRecord, Room, Seen, SnapshotKeys, StoredMessage, Timer, Versioned,
    },
    ports::{
        self, BusError, Change, Decide, DeliveryFilter, Do, Enter, Intake, Load, Outgoing, Published, Pull, ReceiptsOf, Step, StoreError,
        Trace,
    },
};

use super::world::world;

#[derive(Debug)]
pub(super) struct Store;

#[derive(Debug)]
pub(super) struct Bus;

#[async_trait]
impl ports::Store for Store {
    async fn migrate(&self) -> Result<(), StoreError> {
        Ok(())
    }
    async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(world().now)
    }
    async fn registers(&self) -> Result<(u64, Vec<Recorded<Entry>>), StoreError> {
        Ok((1, world().entries.clone()))
    }
    async fn epoch(&self) -> Result<u64, StoreError> {
        Ok(1)
    }
    async fn record(&self, _: Vec<Recorded<Entry>>) -> Result<u64, StoreError> {
        Ok(1)
    }
    async fn enter(&self, _: &str, enter: Enter<'_>) -> Result<Option<u64>, StoreError> {
        Ok(enter(world().now, world().entries.clone()).map(|_| 2))
    }
    async fn registers_seen(&self) -> Result<Option<Seen>, StoreError> {
        Ok(None)
    }
    async fn see_registers(&self, _: Seen) -> Result<(), StoreError> {
        Ok(())
    }
    async fn apply_law(&self, _: &KeptLaw) -> Result<(), StoreError> {
        Ok(())
    }
    async fn law_at(&self, _: Timestamp) -> Result<Option<KeptLaw>, StoreError> {
        Ok(None)
    }
    async fn law(&self, _: &str) -> Result<Option<KeptLaw>, StoreError> {
        Ok(None)
    }
    async fn deeds(&self) -> Result<Vec<Deed>, StoreError> {
        let what = What::Seeded { law: world().settings.law.version.clone() };
        let (by, why) = ("hub".parse().unwrap(), "the store was empty".to_owned());
        Ok(vec![Deed { draft: Some(DraftId(1)), at: Timestamp::UNIX_EPOCH, by, why, what }])
    }
    async fn add_deed(&self, _: Option<&KeptLaw>, act: Do<'_>) -> Result<Option<Deed>, StoreError> {
        Ok(act(world().now, self.deeds().await?))
    }
    async fn decided_between(&self, _: Timestamp, _: Timestamp) -> Result<Vec<DetentionRef>, StoreError> {
        Ok(Vec::new())
    }
    async fn decided(&self, _: &[DetentionRef]) -> Result<Vec<Decided>, StoreError> {
        Ok(Vec::new())
    }
    async fn token_holder(&self, _: &str) -> Result<Option<ParticipantId>, StoreError> {
        Ok(None)
    }
    async fn token_holders(&self) -> Result<Vec<(ParticipantId, Timestamp)>, StoreError> {
        Ok(Vec::new())
    }
    async fn give_token(&self, _: &ParticipantId, _: &str, _: &str) -> Result<(), StoreError> {
        Ok(())
    }
    async fn cases_in(&self, _: &[ParticipantId]) -> Result<Vec<Case>, StoreError> {
        Ok(Vec::new())
    }
    async fn note_accesses(&self, _: &[AccessRecord]) -> Result<(), StoreError> {
        Ok(())
    }
    async fn accesses(&self, _: &DetentionRef) -> Result<Vec<AccessRecord>, StoreError> {
        Ok(Vec::new())
    }
    async fn lease(&self, _: &ProcessId, _: &[LeaseName], _: Duration) -> Result<Vec<Lease>, StoreError> {
        Ok(Vec::new())
    }
    async fn suspect(&self, digests: &[String], _: bool) -> Result<Vec<u32>, StoreError> {
        Ok(vec![0; digests.len()])
    }
    async fn unsuspect(&self, _: &[String]) -> Result<(), StoreError> {
        Ok(())
    }
    async fn intake(&self, _: &[Lease], _: &SnapshotKeys, step: Step<'_>) -> Result<Option<Vec<Delivery>>, StoreError> {
        Ok(step(world().empty()).map(|_| Vec::new()))
    }
    async fn due_recipients(&self) -> Result<Vec<Due>, StoreError> {
        Ok(Vec::new())
    }
    async fn claim(&self, _: &[Lease], _: usize, _: &BTreeMap<ParticipantId, Room>, _: Decide<'_>) -> Result<Vec<Delivery>, StoreError> {
        Ok(Vec::new())
    }
    async fn settle(&self, _: &[HandOver]) -> Result<(), StoreError> {
        Ok(())
    }
    async fn pull(&self, _: &Pull, _: Decide<'_>) -> Result<Pulled, StoreError> {
        Ok(Pulled::default())
    }
    async fn receipts(&self, _: usize, _: ReceiptsOf<'_>) -> Result<Vec<Receipt>, StoreError> {
        Ok(Vec::new())
    }
    async fn tell_once(&self, _: &[Receipt]) -> Result<(), StoreError> {
        Ok(())
    }
    async fn untold(&self, _: &[ParticipantId]) -> Result<BTreeSet<ParticipantId>, StoreError> {
        Ok(BTreeSet::new())
    }
    async fn heads(&self) -> Result<BTreeMap<ParticipantId, u64>, StoreError> {
        Ok(BTreeMap::new())
    }
    async fn receipts_told(&self, _: &[MessageId]) -> Result<(), StoreError> {
        Ok(())
    }
    async fn due_timers(&self, _: usize) -> Result<Vec<Timer>, StoreError> {
        Ok(Vec::new())
    }
    async fn trace(&self, _: &MessageId) -> Result<Vec<Trace>, StoreError> {
        Ok(Vec::new())
    }
    async fn case(&self, _: &DetentionRef) -> Result<Option<Versioned<Case>>, StoreError> {
        Ok(None)
    }
    async fn message(&self, _: &MessageKey) -> Result<Option<StoredMessage>, StoreError> {
        Ok(None)
    }
    async fn deliveries(&self, _: &DeliveryFilter) -> Result<Vec<Delivery>, StoreError> {
        Ok(Vec::new())
    }
    async fn change_stage(&self, _: &DeliveryId, _: Change<'_>) -> Result<Option<Delivery>, StoreError> {
        Ok(None)
    }
    async fn rejections(&self, _: u32) -> Result<Vec<RejectionRecord>, StoreError> {
        Ok(Vec::new())
    }
    async fn load(&self) -> Result<Load, StoreError> {
        Ok(Load::default())
    }
    async fn forget(&self, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[async_trait]
impl ports::Bus for Bus {
    fn queues(&self) -> Vec<String> {
        Vec::new()
    }
    async fn open(&self, queue: &str) -> Result<Box<dyn Intake>, BusError> {
        Err(BusError::Refused { what: queue.to_owned(), source: "a bus without queues".into() })
    }
    async fn publish(&self, batch: &[Outgoing<'_>]) -> Vec<Published> {
        vec![Published::NotNow; batch.len()]
    }
    async fn room(&self, _: &ParticipantId, _: usize) -> Result<Room, BusError> {
        Ok(Room { count: 0, consent: false })
    }
}
