//! The parties: a prison that publishes with confirms and keeps what is not confirmed, and recipients that read, note, and only then
//! acknowledge.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use schakelpunt_amqp::{Answer, Connection, Error, Header, Message as AmqpMessage, Properties, Publisher, topology};
use tokio::{sync::watch, task::JoinSet};

use super::load::{Load, Message};
use crate::{
    end_to_end::{
        checker::{Arrival, faults},
        messages::{PRISON, TOWN, UNIT},
        process::{Site, eventually},
    },
    parts::rabbitmq::PASSWORD,
};

/// Everything must have come within this, outages included.
const BOUND: Duration = Duration::from_secs(120);
/// Deliveries that the prison may be ahead of its recipients: so it is still publishing when a part dies.
const AHEAD: usize = 300;
/// Deliveries that may come beyond the place where a part is to die, until the next place is named.
const BEYOND: usize = 450;
/// Messages of one publication, all about different detentions.
const BATCH: usize = 50;
/// Between two tries at a broker that is away.
const PAUSE: Duration = Duration::from_millis(100);

/// What the recipients have noted.
#[derive(Debug, Default)]
struct Noted {
    arrivals: Vec<Arrival>,
    /// Recipient and message of each.
    keys: HashSet<(String, String)>,
}

#[derive(Debug, Clone, Default)]
struct Notes(Arc<Mutex<Noted>>);

/// A running load. Ends when dropped.
#[derive(Debug)]
pub(super) struct Traffic {
    town_and_unit: Notes,
    prison: Notes,
    /// Everything before the fence.
    total: usize,
    /// Deliveries for which the prison may publish.
    limit: watch::Sender<usize>,
    tasks: JoinSet<()>,
}

// === impl Notes ===

impl Notes {
    fn with<T>(&self, look: impl FnOnce(&mut Noted) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, arrivals: Vec<Arrival>) {
        self.with(|noted| {
            noted.keys.extend(arrivals.iter().map(Arrival::key));
            noted.arrivals.extend(arrivals);
        });
    }

    fn count(&self) -> usize {
        self.with(|noted| noted.keys.len())
    }
}

// === impl Traffic ===

impl Traffic {
    /// Everybody begins.
    pub(super) fn start(site: &Site, load: &Load) -> Self {
        let (town_and_unit, prison) = (Notes::default(), Notes::default());
        let (limit, limited) = watch::channel(0);
        let mut tasks = JoinSet::new();
        for (owner, notes) in [(TOWN, &town_and_unit), (UNIT, &town_and_unit), (PRISON, &prison)] {
            tasks.spawn(read(site.amqp(owner, PASSWORD), owner, notes.clone()));
        }
        tasks.spawn(publish(site.amqp(PRISON, PASSWORD), load.clone(), town_and_unit.clone(), limited));
        let total = load.before_the_fence().iter().flatten().map(|message| message.expected.len()).sum();
        Self { town_and_unit, prison, total, limit, tasks }
    }

    /// Waits until so many deliveries have come. At least [`BEYOND`] must lie between two places, and before the end.
    pub(super) async fn in_the_middle(&mut self, seen: usize) {
        self.limit.send_replace(seen + BEYOND);
        let reached = self.come(seen).await;
        let now = self.town_and_unit.count();
        assert!(reached, "{now} of {seen} deliveries within {BOUND:?}");
        // were it otherwise, whatever dies now would die of nothing
        assert!(now < seen + BEYOND && seen + BEYOND < self.total, "{now} of {} have come already", self.total);
        println!("in the middle: {now} of {} have come", self.total);
    }

    /// Waits until so many deliveries have come; `false` if they do not.
    async fn come(&mut self, count: usize) -> bool {
        let (notes, tasks) = (self.town_and_unit.clone(), &mut self.tasks);
        eventually(BOUND, || {
            // a party that has panicked is shown as itself, not as its consequences
            while let Some(ended) = tasks.try_join_next() {
                ended.unwrap();
            }
            notes.count() >= count
        })
        .await
    }

    /// Waits for all, sends the fence, waits for that, and checks. Gives a summary.
    pub(super) async fn complete(mut self, load: Load) -> String {
        self.limit.send_replace(self.total);
        let all = self.come(self.total).await;
        self.limit.send_replace(usize::MAX);
        let fence: usize = load.fence().iter().map(|message| message.expected.len()).sum();
        let fenced = all && self.come(self.total + fence).await;
        let told = fenced && eventually(BOUND, || self.missing_receipts(&load).is_empty()).await;
        self.tasks.shutdown().await;

        let expected: Vec<_> = load.rounds.iter().flatten().flat_map(|message| message.expected.clone()).collect();
        let arrivals = self.town_and_unit.with(|noted| std::mem::take(&mut noted.arrivals));
        let mut faults = faults(&expected, &arrivals);
        let count = faults.len();
        faults.truncate(20);
        assert!(faults.is_empty(), "{count} faults:\n{}", faults.join("\n"));
        let missing = self.missing_receipts(&load);
        assert!(told, "{} messages without a receipt within {BOUND:?}: {:?} ...", missing.len(), missing.first());
        let other = self.other_than_accepted();
        assert!(other.is_empty(), "the prison is told: {other:?}");
        let (messages, repeats) = (load.rounds.iter().flatten().count(), arrivals.len() - expected.len());
        format!("{messages} messages, {} deliveries, {repeats} of them repeats", arrivals.len())
    }

    /// Messages of which the prison was not told that they are accepted.
    fn missing_receipts(&self, load: &Load) -> BTreeSet<String> {
        let told: HashSet<String> = self.prison.with(|noted| {
            let accepted = noted.arrivals.iter().filter(|arrival| arrival.name() == "message-accepted");
            let keys = accepted.flat_map(|arrival| arrival.data()["messages"].as_array().cloned().unwrap_or_default());
            keys.filter_map(|key| Some(key.get("id")?.as_str()?.to_owned())).collect()
        });
        load.rounds.iter().flatten().map(|message| message.id.clone()).filter(|id| !told.contains(id)).collect()
    }

    fn other_than_accepted(&self) -> BTreeSet<String> {
        let names = |noted: &mut Noted| noted.arrivals.iter().map(|arrival| arrival.name().to_owned()).collect::<BTreeSet<_>>();
        self.prison.with(names).into_iter().filter(|name| name != "message-accepted" && name != "heartbeat").collect()
    }
}

/// Reads an inbox for ever, over every connection that ends.
async fn read(url: String, owner: &'static str, notes: Notes) {
    loop {
        let ended = read_until_it_ends(&url, owner, &notes).await;
        // a broker that is away, or whose queues have not come up
        let expected = ended.as_ref().is_err_and(|error| error.is_passing() || error.code() == Some(404));
        assert!(expected, "{owner}: {ended:?}");
        tokio::time::sleep(PAUSE).await;
    }
}

async fn read_until_it_ends(url: &str, owner: &str, notes: &Notes) -> Result<(), Error> {
    let connection = Connection::open(url, owner).await?;
    let mut consumer = connection.consumer(&format!("inbox.{owner}"), 100).await?;
    loop {
        let batch = consumer.next_batch(100, Duration::from_millis(5)).await?;
        let last = batch.last().map(|received| received.tag);
        notes.add(batch.into_iter().map(|received| Arrival::new(owner, received.message.body)).collect());
        // noted first: who dies between the two gets it again
        if let Some(tag) = last {
            consumer.ack_up_to(tag).await?;
        }
    }
}

/// Publishes round by round, within the limit and never too far ahead of the recipients.
async fn publish(url: String, load: Load, notes: Notes, limit: watch::Receiver<usize>) {
    let mut prison = Prison { url, open: None };
    let mut deliveries = 0;
    for batch in load.rounds.iter().flat_map(|round| round.chunks(BATCH)) {
        let may = || deliveries < (*limit.borrow()).min(notes.count() + AHEAD);
        assert!(eventually(BOUND, may).await, "{deliveries} deliveries are as far as the prison may go for {BOUND:?}");
        prison.publish(batch).await;
        deliveries += batch.iter().map(|message| message.expected.len()).sum::<usize>();
    }
}

struct Prison {
    url: String,
    open: Option<Publisher>,
}

impl Prison {
    /// Until the broker has confirmed every one. Each lane has one message in a batch at most, so repeating cannot turn two round.
    async fn publish(&mut self, batch: &[Message]) {
        let mut open: Vec<&Message> = batch.iter().collect();
        while !open.is_empty() {
            let Ok(publisher) = self.publisher().await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let messages: Vec<_> = open.iter().map(|message| to_amqp(message)).collect();
            let sent = publisher.publish_batch(&messages, Duration::from_secs(5)).await.unwrap();
            assert!(!sent.answers.contains(&Answer::Returned), "no binding takes the message");
            let left = open.into_iter().zip(sent.answers).filter(|(_, answer)| *answer != Answer::Confirmed);
            open = left.map(|(message, _)| message).collect();
            if !open.is_empty() {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn publisher(&mut self) -> Result<&mut Publisher, Error> {
        if !self.open.as_ref().is_some_and(Publisher::is_usable) {
            self.open = None;
            let connection = Connection::open(&self.url, PRISON).await?;
            self.open = Some(connection.publisher().await?);
        }
        self.open.as_mut().ok_or(Error::Silent)
    }
}

fn to_amqp(message: &Message) -> AmqpMessage<'_> {
    let properties = Properties {
        content_type: "application/cloudevents+json; charset=utf-8".to_owned(),
        message_id: Some(message.id.clone()),
        headers: vec![(topology::PARTITION_KEY.to_owned(), Header::Text(message.detention.clone()))],
        ..Properties::default()
    };
    AmqpMessage::new(topology::IN, &format!("{PRISON}.{}", message.event), &properties, &message.body).unwrap()
}
