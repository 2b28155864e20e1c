//! The bare relay: the least that forwards the same messages with the same durability. No rules, no store, no parsing.
//!
//! It takes what is ready, publishes it to every recipient with one receipt for the batch, and acknowledges the batch in one go
//! when all of it is confirmed; meanwhile it publishes the next.

use std::{collections::VecDeque, process::ExitCode};

use futures::{StreamExt as _, stream::ReadyChunks};
use lapin::{
    BasicProperties, Channel, PublisherConfirm,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions},
    types::{FieldTable, ShortString},
};
use schakelpunt::commands::out;
use schakelpunt_amqp::topology;
use schakelpunt_engine::spawn;
use serde_json::json;

use crate::load::{confirmed, confirming, connect, short};

/// Twice what the hub takes in one go: what suits the relay best.
const BATCH: usize = 256;
/// Twice what the hub leaves unsettled.
const PREFETCH: u16 = 1_024;
/// Batches under way at once, of each queue.
const UNDER_WAY: usize = 3;

/// What the relay is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RelayOptions {
    #[arg(long)]
    url: String,
    #[arg(long)]
    queues: u16,
    /// Who gets the receipts.
    #[arg(long)]
    sender: String,
    /// Who gets every message.
    #[arg(long)]
    to: Vec<String>,
}

impl RelayOptions {
    /// Forwards until it is killed.
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let (reading, writing) = (connect(&self.url, "relay reads").await?, connect(&self.url, "relay publishes").await?);
        let mut tasks = futures::stream::FuturesUnordered::new();
        for number in 0..self.queues {
            let input = reading.create_channel().await?;
            input.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
            let queue = short(&topology::intake_queue(number))?;
            let consumer =
                input.basic_consume(queue, ShortString::default(), BasicConsumeOptions::default(), FieldTable::default()).await?;
            let lane =
                Lane { input, output: confirming(&writing).await?, options: self.clone(), number, batches: 0, open: VecDeque::new() };
            tasks.push(spawn::named("relay", lane.run(consumer.ready_chunks(BATCH))));
        }
        out(json!({"ready": true, "pid": std::process::id()}))?;
        while let Some(ended) = tasks.next().await {
            ended??;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// One intake queue.
struct Lane {
    input: Channel,
    output: Channel,
    options: RelayOptions,
    number: u16,
    batches: u64,
    open: VecDeque<Batch>,
}

/// What is published and not yet confirmed.
struct Batch {
    last: u64,
    confirms: VecDeque<PublisherConfirm>,
}

impl Lane {
    async fn run(mut self, mut ready: ReadyChunks<lapin::Consumer>) -> anyhow::Result<()> {
        loop {
            let full = self.open.len() >= UNDER_WAY;
            tokio::select! {
                chunk = ready.next(), if !full => match chunk {
                    Some(chunk) => self.forward(chunk).await?,
                    None => anyhow::bail!("the broker ended the consumer"),
                },
                last = first_confirmed(&mut self.open), if !self.open.is_empty() => {
                    self.input.basic_ack(last?, BasicAckOptions { multiple: true }).await?;
                }
            }
        }
    }

    async fn forward(&mut self, chunk: Vec<lapin::Result<Delivery>>) -> anyhow::Result<()> {
        let mut batch = Batch { last: 0, confirms: VecDeque::with_capacity(chunk.len() * 2 + 1) };
        let mut ids = Vec::with_capacity(chunk.len());
        for delivery in chunk {
            let Delivery { delivery_tag, properties, data, .. } = delivery?;
            for recipient in &self.options.to {
                batch.confirms.push_back(publish(&self.output, recipient, properties.clone(), &data).await?);
            }
            ids.extend(properties.message_id().as_ref().map(ToString::to_string));
            batch.last = delivery_tag;
        }
        self.batches += 1;
        let id = format!("receipt-{}-{}", self.number, self.batches);
        let properties = BasicProperties::default().with_delivery_mode(2).with_message_id(short(&id)?);
        let body = json!({"data": {"messages": ids}}).to_string();
        batch.confirms.push_back(publish(&self.output, &self.options.sender, properties, body.as_bytes()).await?);
        self.open.push_back(batch);
        Ok(())
    }
}

async fn publish(channel: &Channel, to: &str, properties: BasicProperties, body: &[u8]) -> anyhow::Result<PublisherConfirm> {
    let options = BasicPublishOptions { mandatory: true, immediate: false };
    Ok(channel.basic_publish(short(topology::OUT)?, short(to)?, options, body, properties).await?)
}

/// Waits for the first batch; may be given up at any time.
async fn first_confirmed(open: &mut VecDeque<Batch>) -> anyhow::Result<u64> {
    if let Some(batch) = open.front_mut() {
        while let Some(confirm) = batch.confirms.front_mut() {
            confirmed(&confirm.await?)?;
            batch.confirms.pop_front();
        }
    }
    open.pop_front().map(|batch| batch.last).ok_or_else(|| anyhow::anyhow!("nothing is under way"))
}
