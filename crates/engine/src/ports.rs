//! What the engine needs from the outside: a store and a bus.
//!
//! One contract suite in `tests/` runs against every implementation of each.

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
    stage::Stage,
};
use schakelpunt_rules::life::Deed;

use crate::{
    desk::AccessRecord,
    kept_law::KeptLaw,
    laws::Halt,
    leases::{Lease, LeaseName, ProcessId},
    model::{
        Action, ClaimContext, Decided, DecisionRecord, Delivery, Due, HandOver, Pulled, Receipt, RejectionRecord, Room, Seen, Snapshot,
        SnapshotKeys, StoredMessage, Timer, Verdict, Versioned,
    },
};

mod bus;

pub use bus::{Bus, BusError, Hooks, Incoming, Intake, Outgoing, Published, ReceiptEvent};

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed the same rows: the same call may succeed at once.
    #[error("another transaction changed the same rows")]
    Conflict,
    /// Another process has taken over what this one worked on: nothing was written.
    #[error("the lease has gone to another process")]
    Fenced,
    /// The store cannot be reached or is shutting down: later.
    #[error("the store cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store refuses this very data: repeating does not help, halving the batch finds the row.
    #[error("the store refuses a row")]
    Data(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Nothing can be decided: later.
    #[error("no rules are in force")]
    NoRules(#[from] Halt),
    /// A row that cannot be read back.
    #[error("inconsistent row in {table}, column {column}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The pure part of an intake transaction. `None` rolls back: the registers in memory are older than the store's.
pub type Step<'a> = &'a mut (dyn FnMut(Snapshot) -> Option<Vec<Action>> + Send);
/// The pure part of a claim: one verdict per candidate, in order. `None` rolls back.
pub type Decide<'a> = &'a mut (dyn FnMut(ClaimContext) -> Option<Vec<Verdict>> + Send);
/// What a person enters into the registers, given the clock and all that is there; `None`: nothing.
pub type Enter<'a> = &'a mut (dyn FnMut(Timestamp, Vec<Recorded<Entry>>) -> Option<Vec<Entry>> + Send);
/// What a person does for the rules, given the clock and all that was done; `None`: nothing.
pub type Do<'a> = &'a mut (dyn FnMut(Timestamp, Vec<Deed>) -> Option<Deed> + Send);
/// What a person does to one delivery. `None` leaves it as it is.
pub type Change<'a> = &'a mut (dyn FnMut(&Delivery) -> Option<Stage> + Send);

/// How much is under way. All zero: nothing is left to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Load {
    /// Deliveries that wait.
    pub waiting: u64,
    /// Deliveries that are claimed and not confirmed.
    pub claimed: u64,
    /// Lanes that wait for a person.
    pub blocked: u64,
    /// Receipts not yet told.
    pub receipts: u64,
}

/// Which deliveries to list.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Only of this detention.
    pub detention: Option<DetentionRef>,
    /// Only to this recipient.
    pub recipient: Option<ParticipantId>,
    /// Only in this stage (its word).
    pub stage: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// The whole story of one message.
#[derive(Debug, Clone)]
pub struct Trace {
    /// The message.
    pub message: StoredMessage,
    /// Every decision, oldest first.
    pub decisions: Vec<DecisionRecord>,
    /// Every delivery.
    pub deliveries: Vec<Delivery>,
}

/// Whose receipts.
#[derive(Debug, Clone, Copy)]
pub enum ReceiptsOf<'a> {
    /// Everybody's but theirs.
    Others(&'a [ParticipantId]),
    /// Only its own.
    One(&'a ParticipantId),
    /// Of its own those that say which numbers are void, whether it fetches or not.
    Voids(&'a ParticipantId),
}

/// A fetch over HTTP.
#[derive(Debug, Clone)]
pub struct Pull {
    /// Who fetches.
    pub participant: ParticipantId,
    /// The number up to which it has received.
    pub after: u64,
    /// At most so many.
    pub limit: u32,
}

/// Where everything is kept. Transactions are the store's business; what happens inside is a pure function of the engine.
///
/// Locks are taken in the order: register epoch, leases, cases (by reference), deliveries.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// Brings the tables up to this version.
    async fn migrate(&self) -> Result<(), StoreError>;
    /// The store's clock, by which claims are judged.
    async fn now(&self) -> Result<Timestamp, StoreError>;

    /// The epoch and all register entries, in the order of recording.
    async fn registers(&self) -> Result<(u64, Vec<Recorded<Entry>>), StoreError>;
    /// The epoch alone: whether what was read before is still all.
    async fn epoch(&self) -> Result<u64, StoreError>;
    /// Adds entries and raises the epoch; gives the new one.
    async fn record(&self, entries: Vec<Recorded<Entry>>) -> Result<u64, StoreError>;
    /// One transaction in which nothing is decided or provided: shows `enter` the clock and all entries, adds what it gives as recorded
    /// at that instant by `by`, and raises the epoch; gives the new one, `None` if `enter` gave nothing.
    async fn enter(&self, by: &str, enter: Enter<'_>) -> Result<Option<u64>, StoreError>;

    /// Up to where the registers were looked at for cases that pass by them; `None` before the first look.
    async fn registers_seen(&self) -> Result<Option<Seen>, StoreError>;
    /// Notes up to where they were.
    async fn see_registers(&self, seen: Seen) -> Result<(), StoreError>;

    /// Notes that this law is applied from now on, and keeps it, unless it is the one that was applied last.
    async fn apply_law(&self, law: &KeptLaw) -> Result<(), StoreError>;
    /// The law that was applied last by `known`; `None` before the first one.
    async fn law_at(&self, known: Timestamp) -> Result<Option<KeptLaw>, StoreError>;
    /// A kept law by its version.
    async fn law(&self, version: &str) -> Result<Option<KeptLaw>, StoreError>;
    /// What was done for the rules, in order.
    async fn deeds(&self) -> Result<Vec<Deed>, StoreError>;
    /// One transaction in which nothing is decided or provided: shows `act` the clock and all deeds, adds what it gives and keeps `law`,
    /// and raises the epoch where the deed changes which rules are in force when; `None` if `act` gave nothing.
    async fn add_deed(&self, law: Option<&KeptLaw>, act: Do<'_>) -> Result<Option<Deed>, StoreError>;

    /// Whose bearer token has this digest; `None`: nobody's.
    async fn token_holder(&self, digest: &str) -> Result<Option<ParticipantId>, StoreError>;
    /// Who was given a bearer token, and when, in the order of their ids.
    async fn token_holders(&self) -> Result<Vec<(ParticipantId, Timestamp)>, StoreError>;
    /// Gives a participant the token with this digest, in place of those that it was given before; `by` entered it.
    async fn give_token(&self, participant: &ParticipantId, digest: &str, by: &str) -> Result<(), StoreError>;

    /// One transaction: shares `wanted` out (see [`crate::leases::share_out`]) for `process` by the store's clock; gives all leases
    /// that it holds now. Nothing wanted: it gives everything back.
    async fn lease(&self, process: &ProcessId, wanted: &[LeaseName], life: Duration) -> Result<Vec<Lease>, StoreError>;

    /// One transaction: locks and reads what `keys` names, asks `step`, writes its actions. Gives the deliveries that were added as
    /// claimed, each with its new number; `None`: `step` gave `None`, nothing written.
    /// `SaveCase` over another version than the stored one, or a second first message of a key, is a [`StoreError::Conflict`]; a lease
    /// of `fence` that has passed or has another epoch is [`StoreError::Fenced`].
    async fn intake(&self, fence: &[Lease], keys: &SnapshotKeys, step: Step<'_>) -> Result<Option<Vec<Delivery>>, StoreError>;

    /// Recipients that have something due at `now`: waiting, or claimed with a lease that has passed, at the head of a free lane.
    async fn due_recipients(&self) -> Result<Vec<Due>, StoreError>;
    /// One transaction: takes due heads of lanes (a lane is a detention and a recipient; one delivery in flight each) of these
    /// recipients, at most `limit` in all and `room` each (consent-based ones only where the room allows them), locks their cases for
    /// sharing, asks `decide`, writes the verdicts, and gives what was claimed, with its new number. Rows that another process works on
    /// are skipped. `fence` as for an intake.
    async fn claim(
        &self,
        fence: &[Lease],
        limit: usize,
        room: &BTreeMap<ParticipantId, Room>,
        decide: Decide<'_>,
    ) -> Result<Vec<Delivery>, StoreError>;
    /// Writes how hand-overs went. A delivery that is no longer claimed at that instant is left alone.
    async fn settle(&self, results: &[HandOver]) -> Result<(), StoreError>;
    /// One transaction: marks what was handed over up to `after` as received; candidates are what has a higher number and then what
    /// waits, or was claimed under a number up to `after` with a claim that has passed (all of a lane, in order, if nothing before it in
    /// the lane is blocked or claimed otherwise); asks `decide`, which hands over what it claims; gives what was claimed
    /// by number, and what is known of the other numbers. A claim that ends a delivery with a number, here or in `claim`, or recalls it,
    /// leaves a receipt that the number is void ([`Receipt::void`]);
    /// so does a fetch that gives one under a new number, because its cursor has passed the old one.
    async fn pull(&self, pull: &Pull, decide: Decide<'_>) -> Result<Pulled, StoreError>;

    /// Notes that work on messages that came again begins, together or each alone, by keyed digests of their bytes. Gives for each
    /// digest how often such work had begun before and never ended.
    async fn suspect(&self, digests: &[String], alone: bool) -> Result<Vec<u32>, StoreError>;
    /// Work on these has ended.
    async fn unsuspect(&self, digests: &[String]) -> Result<(), StoreError>;

    /// Receipts not yet told, oldest first; of others only of those that do not fetch.
    async fn receipts(&self, limit: usize, of: ReceiptsOf<'_>) -> Result<Vec<Receipt>, StoreError>;
    /// Which of these have receipts not yet told.
    async fn untold(&self, of: &[ParticipantId]) -> Result<BTreeSet<ParticipantId>, StoreError>;
    /// Adds receipts, but for those whose id is known: they were told, or will be.
    async fn tell_once(&self, receipts: &[Receipt]) -> Result<(), StoreError>;
    /// Up to which number everything was handed over or told as void, of each recipient that has one and does not fetch.
    async fn heads(&self) -> Result<BTreeMap<ParticipantId, u64>, StoreError>;
    /// Marks receipts as told.
    async fn receipts_told(&self, ids: &[MessageId]) -> Result<(), StoreError>;
    /// Timers that are due, oldest first.
    async fn due_timers(&self, limit: usize) -> Result<Vec<Timer>, StoreError>;

    /// The messages of that id (several sources may use it) with decisions and deliveries.
    async fn trace(&self, id: &MessageId) -> Result<Vec<Trace>, StoreError>;
    /// The detentions about which something was decided since one instant and before another, by reference. Those decided about within an
    /// hour around may be among them: decisions are kept in the order of recording, which is not quite that of their instants.
    async fn decided_between(&self, since: Timestamp, before: Timestamp) -> Result<Vec<DetentionRef>, StoreError>;
    /// All that was decided about each of these, in their order.
    async fn decided(&self, detentions: &[DetentionRef]) -> Result<Vec<Decided>, StoreError>;
    /// The case of that reference.
    async fn case(&self, detention: &DetentionRef) -> Result<Option<Versioned<Case>>, StoreError>;
    /// The message of that key.
    async fn message(&self, key: &MessageKey) -> Result<Option<StoredMessage>, StoreError>;
    /// The cases of everybody who is or was in one of these prisons, by reference.
    async fn cases_in(&self, prisons: &[ParticipantId]) -> Result<Vec<Case>, StoreError>;
    /// Keeps who looked at which case.
    async fn note_accesses(&self, accesses: &[AccessRecord]) -> Result<(), StoreError>;
    /// Who looked at a case, oldest first.
    async fn accesses(&self, detention: &DetentionRef) -> Result<Vec<AccessRecord>, StoreError>;
    /// Deliveries, newest first.
    async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<Delivery>, StoreError>;
    /// Lets `change` move one delivery to another stage, in a transaction; gives the delivery after it, `None` if it is not known.
    async fn change_stage(&self, id: &DeliveryId, change: Change<'_>) -> Result<Option<Delivery>, StoreError>;
    /// Rejections, newest first.
    async fn rejections(&self, limit: u32) -> Result<Vec<RejectionRecord>, StoreError>;
    /// How much is under way.
    async fn load(&self) -> Result<Load, StoreError>;
    /// Forgets payloads and bytes that nothing needs: messages received before `before` without an open delivery that no case holds back.
    async fn forget(&self, before: Timestamp) -> Result<u64, StoreError>;
}
