//! From a configuration to a hub: store, bus, registers, rules.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use schakelpunt_amqp::topology::Topology;
use schakelpunt_bus::{
    in_process::InProcessBus,
    provision::Broker,
    rabbitmq::{self, RabbitBus},
};
use schakelpunt_domain::{
    Clock, ParticipantId, Source,
    digest::DigestKey,
    registers::{Channel, Entry, Registers},
};
use schakelpunt_engine::{
    Hub, Settings,
    ports::{Bus, Store},
    settings::Limits,
};
use schakelpunt_store::{PostgresStore, SqliteStore, TimeSource};

use crate::{assets, clock::SystemClock, config::Config, registers::Tables};

/// The key of demos and scenarios. It protects nothing: their persons are fictitious.
const DEMO_KEY: [u8; 32] = [7; 32];

/// Opens the store of a configuration, migrated. With a clock of its own for scenarios.
pub async fn store(config: &Config, clock: Option<Arc<dyn Clock>>) -> anyhow::Result<Arc<dyn Store>> {
    let url = config.store.url.reveal();
    let store: Arc<dyn Store> = match url.strip_prefix("sqlite:") {
        Some(file) => {
            let clock = clock.unwrap_or_else(|| Arc::new(SystemClock));
            let path = Path::new(file.trim_start_matches("//"));
            Arc::new(SqliteStore::open(path, clock).await.with_context(|| format!("store.url: cannot open {}", path.display()))?)
        }
        None => {
            let time = clock.map_or(TimeSource::Database, TimeSource::Given);
            Arc::new(PostgresStore::connect(url, config.store.connections, time).await.context("store.url: cannot reach PostgreSQL")?)
        }
    };
    Ok(store)
}

/// Seeds an empty store with the participants file.
pub async fn seed(store: &Arc<dyn Store>, participants: Option<&Path>) -> anyhow::Result<()> {
    let (_, known) = store.registers().await?;
    let (Some(path), true) = (participants, known.is_empty()) else { return Ok(()) };
    let tables = Tables::parse(&path.display().to_string(), &assets::text(path)?)?;
    let now = store.now().await?;
    store.record(tables.entries(now)?).await?;
    Ok(())
}

/// The settings of a configuration.
pub fn settings(config: &Config) -> anyhow::Result<Settings> {
    let (law, catalogue, rules) = assets::law(config.rules.as_deref())?;
    let source: Source = format!("urn:nld:oin:{}:systeem:schakelpunt", config.hub_oin).parse()?;
    Ok(Settings {
        hub: "schakelpunt".parse()?,
        source,
        public_url: config.public_url(),
        environment: config.environment.clone(),
        key: config.key()?,
        catalogue: Arc::new(catalogue),
        rules: Arc::new(rules),
        law: Arc::new(law),
        limits: config.limits(),
    })
}

/// The settings of demos and scenarios, with the rules of a folder.
pub fn embedded_settings(rules: Option<&Path>) -> anyhow::Result<Settings> {
    let (law, catalogue, rules) = assets::law(rules)?;
    Ok(Settings {
        hub: "schakelpunt".parse()?,
        source: "urn:nld:oin:00000099000000000000:systeem:schakelpunt".parse()?,
        public_url: "http://127.0.0.1:8180".to_owned(),
        environment: "test".to_owned(),
        key: DigestKey::new(DEMO_KEY),
        catalogue: Arc::new(catalogue),
        rules: Arc::new(rules),
        law: Arc::new(law),
        // a scenario spans months, and its persons are fictitious: everything can still be fetched at its end
        limits: Limits { retention: Duration::from_secs(10 * 365 * 24 * 3600), ..Limits::default() },
    })
}

/// Opens the bus of a configuration; makes topology and users first if it says so.
pub async fn bus(config: &Config, participants: &[ParticipantId]) -> anyhow::Result<Arc<dyn Bus>> {
    let url = config.bus.url.reveal();
    if url == "in-process" {
        let bus = InProcessBus::new(config.bus.queues);
        participants.iter().for_each(|participant| bus.add_inbox(participant));
        return Ok(Arc::new(bus));
    }
    if config.bus.provision {
        provision(config, participants).await?;
    }
    let settings = rabbitmq::Settings { intake_queues: config.bus.queues, ..rabbitmq::Settings::new(url) };
    Ok(Arc::new(RabbitBus::connect(settings).await.context("bus.url: cannot reach RabbitMQ")?))
}

/// The virtual host of a broker's address.
pub fn vhost(url: &str) -> &str {
    url.split("://").nth(1).and_then(|rest| rest.split_once('/')).map_or("/", |(_, vhost)| vhost)
}

/// Makes the topology, and with a common password every participant's user and inbox. Safe to repeat.
pub async fn provision(config: &Config, participants: &[ParticipantId]) -> anyhow::Result<()> {
    let url = config.bus.url.reveal();
    let api = config.bus.api.as_ref().context("bus.api: the management API is needed to provision")?;
    let vhost = vhost(url);
    let topology = Topology { intake_queues: config.bus.queues, ..Topology::default() };
    let broker = Broker::new(url, api.reveal()).context("bus.api: not an address")?;
    broker.ensure_vhost(vhost, &topology).await.context("the broker's topology")?;
    let Some(password) = &config.bus.password else { return Ok(()) };
    for participant in participants {
        broker
            .ensure_participant(vhost, &topology, participant, password.reveal())
            .await
            .with_context(|| format!("the broker user of {participant}"))?;
    }
    Ok(())
}

/// Everybody with an inbox on the bus.
pub async fn with_inbox(store: &Arc<dyn Store>) -> anyhow::Result<Vec<ParticipantId>> {
    let (epoch, entries) = store.registers().await?;
    let latest = schakelpunt_domain::registers::At { valid: jiff::Timestamp::MAX, known: jiff::Timestamp::MAX };
    let mut ids: Vec<ParticipantId> = entries
        .iter()
        .filter_map(|recorded| match &recorded.entry {
            Entry::Participant(participant) => Some(participant.id.clone()),
            _ => None,
        })
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let registers = Registers::new(epoch, entries);
    ids.retain(|id| registers.registered(id, latest).is_some_and(|participant| participant.channel == Channel::Amqp));
    Ok(ids)
}

/// A hub as configured: store migrated and seeded, bus provisioned, rules loaded.
pub async fn hub(config: &Config) -> anyhow::Result<Arc<Hub>> {
    let settings = settings(config)?;
    let store = store(config, None).await?;
    store.migrate().await.context("the store's tables")?;
    seed(&store, config.participants.as_deref()).await?;
    let participants = with_inbox(&store).await?;
    let bus = bus(config, &participants).await?;
    Ok(Arc::new(Hub::open(settings, store, bus).await?))
}
