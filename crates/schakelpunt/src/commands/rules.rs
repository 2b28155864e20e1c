//! `rules matrix`; `rules explain` in `explain`, `rules check`, `rules diff` and `rules prove` in `review`, `rules test` in `test`, `rules replay` in
//! `replay`, drafts at a running hub in `life`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use schakelpunt_domain::catalogue::Catalogue;
use serde_json::json;

use super::out;
use crate::assets;

mod explain;
mod life;
mod replay;
mod review;
mod test;

/// Commands on rule sets.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Name every mistake in a rule set, and what is worth a look; exit 1 if there is a mistake.
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
    /// Print what a change of the rules means, in the fields that somebody comes to know or not; exit 3 if there is a difference.
    Diff {
        /// A folder with rules, before the change; the shipped ones where only the other is given.
        #[arg(required = true, num_args = 1..=2, value_names = ["BEFORE", "AFTER"])]
        folders: Vec<PathBuf>,
        /// One object.
        #[arg(long, conflicts_with = "markdown")]
        json: bool,
        /// A text for a decision paper.
        #[arg(long)]
        markdown: bool,
        /// A hub's configuration: says too how much of what it decided would have been touched.
        #[arg(long)]
        config: Option<PathBuf>,
        /// Which decisions.
        #[command(flatten)]
        period: replay::Period,
    },
    /// Decide recorded decisions again, without payloads, and print what would have changed; exit 3 if anything would. Without a candidate
    /// under the rules that made them; exit 1 if an answer is another.
    Replay {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// A folder with rules.
        #[arg(long)]
        candidate: Option<PathBuf>,
        /// Which decisions.
        #[command(flatten)]
        period: replay::Period,
        /// One object.
        #[arg(long, conflicts_with = "markdown")]
        json: bool,
        /// A text for a decision paper.
        #[arg(long, requires = "candidate")]
        markdown: bool,
    },
    /// Hold every field that the rules give in any cell against the invariants; exit 1 if one is broken.
    Prove {
        /// A folder with rules, and with `invariants.toml` if it has its own; the shipped ones without it.
        #[arg(long)]
        rules: Option<PathBuf>,
        /// Write a scenario for each broken invariant into this folder, and play it.
        #[arg(long, value_name = "DIR")]
        scenarios: Option<PathBuf>,
        /// One object.
        #[arg(long)]
        json: bool,
    },
    /// Drafts at a running hub, from the first text to its day.
    #[command(flatten)]
    Life(life::Command),
    /// Play the tests beside rules with these rules, and say what none of them reached; exit 1 if one fails.
    Test {
        /// A folder with rules, and with scenarios in `tests` below it; the shipped ones without it.
        #[arg(long)]
        rules: Option<PathBuf>,
        /// One object a line.
        #[arg(long)]
        json: bool,
    },
    /// Say who may know a message and why, and of a refusal what would make it lawful; exit 3 if the answer is a refusal.
    Explain(explain::Options),
}

impl Command {
    /// Runs it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Check { rules, json } => review::check(rules.as_deref(), json),
            Self::Matrix { rules, full, json } => print_matrix(rules.as_deref(), full, json),
            Self::Diff { folders, json, markdown, config, period } => {
                let recorded = config.as_deref().map(|config| (config, &period));
                review::diff(&folders, replay::Form { json, markdown }, recorded).await
            }
            Self::Replay { config, candidate, period, json, markdown } => {
                replay::replay(&config, candidate.as_deref(), &period, replay::Form { json, markdown }).await
            }
            Self::Prove { rules, scenarios, json } => review::prove(rules.as_deref(), scenarios.as_deref(), json).await,
            Self::Life(command) => command.run().await,
            Self::Test { rules, json } => test::test(rules, json).await,
            Self::Explain(options) => options.run().await,
        }
    }
}

fn print_matrix(folder: Option<&std::path::Path>, full: bool, json: bool) -> anyhow::Result<ExitCode> {
    let catalogue = Catalogue::load()?;
    let rules = assets::rules(folder, &catalogue)?;
    let matrix = schakelpunt_review::matrix(&rules, &catalogue).context("the matrix cannot be made")?;
    match (json, full) {
        (true, _) => out(json!({"version": rules.version, "cells": matrix.cells, "sha256": matrix.hash}))?,
        (false, true) => out(matrix.full.trim_end())?,
        (false, false) => out(matrix.folded.trim_end())?,
    }
    Ok(ExitCode::SUCCESS)
}
