//! `inbox`: reads a participant's messages, over AMQP or HTTP. What was printed is acknowledged.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};
use schakelpunt_amqp::topology;
use serde_json::Value;

use super::{
    out,
    remote::{As, Http, Remote},
};

/// How long to wait for more when not following.
const QUIET: Duration = Duration::from_secs(1);
/// How long between two fetches when following over HTTP.
const INTERVAL: Duration = Duration::from_secs(2);

/// Options of `inbox`.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    who: As,
    /// Stay, and print what comes.
    #[arg(long)]
    follow: bool,
    /// Over HTTP: begin after this cursor.
    #[arg(long, default_value = "0")]
    since: String,
}

impl Options {
    /// Prints one event a line.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.who.connect().await? {
            Remote::Amqp(connection) => self.amqp(&connection).await?,
            Remote::Http(http) => self.http(&http).await?,
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn amqp(&self, connection: &schakelpunt_amqp::Connection) -> anyhow::Result<()> {
        let queue = topology::inbox(&self.who.participant);
        let mut consumer = connection.consumer(&queue, 100).await.context("the inbox cannot be read")?;
        loop {
            let next = consumer.next_batch(100, Duration::from_millis(10));
            let batch = if self.follow {
                next.await?
            } else {
                match tokio::time::timeout(QUIET, next).await {
                    Ok(batch) => batch?,
                    Err(_) => return Ok(()),
                }
            };
            for message in &batch {
                out(String::from_utf8_lossy(&message.message.body))?;
            }
            if let Some(last) = batch.last() {
                consumer.ack_up_to(last.tag).await?;
            }
        }
    }

    async fn http(&self, http: &Http) -> anyhow::Result<()> {
        let mut since = self.since.clone();
        loop {
            let path = format!("/v1/subscriptions/{}/events?since={since}&limit=100", self.who.participant);
            let response = http.request(reqwest::Method::GET, &path).send().await.context("client.url: cannot reach the hub")?;
            let status = response.status();
            if !status.is_success() {
                bail!("the hub answers {status}: {}", response.text().await.unwrap_or_default());
            }
            let next = response.headers().get("next-cursor").and_then(|cursor| cursor.to_str().ok()).map(str::to_owned);
            let events: Vec<Value> = response.json().await?;
            events.iter().try_for_each(out)?;
            since = next.unwrap_or(since);
            if !events.is_empty() {
                continue;
            }
            if !self.follow {
                return Ok(());
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }
}
