//! What one round stands on: a fresh virtual host, a fresh database, a configuration. Nothing of the round before is left.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use schakelpunt_amqp::topology::Topology;
use schakelpunt_bus::provision::Broker;

use crate::{
    parts::{Parts, sql},
    traffic::{FanOut, PRISON},
};

/// The one of the tests: a smoke shares their broker, and the users of a broker are the same in all its virtual hosts.
const PASSWORD: &str = "only-in-tests";
pub(crate) const DIGEST_KEY: &str = "5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c";

/// A site. To be closed: virtual host and database cannot be taken away by a drop.
#[derive(Debug)]
pub(crate) struct Site<'a> {
    parts: &'a Parts,
    broker: Broker,
    vhost: String,
    fan_out: FanOut,
    name: String,
    /// One that outlives the site.
    kept_database: Option<String>,
}

impl<'a> Site<'a> {
    /// Provisions what every contender uses.
    pub(crate) async fn open(parts: &'a Parts, fan_out: FanOut) -> anyhow::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("bench_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let broker = Broker::new(&parts.amqp, &parts.api)?;
        let (vhost, topology) = (name.clone(), Topology::default());
        broker.ensure_vhost(&vhost, &topology).await?;
        for id in fan_out.recipients().iter().chain([&PRISON]) {
            broker.ensure_participant(&vhost, &topology, &id.parse()?, PASSWORD).await?;
        }
        Ok(Self { parts, broker, vhost, fan_out, name, kept_database: None })
    }

    /// With a database that is there already and stays.
    pub(crate) fn on_database(self, name: &str) -> Self {
        Self { kept_database: Some(name.to_owned()), ..self }
    }

    /// Takes virtual host and database away.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        self.broker.delete_vhost(&self.vhost).await?;
        sql(&self.parts.postgres, &format!("drop database if exists {} with (force)", self.name))?;
        Ok(())
    }

    /// The parts below.
    pub(crate) fn parts(&self) -> &Parts {
        self.parts
    }

    /// The virtual host.
    pub(crate) fn vhost(&self) -> &str {
        &self.vhost
    }

    /// Who hears of each event.
    pub(crate) fn fan_out(&self) -> FanOut {
        self.fan_out
    }

    /// The address for a participant.
    pub(crate) fn url_of(&self, participant: &str) -> anyhow::Result<String> {
        Ok(self.broker.url(&self.vhost, participant, PASSWORD)?)
    }

    /// The administrator's address.
    pub(crate) fn admin_url(&self) -> anyhow::Result<String> {
        Ok(self.broker.admin_url(&self.vhost)?)
    }

    /// A file of this round.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.parts.folder().join(format!("{}-{name}", self.name))
    }

    /// The address of the database.
    pub(crate) fn database(&self) -> String {
        self.parts.database(self.kept_database.as_ref().unwrap_or(&self.name))
    }

    /// Makes the database, and writes the hub's configuration.
    pub(crate) fn prepare_hub(&self) -> anyhow::Result<PathBuf> {
        if self.kept_database.is_none() {
            sql(&self.parts.postgres, &format!("create database {} template template0", self.name))?;
        }
        let (registers, config) = (self.file("participants.toml"), self.file("hub.toml"));
        std::fs::write(&registers, self.fan_out.registers())?;
        let (database, bus, registers) = (self.database(), self.admin_url()?, registers.display());
        let text = format!(
            "environment = \"test\"\ndigest-key = \"{DIGEST_KEY}\"\nparticipants = \"{registers}\"\n\
             [store]\nurl = \"{database}\"\n[bus]\nurl = \"{bus}\"\n[http]\nlisten = \"127.0.0.1:0\"\n"
        );
        std::fs::write(&config, text)?;
        Ok(config)
    }
}
