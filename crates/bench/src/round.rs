//! One contender forwards one load: started, loaded, awaited, checked, measured.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context as _, ensure};
use schakelpunt_amqp::{Connection, topology};
use schakelpunt_engine::spawn;
use serde::Deserialize;
use tokio::{task::JoinHandle, time::Instant};

use crate::{
    Options,
    child::Contender,
    load::{self, Arrival},
    parts::sql,
    shovel,
    site::Site,
    traffic::{Event, PRISON},
    usage,
};

/// As many as the hub's default.
pub(crate) const QUEUES: u16 = 4;
/// Until every intake queue is read.
const START: Duration = Duration::from_secs(30);

/// Who forwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// The hub on PostgreSQL, with every check and decision.
    Hub,
    /// The bare relay.
    Relay,
    /// RabbitMQ's shovel.
    Shovel,
}

/// A contender at work on its site.
#[derive(Debug)]
pub(crate) struct Running {
    /// Its process; the shovel is part of the broker.
    process: Option<Contender>,
    profiler: Option<tokio::process::Child>,
}

/// Processor time so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    own: Duration,
    broker: Duration,
    database: Duration,
    bench: Duration,
}

/// How a round went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    /// Messages in a second, from the first that was published to the last that was received.
    pub(crate) rate: f64,
    /// Microseconds of processor time a message: the contender, the broker, the database, the bench itself.
    pub(crate) own: f64,
    pub(crate) broker: f64,
    pub(crate) database: f64,
    pub(crate) bench: f64,
    /// The most memory that the contender held, in MiB.
    pub(crate) peak: Option<f64>,
}

/// The part of an arrived event that is checked here.
#[derive(Debug, Deserialize)]
struct Arrived {
    id: String,
    causationid: Option<String>,
}

impl Who {
    /// For tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hub => "hub",
            Self::Relay => "relay",
            Self::Shovel => "shovel",
        }
    }

    /// Starts it, and waits until it reads every intake queue.
    pub(crate) async fn start(self, site: &Site<'_>, options: &Options) -> anyhow::Result<Running> {
        let log = site.file("contender.log");
        let process = match self {
            Self::Hub => {
                let config = site.prepare_hub()?.display().to_string();
                Some(Contender::start(&["__hub", "--config", &config], &log).await?)
            }
            Self::Relay => {
                let (url, queues) = (site.admin_url()?, QUEUES.to_string());
                let mut words = vec!["__relay", "--url", &url, "--queues", &queues, "--sender", PRISON];
                words.extend(site.fan_out().recipients().iter().flat_map(|recipient| ["--to", recipient]));
                Some(Contender::start(&words, &log).await?)
            }
            Self::Shovel => {
                shovel::start(site, QUEUES).await?;
                None
            }
        };
        until_read(site).await?;
        let profiler = match (&options.profile, &process, self) {
            (Some(file), Some(process), Self::Hub) => {
                let mut perf = tokio::process::Command::new("perf");
                perf.args(["record", "-q", "-F", "199", "--call-graph", "dwarf,8192", "-o"])
                    .arg(file)
                    .args(["-p", &process.pid()?.to_string()]);
                Some(perf.spawn().context("perf")?)
            }
            _ => None,
        };
        Ok(Running { process, profiler })
    }
}

impl Running {
    /// Processor time so far.
    pub(crate) fn usage(&self, site: &Site<'_>) -> anyhow::Result<Usage> {
        let own = match &self.process {
            Some(process) => usage::processor(process.pid()?),
            None => Duration::ZERO,
        };
        let broker = site.parts().broker_pid.map_or(Duration::ZERO, usage::processor);
        let database = site.parts().postgres_pid.map_or(Duration::ZERO, usage::processor_of_family);
        Ok(Usage { own, broker, database, bench: usage::processor(std::process::id()) })
    }

    /// The most memory that it held, in MiB.
    pub(crate) fn peak(&self) -> anyhow::Result<Option<f64>> {
        self.process.as_ref().map(|process| usage::peak_resident(process.pid()?)).transpose()
    }

    /// Ends it.
    pub(crate) async fn end(self) -> anyhow::Result<()> {
        if let Some(process) = self.process {
            process.end().await?;
        }
        if let Some(mut profiler) = self.profiler {
            // it writes its file when what it watches has ended
            profiler.wait().await?;
        }
        Ok(())
    }
}

/// A whole round: all events as fast as they can be published.
pub(crate) async fn run(site: &Site<'_>, who: Who, events: &[Event], options: &Options) -> anyhow::Result<Round> {
    let running = who.start(site, options).await?;
    let round = forward(site, who, &running, events).await;
    let round = match (round, who) {
        (Ok(round), Who::Hub) => at_rest(site).await.map(|()| round),
        (round, _) => round,
    };
    let ended = running.end().await;
    let round = round.with_context(|| format!("{}: see {}", who.name(), site.file("contender.log").display()))?;
    ended?;
    Ok(round)
}

/// Publishes, receives, checks.
pub(crate) async fn forward(site: &Site<'_>, who: Who, running: &Running, events: &[Event]) -> anyhow::Result<Round> {
    let before = running.usage(site)?;
    let receivers = receivers(site, events.len(), load::GATHER)?;
    let receipts = (who != Who::Shovel).then(|| acceptances(site, events.len())).transpose()?;
    let began = Instant::now();
    load::publish(&site.url_of(PRISON)?, PRISON, events).await?;
    let mut last = began;
    for (recipient, receiver) in receivers {
        let arrivals = receiver.await??;
        last = arrivals.iter().map(|arrival| arrival.at).fold(last, Instant::max);
        check(who, events, &arrivals).with_context(|| format!("what {recipient} got"))?;
    }
    if let Some(receipts) = receipts {
        receipts.await??;
    }
    let after = running.usage(site)?;
    let count = f64::from(u32::try_from(events.len())?);
    let each = |of: fn(&Usage) -> Duration| (of(&after).saturating_sub(of(&before))).as_secs_f64() * 1e6 / count;
    Ok(Round {
        rate: count / (last - began).as_secs_f64(),
        own: each(|usage| usage.own),
        broker: each(|usage| usage.broker),
        database: each(|usage| usage.database),
        bench: each(|usage| usage.bench),
        peak: running.peak()?,
    })
}

type Receiver = JoinHandle<anyhow::Result<Vec<Arrival>>>;

/// Reads every recipient's inbox until all is there.
pub(crate) fn receivers(site: &Site<'_>, count: usize, linger: Duration) -> anyhow::Result<Vec<(&'static str, Receiver)>> {
    let receivers = site.fan_out().recipients().iter().map(|recipient| {
        let url = site.url_of(recipient)?;
        Ok((*recipient, spawn::named("receives", load::receive(url, recipient, count, linger))))
    });
    receivers.collect()
}

/// Reads the sender's inbox until every message is accepted.
pub(crate) fn acceptances(site: &Site<'_>, count: usize) -> anyhow::Result<Receiver> {
    let url = site.url_of(PRISON)?;
    Ok(spawn::named("receives receipts", async move {
        let mut accepted = std::collections::HashSet::new();
        let counts = |arrival: &Arrival| {
            let receipt = serde_json::from_slice::<serde_json::Value>(&arrival.body).unwrap_or_default();
            let messages = receipt.pointer("/data/messages").and_then(|messages| messages.as_array()).cloned().unwrap_or_default();
            accepted.extend(messages.iter().map(ToString::to_string));
            accepted.len()
        };
        load::receive_until(&url, PRISON, count, load::GATHER, counts).await
    }))
}

/// Every event came once, or again as the same bytes; nothing else came.
pub(crate) fn check(who: Who, events: &[Event], arrivals: &[Arrival]) -> anyhow::Result<()> {
    let mut missing: HashMap<&str, &Event> = events.iter().map(|event| (event.id.as_str(), event)).collect();
    let mut bodies: HashMap<&str, &[u8]> = HashMap::new();
    for Arrival { id, body, .. } in arrivals {
        if let Some(before) = bodies.insert(id, body) {
            ensure!(before == body, "{id} came again with other bytes");
            continue;
        }
        let cause = cause(who, id, body)?;
        ensure!(missing.remove(cause.as_str()).is_some(), "{cause} was not to come, or came under two ids");
    }
    ensure!(missing.is_empty(), "{} messages are lost", missing.len());
    Ok(())
}

/// The id that the producer gave: the hub names it as the cause, the others leave it as it is.
pub(crate) fn cause(who: Who, id: &str, body: &[u8]) -> anyhow::Result<String> {
    let arrived: Arrived = serde_json::from_slice(body)?;
    ensure!(arrived.id == id, "{id} holds another id");
    Ok(if who == Who::Hub { arrived.causationid.unwrap_or_default() } else { arrived.id })
}

/// Waits until the hub has written down that everything is handed over and told: what comes next on this store starts clean.
async fn at_rest(site: &Site<'_>) -> anyhow::Result<()> {
    const OPEN: &str = "select (select count(*) from stages where is_open) + (select count(*) from receipts where not told)";
    let end = Instant::now() + START;
    loop {
        let open = sql(&site.database(), OPEN)?;
        if open == "0" {
            return Ok(());
        }
        ensure!(Instant::now() < end, "{open} deliveries and receipts are still open");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until every intake queue has a consumer.
async fn until_read(site: &Site<'_>) -> anyhow::Result<()> {
    let connection = Connection::open(&site.admin_url()?, "bench waits").await?;
    let end = Instant::now() + START;
    for number in 0..QUEUES {
        while connection.declare_passive(&topology::intake_queue(number)).await?.is_none_or(|depth| depth.consumers == 0) {
            ensure!(Instant::now() < end, "intake queue {number} is not read");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(())
}
