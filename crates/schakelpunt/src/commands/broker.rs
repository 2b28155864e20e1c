//! `broker provision` and `broker check`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use schakelpunt_amqp::topology::Topology;
use schakelpunt_bus::provision::Broker;

use super::out;
use crate::{config::Config, wiring};

/// Commands on the broker.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make topology, users and inboxes. Safe to repeat.
    Provision {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Say what differs from the topology; exit 1 if anything does.
    Check {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
}

impl Command {
    /// Runs it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Provision { config } => {
                let config = Config::read(&config)?;
                let store = wiring::store(&config, None).await?;
                wiring::provision(&config, &wiring::with_inbox(&store).await?).await?;
                tracing::info!("the broker is provisioned");
                Ok(ExitCode::SUCCESS)
            }
            Self::Check { config } => {
                let differences = check(&Config::read(&config)?).await?;
                differences.iter().try_for_each(out)?;
                Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
            }
        }
    }
}

/// What differs on the broker of a configuration, in sentences.
pub async fn check(config: &Config) -> anyhow::Result<Vec<String>> {
    let url = config.bus.url.reveal();
    let api = config.bus.api.as_ref().context("bus.api: the management API is needed to check")?;
    let store = wiring::store(config, None).await?;
    let topology = Topology { intake_queues: config.bus.queues, ..Topology::default() };
    let broker = Broker::new(url, api.reveal())?;
    Ok(broker.check(wiring::vhost(url), &topology, &wiring::with_inbox(&store).await?).await?)
}
