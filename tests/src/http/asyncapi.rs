//! The description of the hub over AMQP: against the catalogue, the broker's topology, the door and what really leaves.

use std::collections::BTreeSet;

use axum::{body::Body, http::Method};
use schakelpunt_amqp::topology::{self, Topology};
use schakelpunt_domain::catalogue::{Catalogue, Emitter};
use serde_json::{Value, json};

use super::{
    documented,
    rig::{PUBLIC_URL, Rig, request},
};

async fn document(rig: &Rig) -> Value {
    let answer = rig.public("/v1/asyncapi.json").await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    answer.json()
}

/// What a value has to be as the payload of a message: the schemas that are served stand in for the references to them.
async fn fits(rig: &Rig, document: &Value, message: &str, event: &Value) -> Result<(), String> {
    let mut schema = document["components"]["messages"][message]["payload"].clone();
    let served = schema.pointer_mut("/allOf/1/properties/data").unwrap();
    let url = served["$ref"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap().to_owned();
    *served = rig.public(&url).await.json();
    served.as_object_mut().unwrap().retain(|key, _| !key.starts_with('$'));
    documented::fits(&schema, event)
}

#[tokio::test]
async fn it_has_every_event_that_can_be_sent_and_every_event_that_can_come() {
    let rig = Rig::new().await;
    let document = document(&rig).await;
    let names =
        |channel: &str| -> BTreeSet<String> { document["channels"][channel]["messages"].as_object().unwrap().keys().cloned().collect() };
    let catalogue = Catalogue::load().unwrap();
    let participants = catalogue.iter().filter(|spec| spec.emitter == Emitter::Participant);
    let offered: BTreeSet<String> = participants.map(|spec| spec.name.to_string()).collect();
    assert_eq!(names("intake"), offered);
    assert_eq!(names("inbox"), catalogue.iter().map(|spec| spec.name.to_string()).collect());
    assert_eq!(document["channels"]["intake"]["parameters"]["event"]["enum"], json!(offered));
    for (key, message) in document["components"]["messages"].as_object().unwrap() {
        let schema = message.pointer("/payload/allOf/1/properties/data/$ref").unwrap().as_str().unwrap();
        let served = rig.public(schema.strip_prefix(PUBLIC_URL).unwrap()).await;
        let name = message["name"].as_str().unwrap();
        assert_eq!((served.status, served.json()["x-event"]["name"].as_str()), (200, name.rsplit('.').nth(1)), "{key}");
    }
    // who may send it, and who may be told of it, as the rules have it
    let started = |way: &str, who: &str| document["components"]["messages"][format!("{way}.detention-started")][who].clone();
    assert_eq!(started("offered", "x-senders"), json!(["holding-prison"]));
    assert!(started("delivered", "x-recipients").as_array().unwrap().contains(&json!("responsible-municipality")));
}

#[tokio::test]
async fn exchange_queue_and_header_are_those_of_the_broker() {
    let rig = Rig::new().await;
    let document = document(&rig).await;
    let exchange = &document["channels"]["intake"]["bindings"]["amqp"]["exchange"];
    let declared = Topology::default().definitions().exchanges;
    let declared = declared.iter().find(|exchange| exchange.name == topology::IN).unwrap();
    assert_eq!((exchange["name"].as_str(), exchange["type"].as_str()), (Some(declared.name), Some(declared.kind)));
    let inbox = topology::inbox(&"pi-zwolle".parse().unwrap());
    for pointer in ["/channels/inbox/address", "/channels/inbox/bindings/amqp/queue/name"] {
        assert_eq!(document.pointer(pointer).unwrap().as_str().unwrap().replace("{participant}", "pi-zwolle"), inbox);
    }
    let headers = &document["components"]["messages"]["offered.detention-started"]["headers"];
    assert_eq!(headers["required"], json!([topology::PARTITION_KEY]));
}

/// Through the door: whoever copies one and puts its own source and detention in has nothing else to change.
#[tokio::test]
async fn every_example_is_what_it_says_and_comes_through_the_door() {
    let rig = Rig::new().await;
    let document = document(&rig).await;
    let mut played = 0;
    for (key, message) in document["components"]["messages"].as_object().unwrap() {
        for example in message["examples"].as_array().into_iter().flatten() {
            let event = &example["payload"];
            assert_eq!(fits(&rig, &document, key, event).await, Ok(()), "{key} {}", example["name"]);
            if key.starts_with("offered.") {
                let mut event = event.clone();
                event["source"] = json!("urn:nld:oin:00000099PI0000025000:systeem:registratie");
                let code = rig.offer("pi-zwolle", &event).await.json()["code"].clone();
                for wrong in ["MALFORMED", "UNKNOWN_TYPE", "SCHEMA_INVALID", "SENDER_MISMATCH", "PERSONAL_DATA_IN_ATTRIBUTES"] {
                    assert_ne!(code, wrong, "{key} {}: {event}", example["name"]);
                }
                played += 1;
            }
        }
    }
    assert!(played >= document["channels"]["intake"]["messages"].as_object().unwrap().len(), "each event has an example: {played}");
}

#[tokio::test]
async fn what_leaves_is_as_described_and_has_no_attribute_besides() {
    let rig = Rig::new().await;
    rig.admit("a-1", "D-1").await;
    // of a participant, and of the hub itself
    let capacity = json!({"worker": "w-7", "employer": "gemeente-zwolle", "acting-for": "gemeente-zwolle", "role": "nazorgcoordinator", "from": "2024-01-01"});
    let enter = request(Method::POST, Some("beheer"), "/v1/registers/capacity").body(Body::from(capacity.to_string())).unwrap();
    assert_eq!(rig.send(enter).await.status, 201);
    let document = document(&rig).await;
    let known = &document["components"]["schemas"]["CloudEvent"]["properties"];
    let fetched = rig.get("gemeente-zwolle", "/v1/subscriptions/gemeente-zwolle/events").await.json();
    let events = fetched.as_array().unwrap();
    let names: BTreeSet<&str> = events.iter().map(|event| event["type"].as_str().unwrap().rsplit('.').nth(1).unwrap()).collect();
    assert_eq!(names, BTreeSet::from(["capacity-granted", "detention-started"]));
    for event in events {
        let name = event["type"].as_str().unwrap().rsplit('.').nth(1).unwrap();
        assert_eq!(fits(&rig, &document, &format!("delivered.{name}"), event).await, Ok(()), "{event}");
        let unknown: Vec<&String> = event.as_object().unwrap().keys().filter(|attribute| known.get(attribute).is_none()).collect();
        assert_eq!(unknown, Vec::<&String>::new());
    }
    // the check bites
    let started = events.iter().find(|event| event["causationid"] == "a-1").unwrap();
    let mut wrong = started.clone();
    wrong["data"]["surprise"] = json!(1);
    assert!(fits(&rig, &document, "delivered.detention-started", &wrong).await.is_err());
    wrong = started.clone();
    wrong.as_object_mut().unwrap().remove("legalbasis");
    assert!(fits(&rig, &document, "delivered.detention-started", &wrong).await.is_err());
}
