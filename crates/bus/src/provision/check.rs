//! What differs between the broker and what it should be.

use std::collections::BTreeSet;

use schakelpunt_amqp::topology::{Argument, Arguments, BindingSpec, Definitions, ExchangeSpec, IN, INTAKE, OUT, QueueSpec, Topology};
use schakelpunt_domain::ParticipantId;
use serde_json::{Value, json};

use super::{Broker, PARTICIPANT_WRITE, ProvisionError, Roster, foreign, inbox_read, management::Management, topic_permission};

pub(super) async fn check(broker: &Broker, vhost: &str, topology: &Topology, roster: &Roster) -> Result<Vec<String>, ProvisionError> {
    let management = &broker.management;
    if management.get(&["vhosts", vhost]).await?.is_none() {
        return Ok(vec![format!("virtual host {vhost}: missing")]);
    }
    let mut definitions = topology.definitions();
    for participant in roster.active.iter().chain(&roster.barred) {
        let inbox = topology.inbox_definitions(participant);
        definitions.queues.extend(inbox.queues);
        definitions.bindings.extend(inbox.bindings);
    }
    let mut found = check_definitions(management, vhost, &definitions).await?;
    let rights = Rights {
        users: management.rows(&["users"]).await?,
        permissions: management.rows(&["vhosts", vhost, "permissions"]).await?,
        topics: management.rows(&["vhosts", vhost, "topic-permissions"]).await?,
    };
    for participant in &roster.active {
        found.extend(rights.of_participant(participant));
    }
    for participant in &roster.barred {
        if rights.permission(participant.as_str()).is_some() {
            found.push(format!("user {participant}: takes no part now, and can still connect"));
        }
        let (open, _) = broker.connections(&[vhost], participant).await?;
        if !open.is_empty() {
            found.push(format!("user {participant}: takes no part now, and has {} open connections", open.len()));
        }
    }
    found.extend(rights.of_others(&management.user, topology, roster));
    Ok(found)
}

/// Who may do what in a virtual host.
struct Rights {
    users: Vec<Value>,
    permissions: Vec<Value>,
    topics: Vec<Value>,
}

impl Rights {
    fn permission(&self, user: &str) -> Option<&Value> {
        self.permissions.iter().find(|row| row.get("user").and_then(Value::as_str) == Some(user))
    }

    fn of_participant(&self, participant: &ParticipantId) -> Vec<String> {
        let user = participant.as_str();
        let mut found = Vec::new();
        match named(&self.users, user) {
            None => found.push(format!("user {user}: missing")),
            Some(row) => {
                // 3.10 gives a list, older ones a text; a tag is a right at the management interface
                if !matches!(row.get("tags"), Some(Value::Array(tags)) if tags.is_empty()) && row.get("tags") != Some(&json!("")) {
                    found.push(format!("user {user}: has tags"));
                }
                if row.get("password_hash").and_then(Value::as_str).is_none_or(str::is_empty) {
                    found.push(format!("user {user}: has no key: `participant add` makes one"));
                }
            }
        }
        let expected = json!({ "configure": "^$", "write": PARTICIPANT_WRITE, "read": inbox_read(participant) });
        found.extend(differences(&format!("permission of {user}"), self.permission(user), &expected));
        let is_own =
            |row: &&Value| row.get("user").and_then(Value::as_str) == Some(user) && row.get("exchange").and_then(Value::as_str) == Some(IN);
        found.extend(differences(&format!("topic permission of {user}"), self.topics.iter().find(is_own), &topic_permission(participant)));
        found
    }

    /// Everybody else with a right there, but for the administrator.
    fn of_others(&self, administrator: &str, topology: &Topology, roster: &Roster) -> Vec<String> {
        let participants: Vec<&ParticipantId> = roster.active.iter().chain(&roster.barred).collect();
        let known = |user: &str| {
            user == administrator
                || roster.hubs.iter().any(|hub| hub == user)
                || participants.iter().any(|participant| participant.as_str() == user)
        };
        let others = self.permissions.iter().filter_map(|row| Some((row.get("user")?.as_str()?, row))).filter(|(user, _)| !known(user));
        others.flat_map(|(user, row)| foreign::check(user, row, &self.topics, topology, &participants)).collect()
    }
}

async fn check_definitions(management: &Management, vhost: &str, definitions: &Definitions) -> Result<Vec<String>, ProvisionError> {
    let mut found = Vec::new();
    let exchanges = management.rows(&["exchanges", vhost]).await?;
    for ExchangeSpec { name, kind, internal, arguments } in &definitions.exchanges {
        let expected = json!({ "type": kind, "internal": internal, "durable": true, "arguments": to_json(arguments) });
        found.extend(differences(&format!("exchange {name}"), named(&exchanges, name), &expected));
    }
    let queues = management.rows(&["queues", vhost]).await?;
    for QueueSpec { name, arguments } in &definitions.queues {
        let expected = json!({ "durable": true, "arguments": to_json(arguments) });
        found.extend(differences(&format!("queue {name}"), named(&queues, name), &expected));
    }
    let bindings = management.rows(&["bindings", vhost]).await?;
    let expected: BTreeSet<String> = definitions.bindings.iter().map(binding_text).collect();
    let present: BTreeSet<String> = bindings.iter().map(binding_row_text).collect();
    found.extend(expected.difference(&present).map(|binding| format!("binding {binding}: missing")));
    // whoever binds to these reads along
    let guarded = |binding: &&String| [IN, INTAKE, OUT].iter().any(|source| binding.starts_with(&format!("{source} ")));
    found.extend(present.difference(&expected).filter(guarded).map(|binding| format!("binding {binding}: nobody asked for it")));
    Ok(found)
}

fn differences(what: &str, present: Option<&Value>, expected: &Value) -> Vec<String> {
    let Some(present) = present else { return vec![format!("{what}: missing")] };
    let expected = expected.as_object().into_iter().flatten();
    let differing = expected.filter(|(key, value)| present.get(key.as_str()) != Some(value));
    differing.map(|(key, value)| format!("{what}: {key} is {} instead of {value}", present.get(key).unwrap_or(&Value::Null))).collect()
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
