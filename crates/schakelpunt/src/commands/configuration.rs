//! `config check` and `config show`.

use std::{path::PathBuf, process::ExitCode};

use schakelpunt_domain::catalogue::Catalogue;

use super::out;
use crate::{assets, config::Config, registers::Tables};

/// Commands on a configuration file.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Say whether the file, its rules and its registers can be used.
    Check {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Show what the file comes to, defaults included, secrets hidden.
    Show {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
}

impl Command {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Check { config } => {
                let config = Config::read(&config)?;
                let rules = assets::rules(config.rules.as_deref(), &Catalogue::load()?)?;
                if let Some(path) = &config.participants {
                    Tables::parse(&path.display().to_string(), &assets::text(path)?)?.entries(jiff::Timestamp::UNIX_EPOCH)?;
                }
                out(format_args!("the configuration can be used; rule set {}", rules.version))?;
            }
            Self::Show { config } => {
                let config = Config::read(&config)?;
                out(format_args!("{config:#?}\n{:#?}", config.limits()))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
