//! What to do next after a delivery, and the table that decides it.

use std::{error::Error, io, time::Duration};

use jiff::{SignedDuration, Timestamp};
use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};

use crate::{message::Unfit, network::Forbidden};

/// Longest pause that a target is obeyed in: who asks for more has mistaken its unit or is gone, and is asked again after this.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The target has it: mark it.
    Delivered,
    /// The same bytes again, with the caller's own pause and not before [`Pause::until`].
    Later {
        /// Why.
        trouble: Trouble,
        /// What the target asked for.
        pause: Option<Pause>,
    },
    /// Never again for this event, for the target will not take it: a person has to look. The next event may go.
    Never {
        /// The status that said so.
        status: u16,
    },
    /// This event cannot be sent over this channel, and the target was not asked: a mistake on this side.
    Unfit(Unfit),
    /// The address is retired (410): stop the subscription, and tell people.
    Gone,
    /// The target points elsewhere. Nobody went there: a person has to change the URL, or not.
    Redirected {
        /// The status that said so.
        status: u16,
    },
    /// Where the name leads is forbidden, and nobody was contacted: a person has to look.
    Forbidden(Forbidden),
}

/// Why a target could not be asked, or did not take the event for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Its name has no address.
    #[error("the name of the target has no address")]
    Name,
    /// No connection.
    #[error("the target cannot be connected to")]
    Connect,
    /// A connection, but no TLS: a certificate that is not trusted or has run out, or a server that does not speak it.
    #[error("the target's certificate or its TLS is not accepted")]
    Tls,
    /// It did not answer in time.
    #[error("the target does not answer in time")]
    Silent,
    /// It closed before its answer was complete.
    #[error("the target broke off its answer")]
    Broken,
    /// It answered, but did not take the event for now.
    #[error("the target answers with status {0}")]
    Status(u16),
}

/// Nobody could be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// It may not be contacted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// It cannot be contacted.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// How long a target wants to be left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// From its answer on.
    For(SignedDuration),
    /// An instant of its clock.
    Until(Timestamp),
}

impl Pause {
    /// Before when nothing is sent, seen at the moment of the answer; at most [`RETRY_AFTER_MAX`] away.
    pub fn until(self, now: Timestamp) -> Timestamp {
        let latest = now.checked_add(RETRY_AFTER_MAX).unwrap_or(Timestamp::MAX);
        match self {
            Self::For(time) => now.checked_add(time).unwrap_or(latest).min(latest),
            Self::Until(instant) => instant.min(latest),
        }
    }

    /// `Retry-After`: seconds, or a date in one of the three forms of HTTP.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return Some(Self::For(SignedDuration::from_secs(text.parse().unwrap_or(i64::MAX))));
        }
        httpdate::parse_http_date(text).ok().and_then(|date| Timestamp::try_from(date).ok()).map(Self::Until)
    }
}

impl Outcome {
    /// Whether a person or the breaker should think that the target, not the event, is what is wrong.
    pub fn is_trouble(&self) -> bool {
        match self {
            Self::Later { .. } | Self::Redirected { .. } | Self::Forbidden(_) => true,
            Self::Delivered | Self::Never { .. } | Self::Unfit(_) | Self::Gone => false,
        }
    }

    /// What a status means. `Retry-After` is obeyed wherever the answer is "later".
    pub(crate) fn of(status: StatusCode, headers: &HeaderMap) -> Self {
        let status = status.as_u16();
        match verdict(status) {
            Verdict::Delivered => Self::Delivered,
            Verdict::Redirected => Self::Redirected { status },
            Verdict::Gone => Self::Gone,
            Verdict::Never => Self::Never { status },
            Verdict::Later => Self::Later { trouble: Trouble::Status(status), pause: Pause::of(headers) },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Delivered,
    Redirected,
    Gone,
    Never,
    Later,
}

/// The table. Where a code speaks of the event, it is over for that event; where it speaks of the target, its address or the sender's
/// rights, every event would meet it, so it is for the breaker and for people, and events wait.
fn verdict(status: u16) -> Verdict {
    match status {
        // taken, now or for later; a 2xx that is not known means what 200 does (RFC 9110, 15)
        200..=299 => Verdict::Delivered,
        // must not be sent, must not be followed (CloudEvents webhooks 2.2)
        300..=399 => Verdict::Redirected,
        // 401, 403, 407: the secret or the right is missing, which a person mends. 404, 405, 414, 421, 426: another address or door, as while
        // something is being installed. 408, 425, 429: asks for later. 423, 424: busy with something else
        401 | 403 | 404 | 405 | 407 | 408 | 414 | 421 | 423 | 424 | 425 | 426 | 429 => Verdict::Later,
        // retired for good
        410 => Verdict::Gone,
        // 400, 409, 413, 415, 422, 431, 451 and what is not known (means what 400 does): the same bytes would meet the same answer
        400..=499 => Verdict::Never,
        // 5xx: the server says that it is its own fault. 1xx and what is no status: no answer to this request
        _ => Verdict::Later,
    }
}

/// What an error of the client means. Its text has the URL in it and goes no further.
pub(crate) fn unreachable(error: &reqwest::Error) -> Unreachable {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    let mut kind = None;
    while let Some(this) = cause {
        if let Some(found) = this.downcast_ref::<Unreachable>() {
            return *found;
        }
        kind = this.downcast_ref::<io::Error>().map(innermost).or(kind);
        cause = this.source();
    }
    Unreachable::Trouble(match (error.is_connect(), kind) {
        _ if error.is_timeout() => Trouble::Silent,
        _ if error.is_dns() => Trouble::Name,
        // what rustls refuses comes as this kind
        (true, Some(io::ErrorKind::InvalidData)) => Trouble::Tls,
        (true, _) => Trouble::Connect,
        (false, _) => Trouble::Broken,
    })
}

/// The kind of the error inside: one that wraps another passes it over in its `source`.
fn innermost(error: &io::Error) -> io::ErrorKind {
    error.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>()).map_or(error.kind(), innermost)
}

impl From<Unreachable> for Outcome {
    fn from(unreachable: Unreachable) -> Self {
        match unreachable {
            Unreachable::Forbidden(forbidden) => Self::Forbidden(forbidden),
            Unreachable::Trouble(trouble) => Self::Later { trouble, pause: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn pause(text: &str) -> Option<Timestamp> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_str(text).unwrap())]);
        Pause::of(&headers).map(|pause| pause.until(now()))
    }

    fn now() -> Timestamp {
        "2024-10-08T08:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_codes_that_the_standards_name() {
        for (codes, expected) in [
            (&[200, 201, 202, 204, 299][..], Verdict::Delivered),
            (&[301, 302, 303, 304, 307, 308, 399], Verdict::Redirected),
            (&[410], Verdict::Gone),
            (&[400, 402, 406, 409, 411, 413, 415, 417, 418, 422, 428, 431, 451, 499], Verdict::Never),
            (&[401, 403, 404, 405, 408, 421, 423, 425, 429, 500, 501, 502, 503, 504, 507, 599, 101, 999], Verdict::Later),
        ] {
            for code in codes {
                assert_eq!(verdict(*code), expected, "{code}");
            }
        }
    }

    #[test]
    fn retry_after_in_its_forms() {
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        assert_eq!(pause("120"), at("2024-10-08T08:02:00Z"));
        assert_eq!(pause("Tue, 08 Oct 2024 09:30:00 GMT"), at("2024-10-08T09:30:00Z"));
        assert_eq!(pause("Tuesday, 08-Oct-24 09:30:00 GMT"), at("2024-10-08T09:30:00Z"));
        assert_eq!(pause("Tue Oct  8 09:30:00 2024"), at("2024-10-08T09:30:00Z"));
        for other in ["", "soon", "-1", "1.5", "Tue, 08 Okt 2024 09:30:00 GMT"] {
            assert_eq!(pause(other), None, "{other}");
        }
    }

    #[test]
    fn a_pause_has_an_end() {
        let latest = Some("2024-10-09T08:00:00Z".parse().unwrap());
        for text in ["86401", "99999999999999999999999999", "Fri, 01 Jan 9999 00:00:00 GMT"] {
            assert_eq!(pause(text), latest, "{text}");
        }
        assert_eq!(Pause::For(SignedDuration::from_secs(1)).until(Timestamp::MAX), Timestamp::MAX);
    }

    #[test]
    fn a_date_that_has_passed_asks_for_nothing() {
        assert!(pause("Mon, 07 Oct 2024 09:30:00 GMT").is_some_and(|until| until < now()));
    }

    #[test]
    fn what_the_breaker_counts() {
        let later = Outcome::Later { trouble: Trouble::Silent, pause: None };
        assert!(later.is_trouble() && Outcome::Redirected { status: 302 }.is_trouble());
        assert!(!Outcome::Never { status: 400 }.is_trouble(), "an event that one target refuses says nothing about the next");
    }
}
