//! A URL that has been judged: scheme, host and limits are in order, and it is known which forbidden networks its host may be in.

use std::{fmt, net::IpAddr, time::Duration};

use reqwest::Url;
use schakelpunt_domain::Hidden;

use crate::{
    network::{Network, judge},
    settings::{Allow, CONNECT, REQUEST},
    target::{InvalidSetting, invalid},
};

/// Longest limits that make sense: a delivery that hangs for longer holds its lane for nothing.
const LONGEST_CONNECT: u64 = 60;
const LONGEST_REQUEST: u64 = 300;

/// Where something is sent to.
#[derive(Clone)]
pub struct Address {
    pub(crate) url: Url,
    pub(crate) connect: Duration,
    pub(crate) request: Duration,
    /// Forbidden networks that the host of the URL may be in.
    pub(crate) allowed: Vec<Network>,
}

impl fmt::Debug for Address {
    /// Only the host: path and query may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.host()).finish()
    }
}

impl Address {
    /// An address with the usual limits, as somebody gives it who subscribes; `allow` is what the configuration permits by name.
    pub fn new(url: &Hidden, allow: &[Allow]) -> Result<Self, InvalidSetting> {
        Self::parse(url, allow, CONNECT.as_secs(), REQUEST.as_secs())
    }

    pub(crate) fn parse(url: &Hidden, allow: &[Allow], connect: u64, request: u64) -> Result<Self, InvalidSetting> {
        let url = parse_url(url)?;
        let exceptions = allow.iter().enumerate().map(|(at, allow)| exception(at, allow)).collect::<Result<Vec<_>, _>>()?;
        let ours = || exceptions.iter().filter(|exception| Some(exception.host.as_str()) == url.host_str().map(bare));
        if url.scheme() == "http" && !ours().any(|exception| exception.plain_http) {
            return Err(invalid("url", "https, or a host that an entry of `allow` names with `plain-http = true`"));
        }
        let allowed: Vec<Network> = ours().flat_map(|exception| exception.networks.iter().copied()).collect();
        if let Some(address) = url.host_str().and_then(address) {
            judge(address, &allowed).map_err(|forbidden| invalid("url", forbidden))?;
        }
        Ok(Self {
            connect: seconds("connect-seconds", connect, LONGEST_CONNECT)?,
            request: seconds("request-seconds", request, LONGEST_REQUEST)?,
            allowed,
            url,
        })
    }

    /// The host of the URL.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The address, if the URL has one instead of a name.
    pub(crate) fn number(&self) -> Option<IpAddr> {
        address(self.host())
    }
}

struct Exception {
    host: String,
    networks: Vec<Network>,
    plain_http: bool,
}

fn parse_url(text: &Hidden) -> Result<Url, InvalidSetting> {
    let expected = || invalid("url", "https://host/path, without a user, a password or a fragment");
    let url = Url::parse(text.reveal()).map_err(|_| expected())?;
    let fits = ["http", "https"].contains(&url.scheme())
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
        && url.port() != Some(0);
    if fits { Ok(url) } else { Err(expected()) }
}

fn seconds(key: &str, value: u64, longest: u64) -> Result<Duration, InvalidSetting> {
    if (1..=longest).contains(&value) { Ok(Duration::from_secs(value)) } else { Err(invalid(key, format!("1 to {longest} seconds"))) }
}

fn exception(at: usize, allow: &Allow) -> Result<Exception, InvalidSetting> {
    let Allow { host, networks, plain_http } = allow;
    let host =
        parse_host(host).ok_or_else(|| invalid(format!("allow[{at}].host"), "one host as it stands in the URL, without a port or `*`"))?;
    let mut parsed = Vec::new();
    for (place, text) in networks.iter().enumerate() {
        let key = || format!("allow[{at}].networks[{place}]");
        let network: Network = text.parse().map_err(|error| invalid(key(), error))?;
        if network.is_everything() {
            return Err(invalid(key(), "at least /8 (IPv6: /7): a wider network names nothing"));
        }
        parsed.push(network);
    }
    if parsed.is_empty() && !plain_http {
        return Err(invalid(format!("allow[{at}]"), "`networks`, `plain-http = true` or both: as it is it allows nothing"));
    }
    Ok(Exception { host, networks: parsed, plain_http: *plain_http })
}

/// A host in the one form that a parsed URL has: lower case, punycode, an address in its usual writing.
fn parse_host(text: &str) -> Option<String> {
    let host = if text.parse::<std::net::Ipv6Addr>().is_ok() { format!("[{text}]") } else { text.to_owned() };
    if host.is_empty() || host.contains(['/', '\\', '?', '#', '@', '*']) {
        return None;
    }
    let url = Url::parse(&format!("https://{host}:1/")).ok()?;
    (url.port() == Some(1)).then(|| url.host_str().map(bare).map(str::to_owned))?
}

/// A name with a dot at its end is the same name.
pub(crate) fn bare(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}
