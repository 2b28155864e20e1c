//! A request to the gateway.

use std::sync::{Arc, OnceLock};

use axum::{Router, body::Body, http::Request};
use schakelpunt_engine::Hub;
use schakelpunt_gateway::{Gateway, Readiness, Replays, Tokens, router};
use tokio::runtime::Runtime;

use super::{
    blank,
    exchange::{self, Answered, Asked},
    world::world,
};

/// A request. `authorization: pi` stands for the prison's token.
pub fn http(bytes: &[u8]) {
    let asked = Asked::read(bytes);
    if let Some(request) = asked.request(asked.body, |word| (word == "pi").then(|| "Bearer pi".to_owned())) {
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
    let Answered { status, headers, .. } = exchange::ask(router.clone(), request).await;
    assert!(!status.is_server_error() || status == 503, "{status}");
    assert!(headers.contains_key("api-version") && headers.contains_key("x-content-type-options"), "{status} {headers:?}");
}

async fn routes() -> Router {
    let world = world();
    let hub = Hub::open(world.settings.clone(), Arc::new(blank::Store), Arc::new(blank::Bus)).await.unwrap();
    let tokens = Tokens::default().with("pi", "pi-zwolle".parse().unwrap());
    let readiness = Readiness::default();
    readiness.set(true);
    router(Gateway { hub: Arc::new(hub), tokens, public_url: "https://hub.test".to_owned(), readiness, replays: Replays::default() })
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap())
}
