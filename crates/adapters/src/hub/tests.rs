use std::{collections::BTreeSet, fs, sync::Mutex};

use axum::{Json, Router, extract::State, response::IntoResponse as _, routing::get};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::*;

#[test]
fn a_secret_fits_into_the_address() {
    let address = address("amqp://broker:5672/schakelpunt", &"pi-a".parse().unwrap(), &Hidden::from("p@ss/wörd"));
    assert_eq!(address.unwrap(), "amqp://pi-a:p%40ss%2Fw%C3%B6rd@broker:5672/schakelpunt");
}

#[derive(Debug)]
struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

/// A system that takes what it has not been told to put off or to refuse.
#[derive(Debug, Default)]
struct System {
    later: Mutex<BTreeSet<String>>,
    never: BTreeSet<String>,
}

impl Sink for System {
    async fn hand_on(&self, message: &Delivered) -> Result<(), SinkError> {
        match &message.id {
            id if self.later.lock().unwrap().contains(id) => Err(SinkError::Later("down".to_owned())),
            id if self.never.contains(id) => Err(SinkError::Never("too large".to_owned())),
            _ => Ok(()),
        }
    }
}

struct Rig {
    folder: tempfile::TempDir,
    participant: ParticipantId,
    source: Source,
    hub: String,
    secret: Hidden,
    keep: Keep,
    wake: Notify,
    alarms: Alarms,
    system: System,
}

impl Rig {
    fn new(hub: &str, system: System) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            participant: "gemeente-a".parse().unwrap(),
            source: "urn:nld:oin:00000099GM0193001000:systeem:nazorg".parse().unwrap(),
            hub: hub.to_owned(),
            secret: Hidden::from("only-in-tests"),
            keep: Keep::open(&folder.path().join("adapter.redb")).unwrap(),
            wake: Notify::new(),
            alarms: Alarms::new(folder.path().join("alarms.jsonl")),
            system,
            folder,
        }
    }

    fn link(&self) -> Link<'_, System> {
        Link {
            participant: self.participant.clone(),
            source: self.source.clone(),
            hub: &self.hub,
            secret: &self.secret,
            keep: &self.keep,
            wake: &self.wake,
            alarms: &self.alarms,
            clock: &Fixed,
            sink: &self.system,
        }
    }

    /// Whether each was taken.
    async fn take(&self, events: impl IntoIterator<Item = Value>) -> Vec<bool> {
        let (link, mut taken) = (self.link(), Vec::new());
        for event in events {
            taken.push(link.take(Delivered::read(event.to_string().as_bytes()), None).await.unwrap());
        }
        taken
    }

    /// Code and place of each alarm.
    fn alarms(&self) -> Vec<(String, String)> {
        let text = fs::read_to_string(self.folder.path().join("alarms.jsonl")).unwrap_or_default();
        let alarms = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let text = |alarm: &Value, key: &str| alarm[key].as_str().unwrap().to_owned();
        alarms.map(|alarm| (text(&alarm, "code"), text(&alarm, "place"))).collect()
    }

    /// The numbers about which a person is asked.
    fn missing(&self) -> Vec<String> {
        self.alarms().into_iter().filter(|(code, _)| code == "MISSING_NUMBERS").map(|(_, place)| place).collect()
    }
}

fn event(name: &str, id: &str, data: &Value) -> Value {
    json!({ "id": id, "type": format!("nl.schakelpunt.{name}.v1"), "time": "2024-09-04T06:30:00Z", "data": data })
}

fn message(number: impl Into<Value>) -> Value {
    let number = number.into();
    let mut event = event("detentions.release-date-set", &format!("message-{number}"), &json!({}));
    event["number"] = number;
    event
}

fn heartbeat(head: impl Into<Value>) -> Value {
    event("housekeeping.heartbeat", "heartbeat", &json!({ "heartbeat": { "at": "2024-09-04T06:30:00Z", "head": head.into() } }))
}

fn void(from: u64, to: u64) -> Value {
    event("housekeeping.delivery-void", "void", &json!({ "void": { "from": from, "to": to } }))
}

#[tokio::test]
async fn a_heartbeat_shows_which_numbers_are_missing() {
    let rig = Rig::new("amqp://broker", System::default());
    let receipt = event("housekeeping.message-accepted", "receipt", &json!({}));
    rig.take([message(3), message(5), receipt.clone(), message(9), heartbeat(10)]).await;
    assert_eq!(rig.missing(), ["gemeente-a 4", "gemeente-a 6 to 8", "gemeente-a 10"]);
    // asked once; what comes late, or again, is handed on and says nothing
    rig.take([heartbeat(10), message(4), message(9), message(11), receipt, heartbeat(11)]).await;
    assert_eq!(rig.missing().len(), 3);
    let kept: Value = rig.keep.record("heartbeat", "gemeente-a").unwrap().unwrap();
    assert_eq!(kept["heartbeat"]["head"], 11);
}

#[tokio::test]
async fn what_the_hub_tells_as_void_is_not_missing() {
    let rig = Rig::new("amqp://broker", System::default());
    rig.take([message(1), void(2, 4), message(6), void(5, 6), heartbeat(6)]).await;
    assert_eq!(rig.alarms(), []);
}

#[tokio::test]
async fn a_message_that_the_system_refuses_for_good_has_an_alarm_of_its_own() {
    let rig = Rig::new("amqp://broker", System { never: ["message-2".to_owned()].into(), ..System::default() });
    assert_eq!(rig.take([message(1), message(2), heartbeat(2)]).await, [true, true, true]);
    assert_eq!(rig.alarms(), [("NEVER_HANDED_ON".to_owned(), "message-2".to_owned())]);
}

#[tokio::test]
async fn a_message_that_waits_is_not_yet_accounted_for() {
    let rig = Rig::new("amqp://broker", System { later: Mutex::new(["message-2".to_owned()].into()), ..System::default() });
    assert_eq!(rig.take([message(1), message(2)]).await, [true, false], "it stays, and holds up the heartbeat behind it");
    assert!(!rig.link().is_complete_to(2).unwrap());
    rig.system.later.lock().unwrap().clear();
    rig.take([message(2), heartbeat(2)]).await;
    assert_eq!(rig.missing(), Vec::<String>::new());
}

#[tokio::test]
async fn a_number_that_cannot_be_one_changes_nothing_but_that_it_is_missing() {
    let rig = Rig::new("amqp://broker", System::default());
    let huge = 10_u64.pow(18);
    let nonsense =
        [message(0), message(-3), message(huge), message("2"), void(5, 3), void(2, huge), void(0, 9), heartbeat(huge), heartbeat(-1)];
    assert_eq!(rig.take([message(1)].into_iter().chain(nonsense)).await, [true; 10], "it is handed on all the same");
    assert_eq!(rig.missing(), Vec::<String>::new());
    rig.take([message(3), heartbeat(3)]).await;
    assert_eq!(rig.missing(), ["gemeente-a 2"]);
}

// === over HTTP ===

type Answers = std::sync::Arc<Mutex<Vec<(Vec<Value>, u64)>>>;

/// The next answer, and nothing with the same head when all were given.
async fn fetched(State(answers): State<Answers>) -> axum::response::Response {
    let mut answers = answers.lock().unwrap();
    let (events, head) = if answers.len() > 1 { answers.remove(0) } else { (Vec::new(), answers[0].1) };
    // the cursor rises with each answer that is left to give
    let cursor = (100 - answers.len()).to_string();
    ([("next-cursor", cursor), ("subscription-head", head.to_string())], Json(events)).into_response()
}

/// What is missing after a hub has given these answers.
async fn missing_over_http(answers: Vec<(Vec<Value>, u64)>, missing: usize) -> Vec<String> {
    let router = Router::new().route("/v1/subscriptions/gemeente-a/events", get(fetched)).with_state(Answers::new(Mutex::new(answers)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let rig = Rig::new(&format!("http://{}", listener.local_addr().unwrap()), System::default());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    let until = async {
        while rig.missing().len() < missing {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let link = rig.link();
    let both = async {
        tokio::select! { ended = link.run() => ended.unwrap(), () = until => {} }
    };
    tokio::time::timeout(Duration::from_secs(60), both).await.unwrap();
    rig.missing()
}

#[tokio::test]
async fn over_http_an_answer_that_is_not_full_shows_what_is_missing() {
    let first = vec![message(1), message(4), void(2, 2)];
    assert_eq!(missing_over_http(vec![(first, 4), (vec![message(6)], 6), (vec![], 6)], 2).await, ["gemeente-a 3", "gemeente-a 5"]);
}

#[tokio::test]
async fn over_http_more_may_lie_behind_a_full_answer() {
    let full: Vec<Value> = (1..=BATCH as u64).map(message).collect();
    let behind = vec![message(103), message(101)];
    assert_eq!(missing_over_http(vec![(full, 103), (behind, 103), (vec![], 103)], 1).await, ["gemeente-a 102"]);
}

#[tokio::test]
async fn over_http_nothing_at_all_is_missing_too() {
    assert_eq!(missing_over_http(vec![(vec![message(1)], 1), (vec![], 1), (vec![], 3)], 1).await, ["gemeente-a 2 to 3"]);
}
