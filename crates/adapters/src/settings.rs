//! What the configuration files of all adapters have in common. A file is TOML, with kebab-case keys and no unknown ones; a mistake is
//! shown as `file:line:column`, and no value is repeated, for it may be a secret.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::SignedDuration;
use reqwest::Url;
use schakelpunt_domain::{
    Hidden,
    place::{line_and_column, without_value},
};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{Error, folder::Folder};

/// Largest configuration file in bytes.
pub const FILE_MAX: usize = 1024 * 1024;

/// Where the hub is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HubSettings {
    /// `amqp://host:port/vhost` or `amqps://...` for AMQP, `https://host` for HTTP; without user and password.
    pub url: String,
}

/// What an adapter keeps for itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OwnSettings {
    /// A folder of its own, that nobody else writes to. It holds personal data.
    pub folder: PathBuf,
    /// For how long it is known what was handed on, and what probation or a municipality has said, so that it can be offered again.
    #[serde(default = "keep_days")]
    pub keep_days: u32,
}

impl OwnSettings {
    /// The file of messages and knowledge.
    pub fn keep(&self) -> PathBuf {
        self.folder.join("adapter.redb")
    }

    /// The file of alarms.
    pub fn alarms(&self) -> PathBuf {
        self.folder.join("alarms.jsonl")
    }
}

/// A folder into which a system drops files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FolderSettings {
    /// The folder.
    pub folder: PathBuf,
    /// For how long a file must not have changed.
    #[serde(default = "settle")]
    pub settle_seconds: u32,
    /// How often the folder is looked at.
    #[serde(default = "look")]
    pub look_seconds: u32,
}

fn keep_days() -> u32 {
    180
}

fn settle() -> u32 {
    10
}

fn look() -> u32 {
    5
}

impl FolderSettings {
    /// Watches a folder under these settings.
    pub fn open(&self, path: &Path) -> Result<Folder, Error> {
        let settle = SignedDuration::from_secs(self.settle_seconds.into());
        Folder::open(path, settle).map_err(|source| Error::Folder { path: path.to_owned(), source })
    }

    /// How long between two looks.
    pub fn look(&self) -> Duration {
        Duration::from_secs(self.look_seconds.into()).max(Duration::from_millis(100))
    }
}

/// Where a system may push to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PushSettings {
    /// Address and port, inside the organisation's own network.
    pub listen: SocketAddr,
    /// The bearer token of the system.
    pub token: Hidden,
}

/// An address of HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Url);

impl Address {
    /// As the client wants it.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl std::str::FromStr for Address {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = text.parse::<Url>().ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
        url.map(Self).ok_or("an address, http(s)://...")
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Reads a configuration file.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| Error::Folder { path: path.to_owned(), source: error })?;
    parse(&name, &text)
}

/// The same from a text.
pub fn parse<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, Error> {
    if text.len() > FILE_MAX {
        return Err(Error::settings(name, "at most 1048576 bytes"));
    }
    toml::from_str(text).map_err(|error| {
        let (line, column) = line_and_column(text, error.span().unwrap_or_default().start);
        Error::settings(&format!("{name}:{line}:{column}"), &without_value(error.message()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_has_its_place_and_not_its_value() {
        let error = parse::<HubSettings>("dji.toml", "url = 31415\n").unwrap_err();
        assert_eq!(error.to_string(), "dji.toml:1:7: expected a string");
        let error = parse::<HubSettings>("dji.toml", "\nurl = \"amqp://broker\"\npassword = \"hush\"\n").unwrap_err();
        assert_eq!(error.to_string(), "dji.toml:3:1: unknown field `password`, expected `url`");
    }
}
