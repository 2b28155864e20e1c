//! `grow`: `forward` on an empty store, and on one that holds what a country says in years.

use crate::{
    Options,
    forward::{column, row},
    parts::{Parts, sql},
    report::{Goal, Report, ratios},
    round::{self, Round, Who},
    site::Site,
    traffic::{self, FanOut},
};

/// Messages that are taken in by a hub, so that what is copied has the form that it really has.
const SAMPLE: u32 = 200;
/// Their first number. Eight digits that stand for nothing else in a row.
const SAMPLE_FIRST: u32 = 90_000_000;
/// The first number of a copy.
const COPY_FIRST: u32 = 10_000_000;

/// How much.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct Choice {
    /// Messages that are stored before.
    #[arg(long)]
    stored: Option<u32>,
}

/// Runs it.
pub(crate) async fn run(options: &Options, choice: Choice) -> anyhow::Result<Vec<Report>> {
    let parts = Parts::open(options)?;
    let (messages, rounds) = (options.messages(60, 20_000), options.rounds(3));
    let stored = Options::count(choice.stored, options.smoke, 2_000, 2_000_000);
    let full = format!("bench_full_{}", std::process::id());
    sql(&parts.postgres, &format!("create database {full} template template0"))?;
    let compared = compare(&parts, options, &full, stored, rounds, messages).await;
    sql(&parts.postgres, &format!("drop database {full} with (force)"))?;
    let (empty, filled, size) = compared?;
    let mut settings = parts.settings().await?;
    settings.push(("messages".to_owned(), messages.to_string()));
    settings
        .push(("stored before".to_owned(), format!("{stored} ({size}): {SAMPLE} taken in by a hub, then copied by SQL under other ids")));
    let named = |what: &str, rounds: &[Round]| crate::report::Row { what: what.to_owned(), ..row(Who::Hub, rounds) };
    Ok(vec![Report {
        name: "grow".to_owned(),
        what: "the hub on a full store against an empty one".to_owned(),
        ratio: ratios(&column(&filled, |round| round.rate), &column(&empty, |round| round.rate)),
        unit: "of the empty store's rate",
        goal: 0.9,
        side: Goal::AtLeast,
        rows: vec![named("empty", &empty), named("full", &filled)],
        settings,
    }])
}

async fn compare(
    parts: &Parts,
    options: &Options,
    full: &str,
    stored: u32,
    rounds: u32,
    messages: u32,
) -> anyhow::Result<(Vec<Round>, Vec<Round>, String)> {
    let site = Site::open(parts, FanOut::One).await?.on_database(full);
    let sample = round::run(&site, Who::Hub, &traffic::admissions(SAMPLE_FIRST, SAMPLE)?, options).await;
    site.close().await?;
    sample?;
    tracing::info!("grow: filling a store with {stored} messages");
    let size = fill(parts, full, stored)?;
    let (mut empty, mut filled) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        // the full store keeps what earlier rounds brought: every round has detentions of its own
        let events = traffic::admissions(round * messages, messages)?;
        for (results, database) in [(&mut empty, None), (&mut filled, Some(full))] {
            let site = Site::open(parts, FanOut::One).await?;
            let site = if let Some(name) = database { site.on_database(name) } else { site };
            let result = round::run(&site, Who::Hub, &events, options).await;
            site.close().await?;
            let result = result?;
            let what = database.map_or("empty", |_| "full");
            tracing::info!("grow, round {round} of {rounds}: {what} {:.0} messages a second", result.rate);
            results.push(result);
        }
    }
    Ok((empty, filled, size))
}

/// Copies the rows of the sample until so many messages stand there. Gives the size of the database.
fn fill(parts: &Parts, database: &str, stored: u32) -> anyhow::Result<String> {
    let url = parts.database(database);
    let copies = stored.div_ceil(SAMPLE);
    let statements = include_str!("grow/fill.sql")
        .replace("$sample", &SAMPLE.to_string())
        .replace("$from", &SAMPLE_FIRST.to_string())
        .replace("$to", &COPY_FIRST.to_string())
        .replace("$copies", &copies.to_string());
    for statement in statements.split(";\n").filter(|statement| !statement.trim().is_empty()) {
        sql(&url, statement)?;
    }
    sql(&url, "select pg_size_pretty(pg_database_size(current_database()))")
}
