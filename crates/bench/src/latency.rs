//! `latency`: a steady, light load. What counts is the time from when a message was meant to be sent, so that a contender that stalls
//! pays for everything that it holds up.

use std::{collections::HashMap, time::Duration};

use anyhow::Context as _;
use hdrhistogram::Histogram;
use tokio::time::Instant;

use crate::{
    Options, load,
    parts::Parts,
    report::{Goal, Report, Row, Spread, ratios},
    round::{self, Who},
    site::Site,
    traffic::{self, Event, FanOut, PRISON},
};

/// 200 a second.
const PACE: Duration = Duration::from_millis(5);
const PERCENTILES: [(&str, f64); 3] = [("p50 ms", 50.0), ("p95 ms", 95.0), ("p99 ms", 99.0)];

/// Runs it.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Vec<Report>> {
    let parts = Parts::open(options)?;
    let (messages, rounds) = (options.messages(60, 12_000), options.rounds(3));
    let events = traffic::admissions(0, messages)?;
    let contenders: &[Who] = if options.hub_only { &[Who::Hub] } else { &[Who::Hub, Who::Relay] };
    let mut sides: Vec<(Who, Vec<Histogram<u64>>)> = contenders.iter().map(|who| (*who, Vec::new())).collect();
    for round in 1..=rounds {
        for (who, results) in &mut sides {
            let site = Site::open(&parts, FanOut::One).await?;
            let result = measure(&site, *who, &events, options).await;
            site.close().await?;
            let result = result?;
            tracing::info!("latency, round {round} of {rounds}: {} p99 {:.1} ms", who.name(), at(&result, 99.0));
            results.push(result);
        }
    }
    let row = |(who, results): &(Who, Vec<Histogram<u64>>)| Row {
        what: who.name().to_owned(),
        cells: PERCENTILES.iter().map(|(name, percentile)| (*name, column(results, *percentile))).collect(),
    };
    let p99 = |who: Who| column(sides.iter().find(|side| side.0 == who).map_or(&[], |side| &side.1), 99.0);
    let mut settings = parts.settings().await?;
    settings.push(("messages".to_owned(), messages.to_string()));
    settings.push(("a second".to_owned(), "200".to_owned()));
    Ok(vec![Report {
        name: "latency".to_owned(),
        what: "hub against bare relay, p99 from the intended send time to the recipient".to_owned(),
        ratio: ratios(&p99(Who::Hub), &p99(Who::Relay)),
        unit: "of the relay's p99",
        goal: 3.0,
        side: Goal::Below,
        rows: sides.iter().map(row).collect(),
        settings,
    }])
}

async fn measure(site: &Site<'_>, who: Who, events: &[Event], options: &Options) -> anyhow::Result<Histogram<u64>> {
    let running = who.start(site, options).await?;
    let result = steady(site, who, events).await;
    running.end().await?;
    result.with_context(|| who.name())
}

async fn steady(site: &Site<'_>, who: Who, events: &[Event]) -> anyhow::Result<Histogram<u64>> {
    let receivers = round::receivers(site, events.len(), Duration::ZERO)?;
    let receipts = round::acceptances(site, events.len())?;
    let meant = load::publish_paced(&site.url_of(PRISON)?, PRISON, events, PACE).await?;
    let meant: HashMap<&str, Instant> = events.iter().map(|event| event.id.as_str()).zip(meant).collect();
    let mut histogram = Histogram::new(3)?;
    for (_, receiver) in receivers {
        let arrivals = receiver.await??;
        round::check(who, events, &arrivals)?;
        for arrival in &arrivals {
            let sent = meant.get(round::cause(who, &arrival.id, &arrival.body)?.as_str()).context("of no message")?;
            histogram.record(u64::try_from(arrival.at.saturating_duration_since(*sent).as_micros())?)?;
        }
    }
    receipts.await??;
    Ok(histogram)
}

fn at(histogram: &Histogram<u64>, percentile: f64) -> f64 {
    Duration::from_micros(histogram.value_at_percentile(percentile)).as_secs_f64() * 1e3
}

fn column(results: &[Histogram<u64>], percentile: f64) -> Spread {
    Spread(results.iter().map(|result| at(result, percentile)).collect())
}
