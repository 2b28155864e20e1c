//! The description against the router, against the codes, and against the rules of the Dutch linter that are easily broken.

use std::collections::BTreeSet;

use schakelpunt_domain::{Refusal, RejectionCode};
use schakelpunt_rules::Relation;

use super::*;

fn document() -> Value {
    serde_json::from_str(DOCUMENT).unwrap()
}

/// Follows a reference, if it is one.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap_or_else(|| panic!("{reference}")),
        None => value,
    }
}

/// Every documented operation: method, full path, description.
fn documented(document: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let servers = item.get("servers").unwrap_or(&document["servers"]);
        for (method, operation) in item.as_object().unwrap().iter().filter(|(key, _)| *key != "servers") {
            for server in servers.as_array().unwrap() {
                let base = server["url"].as_str().unwrap().strip_prefix(PLACE).unwrap();
                found.push((method.to_uppercase(), format!("{base}{path}"), operation.clone()));
            }
        }
    }
    found
}

#[test]
fn what_is_served_is_documented_and_the_other_way_round() {
    let served: BTreeSet<(String, String)> = crate::operations().iter().map(|o| (o.method.to_string(), o.path.to_owned())).collect();
    let documented: BTreeSet<(String, String)> = documented(&document()).into_iter().map(|(method, path, _)| (method, path)).collect();
    assert_eq!(served, documented);
}

#[test]
fn the_version_is_the_one_in_the_header() {
    assert_eq!(document()["info"]["version"], crate::frame::API_VERSION);
}

#[test]
fn every_code_and_relation_is_documented() {
    let document = document();
    let listed = |pointer: &str| -> BTreeSet<String> {
        document.pointer(pointer).unwrap().as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect()
    };
    let problems = listed("/components/schemas/Problem/properties/code/enum");
    assert!(RejectionCode::ALL.iter().all(|code| problems.contains(code.code())));
    assert_eq!(problems, listed("/components/schemas/Refused/properties/code/enum"));
    assert_eq!(listed("/components/schemas/RefusalCode/enum"), Refusal::ALL.iter().map(|code| code.code().to_owned()).collect());
    assert_eq!(listed("/components/schemas/Relation/enum"), Relation::words().map(str::to_owned).collect());
}

#[test]
fn every_response_has_the_version_and_every_error_is_a_problem() {
    let document = document();
    for (method, path, operation) in documented(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let response = resolved(&document, response);
            assert!(response["headers"].get("API-Version").is_some(), "{method} {path} {status}");
            if status.starts_with(['4', '5']) {
                let problem = &response["content"]["application/problem+json"]["schema"];
                let required = resolved(&document, problem)["required"].as_array().unwrap();
                assert!(
                    ["status", "title", "detail", "code"].iter().all(|member| required.iter().any(|name| name == member)),
                    "{path} {status}"
                );
            }
        }
    }
}

#[test]
fn whatever_has_input_can_answer_400() {
    for (method, path, operation) in documented(&document()) {
        let has_input = method != "GET" || operation.get("parameters").is_some();
        assert!(!has_input || operation["responses"].get("400").is_some(), "{method} {path}");
    }
}

#[test]
fn what_is_not_public_can_answer_401() {
    for (method, path, operation) in documented(&document()) {
        let public = operation.get("security").is_some_and(|security| security.as_array().unwrap().is_empty());
        assert_ne!(public, operation["responses"].get("401").is_some(), "{method} {path}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(document: &Value, value: &Value) {
        match value {
            Value::Object(members) => {
                resolved(document, value);
                members.values().for_each(|member| walk(document, member));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(document, item)),
            _ => {}
        }
    }
    let document = document();
    walk(&document, &document);
}

#[test]
fn the_dutch_rules_on_names_hold() {
    let document = document();
    assert!(document["servers"].as_array().unwrap().iter().all(|server| server["url"].as_str().unwrap().ends_with("/v1")));
    assert!(["name", "email", "url"].iter().all(|field| document["info"]["contact"].get(*field).is_some()));
    for (_, path, operation) in documented(&document) {
        assert!(!path.ends_with('/'), "{path}");
        let keys = operation["parameters"].as_array().cloned().unwrap_or_default();
        let keys = keys.iter().filter(|key| key["in"] == "query").map(|key| key["name"].as_str().unwrap().to_owned());
        assert!(keys.into_iter().all(|key| key.chars().all(|c| c.is_ascii_alphanumeric())), "{path}");
    }
}
