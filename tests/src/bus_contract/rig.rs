//! What the suite needs of a bus besides the port: the other ends.

use async_trait::async_trait;
use schakelpunt_domain::{ParticipantId, envelope::RawMessage};
use schakelpunt_engine::ports::{Bus, Incoming, Intake, Outgoing, Published, ReceiptEvent};
use serde_json::json;
use std::time::Duration;

/// A bus with two participants.
#[async_trait]
pub(crate) trait Rig: Send + Sync {
    /// The bus.
    fn bus(&self) -> &dyn Bus;
    /// Sends to the hub as a participant, in order, and waits until the bus has all of it.
    async fn send(&self, from: &ParticipantId, messages: &[Sample]);
    /// Reads an inbox as a participant.
    async fn read(&self, participant: &ParticipantId) -> Box<dyn Reader>;
    /// Whether an inbox holds messages that nobody reads.
    fn keeps_inboxes(&self) -> bool;
}

/// The other end of an inbox.
#[async_trait]
pub(crate) trait Reader: Send {
    /// The next message.
    async fn next(&mut self) -> Read;
    /// Acknowledges everything so far.
    async fn ack(&mut self);
}

/// What an inbox gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) id: String,
    pub(crate) ty: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) redelivered: bool,
}

/// A message to the hub.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) event: &'static str,
    pub(crate) key: String,
    pub(crate) id: String,
}

pub(crate) fn prison() -> ParticipantId {
    "pi-alphen".parse().unwrap()
}

pub(crate) fn municipality() -> ParticipantId {
    "gemeente-leiden".parse().unwrap()
}

pub(crate) fn stranger() -> ParticipantId {
    "gemeente-nergens".parse().unwrap()
}

impl Sample {
    pub(crate) fn raw(&self) -> RawMessage {
        let Self { event, key, id } = self;
        let body = json!({ "id": id, "type": format!("nl.schakelpunt.samples.{event}.v1"), "subject": key, "data": {} });
        RawMessage {
            content_type: "application/cloudevents+json; charset=utf-8".to_owned(),
            headers: vec![("partitionkey".to_owned(), key.clone())],
            body: body.to_string().into_bytes(),
        }
    }
}

/// So many messages of one event and key.
pub(crate) fn samples(event: &'static str, key: &str, count: usize) -> Vec<Sample> {
    (0..count).map(|number| Sample { event, key: key.to_owned(), id: format!("{key}-{number:04}") }).collect()
}

/// The id inside a message.
pub(crate) fn id_of(incoming: &Incoming) -> String {
    let body: serde_json::Value = serde_json::from_slice(&incoming.raw.body).unwrap();
    body["id"].as_str().unwrap().to_owned()
}

pub(crate) fn ids(batch: &[Incoming]) -> Vec<String> {
    batch.iter().map(id_of).collect()
}

/// The ids of samples.
pub(crate) fn sample_ids(samples: &[Sample]) -> Vec<String> {
    samples.iter().map(|sample| sample.id.clone()).collect()
}

/// Takes exactly `count` messages of one queue.
pub(crate) async fn take(intake: &mut dyn Intake, count: usize) -> Vec<Incoming> {
    let mut taken = Vec::new();
    while taken.len() < count {
        taken.extend(intake.next_batch(count - taken.len()).await.unwrap());
    }
    taken
}

/// Takes exactly `count` messages of all intake queues together, with the queue of each, and settles them.
pub(crate) async fn take_intake(bus: &dyn Bus, count: usize) -> Vec<(String, Incoming)> {
    let mut opened = Vec::new();
    for queue in bus.queues().into_iter().filter(|queue| queue.contains(".intake.")) {
        let intake = bus.open(&queue).await.unwrap();
        opened.push((queue, intake));
    }
    let mut taken = Vec::new();
    while taken.len() < count {
        // the queues that are slower in a round are given up and asked again
        let rounds = opened.iter_mut().map(|(_, intake)| intake.next_batch(64));
        let (batch, index, _) = futures::future::select_all(rounds).await;
        let (batch, (queue, intake)) = (batch.unwrap(), &mut opened[index]);
        intake.settle(batch.last().unwrap().tag).await.unwrap();
        taken.extend(batch.into_iter().map(|incoming| (queue.clone(), incoming)));
    }
    taken
}

/// A message from the hub: a receipt, as a delivery cannot be made outside a claim.
pub(crate) fn receipt(to: &ParticipantId, id: &str) -> ReceiptEvent {
    let bytes = json!({ "specversion": "1.0", "id": id, "data": { "messages": [id] } }).to_string().into_bytes();
    ReceiptEvent { to: to.clone(), id: id.parse().unwrap(), ty: "nl.schakelpunt.housekeeping.message-accepted.v1".to_owned(), bytes }
}

pub(crate) fn receipts(to: &ParticipantId, count: usize) -> Vec<ReceiptEvent> {
    (0..count).map(|number| receipt(to, &format!("r-{number:04}"))).collect()
}

pub(crate) async fn publish(bus: &dyn Bus, receipts: &[ReceiptEvent]) -> Vec<Published> {
    let batch: Vec<Outgoing<'_>> = receipts.iter().map(Outgoing::Receipt).collect();
    bus.publish(&batch).await
}

/// Asks until the answer is right. The bound only turns a hang into a failure.
pub(crate) async fn eventually<T: PartialEq + std::fmt::Debug>(expected: T, mut question: impl AsyncFnMut() -> T) {
    let mut last = question().await;
    for _ in 0..1500 {
        if last == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        last = question().await;
    }
    assert_eq!(last, expected);
}
