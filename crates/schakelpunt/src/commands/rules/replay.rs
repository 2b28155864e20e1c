//! `rules replay`, and what `rules diff` says of recorded decisions.

use std::{io::IsTerminal as _, path::Path, process::ExitCode, sync::Arc, thread};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;
use schakelpunt_domain::{LegalDay, catalogue::Catalogue};
use schakelpunt_engine::hub::{Replay, Rules};
use schakelpunt_gateway::replaying;
use schakelpunt_review::Touched;
use serde_json::json;

use super::super::out;
use crate::{assets, config::Config, wiring};

/// Which decisions.
#[derive(Debug, Clone, clap::Args)]
pub struct Period {
    /// The first day; without it from the first decision on.
    #[arg(long, requires = "config")]
    from: Option<LegalDay>,
    /// The last day, included; without it until now.
    #[arg(long, requires = "config")]
    until: Option<LegalDay>,
}

/// How it is printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    /// One object.
    pub(super) json: bool,
    /// A text for a decision paper.
    pub(super) markdown: bool,
}

/// Recorded decisions, to be asked again.
struct Recorded {
    replay: Arc<Replay>,
    bar: ProgressBar,
}

impl Recorded {
    async fn open(config: &Path, period: &Period) -> anyhow::Result<Self> {
        let config = Config::read(config)?;
        let settings = wiring::settings(&config)?;
        let store = wiring::store(&config, None).await?;
        let since = period.from.map_or(Timestamp::MIN, LegalDay::begins);
        let before = period.until.map_or(Timestamp::MAX, LegalDay::ends);
        let replay = Arc::new(Replay::open(settings, store, since, before).await?);
        let bar = bar(replay.detentions().len())?;
        Ok(Self { replay, bar })
    }

    fn done(&self) -> impl Fn(usize) + Clone + Send + 'static {
        let bar = self.bar.clone();
        move |detentions| bar.inc(detentions.try_into().unwrap_or_default())
    }

    /// What would have changed under the last of these rule sets: against the first of two, else against what was recorded.
    async fn count(&self, folders: &[Option<&Path>]) -> anyhow::Result<Touched> {
        let catalogue = Arc::new(Catalogue::load()?);
        let these = |folder: Option<&Path>| {
            let rules = Arc::new(assets::rules(folder, &catalogue)?);
            Ok(Rules::these(self.replay.settings(), rules, Arc::clone(&catalogue)))
        };
        let under = folders.iter().copied().map(these).collect::<anyhow::Result<_>>()?;
        let touched = replaying::count(&self.replay, under, tasks(), self.done()).await?;
        self.bar.finish_and_clear();
        Ok(touched)
    }
}

/// One for each core: the store is read and the rules are asked in all of them.
fn tasks() -> usize {
    thread::available_parallelism().map_or(1, Into::into)
}

/// Nothing is drawn where nobody looks.
fn bar(detentions: usize) -> anyhow::Result<ProgressBar> {
    let target = if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} detentions {eta}")?;
    Ok(ProgressBar::with_draw_target(Some(detentions.try_into()?), target).with_style(style))
}

/// The recorded decisions under a candidate, or, without one, under the rules that made them: then any difference is a failure.
pub(super) async fn replay(config: &Path, candidate: Option<&Path>, period: &Period, form: Form) -> anyhow::Result<ExitCode> {
    let recorded = Recorded::open(config, period).await?;
    if candidate.is_none() {
        return check(&recorded, form).await;
    }
    let touched = recorded.count(&[candidate]).await?;
    print(&touched, form)?;
    Ok(if touched.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

async fn check(recorded: &Recorded, form: Form) -> anyhow::Result<ExitCode> {
    let checked = replaying::check(&recorded.replay, tasks(), recorded.done()).await?;
    recorded.bar.finish_and_clear();
    if form.json {
        let undecidable = &checked.undecidable;
        out(json!({"decisions": checked.decisions, "differ": checked.differ, "undecidable": undecidable, "first": checked.first}))?;
    } else {
        checked.first.iter().try_for_each(out)?;
        out(checked.sentence())?;
    }
    Ok(if checked.differ == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn print(touched: &Touched, form: Form) -> anyhow::Result<()> {
    match form {
        Form { json: true, .. } => out(touched.json()),
        Form { markdown: true, .. } => out(touched.markdown().trim_end()),
        Form { .. } => out(touched.text().trim_end()),
    }
}

/// How many messages, detentions and organisations the difference between two rule sets would have touched.
pub(super) async fn touched(config: &Path, [before, after]: [Option<&Path>; 2], period: &Period) -> anyhow::Result<Touched> {
    let recorded = Recorded::open(config, period).await.context("the recorded decisions cannot be read")?;
    recorded.count(&[before, after]).await
}
