//! Answers that are no success: problem+json (RFC 9457), in the words of the ZGW APIs. No value of a request is repeated.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::keep::KeepError;

/// A problem.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    status: StatusCode,
    body: Value,
}

impl Problem {
    fn new(status: StatusCode, code: &str, title: &str, detail: &str) -> Self {
        Self::with(status, code, title, detail, &[])
    }

    fn with(status: StatusCode, code: &str, title: &str, detail: &str, mistakes: &[Value]) -> Self {
        let mut body = json!({ "type": "about:blank", "code": code, "title": title, "status": status.as_u16(), "detail": detail });
        if let Some(body) = body.as_object_mut().filter(|_| !mistakes.is_empty()) {
            body.insert("invalidParams".to_owned(), mistakes.into());
        }
        Self { status, body }
    }

    /// No token, or none that counts.
    pub(super) fn unknown() -> Self {
        let detail = "a bearer token: JWT with HS256 over `client_id` and `iat`, at most an hour old";
        Self::new(StatusCode::UNAUTHORIZED, "not_authenticated", "Who calls is not known.", detail)
    }

    /// What only somebody may do who publishes, and here that is the adapter.
    pub(super) fn publishes_alone() -> Self {
        let detail = "notificaties.publiceren belongs to the adapter alone";
        Self::new(StatusCode::FORBIDDEN, "permission_denied", "Nobody else publishes here.", detail)
    }

    /// Not there, or somebody else's.
    pub(super) fn nothing() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here.", "an address that this door gave")
    }

    /// The address is there, and takes other methods.
    pub(super) fn not_so() -> Self {
        let detail = "one of the methods in the header Allow";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This cannot be done here.", detail)
    }

    /// A body that is longer than any that fits.
    pub(super) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "This is too much.", "a body of at most 16384 bytes")
    }

    /// It was here, and is not kept any longer.
    pub(super) fn gone(code: &str, detail: &str) -> Self {
        Self::new(StatusCode::GONE, code, "This is not kept any longer.", detail)
    }

    /// A request that does not fit: which name, why, and what is expected.
    pub(super) fn invalid(name: &str, code: &str, reason: &str) -> Self {
        let mistake = json!({ "name": name, "code": code, "reason": reason });
        Self::with(StatusCode::BAD_REQUEST, "invalid", "Invalid input.", "", &[mistake])
    }
}

impl From<KeepError> for Problem {
    /// The file's trouble is told to its own people.
    fn from(error: KeepError) -> Self {
        tracing::error!(%error, "the door's own file");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "error", "Not now.", "the adapter cannot use its own file; come again")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, [(header::CONTENT_TYPE, "application/problem+json")], self.body.to_string()).into_response()
    }
}
