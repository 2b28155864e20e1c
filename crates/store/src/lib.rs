//! The engine's store port on PostgreSQL and on SQLite.
//!
//! | module | what it holds |
//! |---|---|
//! | `sql` | what the two databases have in common: statements in both dialects, values, columns, transactions |
//! | `postgres`, `sqlite` | the two databases |
//! | `rows`, `errors` | conversion of columns and of errors |
//! | `registers`, `leases`, `suspects`, `cases`, `messages`, `deliveries`, `stages`, `numbers`, `trails`, `decided`, `stays`, `accesses`, `laws`, `tokens` | one set of tables each |
//! | `intake`, `lanes`, `claim`, `forget` | the transactions |
//! | `migrations` | the tables, embedded |
//!
//! Locks are taken in the order: registers, leases, cases, messages, stages, recipients; rows of one table in the order of their keys. On
//! PostgreSQL a claim picks candidates without a lock, locks registers, leases and cases for sharing, then the rows themselves, and asks again
//! whether they still are candidates. So a transaction that ends a ground makes the claim wait, and the claim then sees its result.
//! On SQLite every writing transaction is alone.
//!
//! # Adding a table
//!
//! Write the next migration for both databases, beginning with why. Put its statements side by side as `Sql` values next to the
//! functions that use them, in the table's own module; a batch is `run_each`, never a loop around `run`. Read rows with `Reader`,
//! so that a row that cannot be read names its table and column. Then add to the contract suite in `tests/src/store_contract`.

mod accesses;
mod cases;
mod claim;
mod decided;
mod deeds;
pub use self::decided::OUT_OF_ORDER;
mod deliveries;
mod errors;
mod forget;
pub use self::forget::REJECTIONS_MAX;
mod intake;
mod lanes;
mod laws;
mod leases;
mod messages;
mod migrations;
mod numbers;
mod postgres;
mod registers;
mod rows;
mod sql;
mod sqlite;
mod stages;
mod stays;
mod suspects;
#[cfg(test)]
mod tests;
mod tokens;
mod trails;

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
    life::Deed,
    model::{
        Decided, Delivery, Due, HandOver, Pulled, Receipt, RejectionRecord, Room, Seen, SnapshotKeys, StoredMessage, Timer, Versioned,
    },
    ports::{Change, Decide, DeliveryFilter, Do, Enter, Load, Pull, ReceiptsOf, Step, Store, StoreError, Trace},
};

use self::{
    cases::Lock,
    rows::Reader,
    sql::{Backend, Session, Sql, end},
};
pub use self::{
    postgres::{Postgres, PostgresStore, TimeSource},
    sqlite::{Sqlite, SqliteStore},
};

/// The store on one of the two databases: [`PostgresStore`] or [`SqliteStore`].
#[derive(Debug)]
pub struct SqlStore<B> {
    backend: B,
}

/// Receipts are counted as `receipts` gives them: who fetches over HTTP is not told on the bus.
const LOAD: Sql = Sql::both(
    "select (select count(*) from stages where due is not null and stage = 'waiting') as waiting,
     (select count(*) from stages where due is not null and stage = 'claimed') as claimed,
     (select count(*) from (select distinct recipient, lane from stages where is_open and stage = 'blocked') b) as blocked,
     (select count(*) from receipts t left join recipients r on r.participant = t.recipient
         where not t.told and not coalesce(r.pulls, false)) as receipts",
);

fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[async_trait]
impl<B: Backend> Store for SqlStore<B> {
    async fn migrate(&self) -> Result<(), StoreError> {
        self.backend.migrate().await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.backend.clock().await
    }

    async fn registers(&self) -> Result<(u64, Vec<Recorded<Entry>>), StoreError> {
        registers::all(&mut self.backend.reading().await?).await
    }

    async fn epoch(&self) -> Result<u64, StoreError> {
        registers::epoch(&mut self.backend.reading().await?).await
    }

    async fn record(&self, entries: Vec<Recorded<Entry>>) -> Result<u64, StoreError> {
        let mut session = self.backend.writing().await?;
        let epoch = registers::record(&mut session, &entries).await?;
        session.commit().await?;
        Ok(epoch)
    }

    async fn enter(&self, by: &str, enter: Enter<'_>) -> Result<Option<u64>, StoreError> {
        let mut session = self.backend.writing().await?;
        let result = registers::enter(&mut session, by, enter).await;
        end(session, result).await
    }

    async fn registers_seen(&self) -> Result<Option<Seen>, StoreError> {
        registers::seen(&mut self.backend.reading().await?).await
    }

    async fn see_registers(&self, seen: Seen) -> Result<(), StoreError> {
        let mut session = self.backend.writing().await?;
        registers::see(&mut session, seen).await?;
        session.commit().await
    }

    async fn apply_law(&self, law: &KeptLaw) -> Result<(), StoreError> {
        let mut session = self.backend.writing().await?;
        laws::apply(&mut session, law).await?;
        session.commit().await
    }

    async fn law_at(&self, known: Timestamp) -> Result<Option<KeptLaw>, StoreError> {
        laws::at(&mut self.backend.reading().await?, known).await
    }

    async fn law(&self, version: &str) -> Result<Option<KeptLaw>, StoreError> {
        laws::of(&mut self.backend.reading().await?, version).await
    }

    async fn deeds(&self) -> Result<Vec<Deed>, StoreError> {
        deeds::all(&mut self.backend.reading().await?).await
    }

    async fn add_deed(&self, law: Option<&KeptLaw>, act: Do<'_>) -> Result<Option<Deed>, StoreError> {
        let mut session = self.backend.writing().await?;
        let result = deeds::add(&mut session, law, act).await;
        end(session, result).await
    }

    async fn token_holder(&self, digest: &str) -> Result<Option<ParticipantId>, StoreError> {
        tokens::holder(&mut self.backend.reading().await?, digest).await
    }

    async fn token_holders(&self) -> Result<Vec<(ParticipantId, Timestamp)>, StoreError> {
        tokens::holders(&mut self.backend.reading().await?).await
    }

    async fn give_token(&self, participant: &ParticipantId, digest: &str, by: &str) -> Result<(), StoreError> {
        let mut session = self.backend.writing().await?;
        tokens::give(&mut session, participant, digest, by).await?;
        session.commit().await
    }

    async fn lease(&self, process: &ProcessId, wanted: &[LeaseName], life: Duration) -> Result<Vec<Lease>, StoreError> {
        let mut session = self.backend.writing().await?;
        let held = leases::share_out(&mut session, process, wanted, life).await?;
        session.commit().await?;
        Ok(held)
    }

    async fn intake(&self, fence: &[Lease], keys: &SnapshotKeys, step: Step<'_>) -> Result<Option<Vec<Delivery>>, StoreError> {
        let mut session = self.backend.deciding().await?;
        let result = intake::run(&mut session, fence, keys, step).await;
        end(session, result).await
    }

    async fn due_recipients(&self) -> Result<Vec<Due>, StoreError> {
        lanes::due_recipients(&mut self.backend.reading().await?).await
    }

    async fn claim(
        &self,
        fence: &[Lease],
        limit: usize,
        room: &BTreeMap<ParticipantId, Room>,
        decide: Decide<'_>,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut session = self.backend.deciding().await?;
        let result = claim::run(&mut session, fence, limit, room, decide).await;
        end(session, result).await
    }

    async fn settle(&self, results: &[HandOver]) -> Result<(), StoreError> {
        let mut session = self.backend.marking().await?;
        stages::settle(&mut session, results).await?;
        session.commit().await
    }

    async fn pull(&self, pull: &Pull, decide: Decide<'_>) -> Result<Pulled, StoreError> {
        let mut session = self.backend.deciding().await?;
        let result = claim::pull(&mut session, pull, decide).await;
        end(session, result).await
    }

    async fn suspect(&self, digests: &[String], alone: bool) -> Result<Vec<u32>, StoreError> {
        let mut session = self.backend.writing().await?;
        let before = suspects::note(&mut session, digests, alone).await?;
        session.commit().await?;
        Ok(before)
    }

    async fn unsuspect(&self, digests: &[String]) -> Result<(), StoreError> {
        let mut session = self.backend.writing().await?;
        suspects::clear(&mut session, digests).await?;
        session.commit().await
    }

    async fn receipts(&self, count: usize, of: ReceiptsOf<'_>) -> Result<Vec<Receipt>, StoreError> {
        trails::receipts(&mut self.backend.reading().await?, limit(count), of).await
    }

    async fn untold(&self, of: &[ParticipantId]) -> Result<BTreeSet<ParticipantId>, StoreError> {
        trails::untold(&mut self.backend.reading().await?, of).await
    }

    async fn tell_once(&self, receipts: &[Receipt]) -> Result<(), StoreError> {
        let mut session = self.backend.writing().await?;
        trails::add_new_receipts(&mut session, receipts).await?;
        session.commit().await
    }

    async fn heads(&self) -> Result<BTreeMap<ParticipantId, u64>, StoreError> {
        numbers::heads(&mut self.backend.reading().await?).await
    }

    async fn receipts_told(&self, ids: &[MessageId]) -> Result<(), StoreError> {
        let mut session = self.backend.marking().await?;
        trails::tell(&mut session, ids).await?;
        session.commit().await
    }

    async fn due_timers(&self, count: usize) -> Result<Vec<Timer>, StoreError> {
        trails::due_timers(&mut self.backend.reading().await?, limit(count)).await
    }

    async fn trace(&self, id: &MessageId) -> Result<Vec<Trace>, StoreError> {
        let mut session = self.backend.reading().await?;
        let mut traces = Vec::new();
        for message in messages::by_id(&mut session, id).await? {
            let decisions = trails::decisions(&mut session, &message.key).await?;
            let deliveries = deliveries::of_message(&mut session, &message.key).await?;
            traces.push(Trace { message, decisions, deliveries });
        }
        Ok(traces)
    }

    async fn decided_between(&self, since: Timestamp, before: Timestamp) -> Result<Vec<DetentionRef>, StoreError> {
        decided::between(&mut self.backend.reading().await?, since, before).await
    }

    async fn decided(&self, detentions: &[DetentionRef]) -> Result<Vec<Decided>, StoreError> {
        decided::of(&mut self.backend.snapshot().await?, detentions).await
    }

    async fn case(&self, detention: &DetentionRef) -> Result<Option<Versioned<Case>>, StoreError> {
        let wanted = BTreeSet::from([detention.clone()]);
        Ok(cases::read(&mut self.backend.reading().await?, &wanted, Lock::None).await?.pop())
    }

    async fn message(&self, key: &MessageKey) -> Result<Option<StoredMessage>, StoreError> {
        let wanted = BTreeSet::from([key.clone()]);
        Ok(messages::read(&mut self.backend.reading().await?, &wanted, false).await?.pop())
    }

    async fn cases_in(&self, prisons: &[ParticipantId]) -> Result<Vec<Case>, StoreError> {
        stays::cases_in(&mut self.backend.reading().await?, prisons).await
    }

    async fn note_accesses(&self, accesses: &[AccessRecord]) -> Result<(), StoreError> {
        let mut session = self.backend.writing().await?;
        accesses::note(&mut session, accesses).await?;
        session.commit().await
    }

    async fn accesses(&self, detention: &DetentionRef) -> Result<Vec<AccessRecord>, StoreError> {
        accesses::of(&mut self.backend.reading().await?, detention).await
    }

    async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<Delivery>, StoreError> {
        deliveries::list(&mut self.backend.reading().await?, filter).await
    }

    async fn change_stage(&self, id: &DeliveryId, change: Change<'_>) -> Result<Option<Delivery>, StoreError> {
        let mut session = self.backend.writing().await?;
        let Some((mut delivery, shown)) = deliveries::locked(&mut session, *id).await? else { return Ok(None) };
        if let Some(stage) = change(&delivery) {
            stages::move_from(&mut session, vec![(*id, stage.clone(), shown)]).await?;
            session.commit().await?;
            delivery.stage = stage;
        }
        Ok(Some(delivery))
    }

    async fn rejections(&self, limit: u32) -> Result<Vec<RejectionRecord>, StoreError> {
        trails::rejections(&mut self.backend.reading().await?, limit).await
    }

    async fn load(&self) -> Result<Load, StoreError> {
        let rows = self.backend.reading().await?.rows(LOAD, Vec::new()).await?;
        let Some(row) = rows.first() else { return Ok(Load::default()) };
        let reader = Reader::of("stages", row);
        Ok(Load {
            waiting: reader.number("waiting")?,
            claimed: reader.number("claimed")?,
            blocked: reader.number("blocked")?,
            receipts: reader.number("receipts")?,
        })
    }

    async fn forget(&self, before: Timestamp) -> Result<u64, StoreError> {
        forget::run(&self.backend, before).await
    }
}
