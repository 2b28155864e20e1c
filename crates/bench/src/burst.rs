//! `burst`: every release date changes at once, as after a change of the law. The last one has to be out soon.

use anyhow::Context as _;

use crate::{
    Options,
    forward::row,
    parts::Parts,
    report::{Goal, Report, Spread},
    round::{self, Round, Who},
    site::Site,
    traffic::{self, Event, FanOut},
};

/// Runs it.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Vec<Report>> {
    let parts = Parts::open(options)?;
    let (messages, rounds) = (options.messages(60, 5_000), options.rounds(3));
    let (opened, changed) = (traffic::admissions(0, messages)?, traffic::release_dates(messages)?);
    let mut results = Vec::new();
    for round in 1..=rounds {
        let site = Site::open(&parts, FanOut::Two).await?;
        let result = measure(&site, &opened, &changed, options).await;
        site.close().await?;
        let result = result?;
        tracing::info!("burst, round {round} of {rounds}: {:.0} messages a second", result.rate);
        results.push(result);
    }
    let mut settings = parts.settings().await?;
    settings.push(("open detentions, messages at once".to_owned(), messages.to_string()));
    Ok(vec![Report {
        name: "burst".to_owned(),
        what: "release dates of open detentions, to municipality and probation: seconds until the last is out".to_owned(),
        ratio: Spread(results.iter().map(|result| f64::from(messages) / result.rate).collect()),
        unit: "seconds",
        goal: 5.0,
        side: Goal::Below,
        rows: vec![row(Who::Hub, &results)],
        settings,
    }])
}

async fn measure(site: &Site<'_>, opened: &[Event], changed: &[Event], options: &Options) -> anyhow::Result<Round> {
    let running = Who::Hub.start(site, options).await?;
    let both = async {
        round::forward(site, Who::Hub, &running, opened).await.context("the detentions")?;
        round::forward(site, Who::Hub, &running, changed).await.context("the release dates")
    };
    let result = both.await;
    running.end().await?;
    result
}
