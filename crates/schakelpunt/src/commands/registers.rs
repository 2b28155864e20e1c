//! `mandate`, `agreement`, `capacity`, `subscription`, `consent`, `conflict`, `succession`, `reorganisation`, `stop`, `lift`: list what the
//! registers hold, and enter what is new. All through the API of the running hub, as an administrator.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, bail};
use schakelpunt_domain::{DetentionRef, ParticipantId};
use serde_json::{Map, Value, json};

use super::{
    out,
    remote::{self, Http},
};

/// One entry, as `key=value` with the keys of its file.
#[derive(Debug, clap::Args)]
pub struct Keys {
    /// The configuration file.
    #[arg(long)]
    config: PathBuf,
    /// Under which name of the hub's own configuration, in a test environment; with `[client]` the token says it.
    #[arg(long = "as", value_name = "NAME")]
    by: Option<String>,
    /// `key=value`, with the keys of a register file; a list or table as in TOML: `events=["*"]`.
    #[arg(required = true, value_name = "KEY=VALUE")]
    values: Vec<String>,
}

/// Which entries.
#[derive(Debug, clap::Args)]
pub struct List {
    /// The configuration file.
    #[arg(long)]
    config: PathBuf,
    /// What is in force at this instant; everything that was recorded without it.
    #[arg(long)]
    at: Option<jiff::Timestamp>,
    /// What was recorded by then.
    #[arg(long)]
    known: Option<jiff::Timestamp>,
}

/// Commands on one register.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Enter one.
    Add(Keys),
    /// List them, one object a line.
    List(List),
    /// End one: its key and `from=DAY`, the first day that no longer counts.
    End(Keys),
}

/// Commands on a register to which is only added.
#[derive(Debug, clap::Subcommand)]
pub enum Growing {
    /// Enter one.
    Add(Keys),
    /// List them, one object a line.
    List(List),
}

/// Commands on subscriptions.
#[derive(Debug, clap::Subcommand)]
pub enum Subscriptions {
    /// Ask for one.
    Add(Keys),
    /// List them, one object a line.
    List(List),
    /// End all of a participant: it is subscribed to everything again.
    End(Keys),
    /// As the owner of the data: `participant=ID events=[...] owner=NAME`, with `granted=false` to refuse.
    Approve(Keys),
    /// Send a heartbeat by the channel of a participant now; exit 1 if it does not come through.
    Test(Test),
}

/// Whose channel.
#[derive(Debug, clap::Args)]
pub struct Test {
    /// The configuration file, of the hub or with the participant's own `[client]`.
    #[arg(long)]
    config: PathBuf,
    /// The participant.
    id: ParticipantId,
}

/// Commands on consents.
#[derive(Debug, clap::Subcommand)]
pub enum Consents {
    /// Record one.
    Add(Keys),
    /// List those of a case, one object a line.
    List {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// The case.
        #[arg(long)]
        detention: DetentionRef,
    },
    /// Take one back: `id=ID detention=REF`. What waits on it is cancelled at once.
    End(Keys),
}

impl Command {
    /// Runs it on the register of that word.
    pub async fn run(self, kind: &str) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add(keys) => keys.enter(kind).await,
            Self::List(list) => list.run(kind).await,
            Self::End(keys) => keys.end(kind).await,
        }
    }
}

impl Growing {
    /// Runs it on the register of that word.
    pub async fn run(self, kind: &str) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add(keys) => keys.enter(kind).await,
            Self::List(list) => list.run(kind).await,
        }
    }
}

impl Subscriptions {
    /// Runs it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add(keys) => keys.enter("subscription").await,
            Self::List(list) => list.run("subscription").await,
            Self::End(keys) => keys.end("subscription").await,
            Self::Approve(keys) => keys.enter("approval").await,
            Self::Test(Test { config, id }) => {
                let tested = test(&remote::administrator(&config, None)?, &id).await?;
                out(&tested)?;
                Ok(if tested.get("works") == Some(&json!(true)) { ExitCode::SUCCESS } else { ExitCode::from(1) })
            }
        }
    }
}

impl Consents {
    /// Runs it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add(keys) => keys.enter("consent").await,
            Self::List { config, detention } => show(&config, "consent", &[("detention", detention.to_string())]).await,
            Self::End(keys) => keys.enter("withdrawal").await,
        }
    }
}

impl Keys {
    async fn enter(&self, kind: &str) -> anyhow::Result<ExitCode> {
        self.post(kind, Value::Object(read(&self.values)?)).await
    }

    async fn end(&self, kind: &str) -> anyhow::Result<ExitCode> {
        let mut key = read(&self.values)?;
        let from = key.remove("from").context("`from=DAY`: the first day that no longer counts")?;
        self.post("ending", json!({"what": {kind: key}, "from": from})).await
    }

    async fn post(&self, kind: &str, entry: Value) -> anyhow::Result<ExitCode> {
        let Some(name) = &self.by else { return post(&self.config, kind, entry).await };
        out(enter(&remote::administrator_named(&self.config, name)?, kind, &entry).await?)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The keys and values of one entry.
pub(super) fn read(values: &[String]) -> anyhow::Result<Map<String, Value>> {
    values.iter().map(|pair| entry(pair)).collect()
}

/// A key and its value. Lists, tables, numbers of days and yes or no are read as in TOML, everything else is text.
fn entry(pair: &str) -> anyhow::Result<(String, Value)> {
    let (key, text) = pair.split_once('=').context("KEY=VALUE")?;
    let structured = text.starts_with(['[', '{']) || key.ends_with("-days") || ["true", "false"].contains(&text);
    if !structured {
        return Ok((key.to_owned(), Value::String(text.to_owned())));
    }
    let mut table: toml::Table = toml::from_str(&format!("value = {text}")).with_context(|| format!("{key}: a value as in TOML"))?;
    let value = table.remove("value").context("a value")?;
    Ok((key.to_owned(), crate::scenario::to_json(&value)))
}

impl List {
    pub(super) async fn run(&self, kind: &str) -> anyhow::Result<ExitCode> {
        let instants = [("at", self.at), ("known", self.known)];
        let query: Vec<_> = instants.into_iter().filter_map(|(name, at)| Some((name, at?.to_string()))).collect();
        show(&self.config, kind, &query).await
    }
}

async fn show(config: &std::path::Path, kind: &str, query: &[(&str, String)]) -> anyhow::Result<ExitCode> {
    listed(&remote::administrator(config, None)?, kind, query).await?.iter().try_for_each(out)?;
    Ok(ExitCode::SUCCESS)
}

/// The entries of a register, each with the instant at which it was recorded.
pub(super) async fn listed(http: &Http, kind: &str, query: &[(&str, String)]) -> anyhow::Result<Vec<Value>> {
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    let path = format!("/v1/registers/{kind}{mark}{}", query.join("&"));
    let answer = answered(http.request(reqwest::Method::GET, &path)).await?;
    Ok(answer.get("entries").and_then(Value::as_array).cloned().unwrap_or_default())
}

/// Enters one entry; gives the hub's answer.
pub(super) async fn enter(http: &Http, kind: &str, entry: &Value) -> anyhow::Result<Value> {
    answered(http.request(reqwest::Method::POST, &format!("/v1/registers/{kind}")).json(entry)).await
}

/// Tests the channel of a participant; gives what the hub found.
pub(super) async fn test(http: &Http, id: &ParticipantId) -> anyhow::Result<Value> {
    answered(http.request(reqwest::Method::POST, &format!("/v1/subscriptions/{id}/tests"))).await
}

pub(super) async fn post(config: &std::path::Path, kind: &str, entry: Value) -> anyhow::Result<ExitCode> {
    // an owner's administrator approves, another enters everything else
    let owner = entry.get("owner").and_then(Value::as_str).filter(|_| kind == "approval");
    let http = remote::administrator(config, owner)?;
    out(enter(&http, kind, &entry).await?)?;
    Ok(ExitCode::SUCCESS)
}

/// The body of a good answer; of a bad one what was expected.
pub(super) async fn answered(request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
    let response = request.send().await.context("the hub cannot be reached: is `serve` running?")?;
    let status = response.status();
    let body: Value = response.json().await.unwrap_or_default();
    if !status.is_success() {
        let said = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        bail!("the hub answers {status}: {} Expected: {}.", said("title"), said("detail"));
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_lists_and_days() {
        assert_eq!(entry("oin=00000099000000000001").unwrap().1, json!("00000099000000000001"), "a number with leading zeros is text");
        assert_eq!(entry("from=2024-01-01").unwrap().1, json!("2024-01-01"));
        assert_eq!(entry("events=[\"*\"]").unwrap().1, json!(["*"]));
        assert_eq!(entry("tbo-calendar-days=10").unwrap().1, json!(10));
        assert_eq!(entry("granted=false").unwrap().1, json!(false));
        assert_eq!(entry("municipalities=[{ code = \"0193\" }]").unwrap().1, json!([{"code": "0193"}]));
        assert!(entry("from").is_err() && entry("events=[").is_err());
    }
}
