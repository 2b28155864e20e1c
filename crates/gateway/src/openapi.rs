//! `GET /openapi.json`: the description of this API, open to everybody and to pages of other sites.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse as _, Response},
};
use serde_json::Value;

use crate::Shared;

/// Where it is served.
pub(crate) const PATH: &str = "/openapi.json";
/// The same at the base path, where the Dutch API Design Rules look for it.
pub(crate) const PATH_AT_BASE: &str = "/v1/openapi.json";
/// Written by hand; a test holds it against the router.
const DOCUMENT: &str = include_str!("../openapi.json");
/// What stands in the document for the place where this gateway is reached.
const PLACE: &str = "https://schakelpunt.example";

/// The description, with the servers' real place.
pub(crate) async fn handler(State(gateway): State<Shared>) -> Response {
    let document = DOCUMENT.replace(PLACE, &gateway.public_url);
    ([(header::CONTENT_TYPE, "application/json"), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], document).into_response()
}

/// A part of the description, for the one of AMQP.
fn part(pointer: &str) -> Value {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap_or_default();
    document.pointer(pointer).cloned().unwrap_or_default()
}

/// What an event looks like, whatever carries it.
pub(crate) fn event_schema() -> Value {
    part("/components/schemas/CloudEvent")
}

/// Version, contact and licence.
pub(crate) fn info() -> Value {
    part("/info")
}

#[cfg(test)]
mod tests;
