//! Fetching: order, cursors, repeats, and whose deliveries they are.

use schakelpunt_engine::ports::{DeliveryFilter, Store as _};
use serde_json::{Value, json};

use super::rig::{Answer, PUBLIC_URL, Rig};

const OWN: &str = "/v1/subscriptions/gemeente-zwolle/events";

async fn fetch(rig: &Rig, query: &str) -> Answer {
    let answer = rig.get("gemeente-zwolle", &format!("{OWN}{query}")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/cloudevents-batch+json"), "{answer:?}");
    answer
}

/// The ids of the original messages, in order.
fn causes(answer: &Answer) -> Vec<String> {
    answer.json().as_array().unwrap().iter().map(|event| event["causationid"].as_str().unwrap().to_owned()).collect()
}

async fn stages(rig: &Rig) -> Vec<&'static str> {
    let filter = DeliveryFilter { recipient: Some("gemeente-zwolle".parse().unwrap()), limit: 100, ..DeliveryFilter::default() };
    let mut deliveries = rig.store.deliveries(&filter).await.unwrap();
    deliveries.sort_by_key(|delivery| delivery.number);
    deliveries.iter().map(|delivery| delivery.stage.word()).collect()
}

#[tokio::test]
async fn the_same_cursor_gives_the_same_bytes_and_the_next_one_confirms() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    let first = fetch(&rig, "").await;
    assert_eq!(causes(&first), ["a-1"]);
    let event = &first.json()[0];
    assert!(event["legalbasis"].is_string() && event["data"]["person"]["identity"]["surname"] == json!("Populier"));
    assert_eq!(event["data"]["detention"].get("title"), None, "cut down to the permit");
    assert_eq!(first.header("next-cursor"), "1");
    assert_eq!(first.header("link"), format!("<{PUBLIC_URL}{OWN}?since=1&limit=50>; rel=\"next\""));

    rig.pass("2024-10-08T09:00:00Z");
    assert_eq!(fetch(&rig, "?since=0").await.body, first.body, "at least once, byte for byte");
    assert_eq!(stages(&rig).await, ["handed-over"]);

    let rest = fetch(&rig, "?since=1").await;
    assert_eq!((rest.json(), rest.header("next-cursor")), (json!([]), "1"));
    assert_eq!(stages(&rig).await, ["received"]);
}

#[tokio::test]
async fn following_the_link_gives_everything_once_in_order() {
    let rig = Rig::new().await;
    for number in 1..=3 {
        rig.admit(&format!("a-{number}"), &format!("D-{number}")).await;
    }
    let data = json!({"release": {"date": "2025-03-01", "kind": "END_OF_SENTENCE", "certainty": "FIRM"}});
    let event = rig.event("pi-zwolle", "release-date-set", "b-1", "D-1", data).await;
    assert_eq!(rig.offer("pi-zwolle", &event).await.status, 202);

    let mut found = Vec::new();
    let mut path = format!("{OWN}?limit=2");
    loop {
        let answer = rig.get("gemeente-zwolle", &path).await;
        let page = causes(&answer);
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2, "{page:?}");
        found.extend(page);
        let link = answer.header("link");
        path = link.strip_prefix(&format!("<{PUBLIC_URL}")).unwrap().split('>').next().unwrap().to_owned();
        assert!(path.ends_with("&limit=2"), "{link}");
    }
    let place = |id: &str| found.iter().position(|found| found == id).unwrap();
    assert!(place("a-1") < place("b-1"), "in the order of the lane: {found:?}");
    found.sort();
    assert_eq!(found, ["a-1", "a-2", "a-3", "b-1"]);
}

#[tokio::test]
async fn everybody_fetches_their_own() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    for other in ["rn-zwolle", "pi-zwolle", "gemeente-breda", "schakelpunt"] {
        assert_eq!(rig.get(other, OWN).await.problem().1, "FORBIDDEN", "{other}");
    }
    assert_eq!(rig.get("gemeente-zwolle", "/v1/subscriptions/nobody/events").await.status, 403);
    assert_eq!(rig.public(OWN).await.status, 401);
    assert_eq!(rig.get("gemeente-breda", "/v1/subscriptions/gemeente-breda/events").await.json(), json!([]));
    let probation = rig.get("rn-zwolle", "/v1/subscriptions/rn-zwolle/events").await;
    assert_eq!(causes(&probation), ["a-1"]);
    let ids = |answer: &Answer| answer.json()[0]["id"].clone();
    assert_ne!(ids(&probation), ids(&fetch(&rig, "").await), "each its own event");
}

#[tokio::test]
async fn a_window_that_makes_no_sense_is_a_400() {
    let rig = Rig::new().await;
    for query in [
        "limit=0",
        "limit=101",
        "limit=ten",
        "limit=-1",
        "since=x",
        "since=-1",
        "since=1.5",
        "since=99999999999999999999",
        "since=1&since=2",
        "sinc=1",
        "since=%FF",
    ] {
        let (status, code, _) = rig.get("gemeente-zwolle", &format!("{OWN}?{query}")).await.problem();
        assert_eq!((status, code.as_str()), (400, "INVALID_REQUEST"), "{query}");
    }
    for query in ["limit=1", "limit=100", "since=0", "since=18446744073709551615"] {
        assert_eq!(fetch(&rig, &format!("?{query}")).await.json(), Value::Array(Vec::new()), "{query}");
    }
}
