//! A request to the gateway.

use std::sync::{Arc, OnceLock};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use schakelpunt_engine::Hub;
use schakelpunt_gateway::{Gateway, Readiness, Tokens, router};
use serde_json::Value;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use super::{blank, first_line, head_and_body, innocence::CANARY, world::world};

/// A line with method and target, lines with headers, an empty line, the body. `authorization: pi` stands for the prison's token.
pub fn http(bytes: &[u8]) {
    let (line, rest) = first_line(bytes);
    let line = String::from_utf8_lossy(line);
    let (method, target) = line.split_once(' ').unwrap_or(("GET", &line));
    let (head, body) = head_and_body(rest);
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in &head {
        let known = name.eq_ignore_ascii_case("authorization") && value == "pi";
        request = request.header(name.as_str(), if known { "Bearer pi" } else { value });
    }
    // what cannot be a request does not come so far
    if let Ok(request) = request.body(Body::from(body.to_vec())) {
        runtime().block_on(ask(request));
    }
}

async fn ask(request: Request<Body>) {
    static ROUTER: OnceLock<Router> = OnceLock::new();
    let made;
    let router = match ROUTER.get() {
        Some(router) => router,
        None => {
            made = routes().await;
            ROUTER.get_or_init(|| made)
        }
    };
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let headers = response.headers().clone();
    let shown = format!("{status} {headers:?}");
    assert!(!status.is_server_error() || status == 503, "{shown}");
    assert!(headers.contains_key("api-version") && headers.contains_key("x-content-type-options"), "{shown}");
    assert!(!shown.to_lowercase().contains(CANARY), "a header with content: {shown}");
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    // a bodyless answer to HEAD
    if (status.is_client_error() || status.is_server_error()) && !body.is_empty() {
        assert_eq!(headers.get("content-type").and_then(|value| value.to_str().ok()), Some("application/problem+json"), "{shown}");
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert!(problem["code"].is_string() && problem["detail"].is_string() && problem["status"] == status.as_u16(), "{problem}");
        assert!(!problem.to_string().to_lowercase().contains(CANARY), "an answer with content: {problem}");
    }
}

async fn routes() -> Router {
    let world = world();
    let hub = Hub::open(world.settings.clone(), Arc::new(blank::Store), Arc::new(blank::Bus)).await.unwrap();
    let tokens = Tokens::default().with("pi", "pi-zwolle".parse().unwrap());
    let readiness = Readiness::default();
    readiness.set(true);
    router(Gateway { hub: Arc::new(hub), tokens, public_url: "https://hub.test".to_owned(), readiness })
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap())
}
