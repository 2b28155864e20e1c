//! A virtual host with the hub and two participants.

use std::time::Duration;

use async_trait::async_trait;
use schakelpunt_amqp::{Answer, Connection, Consumer, Header, Message, Properties, Sent, topology};
use schakelpunt_bus::RabbitBus;
use schakelpunt_domain::ParticipantId;
use schakelpunt_engine::ports::Bus;

use crate::{
    bus_contract::rig::{Read, Reader, Rig, Sample, municipality, prison},
    parts::rabbitmq::{TestBroker, Version},
};

/// A virtual host with the hub and two participants.
pub(crate) struct RabbitRig {
    bus: RabbitBus,
    pub(crate) broker: TestBroker,
}

struct InboxReader {
    consumer: Consumer,
    last: u64,
}

impl RabbitRig {
    pub(crate) async fn fresh(version: Version) -> Option<Self> {
        Some(Self::of(TestBroker::fresh(version).await?).await)
    }

    pub(crate) async fn of(broker: TestBroker) -> Self {
        for id in [prison(), municipality()] {
            broker.participant(id.as_str()).await;
        }
        Self { bus: broker.bus().await, broker }
    }

    /// A connection as the hub.
    pub(crate) async fn hub_connection(&self) -> Connection {
        Connection::open(&self.broker.hub_url(), "hub").await.unwrap()
    }
}

#[async_trait]
impl Rig for RabbitRig {
    fn bus(&self) -> &dyn Bus {
        &self.bus
    }

    async fn send(&self, from: &ParticipantId, messages: &[Sample]) {
        let connection = self.broker.connect_as(from).await;
        let sent = send(&connection, messages, |sample| format!("{from}.{}", sample.event), &Properties::default()).await;
        assert!(sent.answers.iter().all(|answer| *answer == Answer::Confirmed), "{sent:?}");
    }

    async fn read(&self, participant: &ParticipantId) -> Box<dyn Reader> {
        let connection = self.broker.connect_as(participant).await;
        let consumer = connection.consumer(&topology::inbox(participant), 100).await.unwrap();
        Box::new(InboxReader { consumer, last: 0 })
    }

    fn keeps_inboxes(&self) -> bool {
        true
    }
}

#[async_trait]
impl Reader for InboxReader {
    async fn next(&mut self) -> Read {
        let received = self.consumer.next_batch(1, Duration::ZERO).await.unwrap().remove(0);
        self.last = received.tag;
        let (id, ty, bytes) = (received.message_id.unwrap(), received.ty.unwrap(), received.message.body);
        Read { id, ty, bytes, redelivered: received.redelivered }
    }

    async fn ack(&mut self) {
        self.consumer.ack_up_to(self.last).await.unwrap();
    }
}

/// Sends samples to the hub under any routing key and with any further properties.
pub(crate) async fn send(connection: &Connection, samples: &[Sample], key: impl Fn(&Sample) -> String, more: &Properties) -> Sent {
    let raws: Vec<_> = samples.iter().map(Sample::raw).collect();
    let messages = samples.iter().zip(&raws).map(|(sample, raw)| {
        let headers = raw.headers.iter().map(|(name, value)| (name.clone(), Header::Text(value.clone())));
        let headers = headers.chain(more.headers.iter().cloned()).collect();
        let properties = Properties { content_type: raw.content_type.clone(), headers, ..more.clone() };
        Message::new(topology::IN, &key(sample), &properties, &raw.body).unwrap()
    });
    let messages: Vec<_> = messages.collect();
    let mut publisher = connection.publisher().await.unwrap();
    publisher.publish_batch(&messages, Duration::from_secs(30)).await.unwrap()
}
