use std::{collections::VecDeque, sync::Mutex};

use axum::{
    extract::State,
    http::{StatusCode, header},
};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::*;
use crate::zgw;

mod forms;
mod settings;

const SECRET: &str = "a-secret-of-thirty-two-bytes-or-more";
const OTHER_SECRET: &str = "of-another-with-thirty-two-bytes-too";
const AUTH: &str = "Bearer only-in-tests";

#[derive(Debug)]
struct SetClock(Mutex<Timestamp>);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// A subscriber's callback: what it was told, and how it behaves.
#[derive(Debug, Default)]
struct Callback {
    told: Mutex<Vec<Value>>,
    /// Answers to the next notifications with the right authorisation, before it takes them.
    fails: Mutex<VecDeque<u16>>,
    /// Takes what comes without authorisation, too.
    is_open: bool,
}

impl Callback {
    fn events(&self) -> Vec<String> {
        self.told.lock().unwrap().iter().map(|told| told["kenmerken"]["event"].as_str().unwrap().to_owned()).collect()
    }
}

async fn called(State(callback): State<Arc<Callback>>, headers: axum::http::HeaderMap, body: axum::Json<Value>) -> StatusCode {
    if headers.get(header::AUTHORIZATION).is_none_or(|value| value != AUTH) && !callback.is_open {
        return StatusCode::FORBIDDEN;
    }
    if let Some(status) = callback.fails.lock().unwrap().pop_front() {
        return StatusCode::from_u16(status).unwrap();
    }
    if body.0["kanaal"] != "test" {
        callback.told.lock().unwrap().push(body.0);
    }
    StatusCode::NO_CONTENT
}

struct Rig {
    folder: tempfile::TempDir,
    clock: Arc<SetClock>,
    door: Door,
    root: String,
    tasks: JoinSet<()>,
}

impl Rig {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}/", listener.local_addr().unwrap());
        let settings = format!(
            "listen = \"127.0.0.1:0\"\naddress = \"{root}\"\n\
             [[application]]\nclient-id = \"suite\"\nsecret = \"{SECRET}\"\n\
             [[application]]\nclient-id = \"other\"\nsecret = \"{OTHER_SECRET}\"\n\
             [[allow]]\nhost = \"127.0.0.1\"\nnetworks = [\"127.0.0.0/8\"]\nplain-http = true\n"
        );
        let clock = Arc::new(SetClock(Mutex::new("2024-09-04T08:30:00Z".parse().unwrap())));
        let door = Door::open("door", &toml::from_str(&settings).unwrap(), folder.path(), Arc::<SetClock>::clone(&clock)).unwrap();
        let mut tasks = JoinSet::new();
        let router = door.router();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let (inner, alarms) = (Arc::clone(&door.0), Alarms::new(folder.path().join("alarms.jsonl")));
        tasks.spawn(async move { inner.notifying(&alarms).await.unwrap() });
        Self { folder, clock, door, root, tasks }
    }

    /// A callback that listens, and its address.
    async fn callback(&mut self, callback: Callback) -> (Arc<Callback>, String) {
        let callback = Arc::new(callback);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/callback", listener.local_addr().unwrap());
        let router = Router::new().route("/callback", post(called)).with_state(Arc::clone(&callback));
        self.tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        (callback, address)
    }

    fn passes(&self, time: SignedDuration) {
        *self.clock.0.lock().unwrap() += time;
    }

    async fn comes(&self, event: Value) {
        self.door.hand_on(&Delivered::read(event.to_string().as_bytes()).unwrap()).await.unwrap();
    }

    fn call(&self, client: &str, method: Method, path: &str) -> RequestBuilder {
        let secret = if client == "other" { OTHER_SECRET } else { SECRET };
        let token = zgw::token(client, secret, client, self.clock.now());
        let request = Client::builder().no_proxy().build().unwrap().request(method, format!("{}{path}", self.root));
        request.header(header::AUTHORIZATION, format!("Bearer {token}"))
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let response = self.call("suite", Method::GET, path).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    async fn subscribe(&self, callback: &str, channels: Value) -> (u16, Value) {
        let body = json!({ "callbackUrl": callback, "auth": AUTH, "kanalen": channels }).to_string();
        let response = self.call("suite", Method::POST, "notificaties/api/v1/abonnement").body(body).send().await.unwrap();
        assert_eq!(response.headers()["api-version"], "1.0.1");
        (response.status().as_u16(), response.json().await.unwrap())
    }

    fn alarms(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join("alarms.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["code"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until every subscriber was told of everything that it is told of.
    async fn all_told(&self) {
        let log = &self.door.0.log;
        self.until(|| log.subscriptions().unwrap().iter().all(|(_, one)| one.told == log.last().unwrap())).await;
    }

    /// Waits for what the door brings about.
    async fn until(&self, holds: impl Fn() -> bool) {
        let all = async {
            while !holds() {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), all).await.unwrap();
    }
}

fn message(id: &str, event: &str, category: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "urn:hub", "type": format!("nl.schakelpunt.{category}.{event}.v1"),
        "time": "2024-09-04T06:30:00Z", "subject": "D-1", "producer": "urn:prison", "causationid": format!("original-{id}"),
        "data": { "person": { "identity": { "surname": "Fictiva" } } },
    })
}

/// The first mistake of an answer.
fn mistake((status, body): (u16, Value)) -> (u16, String, String) {
    let text = |key: &str| body["invalidParams"][0][key].as_str().unwrap_or_default().to_owned();
    (status, text("name"), text("code"))
}

#[tokio::test]
async fn a_subscriber_is_told_where_and_not_what() {
    let mut rig = Rig::new().await;
    let (callback, address) = rig.callback(Callback::default()).await;
    let (status, subscription) = rig.subscribe(&address, json!([{ "naam": "schakelpunt" }])).await;
    assert_eq!(status, 201);
    assert!(subscription.get("auth").is_none(), "a secret is not shown again");

    rig.comes(message("m-1", "detention-started", "detentions")).await;
    rig.comes(message("m-1", "detention-started", "detentions")).await;
    rig.all_told().await;
    assert_eq!(callback.events(), ["detention-started"], "once, although it came twice");
    let told = callback.told.lock().unwrap()[0].clone();
    let root = &rig.root;
    assert_eq!(
        told,
        json!({
            "kanaal": "schakelpunt", "hoofdObject": format!("{root}v1/detentions/D-1"), "resource": "event",
            "resourceUrl": format!("{root}v1/events/m-1"), "actie": "create", "aanmaakdatum": "2024-09-04T08:30:00Z",
            "kenmerken": { "event": "detention-started", "categorie": "detentions" },
        })
    );
    assert_eq!(rig.get("v1/events/m-1").await.1["data"]["person"]["identity"]["surname"], "Fictiva");
    assert_eq!(rig.get("v1/detentions/D-1").await.1["events"], json!([format!("{root}v1/events/m-1")]));
}

#[tokio::test]
async fn a_filter_that_names_what_is_not_there_keeps_away() {
    let mut rig = Rig::new().await;
    let (started, address) = rig.callback(Callback::default()).await;
    rig.subscribe(&address, json!([{ "naam": "schakelpunt", "filters": { "event": "detention-started", "categorie": "*" } }])).await;
    let (plans, address) = rig.callback(Callback::default()).await;
    rig.subscribe(&address, json!([{ "naam": "schakelpunt", "filters": { "categorie": "plans" } }])).await;
    rig.comes(message("m-1", "detention-started", "detentions")).await;
    rig.comes(message("m-2", "plan-ready", "plans")).await;
    rig.comes(message("m-3", "detention-started", "detentions")).await;
    rig.all_told().await;
    assert_eq!(started.events(), ["detention-started", "detention-started"]);
    assert_eq!(plans.events(), ["plan-ready"]);

    for filters in [json!({ "gevangenis": "*" }), json!({ "event": "" })] {
        let refused = rig.subscribe(&address, json!([{ "naam": "schakelpunt", "filters": filters }])).await;
        assert_eq!(mistake(refused), (400, "filters".to_owned(), "inconsistent-abonnement-filters".to_owned()));
    }
    let refused = rig.subscribe(&address, json!([{ "naam": "zaken" }])).await;
    assert_eq!(mistake(refused), (400, "naam".to_owned(), "kanaal_naam".to_owned()));
}

#[tokio::test]
async fn a_callback_that_takes_what_anybody_sends_is_none() {
    let mut rig = Rig::new().await;
    let all = || json!([{ "naam": "schakelpunt" }]);
    let (_, open) = rig.callback(Callback { is_open: true, ..Callback::default() }).await;
    assert_eq!(mistake(rig.subscribe(&open, all()).await), (400, "callbackUrl".to_owned(), "no-auth-on-callback-url".to_owned()));
    for status in [403, 500, 302] {
        let (_, refuses) = rig.callback(Callback { fails: Mutex::new([status].into()), ..Callback::default() }).await;
        assert_eq!(mistake(rig.subscribe(&refuses, all()).await), (400, "callbackUrl".to_owned(), "invalid-callback-url".to_owned()));
    }
    for forbidden in ["http://127.0.0.2:9/callback", "https://10.0.0.1/", "https://[::1]/", "ftp://callback.example/", "no address"] {
        assert_eq!(mistake(rig.subscribe(forbidden, all()).await), (400, "callbackUrl".to_owned(), "invalid-callback-url".to_owned()));
    }
    assert_eq!(rig.get("notificaties/api/v1/abonnement").await.1, json!([]));
}

#[tokio::test]
async fn a_callback_that_fails_is_told_later_and_holds_up_nobody() {
    let mut rig = Rig::new().await;
    let (fails, address) = rig.callback(Callback::default()).await;
    rig.subscribe(&address, json!([{ "naam": "schakelpunt" }])).await;
    let (works, address) = rig.callback(Callback::default()).await;
    rig.subscribe(&address, json!([{ "naam": "schakelpunt" }])).await;
    fails.fails.lock().unwrap().extend([500, 503, 404]);
    rig.comes(message("m-1", "detention-started", "detentions")).await;
    rig.comes(message("m-2", "plan-ready", "plans")).await;
    rig.until(|| works.events().len() == 2).await;
    rig.until(|| fails.events() == ["detention-started", "plan-ready"]).await;

    // for good: people hear of it, and the next one goes on
    fails.fails.lock().unwrap().push_back(400);
    rig.comes(message("m-3", "transferred", "detentions")).await;
    rig.comes(message("m-4", "detention-ended", "detentions")).await;
    rig.until(|| fails.events().len() == 3).await;
    assert_eq!(fails.events()[2], "detention-ended");
    fails.fails.lock().unwrap().push_back(410);
    rig.comes(message("m-5", "plan-ready", "plans")).await;
    rig.until(|| rig.alarms() == ["CALLBACK_REFUSES", "CALLBACK_GONE"]).await;
    rig.until(|| rig.door.0.log.subscriptions().unwrap().len() == 1).await;
}

#[tokio::test]
async fn who_fetches_gets_everything_in_order_and_hears_what_is_missing() {
    let rig = Rig::new().await;
    for number in 1..=3 {
        rig.comes(message(&format!("m-{number}"), "plan-ready", "plans")).await;
    }
    let (status, first) = rig.get("v1/events?limit=2").await;
    assert_eq!((status, first.as_array().unwrap().len(), &first[1]["id"]), (200, 2, &json!("m-2")));
    let answer = rig.call("suite", Method::GET, "v1/events?since=2").send().await.unwrap();
    assert_eq!(answer.headers()["next-cursor"], "3");
    assert_eq!(answer.headers()["content-type"], "application/cloudevents-batch+json");
    assert_eq!(answer.json::<Value>().await.unwrap()[0]["id"], "m-3");

    rig.passes(SignedDuration::from_hours(25));
    assert_eq!(rig.door.0.log.newly_unfetched(rig.clock.now()).unwrap(), ["m-3"], "the others were confirmed by the next cursor");
    assert_eq!(rig.door.0.log.newly_unfetched(rig.clock.now()).unwrap(), [""; 0], "told once");
    rig.door.0.log.forget_before(rig.clock.now()).unwrap();
    let (status, problem) = rig.get("v1/events?since=2").await;
    assert_eq!((status, &problem["code"]), (410, &json!("CURSOR_FORGOTTEN")));
    rig.comes(message("m-4", "plan-ready", "plans")).await;
    assert_eq!(rig.get("v1/events?since=3").await.1[0]["id"], "m-4", "numbers go on");
    assert_eq!(rig.get("v1/events").await.1[0]["id"], "m-4", "who begins gets what there is");
    assert_eq!(rig.get("v1/events/m-1").await.0, 404);
    assert_eq!(rig.get("v1/events?since=5").await.1["code"], "CURSOR_UNKNOWN", "a door that has lost its file does not say: nothing new");
    for query in ["since=x", "limit=0", "limit=101", "after=1", "since=1&since=2"] {
        assert_eq!(rig.get(&format!("v1/events?{query}")).await.0, 400, "{query}");
    }
}

#[tokio::test]
async fn what_is_withdrawn_cannot_be_fetched() {
    let rig = Rig::new().await;
    rig.comes(message("m-1", "detention-started", "detentions")).await;
    rig.comes(message("m-2", "plan-ready", "plans")).await;
    let mut withdrawn = message("m-3", "message-withdrawn", "corrections");
    withdrawn["data"] = json!({ "correction": { "of": { "source": "urn:prison", "id": "original-m-1" }, "reason": "WRONG_PERSON" } });
    rig.comes(withdrawn).await;
    let (status, problem) = rig.get("v1/events/m-1").await;
    assert_eq!((status, &problem["code"]), (410, &json!("WITHDRAWN")));
    let ids: Vec<Value> = rig.get("v1/events").await.1.as_array().unwrap().iter().map(|event| event["id"].clone()).collect();
    assert_eq!(ids, ["m-2", "m-3"]);
    // the hub's own recall names the delivery
    let mut recalled = message("m-4", "message-withdrawn", "corrections");
    recalled["data"] = json!({ "correction": { "of": { "source": "urn:hub", "id": "m-2" }, "reason": "NO_BASIS" } });
    rig.comes(recalled).await;
    assert_eq!(rig.get("v1/events/m-2").await.0, 410);
}

#[tokio::test]
async fn nobody_does_here_what_is_not_its_own() {
    let mut rig = Rig::new().await;
    let (_, address) = rig.callback(Callback::default()).await;
    let (_, subscription) = rig.subscribe(&address, json!([{ "naam": "schakelpunt" }])).await;
    let own = subscription["url"].as_str().unwrap().strip_prefix(&rig.root).unwrap().to_owned();
    let paths = ["v1/events", "v1/events/m-1", "v1/detentions/D-1", "notificaties/api/v1/kanaal", "notificaties/api/v1/abonnement", &own];
    for path in paths {
        let open = Client::builder().no_proxy().build().unwrap().get(format!("{}{path}", rig.root)).send().await.unwrap();
        assert_eq!((path, open.status()), (path, StatusCode::UNAUTHORIZED));
    }
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(rig.call("other", method, &own).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    }
    for path in ["notificaties/api/v1/kanaal", "notificaties/api/v1/notificaties"] {
        assert_eq!(rig.call("suite", Method::POST, path).body("{}").send().await.unwrap().status(), StatusCode::FORBIDDEN);
    }
    let (_, channels) = rig.get("notificaties/api/v1/kanaal?naam=schakelpunt").await;
    assert_eq!((&channels[0]["naam"], &channels[0]["filters"]), (&json!("schakelpunt"), &json!(["event", "categorie"])));
    assert_eq!(rig.get("notificaties/api/v1/kanaal?naam=zaken").await.1, json!([]));
}

#[tokio::test]
async fn a_subscription_is_changed_and_ended_by_its_owner() {
    let mut rig = Rig::new().await;
    let (first, address) = rig.callback(Callback::default()).await;
    let (_, subscription) = rig.subscribe(&address, json!([{ "naam": "schakelpunt" }])).await;
    let own = subscription["url"].as_str().unwrap().strip_prefix(&rig.root).unwrap().to_owned();
    let (second, address) = rig.callback(Callback::default()).await;
    let moved = rig.call("suite", Method::PATCH, &own).body(json!({ "callbackUrl": address }).to_string()).send().await.unwrap();
    assert_eq!(moved.json::<Value>().await.unwrap()["callbackUrl"], address.as_str());
    rig.comes(message("m-1", "plan-ready", "plans")).await;
    rig.until(|| second.events().len() == 1).await;
    assert_eq!(first.events(), [""; 0]);
    let partial = rig.call("suite", Method::PUT, &own).body(json!({ "callbackUrl": address }).to_string()).send().await.unwrap();
    assert_eq!(mistake((partial.status().as_u16(), partial.json().await.unwrap())), (400, "auth".to_owned(), "required".to_owned()));
    assert_eq!(rig.call("suite", Method::DELETE, &own).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(rig.get(&own).await.0, 404);
}
