//! What is taken in: both modes, once, parked, refused by law; and who may offer.

use axum::{
    body::Body,
    http::{Method, header},
};
use serde_json::{Value, json};

use super::rig::{Rig, STRUCTURED, request};

/// The attributes of an event as `ce-` headers, and its data.
fn binary(event: &Value) -> (Vec<(String, String)>, String) {
    let attributes = event.as_object().unwrap().iter().filter(|(name, _)| *name != "data");
    let headers = attributes.map(|(name, value)| (format!("ce-{name}"), value.as_str().unwrap().to_owned()));
    (headers.collect(), event["data"].to_string())
}

async fn post_binary(rig: &Rig, who: &str, headers: &[(String, String)], body: String) -> super::rig::Answer {
    let mut all = vec![("content-type", "application/json")];
    all.extend(headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    rig.post(who, &all, body).await
}

#[tokio::test]
async fn an_event_is_taken_in_once_whatever_its_mode() {
    let rig = Rig::new().await;
    let event = rig.admission("a/1", "D-1").await;
    let first = rig.offer("pi-zwolle", &event).await;
    assert_eq!(first.status, 202);
    assert_eq!(first.json(), json!({"outcome": "accepted", "message": {"source": event["source"], "id": "a/1"}}));
    assert_eq!(first.header("location"), "https://hub.test/v1/messages/a%2F1");

    let again = rig.offer("pi-zwolle", &event).await;
    assert_eq!((again.status, &again.json()["outcome"]), (200, &json!("seen-before")));

    let (headers, body) = binary(&event);
    let again = post_binary(&rig, "pi-zwolle", &headers, body).await;
    assert_eq!((again.status, &again.json()["outcome"]), (200, &json!("seen-before")));

    let mut other = event;
    other["data"]["person"]["identity"]["surname"] = json!("Eik");
    assert_eq!(rig.offer("pi-zwolle", &other).await.problem(), (409, "ID_REUSED".to_owned(), "/id".to_owned()));
}

#[tokio::test]
async fn headers_are_decoded_once_and_must_be_utf_8() {
    let rig = Rig::new().await;
    let (mut headers, body) = binary(&rig.admission("placeholder", "D-1").await);
    let mut offer = async |id: &str| {
        headers.retain(|(name, _)| name != "ce-id");
        headers.push(("ce-id".to_owned(), id.to_owned()));
        post_binary(&rig, "pi-zwolle", &headers, body.clone()).await
    };
    for broken in ["%C0%A0", "%F", "\"open"] {
        assert_eq!(offer(broken).await.problem(), (400, "MALFORMED".to_owned(), "/id".to_owned()), "{broken}");
    }
    let taken = offer("%2541-%E2%82%AC").await;
    assert_eq!((taken.status, &taken.json()["message"]["id"]), (202, &json!("%41-€")));
}

#[tokio::test]
async fn the_content_type_has_one_place_in_binary_mode() {
    let rig = Rig::new().await;
    let (mut headers, body) = binary(&rig.admission("a-1", "D-1").await);
    headers.push(("ce-datacontenttype".to_owned(), "application/json".to_owned()));
    let answer = post_binary(&rig, "pi-zwolle", &headers, body.clone()).await;
    assert_eq!(answer.problem(), (400, "MALFORMED".to_owned(), "/datacontenttype".to_owned()));
    let answer = post_binary(&rig, "pi-zwolle", &[], body).await;
    assert_eq!(answer.problem(), (400, "MALFORMED".to_owned(), String::new()), "JSON without attributes is no event");
}

#[tokio::test]
async fn what_comes_before_its_detention_waits() {
    let rig = Rig::new().await;
    let data = json!({"release": {"date": "2025-03-01", "kind": "END_OF_SENTENCE", "certainty": "FIRM"}});
    let event = rig.event("pi-zwolle", "release-date-set", "a-2", "D-1", data).await;
    let answer = rig.offer("pi-zwolle", &event).await;
    assert_eq!((answer.status, &answer.json()["outcome"]), (202, &json!("parked")));
}

#[tokio::test]
async fn a_withdrawal_that_changes_nothing_about_what_is_told_by_law_says_so() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    let withdraw = async |id: &str, recipient: &str| {
        let data = json!({"consent": {"id": id, "recipient": recipient}});
        let event = rig.event("gemeente-zwolle", "consent-withdrawn", id, "D-1", data).await;
        rig.offer("gemeente-zwolle", &event).await.json()
    };
    let answer = withdraw("w-1", "rn-zwolle").await;
    assert_eq!((&answer["outcome"], &answer["remarks"][0]["code"]), (&json!("accepted"), &json!("RECORDED_NOT_THE_BASIS")));
    assert_eq!(answer["remarks"][0]["message"]["id"], json!("w-1"));
    assert_eq!(withdraw("w-2", "ggz-zwolle").await.get("remarks"), None);
}

#[tokio::test]
async fn what_may_go_to_nobody_is_refused_with_codes_and_without_names() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    let data = json!({"partner": "ggz-zwolle", "tbo": {"at": "2024-10-15T08:00:00Z", "place": "INSIDE", "location": "PI Zwolle"}, "person": {"identity": {"surname": "Populier"}}});
    let event = rig.event("gemeente-zwolle", "care-partner-invited", "i-1", "D-1", data).await;
    for _ in 0..2 {
        let answer = rig.offer("gemeente-zwolle", &event).await;
        assert_eq!(answer.problem(), (403, "MESSAGE_REFUSED".to_owned(), String::new()));
        let refusals = answer.json()["refusals"].clone();
        let partner = refusals.as_array().unwrap().iter().find(|refusal| refusal["relation"] == "care-partner").unwrap();
        assert_eq!(partner["code"], json!("CONSENT_MISSING"));
        assert!(partner["sentence"]["nl"].is_string() && partner["sentence"]["en"].is_string());
        assert!(!answer.text().contains("zwolle") && !answer.text().contains("Populier"), "{}", answer.text());
    }
}

#[tokio::test]
async fn nobody_comes_in_without_a_token() {
    let rig = Rig::new().await;
    let event = rig.admission("a-1", "D-1").await.to_string();
    for authorization in
        [None, Some("Bearer wrong"), Some("Bearer "), Some("Bearer"), Some("Basic token-of-pi-zwolle"), Some("token-of-pi-zwolle")]
    {
        let mut builder = request(Method::POST, None, "/v1/events").header(header::CONTENT_TYPE, STRUCTURED);
        if let Some(value) = authorization {
            builder = builder.header(header::AUTHORIZATION, value);
        }
        let answer = rig.send(builder.body(Body::from(event.clone())).unwrap()).await;
        assert_eq!(answer.problem().1, "UNAUTHORIZED", "{authorization:?}");
        assert!(answer.status == 401 && answer.header("www-authenticate").starts_with("Bearer"), "{authorization:?}");
    }
    let lower = request(Method::POST, None, "/v1/events").header(header::CONTENT_TYPE, STRUCTURED);
    let lower = lower.header(header::AUTHORIZATION, "bearer token-of-pi-zwolle").body(Body::from(event)).unwrap();
    assert_eq!(rig.send(lower).await.status, 202, "the name of a scheme has no case");
}
