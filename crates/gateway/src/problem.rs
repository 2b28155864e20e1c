//! Errors as RFC 9457 problems. Always `status`, `title`, `detail` and `code`; never anything that the caller sent.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use schakelpunt_domain::{Rejection, RejectionCode};
use schakelpunt_engine::{hub::chain, ports::StoreError};
use serde_json::{Map, Value, json};

/// When to come back after a transient failure, in seconds.
const RETRY_AFTER: &str = "5";
/// Joins the answer to a failure with its line in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// An answer that is not what was asked for.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem. `code` is for programs, `title` says what is wrong, `detail` what was expected.
    pub(crate) fn new(status: StatusCode, code: &str, title: &str, detail: &str) -> Self {
        let problem = Self { status, members: Map::new(), headers: Vec::new() };
        let problem = problem.with("status", status.as_u16()).with("title", title);
        problem.with("detail", detail).with("code", code)
    }

    /// Adds a member.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a header.
    pub(crate) fn with_header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    /// As an error within an answer, where the caller can do something about it.
    pub(crate) fn of_caller(&self) -> Option<Value> {
        let member = |name| self.members.get(name).cloned().unwrap_or_default();
        let error = || json!({"status": self.status.as_u16(), "code": member("code"), "message": member("detail")});
        self.status.is_client_error().then(error)
    }

    /// The request itself is wrong; `detail` says what was expected.
    pub(crate) fn invalid(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_REQUEST", "The request is not well formed.", detail)
    }

    /// It does not exist, or not for this caller.
    pub(crate) fn not_found(detail: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "There is nothing here.", detail)
    }

    /// The hub cannot do it now; the same request may succeed later.
    pub(crate) fn unavailable(detail: &str) -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "The hub cannot do this now.", detail);
        problem.with_header(header::RETRY_AFTER, RETRY_AFTER)
    }

    /// A message that the hub rejected.
    pub(crate) fn rejected(why: &Rejection) -> Self {
        let detail = format!("Expected: {}.", why.detail);
        let problem = Self::new(status_of(why.code), why.code.code(), why.code.en(), &detail);
        let sentence = json!({"nl": why.code.nl(), "en": why.code.en()});
        problem.with("pointer", why.pointer.as_str()).with("sentence", sentence)
    }

    /// Something failed that the caller can do nothing about. The causes go to the log, under the id that the answer carries.
    pub(crate) fn failed(error: &dyn std::error::Error) -> Self {
        let detail = "The log of the hub has the cause, under `requestId`.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "The hub failed.", detail).logged(error)
    }

    fn logged(mut self, error: &dyn std::error::Error) -> Self {
        let id = request_id();
        tracing::error!(request_id = id, error = %chain(error), "request failed");
        if let Ok(value) = HeaderValue::from_str(&id) {
            self.headers.push((REQUEST_ID, value));
        }
        self.with("requestId", id)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Conflict | StoreError::Fenced | StoreError::Unavailable(_) => {
                Self::unavailable("the same request again, later").logged(&error)
            }
            StoreError::NoRules(why) => {
                let detail = "the same request again, later: what is sent is not lost, and what waits stays";
                let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "RULES_STOPPED", "The hub decides nothing now.", detail);
                tracing::error!(error = %why, "nothing can be decided");
                problem.with_header(header::RETRY_AFTER, RETRY_AFTER)
            }
            StoreError::Data(_) | StoreError::Inconsistent { .. } => Self::failed(&error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Value::Object(self.members).to_string();
        let mut response = (self.status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}

fn status_of(code: RejectionCode) -> StatusCode {
    match code {
        RejectionCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        RejectionCode::IdReused | RejectionCode::DetentionConflict => StatusCode::CONFLICT,
        RejectionCode::Malformed
        | RejectionCode::UnknownType
        | RejectionCode::SchemaInvalid
        | RejectionCode::UnknownSender
        | RejectionCode::SenderMismatch
        | RejectionCode::NotAllowedToProduce
        | RejectionCode::PersonalDataInAttributes
        | RejectionCode::UnknownDetention
        | RejectionCode::WrongChannel
        | RejectionCode::WrongCapacity => StatusCode::BAD_REQUEST,
    }
}

/// A number that no other failure has: random per process, counted within it.
fn request_id() -> String {
    static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());
    static COUNT: AtomicU64 = AtomicU64::new(1);
    format!("{:016x}-{}", *PROCESS, COUNT.fetch_add(1, Ordering::Relaxed))
}
