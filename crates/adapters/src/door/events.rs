//! Fetching: the same shape as at the hub (`GET /v1/subscriptions/ID/events`), so that a program that reads one reads the other.

use axum::{
    extract::{FromRequestParts, Query, State},
    http::{HeaderName, HeaderValue, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use super::{
    Door,
    answers::Problem,
    log::Entry,
    request::{Caller, Named},
};

/// A JSON array of events is a batch in CloudEvents.
const BATCH: &str = "application/cloudevents-batch+json";
const ONE: &str = "application/cloudevents+json";
const NEXT_CURSOR: HeaderName = HeaderName::from_static("next-cursor");
const LIMIT_DEFAULT: usize = 50;
/// Most events of one answer, as at the hub.
pub const LIMIT_MAX: usize = 100;

/// From where, and how many.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    since: u64,
    limit: usize,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    since: Option<String>,
    limit: Option<String>,
}

impl FromRequestParts<Door> for Window {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Problem> {
        let keys = Query::<Keys>::from_request_parts(parts, door).await;
        let expected = |_| Problem::invalid("query", "invalid", "`since` and `limit`, each at most once");
        let Query(Keys { since, limit }) = keys.map_err(expected)?;
        let since = since.map_or(Ok(0), |text| text.parse()).ok();
        let since = since.ok_or_else(|| Problem::invalid("since", "invalid", "the `Next-Cursor` of an earlier answer"))?;
        let limit = limit.map_or(Ok(LIMIT_DEFAULT), |text| text.parse()).ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
        let limit = limit.ok_or_else(|| Problem::invalid("limit", "invalid", "a number from 1 to 100"))?;
        Ok(Self { since, limit })
    }
}

/// What came after a cursor. Asked with it, the caller says that it has everything up to there.
pub(super) async fn since(_: Caller, State(Door(door)): State<Door>, Window { since, limit }: Window) -> Result<Response, Problem> {
    let forgotten = door.log.forgotten()?;
    // who begins gets what there is; who comes back too late is told that something is missing
    if (1..forgotten).contains(&since) {
        let detail = format!("messages after this cursor were kept for {} days; go on with `since={forgotten}`", door.settings.days);
        return Err(Problem::gone("CURSOR_FORGOTTEN", &detail));
    }
    if since > door.log.last()? {
        return Err(Problem::gone("CURSOR_UNKNOWN", "this door has not come so far: begin again, without `since`"));
    }
    door.log.confirm(since)?;
    let entries = door.log.entries(since, limit)?;
    let cursor = entries.last().map_or(since, |entry| entry.number);
    let events: Vec<&serde_json::Map<String, Value>> = entries.iter().filter_map(Entry::event).collect();
    let mut response = ([(header::CONTENT_TYPE, BATCH)], json!(events).to_string()).into_response();
    response.headers_mut().insert(NEXT_CURSOR, HeaderValue::from(cursor));
    let next = door.at(&["v1", "events"]);
    if let Ok(link) = HeaderValue::try_from(format!("<{next}?since={cursor}&limit={limit}>; rel=\"next\"")) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// One message.
pub(super) async fn one(_: Caller, State(Door(door)): State<Door>, Named(id): Named) -> Result<Response, Problem> {
    let entry = door.log.fetch(&id)?.ok_or_else(Problem::nothing)?;
    let withdrawn = || Problem::gone("WITHDRAWN", "the message was withdrawn: delete what was made of it");
    let event = entry.event().ok_or_else(withdrawn)?;
    Ok(([(header::CONTENT_TYPE, ONE)], json!(event).to_string()).into_response())
}

/// Where the messages about a detention are.
pub(super) async fn of_detention(_: Caller, State(Door(door)): State<Door>, Named(reference): Named) -> Result<Response, Problem> {
    let about = |entry: &Entry| entry.detention.as_ref().is_some_and(|detention| detention.as_str() == reference);
    let entries = door.log.entries(0, usize::MAX)?;
    let places: Vec<String> = entries.iter().filter(|entry| about(entry)).map(|entry| door.at(&["v1", "events", &entry.id])).collect();
    if places.is_empty() {
        return Err(Problem::nothing());
    }
    Ok(([(header::CONTENT_TYPE, "application/json")], json!({ "detention": reference, "events": places }).to_string()).into_response())
}
