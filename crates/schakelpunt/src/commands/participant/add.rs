//! `participant add`: from a file to a participant that can connect. Each step looks first at what is there, so that a second run
//! changes nothing; the key comes last, when everything that it opens is narrow enough.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail, ensure};
use schakelpunt_domain::{
    Hidden, ParticipantId,
    registers::{Channel, Participant, Subscription},
};
use serde_json::{Map, Value, json};

use super::{in_force, is_suspended, registered};
use crate::{
    commands::{
        out,
        registers::{enter, listed, post, read},
        remote::{self, Http},
    },
    config::Config,
    onboarding::{Application, client_file, digest, new_key, write_secret},
    wiring::Provisioned,
};

/// Options of `participant add`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The configuration file of the hub.
    #[arg(long)]
    config: PathBuf,
    /// A register file with one `[[participant]]` and the `[[subscription]]`s that it wants; or `key=value` for a version in the register.
    #[arg(required = true, value_name = "FILE | KEY=VALUE")]
    values: Vec<String>,
    /// Where to write the participant's configuration with its key: a new file that only its owner can read. Printed without it.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Which key it gets: a password at the broker (`amqp`) or a bearer token (`http`). By default, as its channel needs.
    #[arg(long, value_enum)]
    key: Option<Key>,
    /// Where the participant reaches the broker or the hub, if not at the address in the configuration.
    #[arg(long)]
    url: Option<String>,
    /// A new key in place of the one that it has.
    #[arg(long)]
    new_keys: bool,
}

/// What a participant proves itself with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Key {
    /// A password at the broker.
    Amqp,
    /// A bearer token.
    Http,
}

/// What the steps work with.
struct Place<'a> {
    config: &'a Config,
    http: &'a Http,
    broker: Option<Provisioned>,
    participant: &'a Participant,
}

impl Options {
    /// Runs it.
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.values.as_slice() {
            [file] if !file.contains('=') => self.enrol(Path::new(file)).await,
            values => {
                let plain = self.out.is_none() && self.key.is_none() && self.url.is_none() && !self.new_keys;
                ensure!(plain, "keys are made from a file: participant add FILE");
                post(&self.config, "participant", Value::Object(read(values)?)).await
            }
        }
    }

    async fn enrol(&self, file: &Path) -> anyhow::Result<ExitCode> {
        let config = Config::read(&self.config)?;
        let Application { participant, subscriptions } = Application::read(file)?;
        let http = remote::administrator(&self.config, None)?;
        let key = self.key.unwrap_or(match participant.channel {
            Channel::Amqp => Key::Amqp,
            // whoever is called at its own address sends over HTTP
            Channel::Pull | Channel::Webhook => Key::Http,
        });
        ensure!(!is_suspended(&http, &participant.id).await?, "{} is suspended: `participant resume` first", participant.id);
        let place = Place { config: &config, http: &http, broker: broker(&config, &participant, key)?, participant: &participant };
        let wants_key = self.new_keys || !place.has_key(key).await?;
        if let Some(out) = self.out.as_ref().filter(|out| wants_key && out.exists()) {
            bail!("{} is there already: name another file for the key", out.display());
        }
        let mut said = Map::new();
        let mut say = |what: &str, how: Value| said.insert(what.to_owned(), how);
        say("participant", json!(participant.id));
        // the inbox before the entry: what is decided for somebody without one waits for a person
        say("broker", json!(place.admit().await?));
        say("register", json!(place.register().await?));
        say("subscriptions", json!(place.subscribe(&subscriptions).await?));
        if wants_key {
            let (url, secret) = (self.url(&config, key)?, new_key()?);
            self.hand_over(&place, key, &url, &secret).await?;
            match &self.out {
                Some(out) => say("client", json!(out)),
                None => say("client", json!({"url": url, "secret": secret.reveal()})),
            };
        }
        if participant.webhook.is_some() {
            say("webhook", json!("`participant secret` gives the secret of what is posted, `subscription test` tries it"));
        }
        say("key", json!(if wants_key { "new" } else { "as it was" }));
        out(Value::Object(said))?;
        Ok(ExitCode::SUCCESS)
    }

    /// Writes the key before it opens anything: one that nobody has would have to be made again.
    async fn hand_over(&self, place: &Place<'_>, key: Key, url: &str, secret: &Hidden) -> anyhow::Result<()> {
        if let Some(out) = &self.out {
            write_secret(out, &client_file(&place.participant.id, url, secret))?;
        }
        let given = place.give(key, secret).await;
        if let (Err(_), Some(out)) = (&given, &self.out) {
            // it opens nothing
            std::fs::remove_file(out).with_context(|| format!("{} holds a key that opens nothing", out.display()))?;
        }
        given
    }

    /// Where the participant goes, without anybody's name or password.
    fn url(&self, config: &Config, key: Key) -> anyhow::Result<String> {
        if let Some(url) = &self.url {
            let amqp = url.starts_with("amqp://") || url.starts_with("amqps://");
            let http = url.starts_with("http://") || url.starts_with("https://");
            ensure!(if key == Key::Amqp { amqp } else { http }, "--url: amqp(s)://host:port/vhost, or http(s)://host for a bearer token");
            return Ok(url.clone());
        }
        match (key, &config.client) {
            (Key::Amqp, _) => {
                let url = config.bus.url.reveal();
                let (scheme, rest) = url.split_once("://").context("bus.url")?;
                Ok(format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, place)| place)))
            }
            (Key::Http, Some(client)) if config.public_url.is_none() => Ok(client.url.clone()),
            (Key::Http, _) => Ok(config.public_url()),
        }
    }
}

/// The broker, where this participant needs it.
fn broker(config: &Config, participant: &Participant, key: Key) -> anyhow::Result<Option<Provisioned>> {
    if participant.channel != Channel::Amqp && key == Key::Http {
        return Ok(None);
    }
    let in_process = config.bus.url.reveal() == "in-process";
    ensure!(
        !in_process,
        "bus.url: this configuration names no broker; a participant with `channel = \"pull\"` or `\"webhook\"` needs none"
    );
    Provisioned::of(config).map(Some)
}

impl Place<'_> {
    fn id(&self) -> &ParticipantId {
        &self.participant.id
    }

    async fn has_key(&self, key: Key) -> anyhow::Result<bool> {
        if key == Key::Amqp {
            let Some(Provisioned { broker, .. }) = &self.broker else { return Ok(false) };
            return Ok(broker.has_key(self.id()).await?.unwrap_or(false));
        }
        let configured = self.config.http.iter().flat_map(|http| &http.tokens).any(|token| token.participant == *self.id());
        let id = json!(self.id());
        let given = listed(self.http, "token", &[]).await?;
        Ok(configured || given.iter().any(|one| one.pointer("/entry/participant") == Some(&id)))
    }

    async fn admit(&self) -> anyhow::Result<&'static str> {
        let Some(Provisioned { broker, vhost, topology }) = &self.broker else { return Ok("not needed") };
        let inbox = broker.ensure_inboxes(vhost, topology, std::slice::from_ref(self.id())).await;
        inbox.context("the inbox: `broker provision` makes what it stands on")?;
        broker.admit(vhost, self.id(), None).await.context("the broker user")?;
        Ok("inbox and rights are there")
    }

    async fn register(&self) -> anyhow::Result<&'static str> {
        let known = registered(self.http, self.id()).await?;
        if known.as_ref() == Some(self.participant) {
            return Ok("as it was");
        }
        enter(self.http, "participant", &serde_json::to_value(self.participant)?).await?;
        Ok(if known.is_some() { "changed" } else { "entered" })
    }

    /// Gives the events that were asked for anew.
    async fn subscribe(&self, wanted: &[Subscription]) -> anyhow::Result<Vec<String>> {
        let known: Vec<Subscription> = in_force(self.http, "subscription").await?;
        let is_known = |wanted: &Subscription| known.iter().any(|one| one.participant == wanted.participant && one.events == wanted.events);
        let mut asked = Vec::new();
        for one in wanted.iter().filter(|one| !is_known(one)) {
            enter(self.http, "subscription", &serde_json::to_value(one)?).await?;
            asked.extend(one.events.iter().cloned());
        }
        Ok(asked)
    }

    async fn give(&self, key: Key, secret: &Hidden) -> anyhow::Result<()> {
        match (key, &self.broker) {
            (Key::Amqp, Some(Provisioned { broker, .. })) => broker.set_key(self.id(), secret.reveal()).await.context("the password"),
            (Key::Amqp, None) => bail!("no broker"),
            (Key::Http, _) => {
                enter(self.http, "token", &json!({"participant": self.id(), "sha256": digest(secret)})).await.context("the token")?;
                Ok(())
            }
        }
    }
}
