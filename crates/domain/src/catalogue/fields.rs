//! The names of all fields.

use std::{collections::BTreeSet, sync::LazyLock};

use include_dir::Dir;
use serde_json::Value;

use super::shipped::SCHEMAS;

/// Every name of a field that stands in some schema.
static FIELDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let events = SCHEMAS.get_dir("events").into_iter().flat_map(Dir::files);
    let mut names = BTreeSet::new();
    for file in events.chain(SCHEMAS.get_file("parts.json")) {
        collect_names(&serde_json::from_slice(file.contents()).unwrap_or_default(), &mut names);
    }
    names
});

fn collect_names(schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::Object(properties)) = map.get("properties") {
                names.extend(properties.keys().cloned());
            }
            map.values().for_each(|part| collect_names(part, names));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_names(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether some event has a field of that name: then the name says nothing about anybody.
pub(crate) fn is_field(name: &str) -> bool {
    FIELDS.contains(name)
}
