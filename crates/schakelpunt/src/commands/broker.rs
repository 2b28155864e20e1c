//! `broker provision` and `broker check`: for everybody in the registers of the hub.

use std::{path::PathBuf, process::ExitCode};

use super::out;
use crate::{
    config::Config,
    wiring::{self, Provisioned},
};

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
                wiring::provision(&config, &wiring::roster(&store).await?).await?;
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
    let Provisioned { broker, vhost, topology } = Provisioned::of(config)?;
    let store = wiring::store(config, None).await?;
    Ok(broker.check(&vhost, &topology, &wiring::roster(&store).await?).await?)
}
