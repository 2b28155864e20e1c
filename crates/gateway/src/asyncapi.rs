//! `GET /v1/asyncapi.json`: the same hub over AMQP 0-9-1, for programs that connect to the broker. Open to everybody, like `openapi`.
//!
//! Nothing of it is written twice: the events, their examples and who may tell whom come from catalogue and rules, the envelope from
//! `openapi.json`, the payloads are references to the schemas that this gateway serves. A test holds the names of exchange and queue
//! against the topology.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    body::Bytes,
    extract::State,
    http::header,
    response::IntoResponse as _,
    routing::{MethodRouter, get},
};
use schakelpunt_domain::catalogue::{CaseNeed, Catalogue, Emitter, EventSpec};
use schakelpunt_engine::Settings;
use schakelpunt_rules::Relation;
use serde_json::{Map, Value, json};

use crate::{Shared, openapi};

/// Where it is served.
pub(crate) const PATH: &str = "/v1/asyncapi.json";
/// What the hub tells a sender about its messages.
const RECEIPTS: [&str; 3] = ["message-accepted", "message-refused", "message-rejected"];
/// What it tells a recipient about its running numbers, without anything of a case.
const OF_NUMBERS: [&str; 2] = ["delivery-void", "heartbeat"];
const CONTENT_TYPE: &str = "application/cloudevents+json";
/// The version of the AMQP bindings of AsyncAPI.
const BINDING: &str = "0.3.0";
/// The virtual host, unless the operator says another.
const VHOST: &str = "schakelpunt";

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// From a participant to the hub.
    Offered,
    /// From the hub to a participant.
    Delivered,
}

/// Serves the document, made anew when other rules are in force; while none are, that of the hub's own files.
pub(crate) fn route() -> MethodRouter<Shared> {
    let written: Arc<Mutex<Option<(String, Bytes)>>> = Arc::default();
    get(move |State(gateway): State<Shared>| async move {
        let in_force = gateway.hub.in_force().await;
        let settings = in_force.as_deref().unwrap_or_else(|_| gateway.hub.settings());
        let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, text) = match written.take() {
            Some(made) if made.0 == settings.law.version => written.insert(made),
            _ => written.insert((settings.law.version.clone(), document(settings, &gateway.public_url).to_string().into())),
        };
        let text = text.clone();
        ([(header::CONTENT_TYPE, "application/json"), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], text).into_response()
    })
}

/// The document of a hub that is reached at `place`.
fn document(settings: &Settings, place: &str) -> Value {
    let all = [Way::Offered, Way::Delivered].into_iter().flat_map(|way| events(settings, way).map(move |spec| (way, spec)));
    let messages: Map<String, Value> = all.map(|(way, spec)| (key(way, spec), message(settings, place, way, spec))).collect();
    json!({
        "asyncapi": "3.0.0",
        "info": info(place),
        "defaultContentType": CONTENT_TYPE,
        "servers": {"broker": server()},
        "channels": {"intake": intake(settings), "inbox": inbox(settings)},
        "operations": operations(),
        "components": {
            "messages": messages,
            "schemas": {"CloudEvent": openapi::event_schema()},
            "securitySchemes": {"user": {"type": "userPassword", "description": "The user of a participant at the broker"}},
        },
    })
}

/// What goes this way.
fn events(settings: &Settings, way: Way) -> impl Iterator<Item = &EventSpec> {
    settings.catalogue.iter().filter(move |spec| way == Way::Delivered || spec.emitter == Emitter::Participant)
}

fn messages_of(settings: &Settings, way: Way) -> Map<String, Value> {
    let named = |spec: &EventSpec| (spec.name.to_string(), reference(&format!("components/messages/{}", key(way, spec))));
    events(settings, way).map(named).collect()
}

fn participant() -> Value {
    json!({"description": "The participant's own id: its user at the broker", "examples": ["pi-zwolle", "gemeente-zwolle"]})
}

fn intake(settings: &Settings) -> Value {
    let names: Vec<String> = events(settings, Way::Offered).map(|spec| spec.name.to_string()).collect();
    json!({
        "address": "{participant}.{event}",
        "title": "What participants send",
        "description": "The routing key: one's own id, and the short name of the event as in its `type`. The broker refuses any other prefix. \
            Publish with confirms and `mandatory`. After the confirm the message is safe with the broker, after the receipt with the hub: \
            keep it until then. After any other end offer the same bytes again. Binary mode is taken too: the payload alone as body, the attributes as \
            headers that begin with `ce-`, `cloudEvents:` or `cloudEvents_`. `x-senders`: what the sender has to be to the case.",
        "parameters": {"participant": participant(), "event": {"description": "The short name", "enum": names}},
        "messages": messages_of(settings, Way::Offered),
        "bindings": {"amqp": {
            "is": "routingKey",
            "exchange": {"name": "schakelpunt.in", "type": "topic", "durable": true, "autoDelete": false, "vhost": VHOST},
            "bindingVersion": BINDING,
        }},
    })
}

fn inbox(settings: &Settings) -> Value {
    json!({
        "address": "inbox.{participant}",
        "title": "What participants get",
        "description": "One's own queue; the broker refuses any other. Deliveries, what the hub says by itself, and the receipts of what was sent. \
            At least once each: a repeat has the same id and the same bytes. `number` counts what was given to this participant, without \
            gaps: `delivery-void` says under which numbers nothing comes, and a daily `heartbeat` up to which number all has come. Acknowledge what was stored, never before. `x-recipients`: \
            what those are to the case who can get it; which fields, the law says.",
        "parameters": {"participant": participant()},
        "messages": messages_of(settings, Way::Delivered),
        "bindings": {"amqp": {
            "is": "queue",
            "queue": {"name": "inbox.{participant}", "durable": true, "exclusive": false, "autoDelete": false, "vhost": VHOST},
            "bindingVersion": BINDING,
        }},
    })
}

/// From the hub's side, as AsyncAPI has it: what participants send, the hub receives.
fn operations() -> Value {
    json!({
        "offer": {
            "action": "receive",
            "channel": reference("channels/intake"),
            "summary": "The hub takes a message in and derives its recipients; a sender cannot choose them",
            "bindings": {"amqp": {"deliveryMode": 2, "mandatory": true, "bindingVersion": BINDING}},
            "reply": {
                "channel": reference("channels/inbox"),
                "messages": RECEIPTS.map(|name| reference(&format!("channels/inbox/messages/{name}"))),
            },
        },
        "deliver": {
            "action": "send",
            "channel": reference("channels/inbox"),
            "summary": "The hub hands over what the law lets this participant know, and nothing else",
            "bindings": {"amqp": {"deliveryMode": 2, "ack": true, "bindingVersion": BINDING}},
        },
    })
}

fn info(place: &str) -> Value {
    let mut info = openapi::info();
    if let Some(info) = info.as_object_mut() {
        info.insert("title".to_owned(), json!("Schakelpunt over AMQP"));
        info.insert(
            "externalDocs".to_owned(),
            json!({"description": "The same over HTTP", "url": format!("{place}{}", openapi::PATH_AT_BASE)}),
        );
    }
    info
}

/// Which broker it is, the hub does not tell: its operator does.
fn server() -> Value {
    json!({
        "host": "{broker}",
        "protocol": "amqps",
        "protocolVersion": "0-9-1",
        "pathname": "/schakelpunt",
        "description": "The broker of the hub: its address, and a user with the participant's id, come from the operator",
        "variables": {"broker": {"default": "broker.schakelpunt.example:5671"}},
        "security": [reference("components/securitySchemes/user")],
    })
}

fn reference(to: &str) -> Value {
    json!({"$ref": format!("#/{to}")})
}

fn key(way: Way, spec: &EventSpec) -> String {
    match way {
        Way::Offered => format!("offered.{}", spec.name),
        Way::Delivered => format!("delivered.{}", spec.name),
    }
}

fn message(settings: &Settings, place: &str, way: Way, spec: &EventSpec) -> Value {
    let (kind, who, relations) = match way {
        Way::Offered => ("events", "x-senders", relations(settings, spec, |rule| &rule.sender)),
        Way::Delivered => ("recipients", "x-recipients", relations(settings, spec, |rule| &rule.to)),
    };
    let schema = format!("{place}/v1/schemas/{kind}/{}", spec.name);
    let is_receipt = RECEIPTS.iter().chain(&OF_NUMBERS).any(|name| *name == spec.name.as_str());
    let required: &[&str] = match way {
        Way::Offered if spec.case == CaseNeed::None => &[],
        Way::Offered => &["subject", "sequence"],
        Way::Delivered if is_receipt => &["dataschema", "environment"],
        Way::Delivered => &[
            "dataschema",
            "environment",
            "sequence",
            "causationid",
            "producer",
            "producertime",
            "legalbasis",
            "purpose",
            "receipt",
            "number",
        ],
    };
    let message = json!({
        "name": spec.ty,
        "title": spec.en,
        "summary": spec.nl,
        "contentType": CONTENT_TYPE,
        "tags": [{"name": spec.ty.split('.').nth(2)}],
        "payload": {
            "allOf": [
                reference("components/schemas/CloudEvent"),
                {"type": "object", "required": required, "properties": {"type": {"const": spec.ty}, "data": {"$ref": schema}}},
            ],
        },
        who: relations,
        "bindings": {"amqp": {"messageType": spec.ty, "bindingVersion": BINDING}},
    });
    let header = json!({"type": "string", "description": "Repeats the attribute: it keeps the order of a detention"});
    let headers = json!({"headers": {"type": "object", "required": ["partitionkey"], "properties": {"partitionkey": header}}});
    let examples = Catalogue::examples(&spec.name);
    let examples: Vec<Value> = examples.iter().map(|(name, data)| example(settings, &schema, spec, name, data)).collect();
    match way {
        Way::Offered => with(with(message, headers), json!({"examples": examples})),
        Way::Delivered if is_receipt => with(message, json!({"examples": examples})),
        // what a delivery holds depends on the case: the example of a producer would show what nobody gets
        Way::Delivered => with(message, headers),
    }
}

/// The members of both objects.
fn with(mut object: Value, more: Value) -> Value {
    if let (Value::Object(members), Value::Object(more)) = (&mut object, more) {
        members.extend(more);
    }
    object
}

/// What the recipients of an event, or its senders, are to the case.
fn relations(settings: &Settings, spec: &EventSpec, side: fn(&schakelpunt_rules::Rule) -> &Vec<Relation>) -> Vec<&'static str> {
    let mut words: Vec<&str> = settings.rules.rules_for(&spec.name).flat_map(side).map(|relation| relation.word()).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// A whole message around a payload of the catalogue.
fn example(settings: &Settings, schema: &str, spec: &EventSpec, name: &str, data: &Value) -> Value {
    const DETENTION: &str = "8f0e5a3f-7c1e-4d3b-9a53-0d6f6f2f7a10";
    let event = json!({
        "specversion": "1.0",
        "id": format!("{}-{name}", spec.name),
        "source": "urn:nld:oin:00000099000000001000:systeem:voorbeeld",
        "type": spec.ty,
        "time": "2024-10-08T08:00:00Z",
        "datacontenttype": "application/json",
        "dataschema": schema,
        "data": data,
    });
    if spec.emitter == Emitter::Hub {
        let event = with(event, json!({"source": settings.source, "environment": settings.environment}));
        return json!({"name": name, "payload": event});
    }
    let event = with(event, json!({"subject": DETENTION, "partitionkey": DETENTION, "sequence": format!("{:020}", 1)}));
    json!({"name": name, "headers": {"partitionkey": DETENTION}, "payload": event})
}
