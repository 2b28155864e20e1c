//! Two hubs, their broker and database, and the proxies between them.

use std::{path::PathBuf, time::Duration};

use schakelpunt_domain::{
    LegalDay,
    registers::{Entry, Form, Mandate, Recorded, Scope, Stop},
};
use schakelpunt_engine::ports::{Store as _, StoreError};
use schakelpunt_store::{PostgresStore, TimeSource};
use tokio::time::Instant;

use super::proxy::{Line, Proxy};
use crate::{
    end_to_end::{
        cluster::Cluster,
        messages::day,
        process::{Hub, Site},
    },
    parts::{
        postgres::Database,
        rabbitmq::{Node, Version},
    },
};

/// A quorum queue survives a kill only when the broker has written its name down, about a second after the declaration
/// (3.10 and 4.0; see `tests/parts`). Nothing shows that moment from outside.
const SETTLING: Duration = Duration::from_secs(3);
/// A disk that is soon full.
const SMALL: u32 = 384;
/// For a register that has to be written while the database is away.
const BOUND: Duration = Duration::from_secs(120);

/// What a line leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Broker,
    Database,
}

/// One of the two hubs, and its own ways to broker and database.
#[derive(Debug)]
struct Seat {
    name: &'static str,
    to_broker: Proxy,
    to_database: Proxy,
    hub: Option<Hub>,
}

/// Everything that can break. Ends when dropped.
#[derive(Debug)]
pub(super) struct Plant {
    // dropped in this order: nobody's floor goes before he does
    seats: [Seat; 2],
    pub(super) site: Site,
    database: Database,
    pub(super) node: Node,
    pub(super) cluster: Cluster,
}

/// Writes registers, past the hubs: there is no command for it yet.
#[derive(Debug, Clone)]
pub(super) struct Registrar {
    url: String,
}

impl Plant {
    /// Both hubs are up; `None` if the machine cannot have this version of the broker.
    pub(super) async fn build(version: Version, parties: &[&str]) -> Option<Self> {
        let node = Node::prepare(version)?;
        let cluster = Cluster::prepare();
        let (addresses, server) = tokio::join!(node.start(), cluster.start_small(SMALL));
        let database = Database::at(server);
        let site = Site::new(addresses, &database, Some(parties));
        site.prepare().await;
        let provisioned = Instant::now();
        let seats = [Seat::new("first", &site, &database).await, Seat::new("second", &site, &database).await];
        let mut plant = Self { seats, site, database, node, cluster };
        plant.restart().await;
        tokio::time::sleep_until(provisioned + SETTLING).await;
        Some(plant)
    }

    /// What the broker says of itself.
    pub(super) async fn broker_version(&self) -> String {
        self.node.version().await
    }

    pub(super) fn registrar(&self) -> Registrar {
        Registrar { url: self.database.url() }
    }

    /// Starts every hub that is not up, at the same time.
    pub(super) async fn restart(&mut self) {
        let site = &self.site;
        let [first, second] = &mut self.seats;
        tokio::join!(first.start(site), second.start(site));
    }

    /// Where the hubs that are up listen.
    pub(super) fn doors(&self) -> Vec<String> {
        self.seats.iter().filter_map(|seat| Some(seat.hub.as_ref()?.address().to_owned())).collect()
    }

    /// Kills a hub as a power failure would.
    pub(super) async fn kill_hub(&mut self, which: usize) {
        if let Some(hub) = self.seats[which].hub.take() {
            hub.kill().await;
        }
    }

    /// Asks a hub to end, and waits until it has.
    pub(super) async fn terminate_hub(&mut self, which: usize) {
        if let Some(hub) = self.seats[which].hub.take() {
            hub.terminate().await;
        }
    }

    /// Sends a hub that is up a signal.
    pub(super) async fn signal_hub(&self, which: usize, signal: &str) {
        if let Some(hub) = &self.seats[which].hub {
            hub.signal(signal).await;
        }
    }

    /// Changes the lines of some hubs to a part.
    pub(super) fn line(&self, hubs: &[usize], part: Part, line: Line) {
        for which in hubs {
            let Seat { to_broker, to_database, .. } = &self.seats[*which];
            match part {
                Part::Broker => to_broker.set(line),
                Part::Database => to_database.set(line),
            }
        }
    }

    /// The hubs that have ended by themselves.
    pub(super) fn dead(&mut self) -> Vec<&'static str> {
        self.seats.iter_mut().filter_map(|seat| (!seat.hub.as_mut()?.is_alive()).then_some(seat.name)).collect()
    }

    /// What the hubs have logged.
    pub(super) fn logs(&self) -> Vec<(&'static str, String)> {
        self.seats.iter().map(|seat| (seat.name, self.site.log_of(seat.name))).collect()
    }
}

impl Seat {
    async fn new(name: &'static str, site: &Site, database: &Database) -> Self {
        let (broker, server) = (port_of(&site.amqp("guest", "guest")), port_of(&database.url()));
        let (to_broker, to_database) = (Proxy::to(broker).await, Proxy::to(server).await);
        let url = database.url().replacen(&format!(":{server}/"), &format!(":{}/", to_database.port()), 1);
        site.configure(name, to_broker.port(), &url);
        Self { name, to_broker, to_database, hub: None }
    }

    async fn start(&mut self, site: &Site) {
        if self.hub.is_none() {
            self.hub = Some(site.serve_as(self.name).await);
        }
    }
}

fn port_of(url: &str) -> u16 {
    url.parse::<reqwest::Url>().unwrap().port().unwrap()
}

impl Registrar {
    /// Stops a detention. Returns when that is committed.
    pub(super) async fn stop(&self, detention: &str) {
        self.record(Entry::Stop(Stop::Detention(detention.parse().unwrap()))).await;
    }

    /// From today on one municipality acts for another.
    pub(super) async fn mandate(&self, mandator: &str, mandatary: &str) {
        let from: LegalDay = day(0).to_string().parse().unwrap();
        let (mandator, mandatary) = (mandator.parse().unwrap(), mandatary.parse().unwrap());
        self.record(Entry::Mandate(Mandate {
            mandator,
            mandatary,
            scope: Scope::All,
            from,
            until: None,
            prisons: Vec::new(),
            visit_days: Vec::new(),
            form: Form::Mandate,
        }))
        .await;
    }

    async fn record(&self, entry: Entry) {
        let end = Instant::now() + BOUND;
        while let Err(error) = self.try_to_record(&entry).await {
            assert!(Instant::now() < end, "the registers cannot be written: {error}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn try_to_record(&self, entry: &Entry) -> Result<(), StoreError> {
        let store = PostgresStore::connect(&self.url, 1, TimeSource::Database).await?;
        let recorded = store.now().await?;
        store.record(vec![Recorded { entry: entry.clone(), recorded }]).await?;
        store.close().await;
        Ok(())
    }
}

/// Where the logs and the tables of a failed run are kept.
pub(super) fn keep_logs(plant: &Plant, name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("schakelpunt-faults-{name}"));
    std::fs::create_dir_all(&folder).unwrap();
    for (seat, log) in plant.logs() {
        std::fs::write(folder.join(format!("{seat}.log")), log).unwrap();
    }
    std::fs::write(folder.join("tables.sql"), plant.database.dump()).unwrap();
    folder
}
