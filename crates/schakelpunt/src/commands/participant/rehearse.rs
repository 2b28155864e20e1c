//! `participant rehearse`: a dry run that ends in a report.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use schakelpunt_bus::{RabbitBus, provision::Roster, rabbitmq::Settings};
use schakelpunt_domain::{
    Clock as _, ParticipantId,
    registers::{Channel, Entry, Participant, Recorded},
};
use schakelpunt_engine::ports::Bus;
use serde_json::json;

use super::{everybody, is_suspended, registered};
use crate::{
    clock::SystemClock,
    commands::{
        out,
        registers::{self, listed},
        remote::{self, Http},
    },
    config::Config,
    rehearsal::{Check, Rehearsal},
    wiring::Provisioned,
};

/// Options of `participant rehearse`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The configuration file of the hub.
    #[arg(long)]
    config: PathBuf,
    /// One check a line, as JSON.
    #[arg(long)]
    json: bool,
    /// The participant.
    id: ParticipantId,
}

impl Options {
    /// Runs it. Nothing of it reaches the running hub: that is only asked what its registers hold.
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let config = Config::read(&self.config)?;
        let http = remote::administrator(&self.config, None)?;
        let participant = registered(&http, &self.id).await?;
        let participant = participant.with_context(|| format!("{} is not registered, or takes part no more", self.id))?;
        let mut checks = self.before(&config, &http, &participant).await?;
        let inbox = self.inbox(&config, &participant).await?;
        let rehearsal = Rehearsal::new(participant, subscriptions(&http).await?, SystemClock.now());
        checks.extend(rehearsal.run(config.rules.as_deref(), inbox).await?);
        let wrong = checks.iter().filter(|check| !check.holds).count();
        for check in &checks {
            if self.json {
                out(json!(check))?;
            } else {
                let why = if check.why.is_empty() { String::new() } else { format!("\n        {}", check.why) };
                out(format_args!("{}  {}{why}", if check.holds { "ok  " } else { "FAIL" }, check.check))?;
            }
        }
        if !self.json {
            let verdict = if wrong == 0 { "passed" } else { "not passed" };
            out(format_args!("{}: {verdict}, {} checks, {wrong} of them not as they should be", self.id, checks.len()))?;
        }
        Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }

    /// What has to be there before a message goes.
    async fn before(&self, config: &Config, http: &Http, participant: &Participant) -> anyhow::Result<Vec<Check>> {
        let mut checks = Vec::new();
        let suspended = is_suspended(http, &self.id).await?.then(|| "`participant resume` lets it go on".to_owned());
        checks.push(Check::of("it is not suspended", suspended.as_slice()));
        if participant.channel != Channel::Amqp {
            let configured = config.http.iter().flat_map(|http| &http.tokens).any(|token| token.participant == self.id);
            let id = json!(self.id);
            let given = listed(http, "token", &[]).await?.iter().any(|one| one.pointer("/entry/participant") == Some(&id));
            let missing = (!configured && !given).then(|| "`participant add` makes one".to_owned());
            checks.push(Check::of("it has a bearer token", missing.as_slice()));
            if participant.channel == Channel::Webhook {
                let tested = registers::test(http, &self.id).await?;
                let found = tested.get("found").and_then(|found| found.as_str()).unwrap_or_default().to_owned();
                let wrong = (tested.get("works") != Some(&json!(true))).then_some(found);
                checks.push(Check::of("its address took a heartbeat", wrong.as_slice()));
            }
        } else if config.bus.url.reveal() != "in-process" {
            let Provisioned { broker, vhost, topology } = &Provisioned::of(config)?;
            let with_inbox = everybody(http).await?.into_iter().filter(|one| one.channel == Channel::Amqp).map(|one| one.id);
            let found = broker.check(vhost, topology, &Roster { active: with_inbox.collect(), ..Roster::default() }).await?;
            let own: Vec<String> = found.into_iter().filter(|line| is_about(line, &self.id)).collect();
            checks.push(Check::of("its inbox, user, key and rights at the broker are as they should be", &own));
        }
        Ok(checks)
    }

    /// Its inbox in the virtual host of rehearsals, where the configuration names a broker.
    async fn inbox(&self, config: &Config, participant: &Participant) -> anyhow::Result<Option<Arc<dyn Bus>>> {
        if participant.channel != Channel::Amqp || config.bus.url.reveal() == "in-process" {
            return Ok(None);
        }
        let provisioned = Provisioned::of(config)?;
        let vhost = provisioned.rehearsals();
        let Provisioned { broker, topology, .. } = &provisioned;
        broker.ensure_vhost(&vhost, topology).await.context("the virtual host of rehearsals")?;
        // without a user there is nobody to let in: the check above says so
        if broker.has_key(&self.id).await?.is_some() {
            broker.admit_to_rehearsal(&vhost, topology, &self.id).await.context("the inbox of rehearsals")?;
        } else {
            broker.ensure_inboxes(&vhost, topology, std::slice::from_ref(&self.id)).await.context("the inbox of rehearsals")?;
        }
        tracing::info!("what is delivered lies in inbox.{} of the virtual host {vhost}", self.id);
        let settings = Settings { name: "schakelpunt rehearses".to_owned(), ..Settings::new(broker.admin_url(&vhost)?) };
        Ok(Some(Arc::new(RabbitBus::connect(settings).await.context("bus.url: cannot reach RabbitMQ")?)))
    }
}

/// Whether a sentence about the broker names that participant or its inbox.
fn is_about(line: &str, id: &ParticipantId) -> bool {
    let inbox = schakelpunt_amqp::topology::inbox(id);
    line.split_whitespace().map(|word| word.trim_matches([':', '\''])).any(|word| word == id.as_str() || word == inbox)
}

/// What the running hub's registers say of subscriptions.
async fn subscriptions(http: &Http) -> anyhow::Result<Vec<Recorded<Entry>>> {
    let mut entries = Vec::new();
    for kind in ["subscription", "approval", "ending"] {
        for listed in listed(http, kind, &[]).await? {
            let recorded = serde_json::from_value(listed.get("recorded").cloned().unwrap_or_default())?;
            entries.push(Recorded { entry: Entry::read(kind, listed.get("entry").cloned().unwrap_or_default())?, recorded });
        }
    }
    Ok(entries)
}
