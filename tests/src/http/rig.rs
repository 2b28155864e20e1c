//! A hub with the demo's participants behind its router, and answers that are easy to ask.

use std::{path::Path, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, header},
};
use jiff::Timestamp;
use schakelpunt::{clock::SetClock, registers::Tables, wiring};
use schakelpunt_bus::InProcessBus;
use schakelpunt_domain::{
    ParticipantId,
    registers::{At, Entry},
};
use schakelpunt_engine::{Hub, life::Role, ports::Store};
use schakelpunt_gateway::{Administrator, Gateway, Readiness, Replays, Tokens, router};
use schakelpunt_store::SqliteStore;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::documented;

pub(super) const STRUCTURED: &str = "application/cloudevents+json; charset=utf-8";
pub(super) const PUBLIC_URL: &str = "https://hub.test";

/// A hub in memory at an instant.
pub(super) struct Rig {
    pub(super) hub: Arc<Hub>,
    pub(super) store: Arc<SqliteStore>,
    pub(super) readiness: Readiness,
    pub(super) router: Router,
    clock: SetClock,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// Status, code and pointer of a problem; checks that it is one.
    pub(super) fn problem(&self) -> (u16, String, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
        (self.status, text("code"), text("pointer"))
    }
}

/// The token of a participant in these tests.
pub(super) fn token(participant: &str) -> String {
    format!("token-of-{participant}")
}

impl Rig {
    /// An ordinary day, long after the law of 2021.
    pub(super) async fn new() -> Self {
        Self::at("2024-10-08T08:00:00Z").await
    }

    pub(super) async fn at(now: &str) -> Self {
        Self::around(now, |store| store).await
    }

    /// The hub sees the store through something else.
    pub(super) async fn around(now: &str, wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>) -> Self {
        let now: Timestamp = now.parse().unwrap();
        let clock = SetClock::new(now);
        let store = Arc::new(SqliteStore::in_memory(Arc::new(clock.clone())).await.unwrap());
        store.migrate().await.unwrap();
        let text = include_str!("../../../config/demo/participants.toml");
        let entries = Tables::parse("participants.toml", text).unwrap().entries(now).unwrap();
        let settings = wiring::embedded_settings(Some(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../config/rules")))).unwrap();
        let mut tokens = Tokens::default().with(&token(settings.hub.as_str()), settings.hub.clone());
        let administrators = [
            ("beheer", None, vec![Role::Author]),
            ("beheer-dji", Some("DJI"), Vec::new()),
            ("beheer-3ro", Some("3RO"), Vec::new()),
            ("beheer-gemeenten", Some("gemeenten"), Vec::new()),
            ("jurist", None, vec![Role::LegalReviewer]),
        ];
        for (name, owner, roles) in administrators {
            let administrator = Administrator::new(name.parse().unwrap(), owner.map(str::to_owned), roles);
            tokens = tokens.with_administrator(&token(name), administrator);
        }
        let bus = InProcessBus::default();
        for entry in &entries {
            if let Entry::Participant(participant) = &entry.entry {
                tokens = tokens.with(&token(participant.id.as_str()), participant.id.clone());
                bus.add_inbox(&participant.id);
            }
        }
        store.record(entries).await.unwrap();
        let hub = Arc::new(Hub::open(settings, wrap(store.clone()), Arc::new(bus)).await.unwrap());
        let readiness = Readiness::default();
        let gateway = Gateway {
            hub: hub.clone(),
            tokens,
            public_url: PUBLIC_URL.to_owned(),
            readiness: readiness.clone(),
            replays: Replays::default(),
        };
        Self { router: router(gateway), hub, store, readiness, clock }
    }

    pub(super) fn pass(&self, instant: &str) {
        self.clock.set(instant.parse().unwrap());
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec();
        documented::check(&method, &path, status, &headers, &body);
        Answer { status, headers, body }
    }

    pub(super) async fn get(&self, who: &str, path: &str) -> Answer {
        self.send(request(Method::GET, Some(who), path).body(Body::empty()).unwrap()).await
    }

    pub(super) async fn public(&self, path: &str) -> Answer {
        self.send(request(Method::GET, None, path).body(Body::empty()).unwrap()).await
    }

    pub(super) async fn post(&self, who: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut builder = request(Method::POST, Some(who), "/v1/events");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        self.send(builder.body(body.into()).unwrap()).await
    }

    /// Offers an event in structured mode.
    pub(super) async fn offer(&self, who: &str, event: &Value) -> Answer {
        self.post(who, &[("content-type", STRUCTURED)], event.to_string()).await
    }

    /// An event of `who`, in order.
    pub(super) async fn event(&self, who: &str, name: &str, id: &str, detention: &str, data: Value) -> Value {
        let latest = At { valid: Timestamp::MAX, known: Timestamp::MAX };
        let who: ParticipantId = who.parse().unwrap();
        let oin = self.hub.registers().await.participant(&who, latest).unwrap().oin.clone();
        let sequence = id.bytes().fold(0_u64, |sum, byte| sum * 31 + u64::from(byte)) % 1_000_000;
        json!({
            "specversion": "1.0",
            "id": id,
            "source": format!("urn:nld:oin:{oin}:systeem:scenario"),
            "type": self.hub.settings().catalogue.named(name).unwrap().ty,
            "time": "2024-10-08T08:00:00Z",
            "subject": detention,
            "sequence": format!("{sequence:020}"),
            "data": data,
        })
    }

    /// The admission notice of somebody of Zwolle.
    pub(super) async fn admission(&self, id: &str, detention: &str) -> Value {
        let data = json!({
            "person": {"identity": {"surname": "Populier", "givenNames": "Tess", "birthDate": "1980-02-02", "bsn": "999900134"}},
            "detention": {"start": "2024-10-07", "piEntry": "2024-10-07", "title": "SENTENCE"},
            "residence": {"candidates": [{"source": "BRP_AT_START", "municipality": "0193", "kind": "HOME"}]},
        });
        self.event("pi-zwolle", "detention-started", id, detention, data).await
    }

    /// Opens a detention over HTTP.
    pub(super) async fn admit(&self, id: &str, detention: &str) {
        let answer = self.offer("pi-zwolle", &self.admission(id, detention).await).await;
        assert_eq!(answer.status, 202, "{answer:?}");
    }
}

/// A request with the token of `who`.
pub(super) fn request(method: Method, who: Option<&str>, path: &str) -> axum::http::request::Builder {
    let builder = Request::builder().method(method).uri(path);
    match who {
        Some(who) => builder.header(header::AUTHORIZATION, format!("Bearer {}", token(who))),
        None => builder,
    }
}
