//! What a configuration says of a webhook target, in the words of the file.

use std::time::Duration;

use schakelpunt_domain::Hidden;
use serde::Deserialize;

use crate::message::Mode;

/// How long a connection may take, its name and its TLS among it: a sink in this country answers in some milliseconds.
pub const CONNECT: Duration = Duration::from_secs(5);
/// How long a delivery may take from the first step to the end of the answer: who needs longer answers 202 and works later.
pub const REQUEST: Duration = Duration::from_secs(30);

/// A webhook target as it stands in a configuration file.
///
/// ```toml
/// url = "https://events.gemeente.example/schakelpunt"
/// origin = "hub.schakelpunt.example"
/// mode = "structured"
/// secrets = ["whsec_..."]     # the newest first
/// connect-seconds = 5
/// request-seconds = 30
///
/// [[allow]]                   # only for what is otherwise forbidden
/// host = "events.gemeente.example"
/// networks = ["10.20.0.0/16"]
/// plain-http = false
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Where events are posted.
    pub url: Hidden,
    /// As whom: the host name that the handshake asks for and each delivery carries.
    pub origin: String,
    /// Structured or binary.
    #[serde(default)]
    pub mode: Mode,
    /// `whsec_` and base64, the newest first. Each of them signs.
    pub secrets: Vec<Hidden>,
    /// How long a connection may take.
    #[serde(default = "connect")]
    pub connect_seconds: u64,
    /// How long a delivery may take in all.
    #[serde(default = "request")]
    pub request_seconds: u64,
    /// Exceptions, each for one host by its name.
    #[serde(default)]
    pub allow: Vec<Allow>,
}

/// An exception for one host.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Allow {
    /// The host as it stands in the URL: a name, or an address.
    pub host: String,
    /// Networks that this host may be in although they are forbidden.
    #[serde(default)]
    pub networks: Vec<String>,
    /// Whether this host may be reached without TLS.
    #[serde(default)]
    pub plain_http: bool,
}

fn connect() -> u64 {
    CONNECT.as_secs()
}

fn request() -> u64 {
    REQUEST.as_secs()
}
