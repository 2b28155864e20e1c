//! The configuration file of a hub. Secrets may stand in it or, better, in the environment (`SCHAKELPUNT__DIGEST_KEY`).

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use schakelpunt_domain::{Environment, Hidden, Oin, digest::DigestKey};
use schakelpunt_engine::settings::Limits;
use schakelpunt_gateway::HookAllow;
use serde::Deserialize;

use crate::place;

mod tokens;

pub use tokens::{AdministratorConfig, RoleConfig, TokenConfig, TokenDigest};

/// A configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// `test` or `production`.
    #[serde(default)]
    pub environment: Environment,
    /// The hub's own OIN.
    #[serde(default = "hub_oin")]
    pub hub_oin: Oin,
    /// 32 bytes, hexadecimal: the key of all digests.
    #[serde(default)]
    pub digest_key: Option<Hidden>,
    /// Where others reach the HTTP side.
    #[serde(default)]
    pub public_url: Option<String>,
    /// A folder with rules; the shipped ones without it.
    #[serde(default)]
    pub rules: Option<PathBuf>,
    /// A register file that seeds an empty store.
    #[serde(default)]
    pub participants: Option<PathBuf>,
    /// The name of this process among others of the same hub, the same after a restart; machine and address without it.
    #[serde(default)]
    pub process: Option<String>,
    /// Where everything is kept.
    #[serde(default)]
    pub store: StoreConfig,
    /// Where messages come from and go to.
    #[serde(default)]
    pub bus: BusConfig,
    /// The HTTP side.
    #[serde(default)]
    pub http: Option<HttpConfig>,
    /// How the hub calls participants at their own address; without it nobody is called.
    #[serde(default)]
    pub webhooks: Option<WebhooksConfig>,
    /// How `publish` and `inbox` reach a hub.
    #[serde(default)]
    pub client: Option<ClientConfig>,
    /// Limits that differ from the defaults.
    #[serde(default)]
    pub limits: LimitsConfig,
}

/// The store.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StoreConfig {
    /// `sqlite:FILE` or `postgres://...`.
    pub url: Hidden,
    /// Connections to PostgreSQL.
    #[serde(default = "connections")]
    pub connections: u32,
}

/// The bus.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BusConfig {
    /// `in-process` or `amqp://user:password@host:port/vhost`.
    pub url: Hidden,
    /// The management API, for provisioning.
    #[serde(default)]
    pub api: Option<Hidden>,
    /// Whether `serve` makes topology and users at its start.
    #[serde(default)]
    pub provision: bool,
    /// One password for every participant's broker user: in a test environment only.
    #[serde(default)]
    pub password: Option<Hidden>,
    /// Intake queues.
    #[serde(default = "queues")]
    pub queues: u16,
}

/// The HTTP side.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HttpConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Bearer tokens.
    #[serde(default, rename = "token")]
    pub tokens: Vec<TokenConfig>,
    /// Who keeps the registers.
    #[serde(default, rename = "administrator")]
    pub administrators: Vec<AdministratorConfig>,
}

/// Calls of participants at their own address.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhooksConfig {
    /// As whom: the host name of this hub, which each call carries.
    pub origin: String,
    /// Exceptions from the forbidden addresses, each for one host by its name.
    #[serde(default)]
    pub allow: Vec<HookAllow>,
}

/// How a participant's commands reach a hub.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientConfig {
    /// `amqp://host:port/vhost` or `http(s)://host:port`.
    pub url: String,
    /// The broker password or the bearer token.
    pub secret: Hidden,
}

/// Limits that may be set; all others are fixed (see [`Limits`]).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LimitsConfig {
    claim_seconds: Option<u64>,
    inbox_window: Option<usize>,
    batch: Option<usize>,
    retention_days: Option<u64>,
}

#[expect(clippy::expect_used, reason = "a constant that a test parses")]
fn hub_oin() -> Oin {
    "00000099000000000000".parse().expect("a well-formed test OIN")
}

fn connections() -> u32 {
    8
}

fn queues() -> u16 {
    4
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { url: "sqlite:schakelpunt.db".into(), connections: connections() }
    }
}

impl Default for BusConfig {
    fn default() -> Self {
        Self { url: "in-process".into(), api: None, provision: false, password: None, queues: queues() }
    }
}

impl Config {
    /// Reads a configuration file. A mistake is shown with line and column.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.display().to_string();
        let mut config = Self::shape(&name, &text)?;
        #[expect(clippy::disallowed_methods, reason = "the configuration is the one place that reads the environment")]
        if let Ok(key) = std::env::var("SCHAKELPUNT__DIGEST_KEY") {
            config.digest_key = Some(Hidden::from(key));
        }
        config.check().with_context(|| format!("{name}: not usable"))?;
        Ok(config)
    }

    /// The same from a text, without the environment.
    pub fn parse(name: &str, text: &str) -> anyhow::Result<Self> {
        let config = Self::shape(name, text)?;
        config.check().with_context(|| format!("{name}: not usable"))?;
        Ok(config)
    }

    fn shape(name: &str, text: &str) -> anyhow::Result<Self> {
        place::fits(name, text)?;
        toml::from_str(text).map_err(|error| place::of_toml(name, text, &error))
    }

    /// What a configuration must meet beyond its shape.
    fn check(&self) -> anyhow::Result<()> {
        // whoever only calls a hub has no part in its key
        if self.client.is_none() || self.digest_key.is_some() {
            self.key()?;
        }
        ensure!(
            self.environment != Environment::Rehearsal,
            "environment: `test` or `production`; rehearsals are run by `participant rehearse`"
        );
        let one_password = self.bus.password.is_some() && self.environment != Environment::Test;
        ensure!(!one_password, "bus.password: one password for all participants is for the test environment only");
        self.http.as_ref().map_or(Ok(()), |http| tokens::check(http, self.environment))?;
        let store = self.store.url.reveal();
        let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| store.starts_with(scheme));
        ensure!(known, "store.url: sqlite:FILE or postgres://...");
        let bus = self.bus.url.reveal();
        let known = bus == "in-process" || bus.starts_with("amqp://") || bus.starts_with("amqps://");
        ensure!(known, "bus.url: in-process, amqp://... or amqps://...");
        ensure!(!self.bus.provision || self.bus.api.is_some(), "bus.api: needed where bus.provision is true");
        Ok(())
    }

    /// Where others reach the HTTP side: as configured, else where it listens.
    pub fn public_url(&self) -> String {
        let listens = || self.http.as_ref().map_or_else(|| "http://127.0.0.1".to_owned(), |http| format!("http://{}", http.listen));
        self.public_url.as_ref().map_or_else(listens, |url| url.trim_end_matches('/').to_owned())
    }

    /// The key of all digests.
    pub fn key(&self) -> anyhow::Result<DigestKey> {
        let text = self.digest_key.as_ref().context("digest-key: 64 hexadecimal digits, here or in SCHAKELPUNT__DIGEST_KEY")?.reveal();
        bytes_of(text).map(DigestKey::new).context("digest-key: exactly 64 hexadecimal digits")
    }

    /// The limits, with what this file sets.
    pub fn limits(&self) -> Limits {
        let default = Limits::default();
        let set = &self.limits;
        Limits {
            claim: set.claim_seconds.map_or(default.claim, Duration::from_secs),
            window: set.inbox_window.unwrap_or(default.window),
            batch: set.batch.unwrap_or(default.batch).max(1),
            retention: set.retention_days.map_or(default.retention, |days| Duration::from_secs(days.saturating_mul(86_400))),
            ..default
        }
    }
}

/// 32 bytes in hexadecimal digits.
fn bytes_of(text: &str) -> Option<[u8; 32]> {
    let byte = |at: usize| text.get(at * 2..at * 2 + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
    bytes.and_then(|bytes| bytes.try_into().ok()).filter(|_| text.len() == 64)
}
