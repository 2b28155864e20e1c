//! What differs between the broker and what it should be.

use std::collections::BTreeSet;

use schakelpunt_amqp::topology::{Argument, Arguments, BindingSpec, Definitions, ExchangeSpec, IN, INTAKE, OUT, QueueSpec, Topology};
use schakelpunt_domain::ParticipantId;
use serde_json::{Value, json};

use super::{PARTICIPANT_WRITE, ProvisionError, inbox_read, management::Management, topic_permission};

pub(super) async fn check(
    management: &Management,
    vhost: &str,
    topology: &Topology,
    participants: &[ParticipantId],
) -> Result<Vec<String>, ProvisionError> {
    if management.get(&["vhosts", vhost]).await?.is_none() {
        return Ok(vec![format!("virtual host {vhost}: missing")]);
    }
    let mut definitions = topology.definitions();
    for participant in participants {
        let inbox = topology.inbox_definitions(participant);
        definitions.queues.extend(inbox.queues);
        definitions.bindings.extend(inbox.bindings);
    }
    let mut found = check_definitions(management, vhost, &definitions).await?;
    for participant in participants {
        found.extend(check_participant(management, vhost, participant).await?);
    }
    Ok(found)
}

async fn check_definitions(management: &Management, vhost: &str, definitions: &Definitions) -> Result<Vec<String>, ProvisionError> {
    let mut found = Vec::new();
    let exchanges = rows(management.get(&["exchanges", vhost]).await?);
    for ExchangeSpec { name, kind, internal, arguments } in &definitions.exchanges {
        let expected = json!({ "type": kind, "internal": internal, "durable": true, "arguments": to_json(arguments) });
        found.extend(differences(&format!("exchange {name}"), named(&exchanges, name), &expected));
    }
    let queues = rows(management.get(&["queues", vhost]).await?);
    for QueueSpec { name, arguments } in &definitions.queues {
        let expected = json!({ "durable": true, "arguments": to_json(arguments) });
        found.extend(differences(&format!("queue {name}"), named(&queues, name), &expected));
    }
    let bindings = rows(management.get(&["bindings", vhost]).await?);
    let expected: BTreeSet<String> = definitions.bindings.iter().map(binding_text).collect();
    let present: BTreeSet<String> = bindings.iter().map(binding_row_text).collect();
    found.extend(expected.difference(&present).map(|binding| format!("binding {binding}: missing")));
    // whoever binds to these reads along
    let guarded = |binding: &&String| [IN, INTAKE, OUT].iter().any(|source| binding.starts_with(&format!("{source} ")));
    found.extend(present.difference(&expected).filter(guarded).map(|binding| format!("binding {binding}: nobody asked for it")));
    Ok(found)
}

async fn check_participant(management: &Management, vhost: &str, participant: &ParticipantId) -> Result<Vec<String>, ProvisionError> {
    let user = participant.as_str();
    let mut found = Vec::new();
    match management.get(&["users", user]).await? {
        None => found.push(format!("user {user}: missing")),
        // 3.10 gives a list, older ones a text; a tag is a right at the management interface
        Some(row) if !matches!(row.get("tags"), Some(Value::Array(tags)) if tags.is_empty()) && row.get("tags") != Some(&json!("")) => {
            found.push(format!("user {user}: has tags"));
        }
        Some(_) => {}
    }
    let permission = management.get(&["permissions", vhost, user]).await?;
    let expected = json!({ "configure": "^$", "write": PARTICIPANT_WRITE, "read": inbox_read(participant) });
    found.extend(differences(&format!("permission of {user}"), permission.as_ref(), &expected));
    let topic = rows(management.get(&["topic-permissions", vhost, user]).await?);
    let of_exchange = topic.iter().find(|row| row.get("exchange").and_then(Value::as_str) == Some(IN));
    found.extend(differences(&format!("topic permission of {user}"), of_exchange, &topic_permission(participant)));
    Ok(found)
}

fn differences(what: &str, present: Option<&Value>, expected: &Value) -> Vec<String> {
    let Some(present) = present else { return vec![format!("{what}: missing")] };
    let expected = expected.as_object().into_iter().flatten();
    let differing = expected.filter(|(key, value)| present.get(key.as_str()) != Some(value));
    differing.map(|(key, value)| format!("{what}: {key} is {} instead of {value}", present.get(key).unwrap_or(&Value::Null))).collect()
}

fn rows(answer: Option<Value>) -> Vec<Value> {
    match answer {
        Some(Value::Array(rows)) => rows,
        _ => Vec::new(),
    }
}

fn named<'a>(rows: &'a [Value], name: &str) -> Option<&'a Value> {
    rows.iter().find(|row| row.get("name").and_then(Value::as_str) == Some(name))
}

fn to_json(arguments: &Arguments) -> Value {
    let value = |argument: &Argument| match argument {
        Argument::Text(text) => json!(text),
        Argument::Number(number) => json!(number),
        Argument::Flag(flag) => json!(flag),
    };
    arguments.iter().map(|(name, argument)| ((*name).to_owned(), value(argument))).collect::<serde_json::Map<_, _>>().into()
}

fn binding_text(binding: &BindingSpec) -> String {
    let BindingSpec { source, destination, to_queue, key } = binding;
    format!("{source} to {} {destination} with key '{key}'", if *to_queue { "queue" } else { "exchange" })
}

fn binding_row_text(row: &Value) -> String {
    let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
    format!("{} to {} {} with key '{}'", text("source"), text("destination_type"), text("destination"), text("routing_key"))
}
