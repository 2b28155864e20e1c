//! An event in an HTTP request, structured or binary (CloudEvents HTTP binding). Batches are not taken.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{
        FromRequest, Request,
        rejection::{BytesRejection, FailedToBufferBody},
    },
    http::{HeaderMap, StatusCode, header},
};
use schakelpunt_domain::{
    Rejection, RejectionCode,
    envelope::{RawMessage, SIZE_MAX, shown},
};

use crate::{Shared, percent, problem::Problem};

/// Most bytes that are read: more than a message may have, so that the hub itself sees and records what is a little too large.
pub const LIMIT: usize = SIZE_MAX + 16 * 1024;
/// How long a body may take: 64 KiB over a bad line, and no longer.
pub const PATIENCE: Duration = Duration::from_secs(30);

const STRUCTURED: &str = "application/cloudevents+json";
const BINARY: &str = "application/json";
const PREFIX: &str = "ce-";

/// One event as it came.
#[derive(Debug)]
pub(crate) struct EventBody(pub(crate) RawMessage);

impl FromRequest<Shared> for EventBody {
    type Rejection = Problem;

    async fn from_request(request: Request, gateway: &Shared) -> Result<Self, Problem> {
        let content_type = content_type(request.headers())?;
        let headers = if content_type == BINARY { attributes(request.headers())? } else { Vec::new() };
        let body = tokio::time::timeout(PATIENCE, Bytes::from_request(request, gateway)).await;
        let body = body.map_err(|_| {
            Problem::new(StatusCode::REQUEST_TIMEOUT, "TIMEOUT", "The request took too long.", "the body within 30 seconds")
        })?;
        let body = body.map_err(|rejection| unread(&rejection))?;
        Ok(Self(RawMessage { content_type: content_type.to_owned(), headers, body: body.into() }))
    }
}

fn unread(rejection: &BytesRejection) -> Problem {
    match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            Problem::rejected(&Rejection::new(RejectionCode::TooLarge, "", "a message has at most 65536 bytes"))
        }
        _ => Problem::invalid("a body that can be read to its end"),
    }
}

/// One of the two modes, or what a caller should have sent.
fn content_type(headers: &HeaderMap) -> Result<&'static str, Problem> {
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(unsupported("a body without content coding"));
    }
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let charset = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    if charset.is_some_and(|(_, charset)| !charset.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")) {
        return Err(unsupported("UTF-8"));
    }
    let known = [STRUCTURED, BINARY].into_iter().find(|known| essence.eq_ignore_ascii_case(known));
    known.ok_or_else(|| unsupported("one event: application/cloudevents+json, or application/json with `ce-` headers"))
}

fn unsupported(detail: &str) -> Problem {
    let problem =
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", "The hub does not read this content type.", detail);
    problem.with_header(header::ACCEPT, "application/cloudevents+json, application/json")
}

/// The attributes of binary mode. Other headers stay outside the event: they are the channel's.
fn attributes(headers: &HeaderMap) -> Result<Vec<(String, String)>, Problem> {
    let malformed =
        |attribute: &str, detail| Problem::rejected(&Rejection::new(RejectionCode::Malformed, shown(&format!("/{attribute}")), detail));
    let mut attributes = Vec::new();
    for (name, value) in headers {
        let Some(attribute) = name.as_str().strip_prefix(PREFIX) else { continue };
        if attribute == "datacontenttype" {
            return Err(malformed(attribute, "the header `Content-Type` instead"));
        }
        let value = percent::decode_header(value.as_bytes()).ok_or_else(|| malformed(attribute, "UTF-8, percent-encoded once"))?;
        attributes.push((name.as_str().to_owned(), value));
    }
    Ok(attributes)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn typed(value: &'static str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(value));
        content_type(&headers).ok()
    }

    #[test]
    fn two_modes_and_nothing_else() {
        assert_eq!(typed("application/cloudevents+json"), Some(STRUCTURED));
        assert_eq!(typed("Application/CloudEvents+JSON; charset=\"UTF-8\""), Some(STRUCTURED));
        assert_eq!(typed("application/json;charset=utf-8"), Some(BINARY));
        for other in [
            "",
            "text/plain",
            "application/cloudevents-batch+json",
            "application/cloudevents",
            "application/cloudevents+json; charset=latin1",
        ] {
            assert_eq!(typed(other), None, "{other}");
        }
    }

    #[test]
    fn a_compressed_body_is_not_read() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(STRUCTURED));
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert!(content_type(&headers).is_err());
    }
}
