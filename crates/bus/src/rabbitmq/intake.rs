//! One opened queue of the broker.

use std::time::Duration;

use async_trait::async_trait;
use schakelpunt_amqp::{Consumer, Received, topology};
use schakelpunt_engine::ports::{BusError, Incoming, Intake};

use super::bus_error;

#[derive(Debug)]
pub(super) struct RabbitIntake {
    consumer: Consumer,
    /// Whether the queue holds what the broker gave up or could not route.
    dead: bool,
}

impl RabbitIntake {
    pub(super) fn new(queue: &str, consumer: Consumer) -> Self {
        Self { consumer, dead: queue == topology::DEAD || queue == topology::UNROUTED }
    }
}

#[async_trait]
impl Intake for RabbitIntake {
    async fn next_batch(&mut self, max: usize) -> Result<Vec<Incoming>, BusError> {
        let batch = self.consumer.next_batch(max, Duration::ZERO).await.map_err(bus_error)?;
        Ok(batch.into_iter().map(|received| incoming(received, self.dead)).collect())
    }

    async fn settle(&mut self, tag: u64) -> Result<(), BusError> {
        self.consumer.ack_up_to(tag).await.map_err(bus_error)
    }
}

fn incoming(received: Received, dead: bool) -> Incoming {
    let sender = received.sender();
    let Received { tag, routing_key: _, redelivered, user_id, message_id: _, ty: _, message } = received;
    Incoming { tag, sender, user_id, raw: message, redelivered, dead }
}
