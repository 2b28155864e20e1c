//! The trace: everybody their own part, and the same answer for what is not theirs and what is not there.

use serde_json::{Value, json};

use super::rig::Rig;

async fn trace(rig: &Rig, who: &str, id: &str) -> Value {
    let answer = rig.get(who, &format!("/v1/messages/{id}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let traces = answer.json();
    assert_eq!(traces["traces"].as_array().unwrap().len(), 1, "{traces}");
    assert!(!answer.text().contains("Populier") && !answer.text().contains("999900134"), "{traces}");
    traces["traces"][0].clone()
}

fn of<'a>(items: &'a Value, relation: &str) -> &'a Value {
    let mut items = items.as_array().unwrap().iter();
    items.find(|item| item["relations"].as_array().unwrap().contains(&json!(relation))).unwrap()
}

#[tokio::test]
async fn the_sender_sees_relations_and_codes_and_no_names() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    let seen = trace(&rig, "pi-zwolle", "a-1").await;
    assert_eq!((&seen["event"], &seen["outcome"], &seen["detention"]), (&json!("detention-started"), &json!("accepted"), &json!("D-1")));
    assert_eq!(seen["received"], json!("2024-10-08T08:00:00Z"));
    assert_eq!(of(&seen["decisions"], "responsible-municipality")["outcome"], json!("permit"));
    let delivery = of(&seen["deliveries"], "responsible-municipality");
    assert_eq!(delivery["stage"], json!("waiting"));
    let text = seen.to_string();
    for hidden in ["gemeente-zwolle", "rn-zwolle", "/person", "withheld", "\"rule\""] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    assert_eq!(delivery.get("id"), None, "the id is derived from the name of the recipient");
}

#[tokio::test]
async fn a_refused_message_has_its_codes() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    let data = json!({"partner": "ggz-zwolle", "tbo": {"at": "2024-10-15T08:00:00Z", "place": "INSIDE"}, "person": {"identity": {"surname": "Populier"}}});
    let event = rig.event("gemeente-zwolle", "care-partner-invited", "i-1", "D-1", data).await;
    assert_eq!(rig.offer("gemeente-zwolle", &event).await.status, 403);
    let seen = trace(&rig, "gemeente-zwolle", "i-1").await;
    assert_eq!(seen["outcome"], json!("refused"));
    let decision = of(&seen["decisions"], "care-partner");
    assert_eq!((&decision["outcome"], &decision["code"]), (&json!("refuse"), &json!("CONSENT_MISSING")));
    assert!(!seen.to_string().contains("ggz-zwolle"));
    assert_eq!(rig.get("ggz-zwolle", "/v1/messages/i-1").await.status, 404, "who was refused must not learn of it here");
}

#[tokio::test]
async fn a_recipient_sees_its_own_part_once_it_was_given_it() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    assert_eq!(rig.get("gemeente-zwolle", "/v1/messages/a-1").await.status, 404, "decided, not provided");

    let fetched = rig.get("gemeente-zwolle", "/v1/subscriptions/gemeente-zwolle/events").await.json();
    let seen = trace(&rig, "gemeente-zwolle", fetched[0]["causationid"].as_str().unwrap()).await;
    let deliveries = seen["deliveries"].as_array().unwrap();
    assert_eq!(deliveries.len(), 1);
    assert_eq!(
        (&deliveries[0]["stage"], &deliveries[0]["number"], &deliveries[0]["id"]),
        (&json!("handed-over"), &json!(1), &fetched[0]["id"])
    );
    assert_eq!(deliveries[0]["at"], json!("2024-10-08T08:00:00Z"));
    assert!(deliveries[0]["fields"].as_array().unwrap().contains(&json!("/person/identity/surname")));
    let text = seen.to_string();
    for hidden in ["decisions", "detention\"", "rn-zwolle", "withheld", "probation", "/detention/title"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}

#[tokio::test]
async fn the_operator_sees_names_rules_and_what_was_withheld() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    let seen = trace(&rig, "schakelpunt", "a-1").await;
    let decision = of(&seen["decisions"], "responsible-municipality");
    assert_eq!((&decision["recipient"], &decision["rule"]), (&json!("gemeente-zwolle"), &json!("detention-started-to-municipality")));
    assert!(decision["withheld"].as_array().unwrap().contains(&json!("/detention/title")));
    assert_eq!(of(&seen["deliveries"], "responsible-probation-unit")["recipient"], json!("rn-zwolle"));
}

#[tokio::test]
async fn for_a_stranger_it_is_as_if_it_were_not_there() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    let missing = rig.get("gemeente-breda", "/v1/messages/a-2").await;
    assert_eq!(missing.problem().1, "NOT_FOUND");
    let answer = rig.get("gemeente-breda", "/v1/messages/a-1").await;
    assert_eq!((answer.status, &answer.body), (404, &missing.body));
    assert_eq!(rig.public("/v1/messages/a-1").await.status, 401);
    for odd in ["%20", "a%00", "a%2Fb", "..%2F..", "999990342"] {
        assert_eq!(rig.get("pi-zwolle", &format!("/v1/messages/{odd}")).await.body, missing.body, "{odd}");
    }
}
