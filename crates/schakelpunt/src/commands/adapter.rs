//! `adapter`: the programs at the organisation's side.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::ensure;
use schakelpunt_adapters::{
    dji::{self, source::Verdict},
    municipality, probation, settings,
};
use schakelpunt_domain::Clock;
use serde_json::{Value, json};

use super::out;
use crate::clock::SystemClock;

/// Which adapter.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// A prison: from lists and records of its registration system to notices.
    Dji(Options),
    /// A probation organisation: between its system and the hub, for one or more units.
    Probation(Options),
    /// A municipality: between its systems and desks and the hub.
    Municipality(Options),
}

/// Options of an adapter.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The adapter's configuration file.
    #[arg(long)]
    config: PathBuf,
    /// Only of `dji`: print which events the files in the folder would give, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Command {
    /// Runs the adapter until a signal.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        match self {
            Self::Dji(Options { config, dry_run }) => {
                let ready = settings::read::<dji::Config>(&config)?.ready()?;
                if dry_run { self::dry_run(&ready) } else { until_signal(Box::pin(dji::run(&ready, &*clock))).await }
            }
            Self::Probation(Options { config, dry_run }) => {
                ensure!(!dry_run, "--dry-run: only `adapter dji` reads lists");
                let ready = settings::read::<probation::Config>(&config)?.ready(&clock)?;
                until_signal(Box::pin(probation::run(&ready, &*clock))).await
            }
            Self::Municipality(Options { config, dry_run }) => {
                ensure!(!dry_run, "--dry-run: only `adapter dji` reads lists");
                let ready = settings::read::<municipality::Config>(&config)?.ready(&clock)?;
                until_signal(Box::pin(municipality::run(&ready, &*clock))).await
            }
        }
    }
}

/// Whatever a signal interrupts was kept before, or comes again.
async fn until_signal(adapter: impl Future<Output = Result<(), schakelpunt_adapters::Error>>) -> anyhow::Result<ExitCode> {
    out(json!({ "ready": true, "pid": std::process::id() }))?;
    tokio::select! {
        ended = adapter => ended?,
        signal = super::serve::signal() => signal?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Exit 1 if a file would be held.
fn dry_run(ready: &dji::Ready) -> anyhow::Result<ExitCode> {
    let mut held = false;
    let mut lines = Vec::new();
    dji::dry_run(ready, &SystemClock, |file, verdict| {
        held |= matches!(verdict, Verdict::Held(_));
        lines.push(told(file, verdict));
    })?;
    lines.into_iter().try_for_each(out)?;
    Ok(if held { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What a file would do. The events' own content is left out: what it would be is personal.
fn told(file: &str, verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Kept(events) => {
            let events: Vec<Value> = events
                .iter()
                .map(|event| json!({ "prison": event.participant, "event": event.event, "detention": event.detention }))
                .collect();
            json!({ "file": file, "events": events })
        }
        Verdict::SameFile => json!({ "file": file, "events": [], "read": "before" }),
        Verdict::Held(code) => json!({ "file": file, "held": code.as_str(), "sentence": code.sentence() }),
        Verdict::Nobodys => json!({ "file": file, "left": "no prison's pattern fits the name" }),
    }
}
