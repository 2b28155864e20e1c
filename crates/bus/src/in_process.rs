//! The bus inside one process, for the embedded hub and for tests.
//!
//! Same semantics as a broker, except that nothing lies in an inbox: a publication is confirmed when the consumer acknowledges,
//! so "handed over" is "received" here. Without a consumer there is no room and a publication is not for now. A consumer that
//! goes without acknowledging leaves what it held to the next one, as long as the publisher still waits.

mod inbox;
mod intake;
mod watched;

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use schakelpunt_amqp::topology;
use schakelpunt_domain::{ParticipantId, envelope::RawMessage};
use schakelpunt_engine::{
    model::Room,
    ports::{Bus, BusError, Intake, Outgoing, Published},
};

use self::{
    inbox::{Inbox, Offer},
    intake::{InProcessIntake, Queue},
};

pub use self::inbox::{InboxConsumer, InboxMessage};

/// Most messages that wait in one intake queue.
pub const MAX_LENGTH: usize = 100_000;

/// The bus inside one process. Clones are the same bus.
#[derive(Debug, Clone)]
pub struct InProcessBus {
    stop: Arc<Queue>,
    intakes: Arc<[Arc<Queue>]>,
    inboxes: Arc<Mutex<BTreeMap<ParticipantId, Arc<Inbox>>>>,
    patience: Duration,
}

/// An intake queue is full.
#[derive(Debug, thiserror::Error)]
#[error("the intake is full")]
struct Full;

/// A name that `queues` does not give.
#[derive(Debug, thiserror::Error)]
#[error("there is no such queue")]
struct NoQueue;

impl Default for InProcessBus {
    fn default() -> Self {
        Self::new(4)
    }
}

impl InProcessBus {
    /// A bus with so many intake queues (at least one) and no inbox.
    pub fn new(intake_queues: u16) -> Self {
        let intakes = (0..intake_queues.max(1)).map(|_| Arc::default()).collect();
        Self { stop: Arc::default(), intakes, inboxes: Arc::default(), patience: Duration::from_secs(5) }
    }

    /// How long a publication waits for the consumer's acknowledgement.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Sends to the hub, as a participant does. Spread by the header `partitionkey`; what stops something goes to the stop
    /// queue too.
    pub fn send(&self, sender: &ParticipantId, message: RawMessage) -> Result<(), BusError> {
        let is_stop = event_of(&message).is_some_and(|event| topology::STOP_EVENTS.contains(&event.as_str()));
        let copy = is_stop.then(|| message.clone());
        let mut hasher = DefaultHasher::new();
        header(&message, topology::PARTITION_KEY).hash(&mut hasher);
        let index = hasher.finish() % u64::try_from(self.intakes.len()).unwrap_or(1);
        let intake = usize::try_from(index).ok().and_then(|index| self.intakes.get(index));
        let taken = intake.is_some_and(|intake| intake.push(sender, message));
        if taken && copy.is_none_or(|copy| self.stop.push(sender, copy)) { Ok(()) } else { Err(BusError::Unavailable(Box::new(Full))) }
    }

    /// Makes sure that a participant has an inbox.
    pub fn add_inbox(&self, participant: &ParticipantId) {
        drop(self.inbox_or_new(participant));
    }

    /// Reads an inbox, which is made if there is none. Several consumers of one inbox share its messages.
    pub fn subscribe(&self, participant: &ParticipantId) -> InboxConsumer {
        InboxConsumer::new(self.inbox_or_new(participant))
    }

    fn inbox_or_new(&self, participant: &ParticipantId) -> Arc<Inbox> {
        Arc::clone(self.inboxes().entry(participant.clone()).or_default())
    }

    fn inbox(&self, participant: &ParticipantId) -> Option<Arc<Inbox>> {
        self.inboxes().get(participant).cloned()
    }

    fn inboxes(&self) -> std::sync::MutexGuard<'_, BTreeMap<ParticipantId, Arc<Inbox>>> {
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn offer(&self, outgoing: &Outgoing<'_>) -> Offer {
        let (recipient, message) = match *outgoing {
            Outgoing::Delivery(permitted) => {
                let (id, ty, bytes) = (permitted.id().to_string(), permitted.ty().to_owned(), permitted.bytes().to_vec());
                let partition_key = Some(permitted.partition_key().to_owned());
                (permitted.recipient(), InboxMessage { bytes, id, ty, partition_key, redelivered: false })
            }
            Outgoing::Receipt(receipt) => {
                let (id, ty, bytes) = (receipt.id.to_string(), receipt.ty.clone(), receipt.bytes.clone());
                (&receipt.to, InboxMessage { bytes, id, ty, partition_key: None, redelivered: false })
            }
        };
        match self.inbox(recipient) {
            Some(inbox) => Inbox::offer(&inbox, message),
            None => Offer::Decided(Published::Unroutable),
        }
    }
}

#[async_trait]
impl Bus for InProcessBus {
    fn queues(&self) -> Vec<String> {
        let intakes = (0u16..).zip(self.intakes.iter()).map(|(number, _)| topology::intake_queue(number));
        std::iter::once(topology::STOP.to_owned()).chain(intakes).collect()
    }

    async fn open(&self, queue: &str) -> Result<Box<dyn Intake>, BusError> {
        let queues = std::iter::once(&self.stop).chain(self.intakes.iter());
        match self.queues().iter().zip(queues).find(|(name, _)| *name == queue) {
            Some((_, queue)) => Ok(Box::new(InProcessIntake::new(Arc::clone(queue)))),
            None => Err(BusError::Refused { what: format!("queue {queue}"), source: Box::new(NoQueue) }),
        }
    }

    async fn publish(&self, batch: &[Outgoing<'_>]) -> Vec<Published> {
        let deadline = tokio::time::Instant::now() + self.patience;
        let offers: Vec<Offer> = batch.iter().map(|outgoing| self.offer(outgoing)).collect();
        futures::future::join_all(offers.into_iter().map(|offer| offer.answer(deadline))).await
    }

    async fn room(&self, participant: &ParticipantId, window: usize) -> Result<Room, BusError> {
        Ok(match self.inbox(participant) {
            Some(inbox) => inbox.room(window),
            // one: the publication then says that there is no such inbox, and the lane shows it
            None => Room { count: 1, consent: false },
        })
    }
}

fn header<'a>(message: &'a RawMessage, name: &str) -> Option<&'a str> {
    message.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// The short name of the event, which a broker would take from the routing key. `None` if it cannot be read: then it is
/// rejected anyway.
fn event_of(message: &RawMessage) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Typed {
        r#type: String,
    }
    let binary = ["ce-type", "cloudEvents:type", "cloudEvents_type"].iter().find_map(|name| header(message, name));
    let ty = match binary {
        Some(ty) => ty.to_owned(),
        None => serde_json::from_slice::<Typed>(&message.body).ok()?.r#type,
    };
    ty.rsplit('.').nth(1).map(str::to_owned)
}
