//! One connection.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lapin::{ConnectionProperties, options::QueueDeclareOptions, types::FieldTable, uri::AMQPUri};

use crate::{Consumer, Error, Publisher, guard, message::short};

/// A dead peer is noticed after two of these, in seconds.
pub const HEARTBEAT: u16 = 15;
/// For one question to the broker.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// One connection to a broker. Clones share it; it closes with the last clone, publisher and consumer.
#[derive(Debug, Clone)]
pub struct Connection(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// The idle channel for questions about queues.
    asking: Mutex<Option<lapin::Channel>>,
    connection: lapin::Connection,
}

/// How a queue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Messages that wait; those that a consumer holds do not count.
    pub ready: u32,
    /// Consumers.
    pub consumers: u32,
}

impl Connection {
    /// Opens a connection that the broker's console shows under `name`. Never recovers by itself: whoever uses it opens
    /// another, because only the user knows what was under way.
    pub async fn open(url: &str, name: &str) -> Result<Self, Error> {
        let mut uri: AMQPUri = url.parse().map_err(|_| Error::Address)?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        uri.query.connection_timeout.get_or_insert(u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX));
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let connection = answered(guard::connect(uri, properties)).await?;
        Ok(Self(Arc::new(Shared { asking: Mutex::new(None), connection })))
    }

    /// Whether it can be used.
    pub fn is_open(&self) -> bool {
        self.0.connection.status().connected()
    }

    /// Whether the broker has told that it takes nothing for now.
    pub fn is_blocked(&self) -> bool {
        self.0.connection.status().blocked()
    }

    /// A channel to publish on.
    pub async fn publisher(&self) -> Result<Publisher, Error> {
        Publisher::open(self).await
    }

    /// A channel that consumes one queue, with at most `prefetch` messages not yet acknowledged.
    pub async fn consumer(&self, queue: &str, prefetch: u16) -> Result<Consumer, Error> {
        Consumer::open(self, queue, prefetch).await
    }

    /// How a queue stands; `None` if there is no such queue.
    pub async fn declare_passive(&self, queue: &str) -> Result<Option<Depth>, Error> {
        let idle = self.asking().take();
        let channel = match idle {
            Some(channel) => channel,
            None => self.channel().await?,
        };
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        match answered(channel.queue_declare(short(queue, "queue name")?, options, FieldTable::default())).await {
            Ok(queue) => {
                self.asking().replace(channel);
                Ok(Some(Depth { ready: queue.message_count(), consumers: queue.consumer_count() }))
            }
            // the broker has closed the channel over it
            Err(error) if error.code() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn asking(&self) -> std::sync::MutexGuard<'_, Option<lapin::Channel>> {
        self.0.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes in good order: the broker has read everything that was sent.
    pub async fn close(&self) -> Result<(), Error> {
        answered(self.0.connection.close(200, "done".into())).await
    }

    pub(crate) async fn channel(&self) -> Result<lapin::Channel, Error> {
        // the question would wait with everything else
        if self.is_blocked() {
            return Err(Error::Blocked);
        }
        answered(self.0.connection.create_channel()).await
    }
}

/// An answer of the broker, within bounds: a network that swallows everything is noticed only by its silence.
pub(crate) async fn answered<T>(question: impl Future<Output = lapin::Result<T>>) -> Result<T, Error> {
    Ok(tokio::time::timeout(PATIENCE, question).await.map_err(|_| Error::Silent)??)
}
