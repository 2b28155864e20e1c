//! Consuming one queue.

use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _};
use lapin::{
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};

use crate::{Connection, Error, Received, connection::answered, message::short};

/// The one consumer of a channel. Dropping it closes the channel: the broker hands out again what was not acknowledged.
/// There is no `nack`: settle or close.
#[derive(Debug)]
pub struct Consumer {
    stream: lapin::Consumer,
    channel: lapin::Channel,
    /// Taken from the stream and not yet handed out: a batch that was given up must not be lost under a later acknowledgement.
    taken: Vec<Received>,
    handed_out: u64,
    /// Keeps the connection open.
    _connection: Connection,
}

impl Consumer {
    pub(crate) async fn open(connection: &Connection, queue: &str, prefetch: u16) -> Result<Self, Error> {
        let channel = connection.channel().await?;
        answered(channel.basic_qos(prefetch, BasicQosOptions { global: false })).await?;
        let options = BasicConsumeOptions { no_ack: false, exclusive: false, no_local: false, nowait: false };
        let queue = short(queue, "queue name")?;
        let stream = answered(channel.basic_consume(queue, "".into(), options, FieldTable::default())).await?;
        Ok(Self { stream, channel, taken: Vec::new(), handed_out: 0, _connection: connection.clone() })
    }

    /// Waits for at least one message, then takes what comes within `linger`, at most `max`. May be given up at any time.
    pub async fn next_batch(&mut self, max: usize, linger: Duration) -> Result<Vec<Received>, Error> {
        if self.taken.is_empty() {
            self.take_one().await?;
        }
        // the time is over or the batch is full: either way it goes out
        let gathered = tokio::time::timeout(linger, async {
            while self.taken.len() < max {
                self.take_one().await?;
            }
            Ok::<(), Error>(())
        });
        if let Ok(ended) = gathered.await {
            ended?;
        }
        let mut batch = std::mem::take(&mut self.taken);
        self.taken = batch.split_off(max.max(1).min(batch.len()));
        self.handed_out = batch.last().map_or(self.handed_out, |last| last.tag);
        Ok(batch)
    }

    async fn take_one(&mut self) -> Result<(), Error> {
        match self.stream.next().await {
            Some(Ok(delivery)) => {
                self.taken.push(delivery.into());
                Ok(())
            }
            Some(Err(error)) => Err(error.into()),
            None => Err(Error::Cancelled),
        }
    }

    /// Acknowledges everything up to and including `tag`, in one go.
    pub async fn ack_up_to(&mut self, tag: u64) -> Result<(), Error> {
        // 0 would mean "all", more than was handed out would take messages that nobody has seen
        if tag == 0 || tag > self.handed_out {
            return Err(Error::UnknownTag);
        }
        answered(self.channel.basic_ack(tag, BasicAckOptions { multiple: true })).await
    }

    /// Closes in good order: the broker has read every acknowledgement.
    pub async fn close(self) -> Result<(), Error> {
        answered(self.channel.close(200, "done".into())).await
    }
}

impl Drop for Consumer {
    /// The client library would cancel the consumer before it closes the channel. In between, the broker passes a queue with a single
    /// active consumer on to the next one and gives it what is newer than the messages that are still unsettled here: they would come
    /// after it. A channel that is closed first takes its consumer along, and everything goes back in its place.
    fn drop(&mut self) {
        // the first poll sends it; nobody waits for the answer
        drop(self.channel.close(200, "dropped".into()).now_or_never());
    }
}
