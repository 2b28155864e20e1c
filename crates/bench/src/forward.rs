//! `forward`: admission notices from AMQP to AMQP, each of another detention. The hub decides, records and cuts to measure; the bare
//! relay and RabbitMQ's shovel only pass on.

use crate::{
    Options,
    parts::Parts,
    report::{Goal, Report, Row, Spread, ratios},
    round::{self, Round, Who},
    site::Site,
    traffic::{self, FanOut},
};

/// Which part of it.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Choice {
    /// Recipients of each message, 1 or 2; both without it.
    #[arg(long)]
    fan_out: Option<u8>,
}

/// Runs it, for each fan-out.
pub(crate) async fn run(options: &Options, choice: &Choice) -> anyhow::Result<Vec<Report>> {
    let parts = Parts::open(options)?;
    let mut reports = Vec::new();
    for (number, fan_out) in [(1, FanOut::One), (2, FanOut::Two)] {
        if choice.fan_out.is_none_or(|chosen| chosen == number) {
            reports.push(compare(&parts, options, number, fan_out).await?);
        }
    }
    Ok(reports)
}

async fn compare(parts: &Parts, options: &Options, number: u8, fan_out: FanOut) -> anyhow::Result<Report> {
    let (messages, rounds) = (options.messages(60, 20_000), options.rounds(3));
    let events = traffic::admissions(0, messages)?;
    let contenders: &[Who] = if options.hub_only { &[Who::Hub] } else { &[Who::Hub, Who::Relay, Who::Shovel] };
    let mut rows: Vec<(Who, Vec<Round>)> = contenders.iter().map(|who| (*who, Vec::new())).collect();
    for round in 1..=rounds {
        for (who, results) in &mut rows {
            let site = Site::open(parts, fan_out).await?;
            let result = round::run(&site, *who, &events, options).await;
            site.close().await?;
            let result = result?;
            tracing::info!("forward-{number}, round {round} of {rounds}: {} {:.0} messages a second", who.name(), result.rate);
            results.push(result);
        }
    }
    let rate = |who: Who| column(rows.iter().find(|row| row.0 == who).map_or(&[], |row| &row.1), |round| round.rate);
    let mut settings = parts.settings().await?;
    settings.push(("messages".to_owned(), messages.to_string()));
    settings.push(("bytes each".to_owned(), events.first().map_or(0, |event| event.bytes.len()).to_string()));
    settings.push(("quorum queues, persistent, confirms, intake queues".to_owned(), round::QUEUES.to_string()));
    settings.push(("hub of shovel".to_owned(), format!("{:.2}", ratios(&rate(Who::Hub), &rate(Who::Shovel)).median())));
    Ok(Report {
        name: format!("forward-{number}"),
        what: format!("hub against bare relay, AMQP to AMQP, {number} recipient(s) and receipts"),
        ratio: ratios(&rate(Who::Hub), &rate(Who::Relay)),
        unit: "of the relay's rate",
        goal: 0.6,
        side: Goal::AtLeast,
        rows: rows.iter().map(|(who, rounds)| row(*who, rounds)).collect(),
        settings,
    })
}

/// The line of a contender.
pub(crate) fn row(who: Who, rounds: &[Round]) -> Row {
    let cells = vec![
        ("messages/s", column(rounds, |round| round.rate)),
        ("own µs/message", column(rounds, |round| round.own)),
        ("broker µs", column(rounds, |round| round.broker)),
        ("database µs", column(rounds, |round| round.database)),
        ("bench µs", column(rounds, |round| round.bench)),
        ("peak MiB", Spread(rounds.iter().filter_map(|round| round.peak).collect())),
    ];
    Row { what: who.name().to_owned(), cells }
}

/// One figure of all rounds.
pub(crate) fn column(rounds: &[Round], of: fn(&Round) -> f64) -> Spread {
    Spread(rounds.iter().map(of).collect())
}
