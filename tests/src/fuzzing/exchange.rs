//! A request as a seed has it, and what holds for every answer.

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use serde_json::Value;
use tower::ServiceExt as _;

use super::{first_line, head_and_body, innocence::CANARY};

/// A line with method and target, lines with headers, an empty line, the body.
pub(super) struct Asked<'a> {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) head: Vec<(String, String)>,
    pub(super) body: &'a [u8],
}

/// An answer.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl<'a> Asked<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        let (line, rest) = first_line(bytes);
        let line = String::from_utf8_lossy(line);
        let (method, target) = line.split_once(' ').unwrap_or(("GET", &line));
        let (method, target) = (method.to_owned(), target.to_owned());
        let (head, body) = head_and_body(rest);
        Self { method, target, head, body }
    }

    /// The first header of this name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The request with this body; `None`: what cannot be one does not come so far. `token` knows what a word stands for as
    /// `authorization`.
    pub(super) fn request(&self, body: &[u8], token: impl Fn(&str) -> Option<String>) -> Option<Request<Body>> {
        let mut request = Request::builder().method(self.method.as_str()).uri(self.target.as_str());
        for (name, value) in &self.head {
            let known = Some(value).filter(|_| name.eq_ignore_ascii_case("authorization")).and_then(|value| token(value));
            request = request.header(name.as_str(), known.unwrap_or_else(|| value.clone()));
        }
        request.body(Body::from(body.to_vec())).ok()
    }
}

/// Asks. No header repeats content; what is no success is a problem with its code, and repeats nothing either.
pub(super) async fn ask(router: Router, request: Request<Body>) -> Answered {
    let response = router.oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let shown = format!("{status} {headers:?}");
    assert!(!shown.to_lowercase().contains(CANARY), "a header with content: {shown}");
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    // a bodyless answer to HEAD
    if (status.is_client_error() || status.is_server_error()) && !body.is_empty() {
        assert_eq!(headers.get("content-type").and_then(|value| value.to_str().ok()), Some("application/problem+json"), "{shown}");
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert!(problem["code"].is_string() && problem["detail"].is_string() && problem["status"] == status.as_u16(), "{problem}");
        assert!(!problem.to_string().to_lowercase().contains(CANARY), "an answer with content: {problem}");
    }
    Answered { status, headers, body }
}
