//! How `publish` and `inbox` reach a hub: AMQP or HTTP, whichever the configuration names; how commands on registers reach its API.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use schakelpunt_amqp::Connection;
use schakelpunt_domain::{Environment, ParticipantId};

use crate::config::{AdministratorConfig, ClientConfig, Config};

/// Who, and through what.
#[derive(Debug, clap::Args)]
pub struct As {
    /// The participant.
    #[arg(long = "as", value_name = "PARTICIPANT")]
    pub participant: ParticipantId,
    /// The configuration file with a `[client]` section, or the hub's own in a test environment.
    #[arg(long)]
    pub config: PathBuf,
}

/// A way to the hub.
#[derive(Debug)]
pub enum Remote {
    /// The broker, as the participant's own user.
    Amqp(Connection),
    /// The hub's HTTP side, with the participant's token.
    Http(Http),
}

/// The hub's HTTP side.
#[derive(Debug)]
pub struct Http {
    client: reqwest::Client,
    base: String,
    token: String,
}

impl Http {
    /// A request to a path of the hub.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }
}

/// The HTTP side of a hub as its administrator, or as the one for an owner of data: by `[client]`, or in a test environment by the hub's
/// own configuration.
pub fn administrator(path: &Path, owner: Option<&str>) -> anyhow::Result<Http> {
    let config = Config::read(path)?;
    let client = match config.client.clone() {
        Some(client) => client,
        None => {
            let wanted = owner.map_or_else(String::new, |owner| format!(" for {owner}"));
            of_hub(&config, path, &wanted, |one| one.owner.as_deref() == owner)?
        }
    };
    ensure!(client.url.starts_with("http"), "client.url: http(s)://..., the API of the running hub");
    http(&client)
}

/// The same, as the administrator of that name in the hub's own configuration.
pub fn administrator_named(path: &Path, name: &str) -> anyhow::Result<Http> {
    let config = Config::read(path)?;
    ensure!(config.client.is_none(), "{}: --as: with [client] its token says who it is; leave the name out", path.display());
    http(&of_hub(&config, path, &format!(" with the name {name}"), |one| one.name.as_str() == name)?)
}

/// An administrator whose token the hub's own configuration knows.
fn of_hub(config: &Config, path: &Path, wanted: &str, is: impl Fn(&AdministratorConfig) -> bool) -> anyhow::Result<ClientConfig> {
    tokens_of_others(config, path)?;
    let mut known = config.http.iter().flat_map(|http| &http.administrators);
    let one = known.find(|one| is(one));
    let one = one.with_context(|| format!("{}: no [client] section, and no [[http.administrator]]{wanted}", path.display()))?;
    let token = one.token.clone().with_context(|| no_token(path, &one.name))?;
    Ok(ClientConfig { url: config.public_url(), secret: token })
}

/// Who a command speaks for it proves by a token of its own: that of somebody else is at hand in a test environment only.
fn tokens_of_others(config: &Config, path: &Path) -> anyhow::Result<()> {
    let (path, environment) = (path.display(), config.environment);
    ensure!(
        environment == Environment::Test,
        "{path}: a [client] section with a token of your own is needed in the environment `{environment}`"
    );
    Ok(())
}

fn no_token(path: &Path, whose: &ParticipantId) -> String {
    format!("{}: no [client] section, and of {whose} only the digest of its token", path.display())
}

fn http(client: &ClientConfig) -> anyhow::Result<Http> {
    Ok(Http {
        client: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?,
        base: client.url.trim_end_matches('/').to_owned(),
        token: client.secret.reveal().to_owned(),
    })
}

impl As {
    /// Connects as the participant.
    pub async fn connect(&self) -> anyhow::Result<Remote> {
        let config = Config::read(&self.config)?;
        let client = match config.client.clone() {
            Some(client) => client,
            None => from_hub(&config, &self.participant, &self.config)?,
        };
        let (scheme, rest) = client.url.split_once("://").context("client.url: amqp://... or http://...")?;
        match scheme {
            "amqp" | "amqps" => {
                let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                let url = format!("{scheme}://{}:{}@{host}", self.participant, client.secret.reveal());
                Ok(Remote::Amqp(Connection::open(&url, self.participant.as_str()).await.context("client.url: cannot reach the broker")?))
            }
            "http" | "https" => Ok(Remote::Http(http(&client)?)),
            _ => bail!("client.url: amqp://... or http://..."),
        }
    }
}

/// In a test environment the hub's own configuration knows how a participant reaches it.
fn from_hub(config: &Config, participant: &ParticipantId, path: &Path) -> anyhow::Result<ClientConfig> {
    tokens_of_others(config, path)?;
    let url = config.bus.url.reveal();
    if let (Some(password), true) = (&config.bus.password, url.starts_with("amqp")) {
        return Ok(ClientConfig { url: url.to_owned(), secret: password.clone() });
    }
    let tokens = config.http.iter().flat_map(|http| &http.tokens);
    let token = tokens.into_iter().find(|token| token.participant == *participant);
    let token = token.with_context(|| format!("{}: no [client] section, and no way for {participant} in the hub's own", path.display()))?;
    let token = token.token.clone().with_context(|| no_token(path, participant))?;
    Ok(ClientConfig { url: config.public_url(), secret: token })
}
