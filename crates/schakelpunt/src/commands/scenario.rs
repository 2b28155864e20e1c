//! `scenario run`: plays scenario files and says whether every expectation held.

use std::{path::PathBuf, process::ExitCode};

use serde_json::json;

use super::out;
use crate::{
    assets,
    config::Config,
    scenario::{Player, Scenario},
    show,
};

/// Commands on scenario files.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Play scenario files; exit 0 if every expectation held and nothing else was delivered.
    Run {
        /// Play on the store and bus of this configuration; without it embedded.
        #[arg(long)]
        config: Option<PathBuf>,
        /// The scenario files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// One object a line.
        #[arg(long)]
        json: bool,
    },
}

impl Command {
    /// Runs it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let Self::Run { config, files, json } = self;
        let config = config.as_deref().map(Config::read).transpose()?;
        let mut all_hold = true;
        for file in &files {
            let scenario = Scenario::parse(&file.display().to_string(), &assets::text(file)?)?;
            let mut player = Player::open(&scenario, config.as_ref()).await?;
            let played = player.play(&scenario, |_, _| {}).await?;
            all_hold &= played.holds();
            if json {
                let steps: Vec<_> = played
                    .steps
                    .iter()
                    .map(|step| {
                        let decisions: Vec<_> = step.decisions.iter().map(show::decision).collect();
                        json!({"outcome": step.outcome, "decisions": decisions, "failures": step.failures})
                    })
                    .collect();
                out(json!({"file": file, "title": played.title, "holds": played.holds(), "steps": steps}))?;
                continue;
            }
            out(format_args!("{} {}: {}", if played.holds() { "ok  " } else { "FAIL" }, file.display(), played.title))?;
            for (number, step) in (1..).zip(&played.steps) {
                for failure in &step.failures {
                    out(format_args!("     step {number}: {failure}"))?;
                }
            }
        }
        Ok(if all_hold { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}
