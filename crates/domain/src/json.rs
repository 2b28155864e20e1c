//! Strict JSON: the same key twice in an object is an error, and errors carry a pointer, never content.

use std::{
    cell::{Cell, RefCell},
    fmt,
};

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why a text is not acceptable JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at {pointer:?}")]
pub struct InvalidJson {
    /// Where, as a JSON pointer; empty for the whole text.
    pub pointer: String,
    /// What is wrong, without content.
    pub reason: &'static str,
}

/// How deep objects and arrays may nest. The deepest event needs six levels; more is an attack or a mistake.
pub const DEPTH_MAX: usize = 32;

/// How many values a text may hold, objects and arrays among them: each costs memory and time many times its bytes. The largest
/// event has some hundreds.
pub const VALUES_MAX: usize = 4096;

/// Parses a text as JSON, refusing equal keys, nesting over [`DEPTH_MAX`], more than [`VALUES_MAX`] values and trailing text.
pub fn parse(text: &[u8]) -> Result<Value, InvalidJson> {
    let state = State::default();
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let parsed = Strict(&state).deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    parsed.map_err(|_| {
        let reason = state.reason.take().unwrap_or("not JSON");
        let pointer = if reason == "not JSON" { String::new() } else { pointer_of(&state.path.borrow()) };
        InvalidJson { pointer, reason }
    })
}

/// Writes one reference token of a JSON pointer (RFC 6901).
pub fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

fn pointer_of(path: &[String]) -> String {
    path.iter().fold(String::new(), |pointer, token| pointer + "/" + &escape(token))
}

#[derive(Default)]
struct State {
    path: RefCell<Vec<String>>,
    reason: RefCell<Option<&'static str>>,
    values: Cell<usize>,
}

impl State {
    fn fail<E: serde::de::Error>(&self, reason: &'static str) -> E {
        self.reason.replace(Some(reason));
        E::custom(reason)
    }
}

struct Strict<'a>(&'a State);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.0.values.set(self.0.values.get() + 1);
        if self.0.values.get() > VALUES_MAX {
            return Err(self.0.fail("more than 4096 values"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        self.enter("0".to_owned())?;
        while let Some(item) = seq.next_element_seed(Strict(self.0))? {
            items.push(item);
            self.leave();
            self.enter(items.len().to_string())?;
        }
        self.leave();
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            self.enter(key.clone())?;
            if object.contains_key(&key) {
                return Err(self.0.fail("the same key twice"));
            }
            let value = map.next_value_seed(Strict(self.0))?;
            object.insert(key, value);
            self.leave();
        }
        Ok(Value::Object(object))
    }
}

impl Strict<'_> {
    fn enter<E: serde::de::Error>(&self, token: String) -> Result<(), E> {
        self.0.path.borrow_mut().push(token);
        if self.0.path.borrow().len() > DEPTH_MAX { Err(self.0.fail("nested too deep")) } else { Ok(()) }
    }

    fn leave(&self) {
        self.0.path.borrow_mut().pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_are_refused_with_their_place() {
        let error = parse(br#"{"data":{"a":1,"b":[{"c":1,"c":2}]}}"#).unwrap_err();
        assert_eq!((error.pointer.as_str(), error.reason), ("/data/b/0/c", "the same key twice"));
    }

    #[test]
    fn deep_nesting_and_trailing_text_are_refused() {
        let deep = "[".repeat(40) + &"]".repeat(40);
        assert_eq!(parse(deep.as_bytes()).unwrap_err().reason, "nested too deep");
        assert_eq!(parse(b"{} x").unwrap_err().reason, "not JSON");
        assert_eq!(parse(br#"{"a":"#).unwrap_err().pointer, "");
    }

    #[test]
    fn too_many_values_are_refused() {
        let of = |count: usize| format!("[{}]", vec!["0"; count].join(","));
        assert!(parse(of(VALUES_MAX - 1).as_bytes()).is_ok());
        assert_eq!(parse(of(VALUES_MAX).as_bytes()).unwrap_err().reason, "more than 4096 values");
    }

    #[test]
    fn what_is_fine_comes_through() {
        assert_eq!(parse(br#"{"a":[1,-2,true,null,"x",1.5]}"#).unwrap().to_string(), r#"{"a":[1,-2,true,null,"x",1.5]}"#);
    }
}
