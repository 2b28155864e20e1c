//! The validation handshake of CloudEvents webhooks: does this target want what comes from this origin?
//!
//! The headers of the answer say so and nothing else: many servers answer 200 to whatever they are asked.

use std::num::NonZeroU32;

use crate::{
    network::Forbidden,
    outcome::{Trouble, Unreachable},
};

pub(crate) const REQUEST_ORIGIN: &str = "webhook-request-origin";
pub(crate) const REQUEST_RATE: &str = "webhook-request-rate";
pub(crate) const ALLOWED_ORIGIN: &str = "webhook-allowed-origin";
pub(crate) const ALLOWED_RATE: &str = "webhook-allowed-rate";

/// What became of a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handshake {
    /// The target wants the events.
    Granted(Rate),
    /// It does not, or does not know the handshake.
    Refused(Refusal),
    /// It points elsewhere; nobody went there.
    Redirected {
        /// The status that said so.
        status: u16,
    },
    /// Where the name leads is forbidden, and nobody was contacted.
    Forbidden(Forbidden),
    /// It could not be asked: later.
    Later(Trouble),
}

/// How many events a minute are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// As many as there are.
    Any,
    /// At most so many a minute.
    PerMinute(NonZeroU32),
}

/// Why an answer is no grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No `WebHook-Allowed-Origin`.
    #[error("the target answers {status} without WebHook-Allowed-Origin: it refuses, or knows no handshake")]
    NoOrigin {
        /// The status, for whoever has to find out which of the two.
        status: u16,
    },
    /// Neither the origin that asked nor `*`.
    #[error("the target allows another origin")]
    OtherOrigin,
    /// A rate was asked for, and there is no `WebHook-Allowed-Rate`.
    #[error("the target allows the origin, but says no WebHook-Allowed-Rate, which was asked for")]
    NoRate,
    /// Neither a whole number from 1 nor `*`.
    #[error("the target's WebHook-Allowed-Rate is neither a whole number from 1 nor *")]
    BadRate,
}

impl Handshake {
    /// Reads an answer.
    pub(crate) fn of(status: u16, origins: &[&str], rates: &[&str], origin: &str, rate_asked: bool) -> Self {
        if (300..400).contains(&status) {
            return Self::Redirected { status };
        }
        match origins {
            [] => return Self::Refused(Refusal::NoOrigin { status }),
            // host names: upper and lower case are the same
            [allowed] if allowed.trim() == "*" || allowed.trim().eq_ignore_ascii_case(origin) => {}
            _ => return Self::Refused(Refusal::OtherOrigin),
        }
        match rates {
            [] if rate_asked => Self::Refused(Refusal::NoRate),
            [] => Self::Granted(Rate::Any),
            [rate] => parse_rate(rate.trim()).map_or(Self::Refused(Refusal::BadRate), Self::Granted),
            _ => Self::Refused(Refusal::BadRate),
        }
    }
}

fn parse_rate(text: &str) -> Option<Rate> {
    if text == "*" {
        return Some(Rate::Any);
    }
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // more than fits is more than anybody sends
    digits.then(|| NonZeroU32::new(text.parse().unwrap_or(u32::MAX)).map(Rate::PerMinute))?
}

impl From<Unreachable> for Handshake {
    fn from(unreachable: Unreachable) -> Self {
        match unreachable {
            Unreachable::Forbidden(forbidden) => Self::Forbidden(forbidden),
            Unreachable::Trouble(trouble) => Self::Later(trouble),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, origins: &[&str], rates: &[&str], asked: bool) -> Handshake {
        Handshake::of(status, origins, rates, "hub.example", asked)
    }

    fn per_minute(rate: u32) -> Handshake {
        Handshake::Granted(Rate::PerMinute(NonZeroU32::new(rate).unwrap()))
    }

    #[test]
    fn an_echo_or_a_star_grants_whatever_the_status() {
        for status in [200, 204, 405, 500] {
            assert_eq!(of(status, &["HUB.example"], &[], false), Handshake::Granted(Rate::Any));
            assert_eq!(of(status, &["*"], &["120"], true), per_minute(120));
        }
        assert_eq!(of(200, &[" hub.example "], &["*"], true), Handshake::Granted(Rate::Any));
        assert_eq!(of(200, &["*"], &["99999999999"], true), per_minute(u32::MAX));
        assert_eq!(of(200, &["*"], &["60"], false), per_minute(60), "also where nobody asked");
    }

    #[test]
    fn a_status_alone_grants_nothing() {
        for status in [200, 204, 405] {
            assert_eq!(of(status, &[], &["120"], true), Handshake::Refused(Refusal::NoOrigin { status }));
        }
    }

    #[test]
    fn what_is_no_grant() {
        for origins in [&["other.example"][..], &[""], &["hub.example.evil"], &["*", "hub.example"], &["other.example, hub.example"]] {
            assert_eq!(of(200, origins, &["*"], true), Handshake::Refused(Refusal::OtherOrigin), "{origins:?}");
        }
        assert_eq!(of(200, &["*"], &[], true), Handshake::Refused(Refusal::NoRate));
        for rates in [&["0"][..], &["-1"], &["1.5"], &["many"], &[""], &["+1"], &["1", "2"]] {
            assert_eq!(of(200, &["*"], rates, true), Handshake::Refused(Refusal::BadRate), "{rates:?}");
        }
        assert_eq!(of(302, &["*"], &["*"], true), Handshake::Redirected { status: 302 });
    }
}
