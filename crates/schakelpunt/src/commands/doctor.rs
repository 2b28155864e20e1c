//! `doctor`: checks everything that a hub needs, and says what to do.

use std::process::ExitCode;

use schakelpunt_domain::catalogue::Catalogue;

use super::{WithConfig, broker, out};
use crate::{assets, config::Config, wiring};

/// Checks one thing after the other; exit 1 if anything needs doing.
pub async fn run(options: &WithConfig) -> anyhow::Result<ExitCode> {
    let mut healthy = true;
    let mut say = |what: &str, result: anyhow::Result<String>| match result {
        Ok(good) => out(format_args!("ok    {what}: {good}")),
        Err(error) => {
            healthy = false;
            out(format_args!("TO DO {what}: {error:#}"))
        }
    };
    let config = match Config::read(&options.config) {
        Ok(config) => config,
        Err(error) => {
            say("configuration", Err(error))?;
            return Ok(ExitCode::from(1));
        }
    };
    say("configuration", Ok(format!("environment {}", config.environment)))?;
    say("rules", rules(&config))?;
    say("store", store(&config).await)?;
    say("participants", participants(&config).await)?;
    say("broker", bus(&config).await)?;
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn rules(config: &Config) -> anyhow::Result<String> {
    let rules = assets::rules(config.rules.as_deref(), &Catalogue::load()?)?;
    Ok(format!("{} rules, version {}", rules.rules().len(), rules.version))
}

async fn store(config: &Config) -> anyhow::Result<String> {
    let store = wiring::store(config, None).await?;
    let load = store.load().await.map_err(|error| anyhow::Error::from(error).context("run `schakelpunt migrate` first"))?;
    anyhow::ensure!(load.blocked == 0, "{} lanes wait for a person: see `schakelpunt deliveries list --stage blocked`", load.blocked);
    Ok(format!("{} waiting, {} under way", load.waiting, load.claimed))
}

async fn participants(config: &Config) -> anyhow::Result<String> {
    let store = wiring::store(config, None).await?;
    let (_, entries) = store.registers().await?;
    anyhow::ensure!(!entries.is_empty(), "the registers are empty: name a file in `participants` and run `schakelpunt migrate`");
    Ok(format!("{} register entries", entries.len()))
}

async fn bus(config: &Config) -> anyhow::Result<String> {
    if config.bus.url.reveal() == "in-process" {
        return Ok("in this process".to_owned());
    }
    let differences = broker::check(config).await?;
    anyhow::ensure!(differences.is_empty(), "run `schakelpunt broker provision`: {}", differences.join("; "));
    Ok("topology, users and inboxes are as they should be".to_owned())
}
