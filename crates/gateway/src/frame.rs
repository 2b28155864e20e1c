//! What all answers have in common: headers, one log line, and the answers to what is not served.

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};

use crate::problem::Problem;

/// The version of this API, as in `openapi.json`.
pub(crate) const API_VERSION: &str = "1.0.0";

const HEADERS: [(HeaderName, &str); 6] = [
    (HeaderName::from_static("api-version"), API_VERSION),
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Adds the headers and writes the log line: route and status, never the path, which a caller can fill with anything.
pub(crate) async fn frame(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let (route, status) = (route.as_ref().map_or("", MatchedPath::as_str), response.status());
    if status.is_client_error() || status.is_server_error() {
        tracing::info!(http.route = route, http.status = status.as_u16(), "request not answered as asked");
    } else {
        tracing::debug!(http.route = route, http.status = status.as_u16(), "request answered");
    }
    response
}

/// Nothing is served there.
pub(crate) async fn not_found() -> Problem {
    Problem::not_found("a path of /openapi.json, without a slash at the end")
}

/// The path is served, but not like this.
pub(crate) async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "This method is not served here.", "a method of the header `Allow`")
}
