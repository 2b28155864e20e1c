//! `replay`: recorded decisions decided again under other rules, by two tasks on a SQLite file.
//!
//! A piece of the fictitious year is played through the embedded hub. What it leaves (cases, messages, decisions) is copied under other
//! references and ids, in the order of time, until the file holds as many decisions as are asked for: so the decisions of one detention
//! lie as far apart as those of a country's.

use std::{collections::BTreeSet, io::IsTerminal as _, path::Path, sync::Arc};

use anyhow::{Context as _, ensure};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;
use schakelpunt::{
    assets,
    clock::{SetClock, SystemClock},
    replaying, wiring,
};
use schakelpunt_domain::{Clock, DetentionRef, ids::MessageKey};
use schakelpunt_engine::{
    Settings,
    hub::{Replay, Rules},
    model::{Action, Decided, DecisionRecord, SnapshotKeys, StoredMessage, Versioned},
    ports::Store,
};
use schakelpunt_store::SqliteStore;
use tokio::time::Instant;

use crate::{
    Options,
    report::{Goal, Report, Row, Spread},
    year,
};

/// As many as the cores that the goal is set for.
const TASKS: usize = 2;
/// Rows of one transaction while the file is filled.
const ROWS: usize = 20_000;
/// What the candidate changes: the day on which the article of 2021 comes into force.
const CHANGE: (&str, &str) = ("2021-07-01", "2021-08-01");

/// How many.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Choice {
    /// Recorded decisions.
    #[arg(long)]
    decisions: Option<u32>,
}

/// How one round went.
struct Round {
    seconds: f64,
    rate: f64,
}

/// Runs it.
pub(crate) async fn run(options: &Options, choice: &Choice) -> anyhow::Result<Vec<Report>> {
    let wanted = Options::count(choice.decisions, options.smoke, 2_000, 1_000_000);
    let folder = tempfile::tempdir()?;
    year::make_and_play(folder.path(), if options.smoke { "0.0002" } else { "0.002" }).await?;
    let file = folder.path().join("replay.db");
    let filled = fill(&folder.path().join("schakelpunt.db"), &file, wanted.try_into()?).await?;
    let settings = wiring::embedded_settings(None)?;
    let candidate = candidate(&settings, &folder.path().join("candidate"))?;
    let (mut others, mut same) = (Vec::new(), Vec::new());
    for round in 1..=options.rounds(3) {
        for (rules, rounds) in [(Some(&candidate), &mut others), (None, &mut same)] {
            let result = measure(&file, &settings, rules, filled).await?;
            let what = rules.map_or("the rules that made them", |_| "a candidate");
            tracing::info!("replay, round {round}, by {what}: {:.1} s, {:.0} decisions a second", result.seconds, result.rate);
            rounds.push(result);
        }
    }
    let column = |rounds: &[Round], of: fn(&Round) -> f64| Spread(rounds.iter().map(of).collect());
    let row = |what: &str, rounds: &[Round]| Row {
        what: what.to_owned(),
        cells: vec![("seconds", column(rounds, |round| round.seconds)), ("decisions/s", column(rounds, |round| round.rate))],
    };
    let bytes = std::fs::metadata(&file)?.len();
    let settings = [
        ("decisions", filled.to_string()),
        ("tasks", TASKS.to_string()),
        ("SQLite", format!("file of {} MiB: a piece of the fictitious year, copied under other references", bytes / (1024 * 1024))),
        ("candidate", format!("the shipped rules with {} instead of {}", CHANGE.1, CHANGE.0)),
    ];
    Ok(vec![Report {
        name: "replay".to_owned(),
        what: "recorded decisions decided again by a candidate".to_owned(),
        ratio: column(&others, |round| round.seconds),
        unit: "seconds",
        goal: 10.0,
        side: Goal::Below,
        rows: vec![row("by a candidate", &others), row("by the rules that made them", &same)],
        settings: settings.map(|(name, value)| (name.to_owned(), value)).into(),
    }])
}

/// The shipped rules with a change that touches much.
fn candidate(settings: &Settings, folder: &Path) -> anyhow::Result<Rules> {
    std::fs::create_dir_all(folder)?;
    for file in assets::rule_files(None)? {
        std::fs::write(folder.join(&file.name), file.text.replace(CHANGE.0, CHANGE.1))?;
    }
    let rules = assets::rules(Some(folder), &settings.catalogue)?;
    Ok(Rules::these(settings, Arc::new(rules), Arc::clone(&settings.catalogue)))
}

async fn open(file: &Path, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<dyn Store>> {
    let store = SqliteStore::open(file, clock).await?;
    store.migrate().await?;
    Ok(Arc::new(store))
}

/// One replay of everything, from an opened file to the last answer.
async fn measure(file: &Path, settings: &Settings, candidate: Option<&Rules>, expected: usize) -> anyhow::Result<Round> {
    let store = open(file, Arc::new(SystemClock)).await?;
    let began = Instant::now();
    let replay = Arc::new(Replay::open(settings.clone(), store, Timestamp::MIN, Timestamp::MAX).await?);
    let bar = bar(replay.detentions().len(), "detentions")?;
    let (moving, done) = (bar.clone(), |moving: &ProgressBar, count: usize| moving.inc(count.try_into().unwrap_or_default()));
    let decisions = match candidate {
        Some(candidate) => {
            let touched = replaying::count(&replay, vec![candidate.clone()], TASKS, move |count| done(&moving, count)).await?;
            ensure!(!touched.is_empty() && touched.undecidable.is_empty(), "the candidate should change something: {}", touched.sentence());
            touched.decisions
        }
        None => {
            let checked = replaying::check(&replay, TASKS, move |count| done(&moving, count)).await?;
            ensure!(checked.differ == 0 && checked.undecidable.is_empty(), "{}\n{}", checked.sentence(), checked.first.join("\n"));
            checked.decisions
        }
    };
    let seconds = began.elapsed().as_secs_f64();
    bar.finish_and_clear();
    ensure!(usize::try_from(decisions)? == expected, "{decisions} of {expected} decisions");
    let count = u32::try_from(decisions)?;
    Ok(Round { seconds, rate: f64::from(count) / seconds })
}

/// Copies what stands in one file into a new one until it holds so many decisions; gives how many it holds.
async fn fill(from: &Path, file: &Path, wanted: usize) -> anyhow::Result<usize> {
    let source = open(from, Arc::new(SystemClock)).await?;
    let (_, entries) = source.registers().await?;
    let law = source.law_at(Timestamp::MAX).await?.context("the year was played without rules")?;
    let detentions = source.decided_between(Timestamp::MIN, Timestamp::MAX).await?;
    let original = source.decided(&detentions).await?;
    // in the order of time: what was decided about one detention lies far apart
    let mut all: Vec<&DecisionRecord> = original.iter().flat_map(|decided| &decided.decisions).collect();
    all.sort_by_key(|record| record.at);
    let first = all.first().context("the year decided nothing")?.at;
    let store = open(file, Arc::new(SetClock::new(first))).await?;
    store.record(entries).await?;
    store.apply_law(&law).await?;
    let bar = bar(wanted, "decisions")?;
    let copies = wanted.div_ceil(all.len());
    for decided in &original {
        for chunk in (0..copies).collect::<Vec<_>>().chunks(256) {
            put(&store, chunk.iter().flat_map(|copy| case_and_messages(decided, *copy)).collect()).await?;
        }
    }
    let mut rows = Vec::with_capacity(ROWS);
    let mut filled = 0;
    for copied in all.iter().flat_map(|record| (0..copies).map(move |copy| copied(record, copy))) {
        if filled == wanted {
            break;
        }
        rows.push(Action::AddDecision(copied));
        filled += 1;
        if rows.len() == ROWS {
            bar.inc(ROWS.try_into()?);
            put(&store, std::mem::take(&mut rows)).await?;
        }
    }
    put(&store, rows).await?;
    bar.finish_and_clear();
    Ok(filled)
}

async fn put(store: &Arc<dyn Store>, actions: Vec<Action>) -> anyhow::Result<()> {
    let mut actions = Some(actions);
    store.intake(&[], &SnapshotKeys::default(), &mut |_| actions.take()).await?;
    Ok(())
}

fn reference(detention: &DetentionRef, copy: usize) -> Option<DetentionRef> {
    format!("{detention}.{copy}").parse().ok()
}

fn key(key: &MessageKey, copy: usize) -> MessageKey {
    let id = format!("{}.{copy}", key.id).parse();
    MessageKey { source: key.source.clone(), id: id.unwrap_or_else(|_| key.id.clone()) }
}

fn copied(record: &DecisionRecord, copy: usize) -> DecisionRecord {
    let detention = record.detention.as_ref().and_then(|detention| reference(detention, copy));
    DecisionRecord { message: key(&record.message, copy), detention, ..record.clone() }
}

fn case_and_messages(decided: &Decided, copy: usize) -> Vec<Action> {
    let of = |message: &StoredMessage| StoredMessage {
        key: key(&message.key, copy),
        detention: message.detention.as_ref().and_then(|detention| reference(detention, copy)),
        corrects: message.corrects.as_ref().map(|of| key(of, copy)),
        ..message.clone()
    };
    let case = decided.case.clone().and_then(|mut case| {
        case.detention = reference(&case.detention, copy)?;
        case.withdrawn = case.withdrawn.iter().map(|of| key(of, copy)).collect::<BTreeSet<_>>();
        Some(Action::SaveCase(Versioned { value: case, version: 0 }))
    });
    case.into_iter().chain(decided.messages.values().map(|message| Action::SaveMessage(of(message)))).collect()
}

/// Nothing is drawn where nobody looks.
fn bar(total: usize, of: &str) -> anyhow::Result<ProgressBar> {
    let target = if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template(&format!("{{wide_bar}} {{human_pos}}/{{human_len}} {of} {{per_sec}} {{eta}}"))?;
    Ok(ProgressBar::with_draw_target(Some(total.try_into()?), target).with_style(style))
}
