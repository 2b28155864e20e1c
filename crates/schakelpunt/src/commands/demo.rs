//! `demo`: plays a scenario in one process, with nothing to install.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use schakelpunt_domain::registers::At;
use schakelpunt_engine::life::Role;
use schakelpunt_gateway::{Administrator, Tokens};

use super::out;
use crate::{
    assets,
    scenario::{Player, Scenario, Step, StepResult},
    show,
};

/// Options of `demo`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The scenario; without it the admission notice of Zwolle.
    #[arg(long, default_value = "zwolle-a")]
    scenario: String,
    /// End after the scenario instead of staying open for HTTP.
    #[arg(long)]
    once: bool,
    /// One decision a line, as JSON.
    #[arg(long)]
    json: bool,
    /// The port of the HTTP side.
    #[arg(long, default_value_t = 8180)]
    port: u16,
    /// Keep the store in this folder; without it in memory.
    #[arg(long)]
    data: Option<PathBuf>,
}

impl Options {
    /// Plays the scenario; stays open unless told otherwise.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let path = PathBuf::from(format!("config/demo/scenarios/{}.toml", self.scenario));
        let text = assets::text(&path).with_context(|| format!("known scenarios: {}", assets::demo_scenarios().join(", ")))?;
        let scenario = Scenario::parse(&path.display().to_string(), &text)?;
        let mut player = match &self.data {
            Some(folder) => Player::open_in(&scenario, folder).await?,
            None => Player::open(&scenario, None).await?,
        };
        if !self.json {
            out(format_args!("{}\n", scenario.title))?;
        }
        let mut printed = Ok(());
        let played = player.play(&scenario, |step, result| {
            if printed.is_ok() {
                printed = if self.json { print_json(result) } else { print_text(step, result) };
            }
        });
        let played = played.await?;
        printed?;
        if !played.holds() {
            tracing::error!("the scenario did not go as its file says");
            return Ok(ExitCode::from(1));
        }
        if self.once { Ok(ExitCode::SUCCESS) } else { self.stay(&player).await }
    }

    /// Stays open: everybody gets a token and can fetch what it was given, or send.
    async fn stay(&self, player: &Player) -> anyhow::Result<ExitCode> {
        let hub = Arc::clone(player.hub());
        player.run_on();
        let now = hub.store().now().await?;
        let registers = hub.registers().await;
        let mut tokens = Tokens::default();
        for participant in registers.participants(At::now(now)) {
            let token = format!("demo-{}", participant.id);
            tracing::info!("token of {}: {token}", participant.id);
            tokens = tokens.with(&token, participant.id.clone());
        }
        let administrators =
            [("beheer", None, vec![Role::Author]), ("beheer-dji", Some("DJI"), Vec::new()), ("jurist", None, vec![Role::LegalReviewer])];
        for (name, owner, roles) in administrators {
            let token = format!("demo-{name}");
            tracing::info!("token of the administrator {name}: {token}");
            tokens = tokens.with_administrator(&token, Administrator::new(name.parse()?, owner.map(str::to_owned), roles));
        }
        let listen = std::net::SocketAddr::from(([127, 0, 0, 1], self.port));
        super::serve::listen(hub, None, listen, tokens).await
    }
}

fn print_json(result: &StepResult) -> anyhow::Result<()> {
    result.decisions.iter().try_for_each(|decision| out(show::decision(decision)))
}

fn print_text(step: &Step, result: &StepResult) -> anyhow::Result<()> {
    let when = step.at.to_zoned(jiff::tz::get!("Europe/Amsterdam")).strftime("%Y-%m-%d %H:%M");
    let who = step.from.as_ref().map_or_else(|| "hub".to_owned(), ToString::to_string);
    let what = step.event.as_ref().map(ToString::to_string).or_else(|| step.again.as_ref().map(|id| format!("{id} offered again")));
    let outcome = result.outcome.as_deref().map(|outcome| format!(" [{outcome}]")).unwrap_or_default();
    out(format_args!("{when}  {who}: {}{outcome}", what.unwrap_or_else(|| "time passes".to_owned())))?;
    for decision in &result.decisions {
        out(show::decision_text(decision).trim_end())?;
    }
    for failure in &result.failures {
        out(format_args!("    ! {failure}"))?;
    }
    out("")
}
