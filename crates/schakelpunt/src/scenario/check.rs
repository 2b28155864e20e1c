//! Whether a delivery is the one that a scenario expects.

use schakelpunt_rules::{BasisKind, RuleSet};
use serde_json::Value;

use super::{file::Expect, recording::HandedOver};

/// The short name inside a full type.
pub(super) fn event_of(event: &Value) -> &str {
    event.get("type").and_then(Value::as_str).and_then(|ty| ty.rsplit('.').nth(1)).unwrap_or_default()
}

/// What of `expect` the delivery does not meet; empty if it is the one.
pub(super) fn differences(expect: &Expect, delivery: &HandedOver, rules: &RuleSet) -> Vec<String> {
    let mut differences = Vec::new();
    let text = |name: &str| delivery.event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let legal = text("legalbasis");
    let bases: Vec<&str> = legal.split(',').filter(|basis| !basis.is_empty()).collect();
    let mut demand = |holds: bool, message: String| differences.extend((!holds).then_some(message));
    if let Some(basis) = &expect.basis {
        demand(bases.contains(&basis.as_str()), format!("basis {basis} is not in {legal}"));
    }
    if let Some(expected) = &expect.bases {
        demand(bases == *expected, format!("bases {legal}, not {}", expected.join(",")));
    }
    if let Some(kind) = &expect.kind {
        let is = |basis: &&str| rules.bases().iter().any(|known| known.id.as_str() == *basis && kind_word(known.kind) == kind);
        demand(bases.iter().any(is), format!("no basis of the kind {kind} in {legal}"));
    }
    if let Some(mandator) = &expect.onbehalfof {
        let actual = text("onbehalfof");
        demand(actual == mandator.as_str(), format!("on behalf of `{actual}`, not {mandator}"));
    }
    let data = delivery.event.get("data").cloned().unwrap_or_default();
    for pointer in &expect.has {
        demand(data.pointer(pointer).is_some(), format!("{pointer} is missing"));
    }
    for pointer in &expect.lacks {
        demand(data.pointer(pointer).is_none(), format!("{pointer} is there"));
    }
    for (pointer, expected) in &expect.equals {
        demand(data.pointer(pointer) == Some(&to_json(expected)), format!("{pointer} is another value"));
    }
    for (name, expected) in &expect.attributes {
        demand(delivery.event.get(name) == Some(&to_json(expected)), format!("attribute {name} is {:?}", delivery.event.get(name)));
    }
    differences
}

/// A TOML value as the JSON that it stands for.
pub(crate) fn to_json(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text.clone()),
        toml::Value::Integer(number) => Value::from(*number),
        toml::Value::Float(number) => Value::from(*number),
        toml::Value::Boolean(truth) => Value::Bool(*truth),
        toml::Value::Datetime(datetime) => Value::String(datetime.to_string()),
        toml::Value::Array(items) => Value::Array(items.iter().map(to_json).collect()),
        toml::Value::Table(table) => Value::Object(table.iter().map(|(key, value)| (key.clone(), to_json(value))).collect()),
    }
}

fn kind_word(kind: BasisKind) -> &'static str {
    match kind {
        BasisKind::Statute => "statute",
        BasisKind::Consent => "consent",
        BasisKind::OwnTask => "own-task",
        BasisKind::Administrative => "administrative",
        BasisKind::Rectification => "rectification",
    }
}
