//! HTTP of Schakelpunt: intake, fetching, the trace of a message, registers, desks, schemas, health.
//!
//! | module | what it serves |
//! |---|---|
//! | `events` | `POST /v1/events`: offer one CloudEvent; `body` reads it, structured or binary |
//! | `fetch` | `GET /v1/subscriptions/{id}/events`: fetch one's own deliveries |
//! | `channel_tests` | `POST /v1/subscriptions/{id}/tests`: whether one's channel works |
//! | `trace` | `GET /v1/messages/{id}`: what became of a message, for whoever has to do with it |
//! | `entries` | `GET`, `POST /v1/registers/{kind}`: list and enter register entries |
//! | `accesses` | `POST /v1/accesses`: a worker looks; `GET /v1/accesses`: who was given what of a case, and who looked |
//! | `rules` | `/v1/rules...`: drafts of rule sets, what they mean, and the deeds by which one comes into force |
//! | `authzen` | `POST /access/v1/evaluation`, `/evaluations`: the rules as an OpenID AuthZEN decision point |
//! | `schemas` | `GET /v1/schemas/...`: the schemas of the catalogue |
//! | `health` | `GET /healthz`, `GET /readyz` |
//! | `openapi` | `GET /openapi.json`: this table for machines, held against the router by a test |
//! | `asyncapi` | `GET /v1/asyncapi.json`: the hub over AMQP for machines, made from catalogue and rules |
//!
//! `replaying` asks recorded decisions again, for `rules` and for commands. `hooks` is the other way round: the hub calls participants at their own address.
//!
//! Every answer carries the headers of `frame`; every error is a [`problem`](https://www.rfc-editor.org/rfc/rfc9457). Participants
//! authenticate with a bearer token ([`Tokens`]). Nothing personal stands in a URL, an error or a log line: of a request only its
//! route and status are logged.
//!
//! # Adding an operation
//!
//! One file with `PATH` and a handler that gives `Result<_, Problem>`, one line in `operations`, and its description in `openapi.json`.

mod accesses;
mod asyncapi;
mod authzen;
mod body;
mod caller;
mod channel_tests;
mod connections;
mod entries;
mod events;
mod fetch;
mod frame;
mod health;
mod hooks;
pub mod limits;
mod openapi;
mod percent;
mod problem;
pub mod replaying;
mod rules;
mod schemas;
mod tokens;
mod trace;
mod turns;

use std::{future::Future, sync::Arc};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::Method,
    routing::{MethodRouter, get, post, put},
};
use schakelpunt_engine::Hub;
use tokio::net::TcpListener;

use self::connections::Limited;
pub use self::{
    health::Readiness,
    hooks::{HookCalls, secret},
    rules::Replays,
    tokens::{Administrator, Tokens},
};
/// An exception from the addresses that nobody is called at.
pub use schakelpunt_webhook::Allow as HookAllow;

/// What the operations work with.
#[derive(Debug)]
pub struct Gateway {
    /// The hub.
    pub hub: Arc<Hub>,
    /// Who may come in, and with how many requests at once. The hub's own id, with a token, is the operator.
    pub tokens: Tokens,
    /// Where this gateway is reached, without a slash at the end: `https://hub.example`.
    pub public_url: String,
    /// Whether the process has started and is not ending.
    pub readiness: Readiness,
    /// Whose turn it is to replay what was decided.
    pub replays: Replays,
}

type Shared = Arc<Gateway>;

/// One operation: method, path, handler.
struct Operation {
    method: Method,
    path: &'static str,
    handler: MethodRouter<Shared>,
}

fn operations() -> Vec<Operation> {
    let read = |path, handler| Operation { method: Method::GET, path, handler };
    vec![
        Operation { method: Method::POST, path: events::PATH, handler: post(events::handler).layer(DefaultBodyLimit::max(body::LIMIT)) },
        read(fetch::PATH, get(fetch::handler)),
        Operation { method: Method::POST, path: channel_tests::PATH, handler: post(channel_tests::handler) },
        read(trace::PATH, get(trace::handler)),
        read(entries::PATH, get(entries::list)),
        Operation {
            method: Method::POST,
            path: entries::PATH,
            handler: post(entries::enter).layer(DefaultBodyLimit::max(entries::ENTRY_MAX)),
        },
        read(accesses::PATH, get(accesses::list)),
        Operation {
            method: Method::POST,
            path: accesses::PATH,
            handler: post(accesses::look).layer(DefaultBodyLimit::max(entries::ENTRY_MAX)),
        },
        read(rules::PATH, get(rules::list)),
        Operation { method: Method::POST, path: rules::PATH, handler: post(rules::begin).layer(DefaultBodyLimit::max(rules::RULES_MAX)) },
        read(rules::DRAFT, get(rules::show)),
        read(rules::FILES, get(rules::files)),
        Operation { method: Method::PUT, path: rules::FILES, handler: put(rules::edit).layer(DefaultBodyLimit::max(rules::RULES_MAX)) },
        Operation { method: Method::POST, path: rules::DEEDS, handler: post(rules::act).layer(DefaultBodyLimit::max(entries::ENTRY_MAX)) },
        read(rules::DIFF, get(rules::diff)),
        read(rules::PROOF, get(rules::proof)),
        read(rules::SHADOW, get(rules::shadow)),
        Operation { method: Method::POST, path: rules::STOP, handler: post(rules::stop).layer(DefaultBodyLimit::max(entries::ENTRY_MAX)) },
        Operation { method: Method::POST, path: authzen::EVALUATION, handler: asked(post(authzen::evaluation)) },
        Operation { method: Method::POST, path: authzen::EVALUATIONS, handler: asked(post(authzen::evaluations)) },
        read(authzen::METADATA, get(authzen::metadata)),
        read(schemas::EVENTS, get(schemas::event)),
        read(schemas::RECIPIENTS, get(schemas::recipient)),
        read(health::ALIVE, get(health::alive)),
        read(health::READY, get(health::ready)),
        read(openapi::PATH, get(openapi::handler)),
        read(openapi::PATH_AT_BASE, get(openapi::handler)),
        read(asyncapi::PATH, asyncapi::route()),
    ]
}

/// A question to the decision point, at most as large as a message, with its id given back.
fn asked(handler: MethodRouter<Shared>) -> MethodRouter<Shared> {
    handler.layer(DefaultBodyLimit::max(body::LIMIT)).layer(axum::middleware::from_fn(authzen::echo))
}

/// The routes.
pub fn router(gateway: Gateway) -> Router {
    let mut router = Router::new();
    for Operation { method, path, handler } in operations() {
        tracing::debug!(%method, path, "served");
        router = router.route(path, handler);
    }
    router
        .fallback(frame::not_found)
        .method_not_allowed_fallback(frame::method_not_allowed)
        // outermost, so that errors get the headers too
        .layer(axum::middleware::from_fn(frame::frame))
        .with_state(Arc::new(gateway))
}

/// Serves until `shutdown` ends; what was begun is finished.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
    axum::serve(Limited::new(listener), router).with_graceful_shutdown(shutdown).await
}
