//! From a configuration to a hub: store, bus, registers, rules.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use schakelpunt_amqp::topology::Topology;
use schakelpunt_bus::{
    in_process::InProcessBus,
    provision::{Broker, Roster},
    rabbitmq::{self, RabbitBus},
};
use schakelpunt_domain::{
    Clock, Environment, Hidden, ParticipantId, Source,
    digest::DigestKey,
    registers::{At, Channel, Entry, Registers, Stop},
};
use schakelpunt_engine::{
    Hub, Settings,
    ports::{Bus, Store},
    settings::Limits,
};
use schakelpunt_gateway::HookCalls;
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
pub async fn seed(store: &Arc<dyn Store>, config: &Config) -> anyhow::Result<()> {
    let (epoch, known) = store.registers().await?;
    let (Some(path), true) = (config.participants.as_deref(), known.is_empty()) else {
        return only_of(config.environment, &Registers::new(epoch, known));
    };
    let tables = Tables::parse(&path.display().to_string(), &assets::text(path)?)?;
    let now = store.now().await?;
    let entries = tables.entries(now)?;
    only_of(config.environment, &Registers::new(epoch, entries.clone())).with_context(|| path.display().to_string())?;
    store.record(entries).await?;
    Ok(())
}

/// Refuses registers that hold anybody of another environment.
fn only_of(environment: Environment, registers: &Registers) -> anyhow::Result<()> {
    let other = registers.environments().into_iter().find(|other| *other != environment);
    match other {
        None => Ok(()),
        Some(other) => anyhow::bail!("environment: this hub is `{environment}`, and its registers hold participants of `{other}`"),
    }
}

/// The settings of a configuration.
pub fn settings(config: &Config) -> anyhow::Result<Settings> {
    let (law, catalogue, rules) = assets::law(config.rules.as_deref())?;
    let source: Source = format!("urn:nld:oin:{}:systeem:schakelpunt", config.hub_oin).parse()?;
    Ok(Settings {
        hub: "schakelpunt".parse()?,
        source,
        public_url: config.public_url(),
        environment: config.environment,
        key: config.key()?,
        catalogue: Arc::new(catalogue),
        rules: Arc::new(rules),
        law: Arc::new(law),
        invariants: Arc::new(assets::invariants(config.rules.as_deref())?),
        limits: config.limits(),
    })
}

/// The settings of demos and scenarios, with the rules of a folder.
pub fn embedded_settings(rules: Option<&Path>) -> anyhow::Result<Settings> {
    let invariants = assets::invariants(rules)?;
    let (law, catalogue, rules) = assets::law(rules)?;
    Ok(Settings {
        hub: "schakelpunt".parse()?,
        source: "urn:nld:oin:00000099000000000000:systeem:schakelpunt".parse()?,
        public_url: "http://127.0.0.1:8180".to_owned(),
        environment: Environment::Test,
        key: DigestKey::new(DEMO_KEY),
        catalogue: Arc::new(catalogue),
        rules: Arc::new(rules),
        law: Arc::new(law),
        invariants: Arc::new(invariants),
        // a scenario spans months, and its persons are fictitious: everything can still be fetched at its end
        limits: Limits { retention: Duration::from_secs(10 * 365 * 24 * 3600), ..Limits::default() },
    })
}

/// Opens the bus of a configuration; makes topology and users first if it says so.
pub async fn bus(config: &Config, roster: &Roster) -> anyhow::Result<Arc<dyn Bus>> {
    let url = config.bus.url.reveal();
    if url == "in-process" {
        let bus = InProcessBus::new(config.bus.queues);
        roster.active.iter().chain(&roster.barred).for_each(|participant| bus.add_inbox(participant));
        return Ok(Arc::new(bus));
    }
    if config.bus.provision {
        provision(config, roster).await?;
    }
    let settings = rabbitmq::Settings { intake_queues: config.bus.queues, ..rabbitmq::Settings::new(url) };
    Ok(Arc::new(RabbitBus::connect(settings).await.context("bus.url: cannot reach RabbitMQ")?))
}

/// The virtual host of a broker's address.
pub fn vhost(url: &str) -> &str {
    url.split("://").nth(1).and_then(|rest| rest.split_once('/')).map_or("/", |(_, vhost)| vhost)
}

/// A broker with the rights to provision it, its virtual host and its topology.
#[derive(Debug)]
pub struct Provisioned {
    /// The broker.
    pub broker: Broker,
    /// The hub's virtual host.
    pub vhost: String,
    /// What it should hold.
    pub topology: Topology,
}

impl Provisioned {
    /// The broker of a configuration; an error where there is none, or no way to its management API.
    pub fn of(config: &Config) -> anyhow::Result<Self> {
        let url = config.bus.url.reveal();
        let api = config.bus.api.as_ref().context("bus.api: the management API is needed for that")?;
        let topology = Topology { intake_queues: config.bus.queues, ..Topology::default() };
        let broker = Broker::new(url, api.reveal()).context("bus.url and bus.api: not the addresses of a broker")?;
        Ok(Self { broker, vhost: vhost(url).to_owned(), topology })
    }

    /// Where rehearsals deliver: next to the hub's own virtual host, so that nothing of them can be taken for real.
    pub fn rehearsals(&self) -> String {
        format!("{}-rehearsal", self.vhost)
    }
}

/// Makes the topology, and every participant's user, inbox and rights. Safe to repeat: who has a key keeps it, and who has none gets
/// the common one, where there is one. Whoever is suspended or retired is shut out.
pub async fn provision(config: &Config, roster: &Roster) -> anyhow::Result<()> {
    let Provisioned { broker, vhost, topology } = &Provisioned::of(config)?;
    broker.ensure_vhost(vhost, topology).await.context("the broker's topology")?;
    let with_inbox: Vec<ParticipantId> = roster.active.iter().chain(&roster.barred).cloned().collect();
    broker.ensure_inboxes(vhost, topology, &with_inbox).await.context("the inboxes")?;
    for participant in &roster.active {
        let key = config.bus.password.as_ref().map(Hidden::reveal);
        broker.admit(vhost, participant, key).await.with_context(|| format!("the broker user of {participant}"))?;
    }
    for participant in &roster.barred {
        broker.bar(&[vhost], participant).await.with_context(|| format!("the broker user of {participant}"))?;
    }
    Ok(())
}

/// Everybody with an inbox on the bus: who takes part now, and who is suspended or retired.
pub async fn roster(store: &Arc<dyn Store>) -> anyhow::Result<Roster> {
    let (epoch, entries) = store.registers().await?;
    let ids: BTreeSet<ParticipantId> = entries
        .iter()
        .filter_map(|recorded| match &recorded.entry {
            Entry::Participant(participant) => Some(participant.id.clone()),
            _ => None,
        })
        .collect();
    let registers = Registers::new(epoch, entries);
    let now = At::now(store.now().await?.max(registers.latest()));
    let is_stopped = |id: &ParticipantId| registers.stops(now).any(|stop| matches!(stop, Stop::Participant(stopped) if stopped == id));
    let with_inbox = |id: &ParticipantId| registers.channel(id) == Channel::Amqp;
    let takes_part = |id: &ParticipantId| registers.participant(id, now).is_some() && !is_stopped(id);
    let (active, barred) = ids.into_iter().filter(with_inbox).partition(takes_part);
    Ok(Roster { active, barred, hubs: Vec::new() })
}

/// A hub as configured: store migrated and seeded, bus provisioned, rules loaded.
pub async fn hub(config: &Config) -> anyhow::Result<Arc<Hub>> {
    let settings = settings(config)?;
    let store = store(config, None).await?;
    store.migrate().await.context("the store's tables")?;
    seed(&store, config).await?;
    let roster = roster(&store).await?;
    let bus = bus(config, &roster).await?;
    let (key, within) = (settings.key.clone(), settings.limits.call());
    let hub = Hub::open(settings, store, bus).await?;
    if config.webhooks.is_none() && hub.registers().await.called().next().is_some() {
        tracing::error!("participants have the channel `webhook`, and [webhooks] is not in the configuration: what is due for them waits");
    }
    Ok(Arc::new(match &config.webhooks {
        Some(webhooks) => hub.with_hooks(Arc::new(HookCalls::new(key, webhooks.origin.clone(), webhooks.allow.clone(), within))),
        None => hub,
    }))
}
