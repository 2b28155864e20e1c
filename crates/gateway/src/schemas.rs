//! `GET /v1/schemas/...`: what an event looks like, for its producer and for its recipients. Public: schemas say nothing of anybody.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use schakelpunt_domain::catalogue::EventSpec;
use serde_json::Value;

use crate::{Shared, caller::Segment, problem::Problem};

/// Where the schemas for producers are served.
pub(crate) const EVENTS: &str = "/v1/schemas/events/{event}";
/// Where the schemas for recipients are served.
pub(crate) const RECIPIENTS: &str = "/v1/schemas/recipients/{event}";

/// The schema that a producer must meet.
pub(crate) async fn event(State(gateway): State<Shared>, Segment(event): Segment) -> Result<Response, Problem> {
    find(&gateway, &event).map(|spec| schema(&spec.schema))
}

/// The schema that a recipient meets.
pub(crate) async fn recipient(State(gateway): State<Shared>, Segment(event): Segment) -> Result<Response, Problem> {
    find(&gateway, &event).map(|spec| schema(&spec.recipient))
}

fn find<'a>(gateway: &'a Shared, event: &str) -> Result<&'a EventSpec, Problem> {
    gateway.hub.settings().catalogue.named(event).ok_or_else(|| Problem::not_found("the short name of an event of the catalogue"))
}

fn schema(schema: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/schema+json")], schema.to_string()).into_response()
}
