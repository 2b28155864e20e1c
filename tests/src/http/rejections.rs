//! What is not taken in: a status, a code and a place each, and nothing of what was sent.

use schakelpunt_engine::ports::Store as _;
use serde_json::{Value, json};

use super::rig::{Answer, Rig, STRUCTURED};

/// Stands somewhere in everything that is sent here, and in no answer.
const SECRET: &str = "Onherhaalbaar";

fn assert_silent(answer: &Answer) {
    assert!(!answer.text().contains(SECRET), "{}", answer.text());
}

/// The status, code and pointer with which a changed admission notice is rejected.
async fn rejected(rig: &Rig, change: impl FnOnce(&mut Value)) -> (u16, String, String) {
    let mut event = rig.admission("r-1", "R-1").await;
    event["data"]["person"]["identity"]["surname"] = json!(SECRET);
    change(&mut event);
    let answer = rig.offer("pi-zwolle", &event).await;
    assert_silent(&answer);
    answer.problem()
}

fn told(status: u16, code: &str, pointer: &str) -> (u16, String, String) {
    (status, code.to_owned(), pointer.to_owned())
}

#[tokio::test]
async fn each_rejection_has_its_status() {
    let rig = Rig::new().await;
    let unknown = "nl.schakelpunt.detentions.detention-paused.v1";
    assert_eq!(rejected(&rig, |event| event["type"] = json!(unknown)).await, told(400, "UNKNOWN_TYPE", "/type"));
    assert_eq!(rejected(&rig, |event| event["subject"] = json!("999990342")).await, told(400, "PERSONAL_DATA_IN_ATTRIBUTES", "/subject"));
    let foreign = "urn:nld:oin:00000099PI0000024000:systeem:registratie";
    assert_eq!(rejected(&rig, |event| event["source"] = json!(foreign)).await, told(400, "SENDER_MISMATCH", "/source"));
    assert_eq!(rejected(&rig, |event| event["specversion"] = json!("2.0")).await, told(400, "MALFORMED", "/specversion"));

    let broken = rig.post("pi-zwolle", &[("content-type", STRUCTURED)], format!("{{\"specversion\": \"{SECRET}")).await;
    assert_silent(&broken);
    assert_eq!(broken.problem().1, "MALFORMED");

    let data = json!({"tbo": {"at": "2024-10-15T08:00:00Z", "place": "INSIDE"}});
    let tbo = rig.event("gemeente-zwolle", "tbo-scheduled", "t-1", "D-404", data).await;
    assert_eq!(rig.offer("gemeente-zwolle", &tbo).await.problem(), told(400, "UNKNOWN_DETENTION", "/subject"));

    rig.admit("a-1", "D-1").await;
    let mut other = rig.admission("a-2", "D-1").await;
    other["data"]["person"]["identity"] = json!({"surname": SECRET, "birthDate": "1990-01-01"});
    let conflict = rig.offer("pi-zwolle", &other).await;
    assert_silent(&conflict);
    assert_eq!(conflict.problem(), told(409, "DETENTION_CONFLICT", "/subject"));
}

#[tokio::test]
async fn every_place_that_does_not_fit_is_named_at_once() {
    let rig = Rig::new().await;
    let mut event = rig.admission("r-1", "R-1").await;
    event["data"]["detention"]["start"] = json!(SECRET);
    event["data"]["detention"]["title"] = json!(SECRET);
    let answer = rig.offer("pi-zwolle", &event).await;
    assert_silent(&answer);
    assert_eq!((answer.problem().0, answer.problem().1), (400, "SCHEMA_INVALID".to_owned()));
    let problem = answer.json();
    let mut places: Vec<&str> = problem["invalid"].as_array().unwrap().iter().map(|place| place["pointer"].as_str().unwrap()).collect();
    places.sort_unstable();
    assert_eq!(places, ["/data/detention/start", "/data/detention/title"]);
    assert!(problem["sentence"]["nl"].is_string() && problem["sentence"]["en"].is_string());
}

#[tokio::test]
async fn what_is_a_little_too_large_is_recorded_and_what_is_far_too_large_is_not_even_read() {
    let rig = Rig::new().await;
    for (size, recorded) in [(65 * 1024, 1), (200 * 1024, 1)] {
        let body = format!("{{\"x\":\"{SECRET}{}\"}}", "x".repeat(size));
        let answer = rig.post("pi-zwolle", &[("content-type", STRUCTURED)], body).await;
        assert_silent(&answer);
        assert_eq!(answer.problem(), told(413, "TOO_LARGE", ""), "{size}");
        assert_eq!(rig.store.rejections(10).await.unwrap().len(), recorded, "{size}");
    }
}

#[tokio::test]
async fn other_content_types_are_not_read() {
    let rig = Rig::new().await;
    let event = rig.admission("a-1", "D-1").await;
    let types = [
        "text/plain",
        "application/xml",
        "application/cloudevents-batch+json",
        "application/cloudevents+json; charset=utf-16",
        "application/cloudevents+avro",
    ];
    for content_type in types {
        let answer = rig.post("pi-zwolle", &[("content-type", content_type)], json!([event]).to_string()).await;
        assert_eq!(answer.problem(), told(415, "UNSUPPORTED_MEDIA_TYPE", ""), "{content_type}");
        assert!(answer.header("accept").contains("application/cloudevents+json"));
    }
    assert_eq!(rig.post("pi-zwolle", &[], event.to_string()).await.status, 415, "no content type");
    let packed = rig.post("pi-zwolle", &[("content-type", STRUCTURED), ("content-encoding", "gzip")], event.to_string()).await;
    assert_eq!(packed.status, 415);
    assert!(rig.store.rejections(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_unreachable_store_is_a_matter_of_time_and_its_cause_stays_inside() {
    let rig = Rig::new().await;
    let event = rig.admission("a-1", "D-1").await;
    rig.store.close().await;
    let answer = rig.offer("pi-zwolle", &event).await;
    assert_eq!(answer.problem(), told(503, "UNAVAILABLE", ""));
    assert!(answer.header("retry-after").parse::<u32>().is_ok());
    assert_eq!(answer.json()["requestId"], answer.header("x-request-id"));
    assert!(!answer.header("x-request-id").is_empty() && !answer.text().contains("pool"), "{}", answer.text());
}
