//! A webhook target that has been parsed: whoever holds one has a URL, secrets and limits that are in order.

use std::fmt;

use reqwest::header::HeaderValue;

use crate::{address::Address, message::Mode, settings::Settings, signature::Secrets};

/// A setting that does not fit. Says which, and what is expected; never what stands there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {expected}")]
pub struct InvalidSetting {
    /// The key, with its place in lists: `allow[0].networks[1]`.
    pub key: String,
    /// What is expected there.
    pub expected: String,
}

/// Where and how events are delivered.
#[derive(Clone)]
pub struct Target {
    pub(crate) address: Address,
    pub(crate) origin: HeaderValue,
    pub(crate) mode: Mode,
    pub(crate) secrets: Secrets,
}

impl fmt::Debug for Target {
    /// Only the host: path and query may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("host", &self.host()).field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl Target {
    /// The host of the URL.
    pub fn host(&self) -> &str {
        self.address.host()
    }

    /// The origin as it was configured.
    pub(crate) fn origin(&self) -> &str {
        self.origin.to_str().unwrap_or_default()
    }
}

impl TryFrom<&Settings> for Target {
    type Error = InvalidSetting;

    fn try_from(settings: &Settings) -> Result<Self, InvalidSetting> {
        let Settings { url, origin, mode, secrets, connect_seconds, request_seconds, allow } = settings;
        Ok(Self {
            address: Address::parse(url, allow, *connect_seconds, *request_seconds)?,
            origin: parse_origin(origin)?,
            mode: *mode,
            secrets: Secrets::parse(secrets)?,
        })
    }
}

pub(crate) fn invalid(key: impl Into<String>, expected: impl fmt::Display) -> InvalidSetting {
    InvalidSetting { key: key.into(), expected: expected.to_string() }
}

fn parse_origin(text: &str) -> Result<HeaderValue, InvalidSetting> {
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let expected = || invalid("origin", "the host name of the sender: hub.schakelpunt.example");
    if text.len() > 253 || !text.split('.').all(is_label) {
        return Err(expected());
    }
    HeaderValue::from_str(text).map_err(|_| expected())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";

    /// A file with this URL and these further lines.
    fn read(url: &str, more: &str) -> Result<Target, String> {
        let text = format!("url = \"{url}\"\norigin = \"hub.example\"\nsecrets = [\"{SECRET}\"]\n{more}");
        let settings: Settings = toml::from_str(&text).map_err(|error| error.message().to_owned())?;
        Target::try_from(&settings).map_err(|error| error.to_string())
    }

    fn key_of(result: Result<Target, String>) -> String {
        result.map(|_| ()).unwrap_err().split(": ").next().unwrap().to_owned()
    }

    #[test]
    fn a_target_as_it_usually_is() {
        let target = read("https://Events.Gemeente.example/hook?code=abc", "mode = \"binary\"\nconnect-seconds = 3\n").unwrap();
        assert_eq!((target.host(), target.mode), ("events.gemeente.example", Mode::Binary));
        assert_eq!((target.address.connect, target.address.request), (Duration::from_secs(3), Duration::from_secs(30)));
        let shown = format!("{target:?}");
        assert!(!shown.contains("hook") && !shown.contains("abc") && !shown.contains("whsec"), "{shown}");
    }

    #[test]
    fn every_mistake_names_its_key_and_repeats_no_value() {
        let urls =
            ["http://a.example/", "https://u:p@a.example/", "ftp://a.example/", "https://a.example/#x", "no url", "https://a.example:0/"];
        for url in urls {
            assert_eq!(key_of(read(url, "")), "url", "{url}");
        }
        let good = "https://a.example/";
        for (more, key) in [
            ("connect-seconds = 0\n", "connect-seconds"),
            ("request-seconds = 301\n", "request-seconds"),
            ("[[allow]]\nhost = \"a.example/x\"\nplain-http = true\n", "allow[0].host"),
            ("[[allow]]\nhost = \"*.example\"\nplain-http = true\n", "allow[0].host"),
            ("[[allow]]\nhost = \"a.example:80\"\nplain-http = true\n", "allow[0].host"),
            ("[[allow]]\nhost = \"a.example\"\nnetworks = [\"10.0.0.0/8\", \"10.0.0.1/8\"]\n", "allow[0].networks[1]"),
            ("[[allow]]\nhost = \"a.example\"\nnetworks = [\"0.0.0.0/0\"]\n", "allow[0].networks[0]"),
            ("[[allow]]\nhost = \"a.example\"\n", "allow[0]"),
        ] {
            assert_eq!(key_of(read(good, more)), key, "{more}");
        }
        let secret = format!("url = \"{good}\"\norigin = \"hub.example\"\nsecrets = [\"{SECRET}\", \"whsec_c2hvcnQ=\"]\n");
        let error = Target::try_from(&toml::from_str::<Settings>(&secret).unwrap()).unwrap_err();
        assert!(error.key == "secrets[1]" && !error.to_string().contains("c2hvcnQ"), "{error}");
        for origin in ["", "a b", "https://hub.example", "hub.example:1", "-a.example", "a..b"] {
            let text = secret.replace("hub.example", origin).replace(", \"whsec_c2hvcnQ=\"", "");
            assert_eq!(Target::try_from(&toml::from_str::<Settings>(&text).unwrap()).unwrap_err().key, "origin", "{origin}");
        }
        assert!(read(good, "modus = \"binary\"\n").unwrap_err().contains("unknown field"));
    }

    #[test]
    fn an_address_in_the_url_is_judged_at_once_in_whatever_form_it_is_written() {
        for host in [
            "127.0.0.1",
            "127.1",
            "0x7f.0.0.1",
            "2130706433",
            "0177.0.0.1",
            "127.0.0.1.",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:808:808]",
            "169.254.169.254",
            "10.0.0.1",
            "[fd00::1]",
            "[64:ff9b::a00:1]",
            "100.64.0.1",
            "192.0.2.1",
            "224.0.0.1",
            "[fe80::1]",
            "0.0.0.0",
            "%31%32%37.0.0.1",
        ] {
            let error = read(&format!("https://{host}/"), "").map(|_| ()).unwrap_err();
            assert!(error.starts_with("url: no connection may be made to an address that is "), "{host}: {error}");
        }
        assert!(read("https://9.9.9.9/", "").is_ok());
    }

    #[test]
    fn what_is_allowed_is_allowed_for_its_host_and_its_network_only() {
        let loopback = "[[allow]]\nhost = \"127.0.0.1\"\nnetworks = [\"127.0.0.0/8\"]\n";
        assert!(read("https://127.0.0.1/", loopback).is_ok());
        assert_eq!(key_of(read("https://127.0.0.2/", loopback)), "url", "another host in the same network");
        assert_eq!(key_of(read("http://127.0.0.1/", loopback)), "url", "TLS is asked for by itself");
        assert!(read("http://127.0.0.1:8080/", &format!("{loopback}plain-http = true\n")).is_ok());
        assert!(read("https://[::1]/", "[[allow]]\nhost = \"::1\"\nnetworks = [\"::1\"]\n").is_ok());
        let named = "[[allow]]\nhost = \"SINK.example.\"\nnetworks = [\"10.0.0.0/8\"]\n";
        assert_eq!(read("https://sink.example/", named).unwrap().address.allowed.len(), 1);
        assert_eq!(read("https://other.example/", named).unwrap().address.allowed.len(), 0);
    }
}
