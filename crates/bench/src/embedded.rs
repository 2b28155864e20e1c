//! `embedded`: one process with nothing installed. Events come over HTTP, stand in a SQLite file, and are fetched over HTTP.
//! And `start`: how soon such a process is ready.

use std::{
    collections::HashSet,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, ensure};
use schakelpunt_engine::spawn;
use tokio::time::Instant;

use crate::{
    Options,
    child::Contender,
    load::Arrival,
    report::{Goal, Report, Row, Spread},
    round::{self, Who},
    site::DIGEST_KEY,
    traffic::{self, Event, FanOut, PRISON, TOWN},
    usage,
};

/// Producers that each wait for their answer before they send again.
const CLIENTS: usize = 64;
/// Between two empty fetches.
const IDLE: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(60);

/// How a round went.
struct Embedded {
    rate: f64,
    own: f64,
    peak: f64,
}

/// Runs `embedded`.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Vec<Report>> {
    let (messages, rounds) = (options.messages(60, 20_000), options.rounds(3));
    let events: Arc<[Event]> = traffic::admissions(0, messages)?.into();
    let mut results = Vec::new();
    for round in 1..=rounds {
        let folder = tempfile::tempdir()?;
        let hub = start(folder.path()).await?;
        let result = measure(&hub, &events).await;
        hub.end().await?;
        let result = result?;
        tracing::info!("embedded, round {round} of {rounds}: {:.0} messages a second", result.rate);
        results.push(result);
    }
    let column = |of: fn(&Embedded) -> f64| Spread(results.iter().map(of).collect());
    let cells = vec![
        ("messages/s", column(|result| result.rate)),
        ("own µs/message", column(|result| result.own)),
        ("peak MiB", column(|result| result.peak)),
    ];
    let settings =
        [("messages", messages.to_string()), ("clients", CLIENTS.to_string()), ("SQLite", "file, as the hub opens it".to_owned())];
    Ok(vec![Report {
        name: "embedded".to_owned(),
        what: "HTTP to SQLite to fetched over HTTP".to_owned(),
        ratio: column(|result| result.rate),
        unit: "messages a second",
        goal: 3_000.0,
        side: Goal::AtLeast,
        rows: vec![Row { what: "hub".to_owned(), cells }],
        settings: settings.map(|(name, value)| (name.to_owned(), value)).into(),
    }])
}

/// Runs `start`.
pub(crate) async fn run_start(options: &Options) -> anyhow::Result<Vec<Report>> {
    let mut seconds = Vec::new();
    for _ in 0..options.rounds(5) {
        let folder = tempfile::tempdir()?;
        let began = Instant::now();
        let hub = start(folder.path()).await?;
        let ready = client()?.get(format!("{}/readyz", hub.http()?)).send().await?.error_for_status();
        seconds.push(began.elapsed().as_secs_f64());
        hub.end().await?;
        ready?;
    }
    Ok(vec![Report {
        name: "start".to_owned(),
        what: "embedded, from nothing: a new SQLite file, until `/readyz` says yes".to_owned(),
        ratio: Spread(seconds.clone()),
        unit: "seconds",
        goal: 1.0,
        side: Goal::Below,
        rows: vec![Row { what: "hub".to_owned(), cells: vec![("seconds", Spread(seconds))] }],
        settings: Vec::new(),
    }])
}

/// A hub in one process, with its files in a folder.
async fn start(folder: &Path) -> anyhow::Result<Contender> {
    let (registers, config) = (folder.join("participants.toml"), folder.join("hub.toml"));
    // who fetches has no inbox
    let town = format!("id = \"{TOWN}\"\n");
    fs::write(&registers, FanOut::One.registers().replace(&town, &format!("{town}channel = \"pull\"\n")))?;
    let token = |participant: &str| format!("[[http.token]]\nparticipant = \"{participant}\"\ntoken = \"{}\"\n", token_of(participant));
    let text = format!(
        "environment = \"test\"\ndigest-key = \"{DIGEST_KEY}\"\nparticipants = \"{}\"\n[store]\nurl = \"sqlite:{}\"\n\
         [bus]\nurl = \"in-process\"\n[http]\nlisten = \"127.0.0.1:0\"\n{}{}",
        registers.display(),
        folder.join("hub.db").display(),
        token(PRISON),
        token(TOWN)
    );
    fs::write(&config, text)?;
    Contender::start(&["__hub", "--config", &config.display().to_string()], &folder.join("hub.log")).await
}

fn token_of(participant: &str) -> String {
    format!("only-in-a-bench-{participant}")
}

fn client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

async fn measure(hub: &Contender, events: &Arc<[Event]>) -> anyhow::Result<Embedded> {
    let (http, pid) = (hub.http()?.to_owned(), hub.pid()?);
    let before = usage::processor(pid);
    let fetching = spawn::named("fetches", fetch(http.clone(), events.len()));
    let began = Instant::now();
    let next = Arc::new(AtomicUsize::new(0));
    let clients = (0..CLIENTS).map(|_| spawn::named("offers", offer(http.clone(), Arc::clone(events), Arc::clone(&next))));
    for client in clients.collect::<Vec<_>>() {
        client.await??;
    }
    let arrivals = fetching.await??;
    let last = arrivals.iter().map(|arrival| arrival.at).fold(began, Instant::max);
    round::check(Who::Hub, events, &arrivals)?;
    let count = f64::from(u32::try_from(events.len())?);
    Ok(Embedded {
        rate: count / (last - began).as_secs_f64(),
        own: (usage::processor(pid).saturating_sub(before)).as_secs_f64() * 1e6 / count,
        peak: usage::peak_resident(pid)?,
    })
}

/// One producer: takes the next event until there is none.
async fn offer(http: String, events: Arc<[Event]>, next: Arc<AtomicUsize>) -> anyhow::Result<()> {
    let client = client()?;
    while let Some(event) = events.get(next.fetch_add(1, Ordering::Relaxed)) {
        let request = client.post(format!("{http}/v1/events")).bearer_auth(token_of(PRISON));
        let request = request.header("content-type", "application/cloudevents+json").body(event.bytes.clone());
        let answer = request.send().await?;
        ensure!(answer.status() == reqwest::StatusCode::ACCEPTED, "{} answers {}", event.id, answer.status());
    }
    Ok(())
}

/// Fetches page by page until so many are there.
async fn fetch(http: String, count: usize) -> anyhow::Result<Vec<Arrival>> {
    let client = client()?;
    let (mut cursor, mut arrivals, mut known) = ("0".to_owned(), Vec::new(), HashSet::new());
    let mut quiet = Instant::now();
    while known.len() < count {
        let url = format!("{http}/v1/subscriptions/{TOWN}/events?since={cursor}&limit=100");
        let answer = client.get(url).bearer_auth(token_of(TOWN)).send().await?.error_for_status()?;
        let header = answer.headers().get("next-cursor").context("no Next-Cursor")?;
        header.to_str()?.clone_into(&mut cursor);
        let page: Vec<serde_json::Value> = answer.json().await?;
        let at = Instant::now();
        if page.is_empty() {
            ensure!(at - quiet < PATIENCE, "{} of {count} fetched, then nothing for {PATIENCE:?}", known.len());
            tokio::time::sleep(IDLE).await;
            continue;
        }
        quiet = at;
        for event in page {
            let id = event.get("id").and_then(|id| id.as_str()).unwrap_or_default().to_owned();
            known.insert(id.clone());
            arrivals.push(Arrival { id, body: event.to_string().into_bytes(), at });
        }
    }
    Ok(arrivals)
}
