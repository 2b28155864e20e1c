//! `GET /v1/subscriptions/{id}/events`: a participant fetches its deliveries, at least once each.
//!
//! The answer is the moment of provision; `since` in the next request confirms what was received. Asked again with the same `since`,
//! the same bytes come again. A number behind the cursor under which nothing comes any more is told as void.

use axum::{
    extract::{FromRequestParts, Query, State},
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use schakelpunt_engine::ports::Pull;

use crate::{
    Shared,
    caller::{Caller, Segment},
    problem::Problem,
};

/// Where it is served.
pub(crate) const PATH: &str = "/v1/subscriptions/{id}/events";
/// A JSON array is a batch in CloudEvents; the Dutch draft on subscriptions labels it as a single event.
const CONTENT_TYPE: &str = "application/cloudevents-batch+json";
const NEXT_CURSOR: HeaderName = HeaderName::from_static("next-cursor");
/// Up to which number everything was handed over or is void, once this answer has been taken; not there where more may follow at once.
const HEAD: HeaderName = HeaderName::from_static("subscription-head");
const LIMIT_DEFAULT: u32 = 50;
/// Most events of one answer: with the largest messages 6 MiB.
pub const LIMIT_MAX: u32 = 100;

/// From where, and how many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    since: u64,
    limit: u32,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    since: Option<String>,
    limit: Option<String>,
}

impl FromRequestParts<Shared> for Window {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, gateway: &Shared) -> Result<Self, Problem> {
        let keys = Query::<Keys>::from_request_parts(parts, gateway).await;
        let Query(Keys { since, limit }) = keys.map_err(|_| Problem::invalid("`since` and `limit` in the query, each at most once"))?;
        let since =
            since.map_or(Ok(0), |text| text.parse()).map_err(|_| Problem::invalid("`since`: the `Next-Cursor` of an earlier answer"))?;
        let limit = limit.map_or(Ok(LIMIT_DEFAULT), |text| text.parse()).ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
        let limit = limit.ok_or_else(|| Problem::invalid("`limit`: a number from 1 to 100"))?;
        Ok(Self { since, limit })
    }
}

/// Fetches the caller's own deliveries.
pub(crate) async fn handler(
    State(gateway): State<Shared>,
    caller: Caller,
    Segment(id): Segment,
    Window { since, limit }: Window,
) -> Result<Response, Problem> {
    let participant = &caller.participant;
    if id != participant.as_str() {
        let title = "This subscription belongs to somebody else.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", title, "the id of the participant whose token it is"));
    }
    let next = |cursor: u64| format!("{}/v1/subscriptions/{participant}/events?since={cursor}&limit={limit}", gateway.public_url);
    let fetched = gateway.hub.pull(&Pull { participant: participant.clone(), after: since, limit }).await?;
    let mut response = ([(header::CONTENT_TYPE, CONTENT_TYPE)], batch(&fetched.events)).into_response();
    response.headers_mut().insert(NEXT_CURSOR, HeaderValue::from(fetched.next));
    if let Some(head) = fetched.head {
        response.headers_mut().insert(HEAD, HeaderValue::from(head));
    }
    if let Ok(link) = HeaderValue::try_from(format!("<{}>; rel=\"next\"", next(fetched.next))) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// The events as they are, in an array.
fn batch(events: &[Vec<u8>]) -> Vec<u8> {
    [b"[".as_slice(), &events.join(b",".as_slice()), b"]"].concat()
}
