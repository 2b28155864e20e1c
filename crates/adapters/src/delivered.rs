//! A message from the hub, as an adapter reads it in its inbox.

use jiff::Timestamp;
use schakelpunt_domain::DetentionRef;
use serde_json::{Map, Value};

/// A message from the hub. `Debug` shows no data.
#[derive(Clone, PartialEq)]
pub struct Delivered {
    /// Its id, the same whenever it comes again.
    pub id: String,
    /// The event's short name.
    pub event: String,
    /// The detention, if it belongs to one.
    pub detention: Option<DetentionRef>,
    /// When the hub made it.
    pub time: Timestamp,
    /// The payload.
    pub data: Value,
    /// The whole event, with its attributes.
    pub whole: Map<String, Value>,
}

impl std::fmt::Debug for Delivered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.event, self.id)
    }
}

impl Delivered {
    /// Reads an event in structured mode. `None`: it is no event of a hub.
    pub fn read(body: &[u8]) -> Option<Self> {
        let Ok(Value::Object(whole)) = serde_json::from_slice(body) else { return None };
        Self::of(whole)
    }

    /// The same of one that was read.
    pub fn of(whole: Map<String, Value>) -> Option<Self> {
        let text = |name: &str| whole.get(name).and_then(Value::as_str);
        // an id becomes a file name
        let is_plain = |id: &&str| id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let id = text("id").filter(is_plain)?.to_owned();
        let event = text("type")?.strip_prefix("nl.schakelpunt.")?.split('.').nth(1)?.to_owned();
        let event = Some(event).filter(|event| event.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))?;
        let detention = text("subject").and_then(|subject| subject.parse().ok());
        let time = text("time")?.parse().ok()?;
        let data = whole.get("data").cloned().unwrap_or_default();
        Some(Self { id, event, detention, time, data, whole })
    }
}
