//! `memory`: the most that the hub holds under the load of `forward`.

use crate::{
    Options,
    forward::row,
    parts::Parts,
    report::{Goal, Report, Spread},
    round::{self, Who},
    site::Site,
    traffic::{self, FanOut},
};

/// Runs it.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Vec<Report>> {
    let parts = Parts::open(options)?;
    let (messages, rounds) = (options.messages(60, 20_000), options.rounds(1));
    let events = traffic::admissions(0, messages)?;
    let mut results = Vec::new();
    for _ in 0..rounds {
        let site = Site::open(&parts, FanOut::Two).await?;
        let result = round::run(&site, Who::Hub, &events, options).await;
        site.close().await?;
        results.push(result?);
    }
    let mut settings = parts.settings().await?;
    settings.push(("messages".to_owned(), messages.to_string()));
    Ok(vec![Report {
        name: "memory".to_owned(),
        what: "peak resident size of the hub under `forward` with two recipients".to_owned(),
        ratio: Spread(results.iter().filter_map(|result| result.peak).collect()),
        unit: "MiB",
        goal: 120.0,
        side: Goal::Below,
        rows: vec![row(Who::Hub, &results)],
        settings,
    }])
}
