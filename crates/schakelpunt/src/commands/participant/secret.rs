//! `participant secret`: the live secrets with which the hub signs what it posts to a participant. They stand nowhere: the hub's key
//! makes them again.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use schakelpunt_domain::{Hidden, ParticipantId, registers::Participant};
use schakelpunt_gateway::secret;
use serde_json::json;

use super::registered;
use crate::{
    commands::{out, remote},
    config::Config,
    onboarding::write_secret,
};

/// Options of `participant secret`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The configuration file of the hub, with its digest key.
    #[arg(long)]
    config: PathBuf,
    /// The participant.
    id: ParticipantId,
    /// Where they are written, one a line, the newest first, for one reader; without it they are printed.
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Options {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let config = Config::read(&self.config)?;
        let known = registered(&remote::administrator(&self.config, None)?, &self.id).await?;
        let known = known.with_context(|| format!("{} is not registered, or takes part no more", self.id))?;
        let secrets = live(&config, &known)?;
        let texts: Vec<&str> = secrets.iter().map(Hidden::reveal).collect();
        match &self.out {
            Some(path) => {
                write_secret(path, &format!("{}\n", texts.join("\n")))?;
                out(json!({"participant": self.id, "secrets": path}))?;
            }
            None => out(json!({"participant": self.id, "secrets": texts}))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The live secrets of a participant, the newest first.
pub(super) fn live(config: &Config, participant: &Participant) -> anyhow::Result<Vec<Hidden>> {
    let webhook = participant.webhook.as_ref().with_context(|| format!("{} has no `webhook` in the register", participant.id))?;
    let key = config.key()?;
    Ok(webhook.secrets.iter().map(|generation| secret(&key, &participant.id, *generation)).collect())
}
