//! The envelope: CloudEvents 1.0 in the NL GOV profile 1.1, structured or binary (checks P1 to P13 of the profile).
//!
//! Everything that is wrong before the event's own schema is `MALFORMED` with a pointer into the envelope (decision 6).

use jiff::Timestamp;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    catalogue::is_field,
    codes::{
        Rejection,
        RejectionCode::{self, Malformed},
    },
    ids::{DetentionRef, EventName, MessageId, Source, is_pseudonym, passes_elfproef},
    json,
};

/// Largest message, attributes and data together (CloudEvents: intermediaries forward up to 64 KiB).
pub const SIZE_MAX: usize = 64 * 1024;
/// Longest attribute name that the profile accepts without a warning; longer ones are refused here to keep headers small.
pub const NAME_MAX: usize = 20;
/// Most attributes of one event: the profile and this hub know 19, and a chain of intermediaries adds a few.
pub const ATTRIBUTES_MAX: usize = 32;
/// Longest value of an attribute in bytes: `tracestate` may have 512 characters; all attributes together must fit into the headers
/// of an HTTP request.
pub const VALUE_MAX: usize = 1024;
const PREFIX: &str = "nl.schakelpunt.";

/// A message as a channel delivers it, before anything is known of it.
#[derive(Debug, Clone, Default)]
pub struct RawMessage {
    /// The channel's content type.
    pub content_type: String,
    /// Headers or application properties, for binary mode.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A message whose envelope is in order. Its data is not yet checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// The producer's id.
    pub id: MessageId,
    /// The producer's system.
    pub source: Source,
    /// The full type.
    pub ty: String,
    /// The short name inside the type.
    pub event: EventName,
    /// When the producer registered it.
    pub time: Timestamp,
    /// The detention.
    pub subject: Option<DetentionRef>,
    /// The producer's sequence per source and subject.
    pub sequence: Option<u64>,
    /// A pseudonym of the worker who sends it; a system sends for itself. Stays at the door: nobody is told.
    pub actor: Option<String>,
    /// Trace and correlation attributes, passed on.
    pub trace: Map<String, Value>,
    /// The payload.
    pub data: Arc<Value>,
    /// The whole event in one form whatever the channel or mode, for the digest.
    pub canonical: String,
}

/// The attributes that are passed on unchanged, as their CloudEvents extensions say.
const PASSED_ON: [&str; 4] = ["traceparent", "tracestate", "correlationid", "causationid"];

/// The attributes that this hub knows; the name of any other is the sender's own text.
const KNOWN: [&str; 19] = [
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "subject",
    "sequence",
    "sequencetype",
    "partitionkey",
    "dataschema",
    "dataref",
    "datacontenttype",
    "data",
    "data_base64",
    "traceparent",
    "tracestate",
    "correlationid",
    "causationid",
    "actor",
];

/// A pointer up to the first name that the hub does not know by itself: what a sender wrote as a name may be content.
pub fn shown(pointer: &str) -> String {
    let is_index = |token: &str| token.len() < 6 && token.bytes().all(|b| b.is_ascii_digit());
    let is_ours = |token: &&str| is_index(token) || KNOWN.contains(token) || is_field(token);
    pointer.split('/').skip(1).take_while(is_ours).fold(String::new(), |shown, token| shown + "/" + token)
}

impl Envelope {
    /// Reads and checks a message.
    pub fn parse(raw: &RawMessage) -> Result<Self, Rejection> {
        let size = raw.body.len() + raw.headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        if size > SIZE_MAX {
            return Err(Rejection::new(RejectionCode::TooLarge, "", "a message has at most 65536 bytes"));
        }
        let event =
            if raw.content_type.to_ascii_lowercase().starts_with("application/cloudevents") { structured(raw)? } else { binary(raw)? };
        Self::from_object(event)
    }

    fn from_object(mut event: Map<String, Value>) -> Result<Self, Rejection> {
        event.retain(|_, value| !value.is_null());
        if event.len() > ATTRIBUTES_MAX + 1 {
            return Err(malformed("", "at most 32 attributes"));
        }
        check_names_and_values(&event)?;
        check_version_and_content(&event)?;
        check_no_personal_numbers(&event)?;
        let id = text(&event, "id")?.parse().map_err(|error| malformed("/id", format!("{error}")))?;
        let ty = text(&event, "type")?.to_owned();
        let short = short_name(&ty)?;
        let source = text(&event, "source")?.parse().map_err(|error| malformed("/source", format!("{error}")))?;
        let time = text(&event, "time")?.parse().map_err(|_| malformed("/time", "an instant as in RFC 3339, with zone"))?;
        let subject = optional(&event, "subject", |text| text.parse().ok(), "1 to 128 characters without blanks")?;
        let actor = optional(&event, "actor", |text| is_pseudonym(text).then(|| text.to_owned()), "a pseudonym of the worker")?;
        let sequence = optional(&event, "sequence", parse_sequence, "20 digits, padded with zeros")?;
        if event.contains_key("sequencetype") {
            return Err(malformed("/sequencetype", "this hub uses `sequence` without `sequencetype`"));
        }
        let key = optional(&event, "partitionkey", |text| text.parse::<DetentionRef>().ok(), "1 to 128 characters without blanks")?;
        if key.is_some() && key != subject {
            return Err(malformed("/partitionkey", "equal to `subject`"));
        }
        let _: Option<()> = optional(&event, "dataschema", |text| is_absolute_uri(text).then_some(()), "an absolute URI")?;
        // the mode of transport must not make two events of one
        event.remove("datacontenttype");
        let canonical = serde_json::to_string(&event).map_err(|_| malformed("", "JSON"))?;
        let Some(data @ Value::Object(_)) = event.remove("data") else {
            return Err(malformed("/data", "a JSON object"));
        };
        let trace = PASSED_ON.iter().filter_map(|name| event.get(*name).map(|value| ((*name).to_owned(), value.clone()))).collect();
        Ok(Self { id, source, ty, event: short, time, subject, sequence, actor, trace, data: Arc::new(data), canonical })
    }
}

fn malformed(pointer: &str, detail: impl Into<String>) -> Rejection {
    Rejection::new(Malformed, pointer, detail)
}

fn structured(raw: &RawMessage) -> Result<Map<String, Value>, Rejection> {
    match json::parse(&raw.body) {
        Ok(Value::Object(event)) => Ok(event),
        Ok(_) => Err(malformed("", "one event as a JSON object")),
        Err(error) => Err(malformed(&shown(&error.pointer), format!("JSON: {}", error.reason))),
    }
}

fn binary(raw: &RawMessage) -> Result<Map<String, Value>, Rejection> {
    let mut event = Map::new();
    for (name, value) in &raw.headers {
        let lower = name.to_ascii_lowercase();
        let attribute = ["ce-", "cloudevents:", "cloudevents_"].iter().find_map(|prefix| lower.strip_prefix(prefix));
        let Some(attribute) = attribute else { continue };
        if event.insert(attribute.to_owned(), Value::String(value.clone())).is_some() {
            return Err(malformed(&shown(&format!("/{attribute}")), "each attribute once"));
        }
    }
    if event.is_empty() {
        return Err(malformed("", "a CloudEvent: content type application/cloudevents+json, or attributes as `ce-` headers"));
    }
    if !raw.content_type.is_empty() {
        event.insert("datacontenttype".to_owned(), Value::String(raw.content_type.clone()));
    }
    let data =
        json::parse(&raw.body).map_err(|error| malformed(&shown(&format!("/data{}", error.pointer)), format!("JSON: {}", error.reason)))?;
    event.insert("data".to_owned(), data);
    Ok(event)
}

fn check_names_and_values(event: &Map<String, Value>) -> Result<(), Rejection> {
    for (name, value) in event {
        if name == "data" || name == "data_base64" {
            continue;
        }
        let fits = !name.is_empty() && name.len() <= NAME_MAX && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !fits {
            return Err(malformed("", "attribute names have 1 to 20 lower-case letters and digits"));
        }
        let pointer = shown(&format!("/{name}"));
        match value {
            Value::Bool(_) => {}
            Value::Number(number) if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()) => {}
            Value::String(text) if text.len() > VALUE_MAX => return Err(malformed(&pointer, "at most 1024 bytes")),
            Value::String(text) if text.chars().all(is_allowed) => {}
            Value::String(_) => return Err(malformed(&pointer, "no control or non-characters")),
            _ => return Err(malformed(&pointer, "a boolean, a 32-bit integer or a string")),
        }
    }
    Ok(())
}

fn is_allowed(c: char) -> bool {
    let code = u32::from(c);
    !c.is_control() && !(0xFDD0..=0xFDEF).contains(&code) && code & 0xFFFE != 0xFFFE
}

fn check_version_and_content(event: &Map<String, Value>) -> Result<(), Rejection> {
    if event.get("specversion").and_then(Value::as_str) != Some("1.0") {
        return Err(malformed("/specversion", "\"1.0\""));
    }
    if event.contains_key("data_base64") {
        return Err(malformed("/data_base64", "JSON in `data`"));
    }
    match event.get("datacontenttype").map(|value| value.as_str().unwrap_or_default().to_ascii_lowercase()) {
        Some(content) if content.split(';').next().map(str::trim) != Some("application/json") => {
            Err(malformed("/datacontenttype", "application/json"))
        }
        _ => Ok(()),
    }
}

/// Nine digits that pass the eleven test may stand in no attribute (P11): attributes are logged and routed on.
fn check_no_personal_numbers(event: &Map<String, Value>) -> Result<(), Rejection> {
    const EXEMPT: [&str; 5] = ["data", "sequence", "time", "traceparent", "tracestate"];
    // the subject first: what repeats it (`partitionkey`) is not where the mistake is
    let subject = event.get_key_value("subject");
    for (name, value) in subject.into_iter().chain(event).filter(|(name, _)| !EXEMPT.contains(&name.as_str())) {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if text.split(|c: char| !c.is_ascii_alphanumeric()).any(passes_elfproef) {
            let detail = "no number in an attribute that passes the eleven test of a BSN";
            return Err(Rejection::new(RejectionCode::PersonalDataInAttributes, shown(&format!("/{name}")), detail));
        }
    }
    Ok(())
}

fn text<'a>(event: &'a Map<String, Value>, name: &str) -> Result<&'a str, Rejection> {
    match event.get(name).and_then(Value::as_str) {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(malformed(&format!("/{name}"), "required, a string that is not empty")),
    }
}

fn optional<T>(event: &Map<String, Value>, name: &str, parse: impl Fn(&str) -> Option<T>, expected: &str) -> Result<Option<T>, Rejection> {
    let Some(value) = event.get(name) else { return Ok(None) };
    match value.as_str().and_then(parse) {
        Some(parsed) => Ok(Some(parsed)),
        None => Err(malformed(&format!("/{name}"), expected)),
    }
}

fn parse_sequence(text: &str) -> Option<u64> {
    (text.len() == 20 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn is_absolute_uri(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        !rest.is_empty()
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
            && text.bytes().all(|b| b.is_ascii_graphic())
    })
}

/// The short name inside `nl.schakelpunt.<domain>.<event>.v<n>`.
fn short_name(ty: &str) -> Result<EventName, Rejection> {
    let labels: Vec<&str> = ty.split('.').collect();
    let is_label = |label: &&str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if labels.len() < 2 || !labels.iter().all(is_label) {
        return Err(malformed("/type", "reverse domain name notation with one version, nl.schakelpunt.<domain>.<event>.v<n>"));
    }
    let unknown = || Rejection::new(RejectionCode::UnknownType, "/type", "an event of the catalogue");
    let rest = ty.strip_prefix(PREFIX).ok_or_else(unknown)?;
    match rest.split('.').collect::<Vec<_>>().as_slice() {
        [_domain, event, _version] => event.parse().map_err(|_| unknown()),
        _ => Err(unknown()),
    }
}

#[cfg(test)]
mod tests;
