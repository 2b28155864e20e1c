//! `rules check`, `rules matrix` and `rules explain`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use jiff::Timestamp;
use schakelpunt_domain::{
    MessageId, ParticipantId,
    catalogue::Catalogue,
    registers::{At, Registers},
};
use schakelpunt_engine::{explain, model::DecisionRecord, step::Law};
use schakelpunt_rules::RuleSet;
use serde_json::json;

use super::out;
use crate::{assets, config::Config, show, wiring};

/// Commands on rule sets.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Name every mistake in a rule set; exit 1 if there is one.
    Check {
        /// A folder with rules; the shipped ones without it.
        #[arg(long)]
        rules: Option<PathBuf>,
        /// One object a line.
        #[arg(long)]
        json: bool,
    },
    /// Print who may tell whom what: every cell decided, equal outcomes folded, the number of cells and a hash at the end.
    Matrix {
        /// A folder with rules; the shipped ones without it.
        #[arg(long)]
        rules: Option<PathBuf>,
        /// One line a cell, its parts parted by tabs; some hundred thousand lines.
        #[arg(long)]
        full: bool,
        /// One object.
        #[arg(long)]
        json: bool,
    },
    /// Say who may know a message and why; exit 3 if the answer is a refusal.
    Explain {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Other rules than those of the configuration.
        #[arg(long)]
        rules: Option<PathBuf>,
        /// The message's id.
        message: MessageId,
        /// About whom; without it everybody about whom was decided.
        #[arg(long)]
        to: Option<ParticipantId>,
        /// The legal instant; now without it.
        #[arg(long)]
        at: Option<Timestamp>,
        /// What was recorded by then; everything without it.
        #[arg(long)]
        known: Option<Timestamp>,
        /// One decision a line.
        #[arg(long)]
        json: bool,
    },
}

impl Command {
    /// Runs it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Check { rules, json } => check(rules.as_deref(), json),
            Self::Matrix { rules, full, json } => print_matrix(rules.as_deref(), full, json),
            Self::Explain { config, rules, message, to, at, known, json } => {
                let read = Config::read(&config)?;
                let config = Config { rules: rules.or_else(|| read.rules.clone()), ..read };
                explain_message(&config, &message, to.as_ref(), (at, known), json).await
            }
        }
    }
}

fn check(folder: Option<&std::path::Path>, json: bool) -> anyhow::Result<ExitCode> {
    match RuleSet::load(&assets::rule_files(folder)?, &Catalogue::load()?) {
        Ok(rules) if json => out(json!({"version": rules.version, "rules": rules.rules().len(), "bases": rules.bases().len()}))?,
        Ok(rules) => {
            out(format_args!("{} rules on {} bases, no mistakes; version {}", rules.rules().len(), rules.bases().len(), rules.version))?;
        }
        Err(errors) => {
            for error in &errors.0 {
                if json { out(json!(error))? } else { out(error)? }
            }
            return Ok(ExitCode::from(1));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_matrix(folder: Option<&std::path::Path>, full: bool, json: bool) -> anyhow::Result<ExitCode> {
    let catalogue = Catalogue::load()?;
    let rules = assets::rules(folder, &catalogue)?;
    let matrix = schakelpunt_rules::matrix(&rules, &catalogue).context("the matrix cannot be made")?;
    match (json, full) {
        (true, _) => out(json!({"version": rules.version, "cells": matrix.cells, "sha256": matrix.hash}))?,
        (false, true) => out(matrix.full.trim_end())?,
        (false, false) => out(matrix.folded.trim_end())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks `decide` about a kept message, from recorded facts and signals, at any moment.
async fn explain_message(
    config: &Config,
    id: &MessageId,
    to: Option<&ParticipantId>,
    when: (Option<Timestamp>, Option<Timestamp>),
    json: bool,
) -> anyhow::Result<ExitCode> {
    let settings = wiring::settings(config)?;
    let store = wiring::store(config, None).await?;
    let now = store.now().await?;
    let at = At { valid: when.0.unwrap_or(now), known: when.1.unwrap_or(now) };
    // what will be known then nobody knows: the answer for such an instant would change
    anyhow::ensure!(at.known <= now, "--known {} lies in the future: name an instant that has passed, or leave it out", at.known);
    let (epoch, entries) = store.registers().await?;
    let registers = Registers::new(epoch, entries);
    let law = Law { settings: &settings, registers: &registers };
    let trace = store.trace(id).await?.into_iter().next().with_context(|| format!("no message `{id}`"))?;
    let detention = trace.message.detention.clone().context("a message without a case")?;
    let case = store.case(&detention).await?.context("its case is not known")?.value;
    let mut asked: Vec<ParticipantId> = match to {
        Some(to) => vec![to.clone()],
        None => trace.decisions.iter().filter(|decision| decision.at <= at.known).map(|decision| decision.recipient.clone()).collect(),
    };
    asked.sort_unstable();
    asked.dedup();
    let mut refused = false;
    for recipient in &asked {
        let (candidate, decision) =
            explain::explain(law, &trace.message, &case, recipient, at).with_context(|| format!("`{recipient}` is not registered"))?;
        refused |= decision.permit().is_none();
        let record = DecisionRecord {
            message: trace.message.key.clone(),
            event: trace.message.event.clone(),
            detention: Some(detention.clone()),
            recipient: recipient.clone(),
            on_behalf_of: candidate.on_behalf_of,
            relations: candidate.relations,
            decision,
            version: settings.rules.version.clone(),
            at: at.valid,
        };
        if json { out(show::decision(&record))? } else { out(show::decision_text(&record).trim_end())? }
    }
    Ok(if refused && to.is_some() { ExitCode::from(3) } else { ExitCode::SUCCESS })
}
