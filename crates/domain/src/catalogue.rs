//! The event catalogue: read from `schemas/`, which travels inside the binary.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    codes::{Rejection, RejectionCode},
    ids::EventName,
    pointer::Leaf,
    source_file::SourceFile,
};

mod fields;
mod formats;
mod invalid;
mod shipped;

pub(crate) use fields::is_field;

/// The class of a field: which kind of data it is in law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Class {
    /// Identity and the fact of detention (GDPR art. 10).
    Id,
    /// Social.
    Soc,
    /// Money and debt.
    Fin,
    /// Health (GDPR art. 9).
    Health,
    /// Motivation, behaviour, phasing.
    Just,
    /// Data on other persons.
    Third,
    /// Administration of the hub.
    Adm,
}

/// What the catalogue says of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafSpec {
    /// The Dutch legal term.
    pub title: String,
    /// The class.
    pub class: Class,
    /// The place in Pm 20d(2)-(4), where it has one.
    pub law: Option<String>,
}

/// How an event relates to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseNeed {
    /// It makes the case known.
    Opens,
    /// It needs a known case.
    Needs,
    /// It needs a case, and waits a day for one (decision 19).
    Waits,
    /// It has none.
    None,
}

/// Who emits an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Emitter {
    /// A participant.
    Participant,
    /// The hub itself.
    Hub,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct XEvent {
    name: EventName,
    domain: String,
    version: u32,
    nl: String,
    en: String,
    emitted_by: Emitter,
    case: CaseNeed,
    #[serde(default)]
    urgent: bool,
}

/// One event of the catalogue.
#[derive(Debug)]
pub struct EventSpec {
    /// Short name.
    pub name: EventName,
    /// Full type, `nl.schakelpunt.<domain>.<event>.v<n>`.
    pub ty: String,
    /// Dutch name.
    pub nl: String,
    /// English name.
    pub en: String,
    /// Who emits it.
    pub emitter: Emitter,
    /// How it relates to a case.
    pub case: CaseNeed,
    /// Whether it cannot wait for office hours: the desk that is on call has to see it at once.
    pub urgent: bool,
    /// Its fields.
    pub leaves: BTreeMap<Leaf, LeafSpec>,
    /// The schema that a producer must meet, with all references written out.
    pub schema: Value,
    /// The schema that a recipient meets: the same leaves, nothing required.
    pub recipient: Value,
    /// The `$id` of the recipient schema.
    pub recipient_uri: String,
    validator: jsonschema::Validator,
}

/// All events.
#[derive(Debug)]
pub struct Catalogue {
    events: BTreeMap<EventName, EventSpec>,
    elsewhere: BTreeMap<EventName, Channel>,
}

/// A channel of the chain that is not this hub (domain 1.6).
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Its Dutch name.
    pub nl: String,
    /// Its English name.
    pub en: String,
}

/// `schemas/elsewhere.json`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Elsewhere {
    #[serde(rename = "title")]
    _title: String,
    #[serde(rename = "description")]
    _description: String,
    channels: BTreeMap<EventName, Channel>,
}

/// A schema file that the catalogue cannot use.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct InvalidCatalogue {
    /// The file below `schemas/`.
    pub file: String,
    /// What is wrong.
    pub reason: String,
}

impl Catalogue {
    /// Reads the catalogue that this build carries.
    pub fn load() -> Result<Self, InvalidCatalogue> {
        Self::read(&Self::shipped())
    }

    /// The files of the catalogue that this build carries: the parts, the events of other channels, and one file for each event.
    pub fn shipped() -> Vec<SourceFile> {
        shipped::files()
    }

    /// Reads a catalogue from its files, such as those that a store has kept.
    pub fn read(files: &[SourceFile]) -> Result<Self, InvalidCatalogue> {
        let json = |file: &SourceFile| serde_json::from_str::<Value>(&file.text).map_err(|error| invalid(&file.name, error));
        let named = |name: &str| files.iter().find(|file| file.name == name).ok_or_else(|| invalid(name, "missing"));
        let parts = json(named(shipped::PARTS)?)?;
        let mut events = BTreeMap::new();
        for file in files.iter().filter(|file| file.name.starts_with(shipped::EVENTS)) {
            let spec = EventSpec::new(&json(file)?, &parts).map_err(|reason| invalid(&file.name, reason))?;
            if file.name != format!("{}{}.json", shipped::EVENTS, spec.name) {
                return Err(invalid(&file.name, "the file is named after its event"));
            }
            events.insert(spec.name.clone(), spec);
        }
        let elsewhere: Elsewhere =
            serde_json::from_value(json(named(shipped::ELSEWHERE)?)?).map_err(|error| invalid(shipped::ELSEWHERE, error))?;
        if let Some(both) = elsewhere.channels.keys().find(|name| events.contains_key(*name)) {
            return Err(invalid(shipped::ELSEWHERE, format!("{both} is an event of this hub")));
        }
        Ok(Self { events, elsewhere: elsewhere.channels })
    }

    /// The payloads of this build that show an event, each with a name.
    pub fn examples(event: &EventName) -> Vec<(&'static str, Value)> {
        shipped::examples(event)
    }

    /// The event of that name.
    pub fn get(&self, name: &EventName) -> Option<&EventSpec> {
        self.events.get(name)
    }

    /// The event of that name, from text.
    pub fn named(&self, name: &str) -> Option<&EventSpec> {
        name.parse().ok().and_then(|name: EventName| self.events.get(&name))
    }

    /// All events, by name.
    pub fn iter(&self) -> impl Iterator<Item = &EventSpec> {
        self.events.values()
    }

    /// Events that belong to another channel, with its name.
    pub fn elsewhere(&self) -> impl Iterator<Item = (&EventName, &Channel)> {
        self.elsewhere.iter()
    }

    /// The event that an envelope speaks of, or why it cannot go through this hub.
    pub fn expect(&self, name: &EventName, ty: &str) -> Result<&EventSpec, Rejection> {
        if let Some(Channel { nl, en }) = self.elsewhere.get(name) {
            return Err(Rejection::new(RejectionCode::WrongChannel, "/type", format!("this goes to {en} / dit gaat naar {nl}")));
        }
        let unknown = || Rejection::new(RejectionCode::UnknownType, "/type", "an event of the catalogue, in its domain and version");
        self.get(name).filter(|spec| spec.ty == ty).ok_or_else(unknown)
    }
}

impl EventSpec {
    fn new(schema: &Value, parts: &Value) -> Result<Self, String> {
        let mut inlined = inline(schema, parts, 0)?;
        if let Some(object) = inlined.as_object_mut() {
            object.remove("$defs");
        }
        let x: XEvent = serde_json::from_value(schema.get("x-event").cloned().ok_or("no x-event")?).map_err(|error| error.to_string())?;
        let mut leaves = BTreeMap::new();
        collect_leaves(&inlined, "", &mut leaves)?;
        let recipient_uri = format!("https://schakelpunt.example/schemas/recipients/{}.v{}.json", x.name, x.version);
        let mut recipient = without_required(&inlined);
        if let Some(object) = recipient.as_object_mut() {
            object.insert("$id".to_owned(), Value::String(recipient_uri.clone()));
        }
        let validator = formats::options().build(&inlined).map_err(|error| error.to_string())?;
        Ok(Self {
            ty: format!("nl.schakelpunt.{}.{}.v{}", x.domain, x.name, x.version),
            name: x.name,
            nl: x.nl,
            en: x.en,
            emitter: x.emitted_by,
            urgent: x.urgent,
            case: x.case,
            leaves,
            schema: inlined,
            recipient,
            recipient_uri,
            validator,
        })
    }

    /// Checks a payload. The rejection names the first place that does not fit, never what stands there.
    pub fn validate(&self, data: &Value) -> Result<(), Rejection> {
        match self.validator.iter_errors(data).next() {
            None => Ok(()),
            Some(error) => Err(invalid::rejection(&error)),
        }
    }

    /// Every place that does not fit, for a person who prepares a message.
    pub fn check_all(&self, data: &Value) -> Vec<Rejection> {
        self.validator.iter_errors(data).map(|error| invalid::rejection(&error)).collect()
    }

    /// The class of a leaf; administration for what the catalogue does not name.
    pub fn class(&self, leaf: &Leaf) -> Class {
        self.leaves.get(leaf).map_or(Class::Adm, |spec| spec.class)
    }
}

fn invalid(file: &str, reason: impl std::fmt::Display) -> InvalidCatalogue {
    InvalidCatalogue { file: file.to_owned(), reason: reason.to_string() }
}

/// Writes every `$ref` into the shared parts out, so that a schema can be read and served alone.
fn inline(schema: &Value, parts: &Value, depth: usize) -> Result<Value, String> {
    if depth > 16 {
        return Err("references go round".to_owned());
    }
    match schema {
        Value::Object(map) => {
            let mut result = Map::new();
            if let Some(Value::String(reference)) = map.get("$ref") {
                let (_, pointer) = reference.split_once('#').ok_or("a reference without #")?;
                let target = parts.pointer(pointer).ok_or_else(|| format!("unknown reference {reference}"))?;
                if let Value::Object(part) = inline(target, parts, depth + 1)? {
                    result = part;
                }
            }
            for (key, value) in map.iter().filter(|(key, _)| *key != "$ref" && *key != "$defs") {
                let literal = key == "enum" || key == "const" || key == "examples";
                result.insert(key.clone(), if literal { value.clone() } else { inline(value, parts, depth + 1)? });
            }
            Ok(Value::Object(result))
        }
        Value::Array(items) => items.iter().map(|item| inline(item, parts, depth + 1)).collect::<Result<_, _>>().map(Value::Array),
        other => Ok(other.clone()),
    }
}

fn collect_leaves(schema: &Value, pointer: &str, leaves: &mut BTreeMap<Leaf, LeafSpec>) -> Result<(), String> {
    if let Some(Value::Object(properties)) = schema.get("properties") {
        if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
            return Err(format!("the object at {pointer:?} is not closed"));
        }
        for (name, property) in properties {
            collect_leaves(property, &format!("{pointer}/{}", crate::json::escape(name)), leaves)?;
        }
        return Ok(());
    }
    if let Some(items) = schema.get("items").filter(|items| items.get("properties").is_some()) {
        return collect_leaves(items, &format!("{pointer}/*"), leaves);
    }
    let class = schema.get("x-class").cloned().ok_or_else(|| format!("{pointer} has no x-class"))?;
    let class = serde_json::from_value(class).map_err(|_| format!("{pointer}: unknown x-class"))?;
    let title = schema.get("title").and_then(Value::as_str).ok_or_else(|| format!("{pointer} has no title"))?.to_owned();
    let law = schema.get("x-law").and_then(Value::as_str).map(str::to_owned);
    let leaf = pointer.parse().map_err(|_| "a payload is an object".to_owned())?;
    leaves.insert(leaf, LeafSpec { title, class, law });
    Ok(())
}

/// The same leaves, nothing required: what a recipient may get is a cut.
fn without_required(schema: &Value) -> Value {
    const DEMANDS: [&str; 8] = ["required", "minProperties", "minItems", "dependentRequired", "anyOf", "oneOf", "allOf", "if"];
    match schema {
        Value::Object(map) => {
            let is_schema = map.contains_key("type") || map.contains_key("properties");
            let kept = map.iter().filter(|(key, _)| !(is_schema && DEMANDS.contains(&key.as_str())));
            Value::Object(kept.map(|(key, value)| (key.clone(), without_required(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_required).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
