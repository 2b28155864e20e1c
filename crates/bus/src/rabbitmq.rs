//! RabbitMQ.
//!
//! One connection to publish: a broker that runs out of memory or disk stops reading from whoever publishes, and everything else
//! must go on meanwhile. One for questions. One for each opened queue: lapin ends the connection over a message that it cannot
//! read (a property that is not UTF-8), which must not stop the other queues. A connection that is gone is opened again by its
//! next use, with backoff.

mod intake;
mod link;

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use schakelpunt_amqp::{Answer, Error, Header, Message, Properties, Publisher, Sent, topology};
use schakelpunt_domain::ParticipantId;
use schakelpunt_engine::{
    model::Room,
    ports::{Bus, BusError, Intake, Outgoing, Published},
};

use self::{intake::RabbitIntake, link::Link};

/// How to reach the broker.
#[derive(Clone)]
pub struct Settings {
    /// `amqp://user:password@host:port/vhost`.
    pub url: String,
    /// What the broker's console calls the connections.
    pub name: String,
    /// Number of intake queues, as provisioned.
    pub intake_queues: u16,
    /// Most messages of one queue that are not yet settled.
    pub prefetch: u16,
    /// How long a batch waits for its confirms. Shorter than a claim lives, so that the answer still counts.
    pub patience: Duration,
}

impl Settings {
    /// The defaults.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), name: "schakelpunt".to_owned(), intake_queues: 4, prefetch: 512, patience: Duration::from_secs(5) }
    }
}

impl fmt::Debug for Settings {
    /// Without the address: it holds a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url: _, name, intake_queues, prefetch, patience } = self;
        f.debug_struct("Settings")
            .field("name", name)
            .field("intake_queues", intake_queues)
            .field("prefetch", prefetch)
            .field("patience", patience)
            .finish_non_exhaustive()
    }
}

/// The bus on RabbitMQ.
#[derive(Debug)]
pub struct RabbitBus {
    settings: Settings,
    publishing: Link,
    asking: Link,
    idle: Mutex<Vec<Publisher>>,
}

impl RabbitBus {
    /// Opens the first connections, so that a wrong address or password shows at once.
    pub async fn connect(settings: Settings) -> Result<Self, BusError> {
        let link = |what: &str| Link::new(&settings.url, format!("{} {what}", settings.name));
        let (publishing, asking) = (link("publishes"), link("asks"));
        publishing.get().await.map_err(bus_error)?;
        asking.get().await.map_err(bus_error)?;
        Ok(Self { publishing, asking, idle: Mutex::new(Vec::new()), settings })
    }

    /// Whether the broker has told that it takes nothing for now.
    pub async fn is_blocked(&self) -> bool {
        self.publishing.is_blocked().await
    }

    async fn send(&self, batch: &[Message<'_>]) -> Result<Sent, Error> {
        let mut publisher = self.publisher().await?;
        let sent = publisher.publish_batch(batch, self.settings.patience).await?;
        if publisher.is_usable() {
            self.idle().push(publisher);
        }
        Ok(sent)
    }

    async fn publisher(&self) -> Result<Publisher, Error> {
        let usable = {
            let mut idle = self.idle();
            idle.retain(Publisher::is_usable);
            idle.pop()
        };
        match usable {
            Some(publisher) => Ok(publisher),
            None => self.publishing.get().await?.publisher().await,
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Publisher>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Bus for RabbitBus {
    fn queues(&self) -> Vec<String> {
        let intakes = (0..self.settings.intake_queues).map(topology::intake_queue);
        let rest = [topology::DEAD, topology::UNROUTED].map(str::to_owned);
        std::iter::once(topology::STOP.to_owned()).chain(intakes).chain(rest).collect()
    }

    async fn open(&self, queue: &str) -> Result<Box<dyn Intake>, BusError> {
        let link = Link::new(&self.settings.url, format!("{} reads {queue}", self.settings.name));
        let connection = link.get().await.map_err(bus_error)?;
        let consumer = connection.consumer(queue, self.settings.prefetch).await.map_err(bus_error)?;
        Ok(Box::new(RabbitIntake::new(queue, consumer)))
    }

    async fn publish(&self, batch: &[Outgoing<'_>]) -> Vec<Published> {
        let messages: Vec<Option<Message<'_>>> = batch.iter().map(|outgoing| to_message(outgoing)).collect();
        let sendable: Vec<Message<'_>> = messages.iter().flatten().cloned().collect();
        let answers = match self.send(&sendable).await {
            Ok(Sent { answers, trouble }) => {
                if let Some(error) = trouble {
                    tracing::warn!(error = &error as &dyn std::error::Error, "the broker ended a channel that published");
                }
                answers
            }
            // the one error that comes after sending
            Err(Error::ConfirmsOff) => vec![Answer::Uncertain; sendable.len()],
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "nothing can be published now");
                vec![Answer::NotSent; sendable.len()]
            }
        };
        let mut answers = answers.into_iter();
        let published = messages.iter().map(|message| match message {
            // no repeating makes it fit: a person has to see it
            None => Published::Unroutable,
            Some(_) => answers.next().map_or(Published::Uncertain, to_published),
        });
        published.collect()
    }

    async fn room(&self, participant: &ParticipantId, window: usize) -> Result<Room, BusError> {
        let connection = self.asking.get().await.map_err(bus_error)?;
        let depth = connection.declare_passive(&topology::inbox(participant)).await.map_err(bus_error)?;
        Ok(match depth {
            Some(depth) => Room {
                count: window.saturating_sub(usize::try_from(depth.ready).unwrap_or(usize::MAX)),
                consent: depth.ready == 0 && depth.consumers > 0,
            },
            // one: the publication then says that there is no such inbox, and the lane shows it
            None => Room { count: 1, consent: false },
        })
    }
}

fn to_published(answer: Answer) -> Published {
    match answer {
        Answer::Confirmed => Published::Confirmed,
        Answer::Returned => Published::Unroutable,
        Answer::Nacked | Answer::NotSent => Published::NotNow,
        Answer::Uncertain => Published::Uncertain,
    }
}

/// The event in structured mode, to the inbox of its recipient. `None`: AMQP cannot carry it.
fn to_message<'a>(outgoing: &Outgoing<'a>) -> Option<Message<'a>> {
    let (recipient, id, ty, timestamp, key, body) = match *outgoing {
        Outgoing::Delivery(permitted) => {
            let timestamp = u64::try_from(permitted.claimed_at().as_second()).ok();
            let key = Some(permitted.partition_key());
            (permitted.recipient(), permitted.id().to_string(), permitted.ty(), timestamp, key, permitted.bytes())
        }
        Outgoing::Receipt(receipt) => (&receipt.to, receipt.id.to_string(), receipt.ty.as_str(), None, None, receipt.bytes.as_slice()),
    };
    let headers = key.map(|key| (topology::PARTITION_KEY.to_owned(), Header::Text(key.to_owned())));
    let properties = Properties {
        content_type: "application/cloudevents+json; charset=utf-8".to_owned(),
        message_id: Some(id),
        ty: Some(ty.to_owned()),
        timestamp,
        app_id: Some("schakelpunt".to_owned()),
        user_id: None,
        expiration: None,
        headers: headers.into_iter().collect(),
    };
    let made = Message::new(topology::OUT, recipient.as_str(), &properties, body);
    made.inspect_err(|error| tracing::error!(error = error as &dyn std::error::Error, "a message does not fit into AMQP")).ok()
}

pub(crate) fn bus_error(error: Error) -> BusError {
    if error.is_passing() {
        BusError::Unavailable(Box::new(error))
    } else {
        BusError::Refused { what: error.to_string(), source: Box::new(error) }
    }
}
