//! The door as each input finds it: seven messages, of which the first two are forgotten and one is withdrawn, and one subscription.

use std::{
    path::Path,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
    routing::post,
};
use jiff::{SignedDuration, Timestamp};
use schakelpunt::clock::SetClock;
use schakelpunt_adapters::{alarm::Alarms, delivered::Delivered, door::Door, hub::Sink as _};
use serde_json::{Value, json};
use tokio::{net::TcpListener, runtime, task::JoinSet};

use super::super::{
    exchange::{self, Answered, Asked},
    folder,
};

pub(super) const SECRET: &str = "a-secret-of-thirty-two-bytes-or-more";
pub(super) const OTHER_SECRET: &str = "of-another-with-thirty-two-bytes-too";
/// The numbers of the messages.
pub(super) const LAST: u64 = 7;
pub(super) const FORGOTTEN: u64 = 2;
pub(super) const WITHDRAWN: u64 = 4;
/// The subscription of `suite`: the seeds name it.
const SUBSCRIPTION: &str = "https://door.example/notificaties/api/v1/abonnement/391fc292-54b1-5c58-b000-a37ebfd27d40";

/// The door, until something changes it.
pub(super) struct Stage(Option<Router>);

/// The one stage: inputs come one after the other.
pub(super) fn stage() -> MutexGuard<'static, Stage> {
    static STAGE: Mutex<Stage> = Mutex::new(Stage(None));
    // an input that failed its check has changed nothing
    STAGE.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn now() -> Timestamp {
    static NOW: LazyLock<Timestamp> = LazyLock::new(|| "2024-10-08T08:00:00Z".parse().unwrap());
    *NOW
}

pub(super) fn id(number: u64) -> String {
    format!("m-{number}")
}

impl Stage {
    /// Asks; the next input finds the door as it was. Without a network: a callback that is asked nevertheless is a panic.
    pub(super) fn ask(&mut self, request: Request<Body>) -> Answered {
        static RUNTIME: LazyLock<runtime::Runtime> =
            LazyLock::new(|| runtime::Builder::new_current_thread().enable_time().build().unwrap());
        let reads = ["GET", "HEAD"].contains(&request.method().as_str());
        let router = self.0.get_or_insert_with(kept).clone();
        let answered = RUNTIME.block_on(exchange::ask(router, request));
        if !reads && answered.status.is_success() {
            self.0 = None;
        }
        answered
    }
}

/// The door with what is kept, and nobody to whom a callback may lead but the internet.
fn kept() -> Router {
    static FILE: LazyLock<Vec<u8>> = LazyLock::new(made);
    let folder = folder();
    std::fs::write(folder.path().join("door.redb"), &*FILE).unwrap();
    // the file stays open without its name, so that nothing is left behind
    opened(folder.path(), "", SetClock::new(now())).router()
}

fn opened(folder: &Path, allow: &str, clock: SetClock) -> Door {
    let settings = format!(
        "listen = \"127.0.0.1:0\"\naddress = \"https://door.example/\"\n\
         [[application]]\nclient-id = \"suite\"\nsecret = \"{SECRET}\"\n\
         [[application]]\nclient-id = \"other\"\nsecret = \"{OTHER_SECRET}\"\n{allow}"
    );
    Door::open("door", &toml::from_str(&settings).unwrap(), folder, Arc::new(clock)).unwrap()
}

/// The door's own file, made by what a door does: it takes messages, forgets, and asks one callback on this machine.
fn made() -> Vec<u8> {
    let folder = folder();
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let clock = SetClock::new(now() - SignedDuration::from_hours(24 * 31));
        let allow = "[[allow]]\nhost = \"127.0.0.1\"\nnetworks = [\"127.0.0.0/8\"]\nplain-http = true\n";
        let door = opened(folder.path(), allow, clock.clone());
        for number in 1..=LAST {
            if number == FORGOTTEN + 1 {
                clock.set(now());
            }
            door.hand_on(&Delivered::read(message(number).to_string().as_bytes()).unwrap()).await.unwrap();
        }
        // it begins to serve by forgetting
        let alarms = Alarms::new(folder.path().join("alarms.jsonl"));
        tokio::time::timeout(Duration::from_millis(20), door.serve(&alarms)).await.unwrap_err();
        subscribe(&door).await;
    });
    std::fs::read(folder.path().join("door.redb")).unwrap()
}

async fn subscribe(door: &Door) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let callback = format!("http://{}/", listener.local_addr().unwrap());
    let called = |headers: HeaderMap| async move {
        if headers.contains_key("authorization") { StatusCode::NO_CONTENT } else { StatusCode::FORBIDDEN }
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, Router::new().route("/", post(called))).await.unwrap() });
    let channels = json!([{ "naam": "schakelpunt", "filters": { "categorie": "plans" } }]);
    let body = json!({ "callbackUrl": callback, "auth": "Bearer only-in-tests", "kanalen": channels }).to_string();
    let asked = Asked::read(b"POST /notificaties/api/v1/abonnement\nauthorization: suite\n");
    let request = asked.request(body.as_bytes(), |word| super::token(word, &asked)).unwrap();
    let Answered { status, headers, .. } = exchange::ask(door.router(), request).await;
    assert_eq!((status.as_u16(), headers["location"].to_str().unwrap()), (201, SUBSCRIPTION));
}

fn message(number: u64) -> Value {
    let (event, category, data) = match number {
        number if number == WITHDRAWN + 1 => {
            let of = json!({ "source": "urn:hub", "id": id(WITHDRAWN) });
            ("message-withdrawn", "corrections", json!({ "correction": { "of": of, "reason": "WRONG_PERSON" } }))
        }
        number if number % 2 == 0 => ("plan-ready", "plans", json!({})),
        _ => ("detention-started", "detentions", json!({ "person": { "identity": { "surname": "Fictiva" } } })),
    };
    json!({
        "specversion": "1.0", "id": id(number), "source": "urn:hub", "type": format!("nl.schakelpunt.{category}.{event}.v1"),
        "time": "2024-09-04T06:30:00Z", "subject": "D-1", "producer": "urn:prison", "causationid": format!("original-{number}"),
        "data": data,
    })
}
