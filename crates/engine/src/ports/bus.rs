//! Where messages come from and go to: a bus, and addresses that are called.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use schakelpunt_domain::{MessageId, ParticipantId, envelope::RawMessage, registers::Participant};

use crate::{claim::Permitted, model::Room};

/// Why the bus could not do it.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The connection is gone: open again, later.
    #[error("the bus cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The bus refuses this for good: a queue is missing, a right is missing.
    #[error("the bus refuses: {what}")]
    Refused {
        /// What.
        what: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// How one publication ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// The bus has it.
    Confirmed,
    /// The bus certainly does not have it; later.
    NotNow,
    /// The bus returned it: there is no such inbox.
    Unroutable,
    /// Whoever was called will never take it.
    Refused,
    /// Nobody knows: the connection went between sending and confirmation.
    Uncertain,
}

/// One message from an intake queue.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// Rises within one opened intake.
    pub tag: u64,
    /// The first word of the *delivered* routing key, which the broker's topic permission has proved.
    pub sender: Option<ParticipantId>,
    /// The `user_id` property, if present.
    pub user_id: Option<String>,
    /// The message.
    pub raw: RawMessage,
    /// Whether it was handed out before.
    pub redelivered: bool,
    /// Whether the bus gave it up or could not route it: it is not decided but rejected.
    pub dead: bool,
}

/// What leaves: a permitted delivery, or a receipt.
#[derive(Debug, Clone, Copy)]
pub enum Outgoing<'a> {
    /// A delivery.
    Delivery(&'a Permitted),
    /// A receipt: to, id, type and bytes.
    Receipt(&'a ReceiptEvent),
}

/// A receipt as it leaves.
#[derive(Debug, Clone)]
pub struct ReceiptEvent {
    /// Who is told.
    pub to: ParticipantId,
    /// The id.
    pub id: MessageId,
    /// The full type.
    pub ty: String,
    /// The event in structured mode.
    pub bytes: Vec<u8>,
}

/// One opened intake queue. Dropping it gives back what is not settled.
#[async_trait]
pub trait Intake: Send {
    /// Waits for at least one message, then takes what is there, at most `max`: a batch waits for nothing more. May be given up at any
    /// time.
    async fn next_batch(&mut self, max: usize) -> Result<Vec<Incoming>, BusError>;
    /// Acknowledges everything up to and including `tag`.
    async fn settle(&mut self, tag: u64) -> Result<(), BusError>;
}

/// Where messages come from and go to.
#[async_trait]
pub trait Bus: Send + Sync + fmt::Debug {
    /// The names of the intake queues; the stop queue first.
    fn queues(&self) -> Vec<String>;
    /// Opens one intake queue.
    async fn open(&self, queue: &str) -> Result<Box<dyn Intake>, BusError>;
    /// Publishes a batch, each to the inbox of its recipient, and waits for every answer. One result each, in order.
    async fn publish(&self, batch: &[Outgoing<'_>]) -> Vec<Published>;
    /// How many more messages the inbox should take, `window` being the most that may lie in it.
    async fn room(&self, participant: &ParticipantId, window: usize) -> Result<Room, BusError>;
}

/// Calls participants at their own address.
#[async_trait]
pub trait Hooks: Send + Sync + fmt::Debug {
    /// How many events may be posted to this participant now; the caller posts at least one of them, or asks again. None while it is left
    /// alone after failures, and when its address is retired.
    fn admits(&self, participant: &Participant, now: Timestamp) -> usize;
    /// Whether its address takes receipts now, or asked to be left alone with them.
    fn takes_receipts(&self, participant: &Participant, now: Timestamp) -> bool;
    /// Whether its address may be called at all. `Err`: what is wrong with it, a sentence.
    fn fits(&self, participant: &Participant) -> Result<(), String>;
    /// Posts one event, once.
    async fn post(&self, to: &Participant, what: Outgoing<'_>, now: Timestamp) -> Published;
    /// Asks whether the address wants what this hub sends; what it said either way is a sentence.
    async fn ask(&self, participant: &Participant) -> Result<String, String>;
}
