//! The examples of `openapi.json` are played, each operation with what the document says: they are what a partner copies first.

use std::collections::BTreeSet;

use axum::{body::Body, http::Method};
use serde_json::Value;

use super::{
    documented::DOCUMENT,
    rig::{Answer, Rig, request},
};

/// Every operation and whose token goes with it, in an order in which each finds what it needs.
const PLAYED: [(&str, Option<&str>); 26] = [
    ("isAlive", None),
    ("isReady", None),
    ("readDescription", None),
    ("readDescriptionOfAmqp", None),
    ("readEventSchema", None),
    ("readRecipientSchema", None),
    ("offerEvent", Some("pi-zwolle")),
    ("testChannel", Some("gemeente-zwolle")),
    ("fetchEvents", Some("gemeente-zwolle")),
    ("traceMessage", Some("pi-zwolle")),
    ("enterEntry", Some("beheer")),
    ("listEntries", Some("beheer")),
    ("evaluate", Some("beheer")),
    ("evaluateSeveral", Some("beheer")),
    ("readDecisionPoint", None),
    ("look", Some("gemeente-zwolle")),
    ("whoSaw", Some("beheer")),
    ("beginRules", Some("beheer")),
    ("listRules", Some("jurist")),
    ("showRules", Some("jurist")),
    ("readRules", Some("jurist")),
    ("diffRules", Some("jurist")),
    ("proveRules", Some("jurist")),
    ("doForRules", Some("beheer")),
    ("shadowRules", Some("jurist")),
    ("editRules", Some("beheer")),
];
/// After this one nothing else is answered.
const LAST: (&str, Option<&str>) = ("stopRules", Some("jurist"));

/// An operation of the document: method, path, description.
struct Operation {
    method: Method,
    path: String,
    described: &'static Value,
}

fn operations() -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        let place = item.get("servers").unwrap_or(&DOCUMENT["servers"])[0]["url"].as_str().unwrap();
        let base = place.strip_prefix("https://schakelpunt.example").unwrap();
        for (method, described) in item.as_object().unwrap().iter().filter(|(key, _)| *key != "servers") {
            found.push(Operation { method: method.to_uppercase().parse().unwrap(), path: format!("{base}{path}"), described });
        }
    }
    found
}

impl Operation {
    fn id(&self) -> &'static str {
        self.described["operationId"].as_str().unwrap()
    }

    /// The examples of its parameters in one place, as text. What must be there has one.
    fn parameters(&self, place: &str) -> Vec<(&'static str, String)> {
        let parameters = self.described["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == place);
        let text = |example: &Value| example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        let named = parameters.filter_map(|parameter| {
            let (name, example) = (parameter["name"].as_str().unwrap(), parameter.get("example"));
            assert!(example.is_some() || parameter["required"] == false, "{}: {name} has no example", self.id());
            Some((name, text(example?)))
        });
        named.collect()
    }

    fn url(&self) -> String {
        let path =
            self.parameters("path").iter().fold(self.path.clone(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value));
        let query: Vec<String> = self.parameters("query").iter().map(|(name, value)| format!("{name}={value}")).collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    async fn play(&self, rig: &Rig, who: Option<&str>) -> Vec<Answer> {
        let Some(content) = self.described.pointer("/requestBody/content") else {
            return vec![rig.send(request(self.method.clone(), who, &self.url()).body(Body::empty()).unwrap()).await];
        };
        let mut answers = Vec::new();
        for (kind, described) in content.as_object().unwrap() {
            let examples = described["examples"].as_object().unwrap_or_else(|| panic!("{}: {kind} has no example", self.id()));
            for example in examples.values() {
                let mut builder = request(self.method.clone(), who, &self.url()).header("content-type", kind);
                // the attributes stand in headers in binary mode only
                if kind == "application/json" {
                    builder = self.parameters("header").into_iter().fold(builder, |builder, (name, value)| builder.header(name, value));
                }
                answers.push(rig.send(builder.body(Body::from(example["value"].to_string())).unwrap()).await);
            }
        }
        answers
    }
}

#[tokio::test]
async fn every_example_of_the_description_runs() {
    let rig = Rig::new().await;
    rig.readiness.set(true);
    let operations = operations();
    let ids: BTreeSet<&str> = operations.iter().map(Operation::id).collect();
    assert_eq!(ids, PLAYED.iter().chain([&LAST]).map(|(id, _)| *id).collect(), "every operation is played");
    let play = async |(id, who): (&str, Option<&str>)| {
        let operation = operations.iter().find(|operation| operation.id() == id).unwrap();
        for answer in operation.play(&rig, who).await {
            assert!((200..300).contains(&answer.status), "{id}: {} {}", answer.status, answer.text());
        }
    };
    for one in PLAYED {
        play(one).await;
    }
    // what the example of a municipality shows is what the example of a prison became
    let fetched = rig.get("gemeente-zwolle", "/v1/subscriptions/gemeente-zwolle/events").await.json();
    assert_eq!(fetched[0]["causationid"], "admission-1", "{fetched}");
    play(LAST).await;
}
