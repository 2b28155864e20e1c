//! What a sink gets.

use schakelpunt_webhook::Outcome;
use serde_json::Value;

use super::sinks::{CANARY, Received, Sink, channel, deliver, event, now};

async fn delivered(mode: &str) -> Received {
    let sink = Sink::with(204, &[]).await;
    let channel = channel(&format!("http://{}/hook?code={CANARY}", sink.address), &format!("mode = \"{mode}\""));
    assert_eq!(deliver(&channel, "event-1").await, Outcome::Delivered);
    let [received] = sink.received().try_into().unwrap();
    received
}

#[tokio::test]
async fn structured_the_body_is_the_event() {
    let received = delivered("structured").await;
    assert_eq!(received.method, "POST");
    assert_eq!(received.header("content-type"), "application/cloudevents+json; charset=utf-8");
    assert_eq!(received.body, event("event-1"));
    assert!(!received.headers.keys().any(|name| name.as_str().starts_with("ce-")));
}

#[tokio::test]
async fn binary_the_attributes_are_headers_and_the_body_is_the_data() {
    let received = delivered("binary").await;
    assert_eq!(received.header("content-type"), "application/json");
    assert_eq!(received.header("ce-id"), "event-1");
    assert_eq!(received.header("ce-remark"), "Zo%C3%AB%20zei%20%22100%25%20ja%22%20");
    assert!(!received.headers.contains_key("ce-datacontenttype") && !received.headers.contains_key("ce-data"));
    let data: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!(data, serde_json::from_slice::<Value>(&event("event-1")).unwrap()["data"]);
}

#[tokio::test]
async fn both_modes_say_who_sends_and_are_signed_by_every_live_secret() {
    for mode in ["structured", "binary"] {
        let received = delivered(mode).await;
        assert_eq!(received.header("webhook-request-origin"), "hub.test");
        assert_eq!(received.header("webhook-id"), "event-1");
        assert_eq!(received.header("webhook-timestamp"), now().as_second().to_string());
        let signatures: Vec<&str> = received.header("webhook-signature").split(' ').collect();
        assert!(signatures.len() == 2 && signatures.iter().all(|signature| signature.starts_with("v1,")), "{signatures:?}");
        assert_ne!(signatures[0], signatures[1]);
    }
}

#[tokio::test]
async fn a_repeat_has_the_same_id_and_body() {
    let sink = Sink::with(200, &[]).await;
    let channel = sink.channel();
    for _ in 0..2 {
        deliver(&channel, "event-1").await;
    }
    let [first, second] = sink.received().try_into().unwrap();
    assert_eq!((first.header("webhook-id"), &first.body), (second.header("webhook-id"), &second.body));
}

#[tokio::test]
async fn what_is_no_event_is_not_sent() {
    let sink = Sink::with(200, &[]).await;
    for bytes in [&b"{"[..], b"[]", br#"{"specversion":"1.0"}"#] {
        assert!(matches!(sink.channel().deliver(bytes, now()).await, Outcome::Unfit(_)));
    }
    assert!(sink.received().is_empty());
}
