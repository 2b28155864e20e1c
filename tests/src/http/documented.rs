//! Holds every answer against `openapi.json`: status, content type, body, and the headers that all answers have.

use std::sync::LazyLock;

use axum::http::{HeaderMap, Method};
use serde_json::{Value, json};

pub(super) static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../crates/gateway/openapi.json")).unwrap());
const PLACE: &str = "https://schakelpunt.example";
/// Header and value; `api-version` is held against the document by the gateway's own test.
const EVERYWHERE: [(&str, &str); 5] = [
    ("cache-control", "no-store"),
    ("content-security-policy", "frame-ancestors 'none'"),
    ("strict-transport-security", "max-age="),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

pub(super) fn check(method: &Method, path: &str, status: u16, headers: &HeaderMap, body: &[u8]) {
    let at = format!("{method} {path} {status}");
    let header = |name: &str| headers.get(name).unwrap_or_else(|| panic!("{at}: no {name}")).to_str().unwrap();
    assert_eq!(header("api-version"), DOCUMENT["info"]["version"].as_str().unwrap(), "{at}");
    for (name, value) in EVERYWHERE {
        assert!(header(name).contains(value), "{at}: {name}");
    }
    let Some(item) = item(path) else {
        assert_eq!(status, 404, "{at}: nothing is documented there");
        return;
    };
    let operation = item.get(method.as_str().to_ascii_lowercase()).or_else(|| item.get("get").filter(|_| method == Method::HEAD));
    let Some(operation) = operation else {
        assert_eq!(status, 405, "{at}: no such method is documented");
        return;
    };
    let response = resolved(operation["responses"].get(status.to_string()).unwrap_or_else(|| panic!("{at}: not documented")));
    let content: Vec<&String> = response["content"].as_object().unwrap().keys().collect();
    assert!(content.iter().any(|known| *known == header("content-type")), "{at}: {} is none of {content:?}", header("content-type"));
    // a text for people has no schema
    if method != Method::HEAD && !header("content-type").starts_with("text/") {
        let schema = &response["content"][header("content-type")]["schema"];
        if let Err(why) = fits(schema, &serde_json::from_slice(body).unwrap_or_else(|_| panic!("{at}: no JSON"))) {
            panic!("{at}: {why}");
        }
    }
    for (name, described) in response["headers"].as_object().unwrap() {
        assert!(headers.contains_key(name.as_str()) || is_sometimes(described), "{at}: no {name}");
    }
}

/// Whether a value fits a schema of the document.
pub(super) fn fits(schema: &Value, value: &Value) -> Result<(), String> {
    let schema = json!({"allOf": [schema], "components": DOCUMENT["components"]});
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    validator.validate(value).map_err(|why| format!("{}: {why}", why.instance_path()))
}

/// Only what has failed has a line in the log, only what came with an id goes with it, and only the last answer of several reaches the head.
fn is_sometimes(header: &Value) -> bool {
    ["RequestId", "EchoedRequestId", "SubscriptionHead"]
        .map(|name| format!("#/components/headers/{name}"))
        .iter()
        .any(|name| header["$ref"] == *name)
}

/// What is documented at a path.
fn item(path: &str) -> Option<&'static Value> {
    let document: &'static Value = &DOCUMENT;
    document["paths"].as_object()?.iter().find_map(|(template, item)| {
        let servers = item.get("servers").unwrap_or(&document["servers"]).as_array()?;
        let mut places = servers.iter().map(|server| server["url"].as_str().unwrap().trim_start_matches(PLACE));
        places.any(|base| is_like(&format!("{base}{template}"), path)).then_some(item)
    })
}

fn is_like(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(known, part)| known == part || (known.starts_with('{') && !part.is_empty()))
}

fn resolved(value: &'static Value) -> &'static Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => DOCUMENT.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}
