//! Leaves of a payload and the patterns that name them.
//!
//! A [`Leaf`] names a field of the catalogue: `/release/date`, `/care/trajectories/*/act` (`*` stands for every item of an array).
//! An array of scalars is one leaf.

use std::{fmt, str::FromStr, sync::Arc};

use serde_json::{Map, Value};

use crate::json::escape;

/// The name of a field of the catalogue, below `data`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Leaf(Arc<str>);

/// A text that is not a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pointer begins with `/` and has no empty parts")]
pub struct InvalidPointer;

impl Leaf {
    /// The pointer as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this leaf lies below `prefix` (a pointer to an object).
    pub fn is_below(&self, prefix: &str) -> bool {
        self.0.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
    }

    /// The leaf `rest` below `prefix`.
    pub fn join(prefix: &str, rest: &str) -> Self {
        Self([prefix, rest].concat().into())
    }
}

impl FromStr for Leaf {
    type Err = InvalidPointer;
    fn from_str(text: &str) -> Result<Self, InvalidPointer> {
        match text.strip_prefix('/') {
            Some(rest) if rest.split('/').all(|part| !part.is_empty()) => Ok(Self(text.into())),
            _ => Err(InvalidPointer),
        }
    }
}

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Leaf {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::from_text::parsed(deserializer)
    }
}

/// The leaves that a payload has, sorted, each once.
pub fn leaves_of(data: &Value) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    collect(data, &mut String::new(), &mut leaves);
    leaves.sort_unstable();
    leaves.dedup();
    leaves
}

fn collect(value: &Value, path: &mut String, leaves: &mut Vec<Leaf>) {
    let length = path.len();
    match value {
        Value::Object(map) => {
            for (key, item) in map {
                path.push('/');
                path.push_str(&escape(key));
                collect(item, path, leaves);
                path.truncate(length);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            path.push_str("/*");
            for item in items {
                collect(item, path, leaves);
            }
            path.truncate(length);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => leaves.push(Leaf(path.as_str().into())),
    }
}

/// The part of `data` that `keep` names, and the objects in `containers` even when nothing is left in them (decision 15).
pub fn cut(data: &Value, keep: &dyn Fn(&str) -> bool, containers: &[&str]) -> Value {
    prune(data, &mut String::new(), keep, containers).unwrap_or_else(|| Value::Object(Map::new()))
}

fn prune(value: &Value, path: &mut String, keep: &dyn Fn(&str) -> bool, containers: &[&str]) -> Option<Value> {
    let length = path.len();
    match value {
        Value::Object(map) => {
            let mut kept = Map::new();
            for (key, item) in map {
                path.push('/');
                path.push_str(&escape(key));
                if let Some(item) = prune(item, path, keep, containers) {
                    kept.insert(key.clone(), item);
                }
                path.truncate(length);
            }
            (!kept.is_empty() || containers.contains(&path.as_str())).then_some(Value::Object(kept))
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            path.push_str("/*");
            let kept: Vec<Value> = items.iter().filter_map(|item| prune(item, path, keep, containers)).collect();
            path.truncate(length);
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => keep(path).then(|| value.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn leaves_are_scalars_and_arrays_of_scalars() {
        let data = json!({"tbo": {"at": "x", "participants": ["a", "b"]}, "care": {"trajectories": [{"act": "Wmo"}, {"act": "Zvw", "provider": "p"}]}});
        let names: Vec<String> = leaves_of(&data).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["/care/trajectories/*/act", "/care/trajectories/*/provider", "/tbo/at", "/tbo/participants"]);
    }

    #[test]
    fn a_cut_keeps_what_is_named_and_nothing_else() {
        let data = json!({"a": {"x": 1, "y": 2}, "b": {"z": 3}, "c": {"d": {"e": 1}}});
        assert_eq!(cut(&data, &|leaf| leaf == "/a/x", &["/c"]), json!({"a": {"x": 1}, "c": {}}));
        assert_eq!(cut(&data, &|_| false, &[]), json!({}));
    }
}
