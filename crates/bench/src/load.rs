//! Publishing as fast as confirms allow, and receiving until everything is there.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use lapin::{
    BasicProperties, Channel, Confirmation, ConnectionProperties, PublisherConfirm,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::{AMQPValue, FieldTable, ShortString},
};
use schakelpunt_amqp::topology;
use tokio::time::Instant;

use crate::traffic::Event;

/// Most messages that a publisher leaves unconfirmed.
const WINDOW: usize = 1_000;
/// A contender that hands over nothing for so long has lost something.
const PATIENCE: Duration = Duration::from_secs(60);
const PREFETCH: u16 = 2_000;

/// How long a receiver gathers before it acknowledges, where throughput counts.
pub(crate) const GATHER: Duration = Duration::from_millis(5);

/// A message as a recipient got it.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// The AMQP property, equal to the event's id.
    pub(crate) id: String,
    /// The event.
    pub(crate) body: Vec<u8>,
    /// When it was taken.
    pub(crate) at: Instant,
}

/// A name or key for AMQP.
pub(crate) fn short(text: &str) -> anyhow::Result<ShortString> {
    ShortString::try_new(text).map_err(|_| anyhow::anyhow!("more than 255 bytes: {text}"))
}

/// A connection of lapin. It closes when dropped.
pub(crate) async fn connect(url: &str, name: &str) -> anyhow::Result<lapin::Connection> {
    Ok(lapin::Connection::connect(url, ConnectionProperties::default().with_connection_name(name.into())).await?)
}

/// A channel that confirms.
pub(crate) async fn confirming(connection: &lapin::Connection) -> anyhow::Result<Channel> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

/// Awaits one confirm.
pub(crate) fn confirmed(confirmation: &Confirmation) -> anyhow::Result<()> {
    ensure!(matches!(confirmation, Confirmation::Ack(None)), "the broker did not take a message");
    Ok(())
}

/// Sends one event to the hub's exchange, as its producer would.
pub(crate) async fn send(channel: &Channel, sender: &str, event: &Event) -> anyhow::Result<PublisherConfirm> {
    let key = AMQPValue::LongString(event.detention.as_str().into());
    let mut headers = FieldTable::default();
    headers.insert(short(topology::PARTITION_KEY)?, key);
    let properties = BasicProperties::default()
        .with_delivery_mode(2)
        .with_content_type(short("application/cloudevents+json; charset=utf-8")?)
        .with_message_id(short(&event.id)?)
        .with_headers(headers);
    let options = BasicPublishOptions { mandatory: true, immediate: false };
    let route = short(&format!("{sender}.{}", event.name))?;
    Ok(channel.basic_publish(short(topology::IN)?, route, options, &event.bytes, properties).await?)
}

/// Publishes all of them, as fast as confirms allow.
pub(crate) async fn publish(url: &str, sender: &str, events: &[Event]) -> anyhow::Result<()> {
    let connection = connect(url, "bench publishes").await?;
    let channel = confirming(&connection).await?;
    let mut open: VecDeque<PublisherConfirm> = VecDeque::with_capacity(WINDOW);
    for event in events {
        if open.len() >= WINDOW
            && let Some(confirm) = open.pop_front()
        {
            confirmed(&confirm.await?)?;
        }
        open.push_back(send(&channel, sender, event).await?);
    }
    for confirm in open {
        confirmed(&confirm.await?)?;
    }
    Ok(())
}

/// Reads an inbox until so many different messages have come.
pub(crate) async fn receive(url: String, participant: &'static str, count: usize, linger: Duration) -> anyhow::Result<Vec<Arrival>> {
    let mut known = HashSet::with_capacity(count);
    receive_until(&url, participant, count, linger, |arrival| {
        known.insert(arrival.id.clone());
        known.len()
    })
    .await
}

/// Reads an inbox until what `counts` makes of it reaches `count`.
pub(crate) async fn receive_until(
    url: &str,
    participant: &str,
    count: usize,
    linger: Duration,
    mut counts: impl FnMut(&Arrival) -> usize,
) -> anyhow::Result<Vec<Arrival>> {
    let connection = schakelpunt_amqp::Connection::open(url, "bench receives").await?;
    let mut consumer = connection.consumer(&topology::inbox(&participant.parse()?), PREFETCH).await?;
    let (mut arrivals, mut reached) = (Vec::new(), 0);
    while reached < count {
        let next = tokio::time::timeout(PATIENCE, consumer.next_batch(512, linger)).await;
        let batch = next.with_context(|| format!("{participant} got {reached} of {count}, then nothing for {PATIENCE:?}"))??;
        let at = Instant::now();
        let last = batch.last().map(|received| received.tag);
        for received in batch.into_iter().filter(|received| !is_of_numbers(received.ty.as_deref())) {
            let arrival = Arrival { id: received.message_id.unwrap_or_default(), body: received.message.body, at };
            reached = counts(&arrival);
            arrivals.push(arrival);
        }
        if let Some(tag) = last {
            consumer.ack_up_to(tag).await?;
        }
    }
    Ok(arrivals)
}

/// What the hub says of running numbers belongs to no message of a round.
fn is_of_numbers(ty: Option<&str>) -> bool {
    ty.is_some_and(|ty| ty.contains(".heartbeat.") || ty.contains(".delivery-void."))
}

/// Publishes at a steady pace whatever becomes of it; gives the instants at which each was to be sent.
pub(crate) async fn publish_paced(url: &str, sender: &str, events: &[Event], pace: Duration) -> anyhow::Result<Vec<Instant>> {
    let connection = connect(url, "bench publishes").await?;
    let channel = confirming(&connection).await?;
    let mut open: VecDeque<PublisherConfirm> = VecDeque::new();
    let mut meant = Vec::with_capacity(events.len());
    let mut at = Instant::now() + pace;
    for event in events {
        tokio::time::sleep_until(at).await;
        open.push_back(send(&channel, sender, event).await?);
        meant.push(at);
        at += pace;
        while let Some(confirmation) = open.front_mut().and_then(futures::FutureExt::now_or_never) {
            confirmed(&confirmation?)?;
            open.pop_front();
        }
    }
    for confirm in open {
        confirmed(&confirm.await?)?;
    }
    Ok(meant)
}
