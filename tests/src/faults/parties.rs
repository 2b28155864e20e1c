//! Producers that keep each message until its receipt and offer it again, and recipients that read, note, and only then acknowledge.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use schakelpunt_amqp::{Answer, Connection, Error, Header, Message as AmqpMessage, Properties, Publisher, topology};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
};

use super::checker::Arrival;
use crate::{
    end_to_end::{messages::now, process::Site},
    parts::rabbitmq::PASSWORD,
};

/// Without a receipt for so long, a message is offered again.
const AGAIN: Duration = Duration::from_secs(6);
/// A message that has no receipt after this counts as lost: longer than any outage and the longest pause after it.
const BOUND: Duration = Duration::from_secs(150);
/// Between two tries at a broker that is away.
const PAUSE: Duration = Duration::from_millis(100);
/// Messages of one publication.
const BATCH: usize = 50;

/// A message as it leaves its producer.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) from: &'static str,
    pub(super) event: &'static str,
    pub(super) detention: String,
    pub(super) id: String,
    pub(super) body: Vec<u8>,
}

/// What a producer was told of its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Accepted,
    Refused,
    Rejected,
    /// Nothing.
    Silence,
}

/// Everybody's notes.
#[derive(Debug, Default)]
struct Notes {
    arrivals: Vec<Arrival>,
    /// By producer and message.
    told: HashMap<(String, String), Told>,
}

/// A message that waits for the broker's confirm.
type Order = (Message, oneshot::Sender<()>);

/// Everybody outside the hub.
#[derive(Debug)]
pub(super) struct Parties {
    notes: Arc<Mutex<Notes>>,
    /// Counts what was noted.
    noted: watch::Sender<usize>,
    outboxes: HashMap<&'static str, mpsc::UnboundedSender<Order>>,
    /// Addresses of the hubs that are up.
    doors: watch::Sender<Vec<String>>,
    client: reqwest::Client,
}

impl Parties {
    /// Everybody begins; who is named in `producers` can send. They end with `tasks`.
    pub(super) fn start(site: &Site, recipients: &[&'static str], producers: &[&'static str], tasks: &mut JoinSet<()>) -> Arc<Self> {
        let mut outboxes = HashMap::new();
        for producer in producers {
            let (outbox, orders) = mpsc::unbounded_channel();
            outboxes.insert(*producer, outbox);
            tasks.spawn(send(site.amqp(producer, PASSWORD), producer, orders));
        }
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().unwrap();
        let (notes, noted) = (Arc::default(), watch::Sender::new(0));
        let parties = Arc::new(Self { notes, noted, outboxes, doors: watch::Sender::new(Vec::new()), client });
        for recipient in recipients {
            tasks.spawn(read(site.amqp(recipient, PASSWORD), recipient, Arc::clone(&parties)));
        }
        parties
    }

    /// Where the hubs listen now.
    pub(super) fn doors(&self, addresses: Vec<String>) {
        self.doors.send_replace(addresses);
    }

    /// Offers a message until the broker has confirmed it.
    pub(super) async fn offer(&self, message: &Message) {
        let (done, confirmed) = oneshot::channel();
        self.outboxes[message.from].send((message.clone(), done)).unwrap();
        confirmed.await.unwrap();
    }

    /// Waits for what becomes of a message, and offers it again if nothing is heard of it.
    pub(super) async fn told(&self, message: &Message) -> Told {
        let key = (message.from.to_owned(), message.id.clone());
        let answer = async {
            loop {
                let mut noted = self.noted.subscribe();
                let found = async {
                    loop {
                        if let Some(told) = self.locked().told.get(&key) {
                            return *told;
                        }
                        noted.changed().await.unwrap();
                    }
                };
                match tokio::time::timeout(AGAIN, found).await {
                    Ok(told) => return told,
                    Err(_) => self.offer(message).await,
                }
            }
        };
        tokio::time::timeout(BOUND, answer).await.unwrap_or(Told::Silence)
    }

    /// Offers a message over HTTP, to one hub after the other, until one of them answers.
    pub(super) async fn post(&self, message: &Message) -> Told {
        let answer = async {
            loop {
                let mut doors: VecDeque<String> = self.doors.borrow().clone().into();
                doors.rotate_left(message.body.len() % doors.len().max(1));
                for door in doors {
                    if let Some(told) = self.post_to(&door, message).await {
                        return told;
                    }
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(BOUND, answer).await.unwrap_or(Told::Silence)
    }

    async fn post_to(&self, door: &str, message: &Message) -> Option<Told> {
        let request = self.client.post(format!("{door}/v1/events")).bearer_auth(PASSWORD);
        let answer = request.header("content-type", "application/cloudevents+json").body(message.body.clone()).send().await.ok()?;
        match answer.status().as_u16() {
            200 | 202 => Some(Told::Accepted),
            403 => Some(Told::Refused),
            400..500 => Some(Told::Rejected),
            _ => None,
        }
    }

    /// Waits until so many notes have been made; `false` if they are not.
    pub(super) async fn come(&self, count: usize, bound: Duration) -> bool {
        let mut noted = self.noted.subscribe();
        tokio::time::timeout(bound, noted.wait_for(|noted| *noted >= count)).await.is_ok()
    }

    /// How many notes were made.
    pub(super) fn noted(&self) -> usize {
        *self.noted.borrow()
    }

    /// All deliveries, in the order of each inbox.
    pub(super) fn arrivals(&self) -> Vec<Arrival> {
        self.locked().arrivals.clone()
    }

    fn locked(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, recipient: &str, bodies: Vec<Vec<u8>>, at: Timestamp) {
        let count = bodies.len();
        {
            let mut notes = self.locked();
            for arrival in bodies.into_iter().map(|body| Arrival::new(recipient, body, at)) {
                match receipts(&arrival) {
                    Some(told) => told.into_iter().for_each(|(id, told)| {
                        notes.told.entry((recipient.to_owned(), id)).or_insert(told);
                    }),
                    None => notes.arrivals.push(arrival),
                }
            }
        }
        self.noted.send_modify(|noted| *noted += count);
    }
}

/// What a receipt says of which messages; `None` if it is a delivery.
fn receipts(arrival: &Arrival) -> Option<Vec<(String, Told)>> {
    let id = |message: &serde_json::Value| message.get("id").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let data = arrival.data();
    Some(match arrival.name() {
        "message-accepted" => data["messages"].as_array().into_iter().flatten().map(|message| (id(message), Told::Accepted)).collect(),
        "message-refused" => vec![(id(&data["message"]), Told::Refused)],
        "message-rejected" => vec![(id(&data["message"]), Told::Rejected)],
        "heartbeat" | "delivery-void" => Vec::new(),
        _ => return None,
    })
}

/// Reads an inbox for ever, over every connection that ends.
async fn read(url: String, owner: &'static str, parties: Arc<Parties>) {
    loop {
        let ended = read_until_it_ends(&url, owner, &parties).await;
        // a broker that is away, or whose queues have not come up
        let expected = ended.as_ref().is_err_and(|error| error.is_passing() || error.code() == Some(404));
        assert!(expected, "{owner}: {ended:?}");
        tokio::time::sleep(PAUSE).await;
    }
}

async fn read_until_it_ends(url: &str, owner: &str, parties: &Parties) -> Result<(), Error> {
    let connection = Connection::open(url, owner).await?;
    let mut consumer = connection.consumer(&format!("inbox.{owner}"), 100).await?;
    loop {
        let batch = consumer.next_batch(100, Duration::from_millis(5)).await?;
        let last = batch.last().map(|received| received.tag);
        parties.note(owner, batch.into_iter().map(|received| received.message.body).collect(), now());
        // noted first: who dies between the two gets it again
        if let Some(tag) = last {
            consumer.ack_up_to(tag).await?;
        }
    }
}

/// Publishes what is ordered, until the broker has confirmed every one. Whoever orders waits for the confirm before it orders the
/// next message of the same detention, so that repeating cannot turn two round.
async fn send(url: String, owner: &'static str, mut orders: mpsc::UnboundedReceiver<Order>) {
    let mut open: Vec<Order> = Vec::new();
    let mut publisher = None;
    while orders.recv_many(&mut open, BATCH).await > 0 {
        while !open.is_empty() {
            match publish(&url, owner, &mut publisher, &open).await {
                Ok(answers) => {
                    let sent = std::mem::take(&mut open).into_iter().zip(answers);
                    let (confirmed, left): (Vec<_>, Vec<_>) = sent.partition(|(_, answer)| *answer == Answer::Confirmed);
                    confirmed.into_iter().for_each(|((_, done), _)| done.send(()).unwrap_or_default());
                    open = left.into_iter().map(|(order, _)| order).collect();
                }
                Err(_) => publisher = None,
            }
            if !open.is_empty() {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn publish(url: &str, owner: &str, publisher: &mut Option<Publisher>, open: &[Order]) -> Result<Vec<Answer>, Error> {
    if !publisher.as_ref().is_some_and(Publisher::is_usable) {
        *publisher = None;
        *publisher = Some(Connection::open(url, owner).await?.publisher().await?);
    }
    let messages: Vec<_> = open.iter().map(|(message, _)| to_amqp(message)).collect();
    let Some(publisher) = publisher else { return Err(Error::Silent) };
    Ok(publisher.publish_batch(&messages, Duration::from_secs(5)).await?.answers)
}

fn to_amqp(message: &Message) -> AmqpMessage<'_> {
    let properties = Properties {
        content_type: "application/cloudevents+json; charset=utf-8".to_owned(),
        message_id: Some(message.id.clone()),
        headers: vec![(topology::PARTITION_KEY.to_owned(), Header::Text(message.detention.clone()))],
        ..Properties::default()
    };
    AmqpMessage::new(topology::IN, &format!("{}.{}", message.from, message.event), &properties, &message.body).unwrap()
}
