//! `deliveries list|retry|skip|recheck`: what a person does about a lane that stands still, and what left and should not have.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use schakelpunt_bus::in_process::InProcessBus;
use schakelpunt_domain::{DeliveryId, DetentionRef, ParticipantId, registers::Registers, stage::Stage};
use schakelpunt_engine::{
    Hub,
    afterwards::{self, Forbidden},
    laws::Laws,
    model::Delivery,
    ports::DeliveryFilter,
    step::{Input, Law, Receipts},
};
use serde_json::json;

use super::out;
use crate::{config::Config, wiring};

/// Commands on deliveries.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List deliveries, newest first, without content.
    List {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Only of this detention.
        #[arg(long)]
        detention: Option<DetentionRef>,
        /// Only to this recipient.
        #[arg(long)]
        recipient: Option<ParticipantId>,
        /// Only in this stage: waiting, claimed, handed-over, received, blocked, cancelled, void.
        #[arg(long)]
        stage: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// One object a line.
        #[arg(long)]
        json: bool,
    },
    /// List what left and would not have, had the hub known then what it knows now: after a register entry with effect in the past.
    Recheck {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Only what was provided from this instant on.
        #[arg(long)]
        since: Timestamp,
        /// Only of this detention.
        #[arg(long)]
        detention: Option<DetentionRef>,
        /// Only to this recipient.
        #[arg(long)]
        recipient: Option<ParticipantId>,
        /// Look at so many of the newest deliveries.
        #[arg(long, default_value_t = 100_000)]
        limit: u32,
        /// One object a line.
        #[arg(long)]
        json: bool,
    },
    /// Let a blocked delivery try again.
    Retry {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// The delivery.
        id: DeliveryId,
    },
    /// Skip a blocked delivery; the lane goes on without it.
    Skip {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// The delivery.
        id: DeliveryId,
        /// Why, for the log; no personal data.
        #[arg(long)]
        reason: String,
    },
}

impl Command {
    /// Runs it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { config, detention, recipient, stage, limit, json } => {
                let store = wiring::store(&Config::read(&config)?, None).await?;
                let filter = DeliveryFilter { detention, recipient, stage, limit };
                for delivery in store.deliveries(&filter).await? {
                    if json { out(as_json(&delivery))? } else { out(as_text(&delivery))? }
                }
                Ok(ExitCode::SUCCESS)
            }
            Self::Recheck { config, since, detention, recipient, limit, json } => {
                let filter = DeliveryFilter { detention, recipient, stage: None, limit };
                recheck(&Config::read(&config)?, &filter, since, json).await
            }
            Self::Retry { config, id } => retry(&Config::read(&config)?, id).await,
            Self::Skip { config, id, reason } => skip(&Config::read(&config)?, id, &reason).await,
        }
    }
}

/// Reads only. Payloads are not needed: a decision rests on facts, signals and the list of leaves.
async fn recheck(config: &Config, filter: &DeliveryFilter, since: Timestamp, json: bool) -> anyhow::Result<ExitCode> {
    let store = wiring::store(config, None).await?;
    let settings = wiring::settings(config)?;
    let (epoch, entries) = store.registers().await?;
    let registers = Registers::new(epoch, entries);
    let known = store.now().await?;
    let laws = Laws::read(&settings, &*store, None).await?;
    let law = Law { settings: laws.at(known)?, registers: &registers };
    let mut found = false;
    for delivery in store.deliveries(filter).await? {
        let Some(detention) = &delivery.detention else { continue };
        let (Some(message), Some(case)) = (store.message(&delivery.key).await?, store.case(detention).await?) else { continue };
        let Some(forbidden) = afterwards::forbidden(law, &delivery, &message, &case.value, since, known) else { continue };
        found = true;
        if json {
            let mut line = as_json(&delivery);
            if let Some(line) = line.as_object_mut() {
                line.insert("forbidden".to_owned(), serde_json::to_value(&forbidden)?);
            }
            out(line)?;
        } else {
            let why = match forbidden {
                Forbidden::All(code) => code.to_string(),
                Forbidden::Leaves(leaves) => leaves.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            };
            out(format_args!("{}  {why}", as_text(&delivery)))?;
        }
    }
    Ok(if found { ExitCode::from(3) } else { ExitCode::SUCCESS })
}

async fn retry(config: &Config, id: DeliveryId) -> anyhow::Result<ExitCode> {
    let store = wiring::store(config, None).await?;
    let now = store.now().await?;
    let mut was = "";
    let mut step = |delivery: &Delivery| {
        was = delivery.stage.word();
        delivery.stage.clone().retry(now).ok()
    };
    let delivery = store.change_stage(&id, &mut step).await?.with_context(|| format!("no delivery {id}"))?;
    ensure!(was == "blocked", "the delivery is {was}, not blocked");
    out(format_args!("retried: {}", as_text(&delivery)))?;
    Ok(ExitCode::SUCCESS)
}

/// Through the engine, because the recipient has to hear that one is missing.
async fn skip(config: &Config, id: DeliveryId, reason: &str) -> anyhow::Result<ExitCode> {
    let store = wiring::store(config, None).await?;
    let delivery = store.change_stage(&id, &mut |_| None).await?.with_context(|| format!("no delivery {id}"))?;
    ensure!(matches!(delivery.stage, Stage::Blocked { .. }), "the delivery is {}, not blocked", delivery.stage.word());
    let detention = delivery.detention.clone().context("a delivery without a case")?;
    let hub = Hub::beside(wiring::settings(config)?, store, Arc::new(InProcessBus::default())).await?;
    hub.run(&[Input::Skip(id, detention)], Receipts::Answered).await?;
    tracing::info!(delivery = %id, reason, "skipped by a person");
    out(format_args!("skipped: {}", as_text(&delivery)))?;
    Ok(ExitCode::SUCCESS)
}

fn as_json(delivery: &Delivery) -> serde_json::Value {
    json!({
        "id": delivery.id,
        "message": delivery.key.id,
        "source": delivery.key.source,
        "event": delivery.event,
        "detention": delivery.detention,
        "recipient": delivery.recipient,
        "onBehalfOf": delivery.on_behalf_of,
        "sequence": delivery.lane_sequence,
        "number": delivery.number,
        "stage": delivery.stage,
    })
}

fn as_text(delivery: &Delivery) -> String {
    let detention = delivery.detention.as_ref().map(ToString::to_string).unwrap_or_default();
    format!(
        "{}  {:<12} {:<32} {:<28} {detention}",
        delivery.id,
        delivery.stage.word(),
        delivery.event.as_str(),
        delivery.recipient.as_str()
    )
}
