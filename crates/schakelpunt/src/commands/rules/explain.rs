//! `rules explain`: about a kept message, or about a made-up case without a store.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use jiff::Timestamp;
use schakelpunt_domain::{Clock as _, MessageId, ParticipantId, Source, catalogue::Catalogue};
use schakelpunt_engine::{
    explain::{By, Why},
    hub,
};
use schakelpunt_review::MadeUp;

use crate::{
    assets,
    clock::SystemClock,
    commands::out,
    config::Config,
    place,
    show::explained::{self, Explained},
    wiring,
};

/// What is to be explained.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The configuration file, for a kept message.
    #[arg(long, required_unless_present = "case")]
    config: Option<PathBuf>,
    /// What these rules would say, whatever the hub applied then; of a made-up case without it the shipped rules.
    #[arg(long)]
    rules: Option<PathBuf>,
    /// A file with a made-up case, in place of a kept message.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["config", "message", "source", "to", "at", "known"])]
    case: Option<PathBuf>,
    /// The message's id.
    #[arg(required_unless_present = "case")]
    message: Option<MessageId>,
    /// Its source, where several have used the id.
    #[arg(long)]
    source: Option<Source>,
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
}

impl Options {
    /// Runs it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        if let Some(case) = &self.case {
            let explained = made_up(case, self.rules.as_deref())?;
            print(&explained, self.json)?;
            return Ok(ended(explained.permitted));
        }
        let config = self.config.as_deref().context("`--config` of the hub that has the message, or `--case`")?;
        let message = self.message.as_ref().context("the id of a message, or `--case`")?;
        let why = Why { message, source: self.source.as_ref(), to: self.to.as_ref(), at: self.at, known: self.known };
        let answers = kept(config, self.rules.as_deref(), &why).await?;
        answers.iter().try_for_each(|explained| print(explained, self.json))?;
        Ok(ended(self.to.is_none() || answers.iter().all(|explained| explained.permitted)))
    }
}

fn ended(permitted: bool) -> ExitCode {
    if permitted { ExitCode::SUCCESS } else { ExitCode::from(3) }
}

fn print(explained: &Explained, json: bool) -> anyhow::Result<()> {
    if json { out(&explained.json) } else { out(explained.text.trim_end()) }
}

/// Asks `decide` about a kept message, from recorded facts and signals, at any moment.
async fn kept(config: &Path, rules: Option<&Path>, why: &Why<'_>) -> anyhow::Result<Vec<Explained>> {
    let read = Config::read(config)?;
    let by = if rules.is_some() { By::Settings } else { By::Kept };
    let config = Config { rules: rules.map(Path::to_path_buf).or_else(|| read.rules.clone()), ..read };
    let settings = wiring::settings(&config)?;
    let store = wiring::store(&config, None).await?;
    let answers = hub::answer_with(&settings, &*store, why, by, |question, record| explained::record(question, &record)).await?;
    answers.map_err(|why| anyhow::anyhow!("{why} [{}]", why.code()))
}

/// Asks it about a case that nobody has.
fn made_up(file: &Path, rules: Option<&Path>) -> anyhow::Result<Explained> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("{name} cannot be read"))?;
    place::fits(&name, &text)?;
    let case: MadeUp = toml::from_str(&text).map_err(|error| place::of_toml(&name, &text, &error))?;
    let catalogue = Catalogue::load()?;
    let rules = assets::rules(rules, &catalogue)?;
    let explained = case.ask(&rules, &catalogue, SystemClock.now(), explained::case);
    explained.map_err(|why| anyhow::anyhow!("{name}: expected {why}"))
}
