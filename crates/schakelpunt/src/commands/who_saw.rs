//! `who-saw`: which organisation was given what of a detention, and who looked at it.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use schakelpunt_bus::in_process::InProcessBus;
use schakelpunt_domain::{DetentionRef, registers::At};
use schakelpunt_engine::Hub;
use serde_json::json;

use super::out;
use crate::{config::Config, show::person::Person, wiring};

/// Options of `who-saw`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The configuration file.
    #[arg(long)]
    config: PathBuf,
    /// The detention.
    #[arg(long)]
    detention: DetentionRef,
    /// The view of the person concerned, in plain Dutch and without anything about workers.
    #[arg(long, conflicts_with = "json")]
    person: bool,
    /// One object a line.
    #[arg(long)]
    json: bool,
}

impl Options {
    /// Prints what was given and who looked, oldest first.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let config = Config::read(&self.config)?;
        let settings = wiring::settings(&config)?;
        let store = wiring::store(&config, None).await?;
        let hub = Hub::beside(settings, store, Arc::new(InProcessBus::default())).await?;
        let (given, accesses) = hub.who_saw(&self.detention).await?;
        if self.person {
            let registers = hub.registers().await;
            let at = At::now(hub.store().now().await?.max(registers.latest()));
            let citations = hub.citations(&given).await?;
            let person = Person { settings: hub.settings(), citations: &citations, registers: &registers, at };
            out(person.text(&given, &accesses).trim_end())?;
            return Ok(ExitCode::SUCCESS);
        }
        for one in &given {
            if self.json {
                out(json!({"given": one}))?;
            } else {
                let behalf = one.on_behalf_of.as_ref().map(|mandator| format!(" on behalf of {mandator}")).unwrap_or_default();
                let bases: Vec<&str> = one.bases.iter().map(schakelpunt_domain::BasisId::as_str).collect();
                let fields: Vec<&str> = one.fields.iter().map(schakelpunt_domain::pointer::Leaf::as_str).collect();
                let (at, kind) = (one.at, one.kind.word());
                out(format_args!(
                    "{at}  {} ({kind}){behalf}: given {} on {}: {}",
                    one.recipient,
                    one.event,
                    bases.join(","),
                    fields.join(" ")
                ))?;
            }
        }
        for one in &accesses {
            if self.json {
                out(json!({"access": one}))?;
            } else {
                let what = one.code.map_or_else(|| "looked".to_owned(), |code| format!("was refused ({code})"));
                let role = one.role.as_deref().unwrap_or("without this capacity");
                let employer = one.employer.as_ref().map_or("unknown", |employer| employer.as_str());
                out(format_args!("{}  {} ({role}, employed by {employer}): {what}, for {}", one.at, one.acting_for, one.purpose))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
