//! `publish`: sends messages as a participant, over AMQP or HTTP.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use schakelpunt_amqp::{Answer, Header, Message, Properties, topology};
use schakelpunt_engine::event::CONTENT_TYPE;
use serde_json::{Value, json};

use super::{
    out,
    remote::{As, Http, Remote},
};

/// How long the broker may take to confirm.
const PATIENCE: Duration = Duration::from_secs(10);

/// Options of `publish`.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    who: As,
    /// Files with one event each, in structured mode.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl Options {
    /// Sends every file, in order. Exit 3 if the law refused one, 1 if one was rejected or not taken.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let remote = self.who.connect().await?;
        let mut worst = 0;
        for file in &self.files {
            let body = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            let (said, code) = match &remote {
                Remote::Amqp(connection) => self.amqp(connection, &body).await?,
                Remote::Http(http) => over_http(http, body).await?,
            };
            out(json!({"file": file, "answer": said}))?;
            worst = if worst == 1 { 1 } else { worst.max(code) };
        }
        Ok(ExitCode::from(worst))
    }

    /// The broker's confirm means that the message is safe; what the hub made of it comes as a receipt into the own inbox.
    async fn amqp(&self, connection: &schakelpunt_amqp::Connection, body: &[u8]) -> anyhow::Result<(Value, u8)> {
        let event: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let short = text("type").rsplit('.').nth(1).unwrap_or("unknown").to_owned();
        let key = format!("{}.{short}", self.who.participant);
        let headers = vec![(topology::PARTITION_KEY.to_owned(), Header::Text(text("subject")))];
        let properties =
            Properties { content_type: CONTENT_TYPE.to_owned(), message_id: Some(text("id")), headers, ..Properties::default() };
        let message = Message::new(topology::IN, &key, &properties, body)?;
        let sent = connection.publisher().await?.publish_batch(&[message], PATIENCE).await?;
        Ok(match sent.answers.first() {
            Some(Answer::Confirmed) => (json!("confirmed by the broker"), 0),
            other => (json!(format!("not taken: {other:?}")), 1),
        })
    }
}

async fn over_http(http: &Http, body: Vec<u8>) -> anyhow::Result<(Value, u8)> {
    let request = http.request(reqwest::Method::POST, "/v1/events").header("content-type", CONTENT_TYPE).body(body);
    let response = request.send().await.context("client.url: cannot reach the hub")?;
    let status = response.status();
    let answer: Value = response.json().await.unwrap_or_default();
    let code = match status.as_u16() {
        200 | 202 => 0,
        403 => 3,
        _ => 1,
    };
    Ok((json!({"status": status.as_u16(), "body": answer}), code))
}
