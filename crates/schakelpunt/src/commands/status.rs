//! `status`: how much is under way.

use std::{path::PathBuf, process::ExitCode};

use serde_json::json;

use super::out;
use crate::{config::Config, wiring};

/// Options of `status`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The configuration file.
    #[arg(long)]
    config: PathBuf,
    /// One object.
    #[arg(long)]
    json: bool,
}

impl Options {
    /// Prints it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let store = wiring::store(&Config::read(&self.config)?, None).await?;
        let load = store.load().await?;
        if self.json {
            out(json!(load))?;
        } else {
            out(format_args!(
                "waiting   {}\nclaimed   {}\nblocked   {}\nreceipts  {}",
                load.waiting, load.claimed, load.blocked, load.receipts
            ))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
