//! `migrate`: brings the store's tables up to this version.

use std::process::ExitCode;

use anyhow::Context as _;

use super::WithConfig;
use crate::{config::Config, wiring};

/// Migrates the store of a configuration, and seeds it if it is empty.
pub async fn run(options: &WithConfig) -> anyhow::Result<ExitCode> {
    let config = Config::read(&options.config)?;
    let store = wiring::store(&config, None).await?;
    store.migrate().await.context("the store's tables")?;
    wiring::seed(&store, &config).await?;
    tracing::info!("the store is up to date");
    Ok(ExitCode::SUCCESS)
}
