//! The payload of a story: the examples of an event laid over each other, made to say what the cell presupposes.

use std::collections::BTreeSet;

use schakelpunt_domain::{case::Title, catalogue::Catalogue};
use schakelpunt_rules::Signal;
use serde_json::{Map, Value, json};

use super::Story;

/// Where conditions stand, where the need for care, and what a consultation is about.
const CONDITIONS: [&str; 2] = ["/conditions", "/plan/conditions"];
const CARE_NEEDED: [&str; 2] = ["/care/needed", "/plan/care/needed"];
const ABOUT: &str = "/consultation/about";

/// The message that the story is about.
pub(super) fn of(story: &Story<'_>) -> Value {
    let mut data = examples(story);
    if story.event.name.as_str() == "detention-started" {
        place(story, &mut data);
    }
    let says = |signal| story.case.setting.signals.contains(&signal);
    let has = |pointer: &str| story.event.leaves.keys().any(|leaf| leaf.as_str() == pointer || leaf.is_below(pointer));
    for pointer in CARE_NEEDED.into_iter().filter(|pointer| has(pointer)) {
        put(&mut data, pointer, says(Signal::CareNeeded).into());
    }
    for pointer in CONDITIONS.into_iter().filter(|pointer| has(pointer)) {
        let status = if says(Signal::EntryNotInOrder) { "MISSING" } else { "IN_ORDER" };
        let entries = story.event.leaves.keys().filter_map(|leaf| leaf.as_str().strip_prefix(pointer)?.strip_prefix('/')?.split_once('/'));
        for (condition, _) in entries.collect::<BTreeSet<_>>() {
            let entry = json!({"status": status, "asOf": story.day(10).to_string(), "detail": "Een voorbeeld."});
            put(&mut data, &format!("{pointer}/{condition}"), entry);
        }
    }
    if has(ABOUT) {
        put(&mut data, ABOUT, if says(Signal::Consulting) { "SUPERVISION" } else { "PLAN" }.into());
    }
    if has("/partner") {
        put(&mut data, "/partner", "zorg".into());
    }
    if let Some(lack) = &story.case.setting.lack {
        remove(&mut data, lack.as_str());
    }
    data
}

/// The notice that makes the case known.
pub(super) fn start(story: &Story<'_>) -> Value {
    let spec = "detention-started".parse().map(|event| Catalogue::examples(&event)).unwrap_or_default();
    let mut data = spec.into_iter().next().map(|(_, data)| data).unwrap_or_default();
    place(story, &mut data);
    data
}

/// When it began, under which title, and where the person lived: nowhere that is known, where the desk is asked.
fn place(story: &Story<'_>, data: &mut Value) {
    let setting = &story.case.setting;
    let isd = setting.signals.contains(&Signal::IsdMeasure).then_some(Title::Isd);
    let title = setting.title.or(isd).unwrap_or(Title::Sentence);
    put(data, "/detention/start", story.day(21).to_string().into());
    put(data, "/detention/piEntry", story.day(21).to_string().into());
    put(data, "/detention/title", json!(title));
    let home = json!([{"source": "BRP_AT_START", "municipality": "0193", "kind": "HOME", "postalCode": "8011AA"}]);
    put(data, "/residence/candidates", if story.to == "loket" { json!([]) } else { home });
}

/// All examples of an event as one, the first one's words first.
fn examples(story: &Story<'_>) -> Value {
    let mut whole = Value::Object(Map::new());
    Catalogue::examples(&story.event.name).iter().for_each(|(_, example)| lay(&mut whole, example));
    whole
}

/// Adds what is not there.
fn lay(whole: &mut Value, more: &Value) {
    match (whole, more) {
        (Value::Object(whole), Value::Object(more)) => {
            for (key, value) in more {
                match whole.get_mut(key) {
                    Some(known) => lay(known, value),
                    None => drop(whole.insert(key.clone(), value.clone())),
                }
            }
        }
        (Value::Array(whole), Value::Array(more)) => match (whole.first_mut(), more.first()) {
            (Some(known), Some(value)) => lay(known, value),
            (None, Some(_)) => whole.clone_from(more),
            _ => {}
        },
        _ => {}
    }
}

/// Puts a value at a pointer, with the objects that lead to it.
fn put(data: &mut Value, pointer: &str, value: Value) {
    let mut here = data;
    for key in pointer.split('/').skip(1) {
        if !here.is_object() {
            *here = Value::Object(Map::new());
        }
        let Value::Object(fields) = here else { return };
        here = fields.entry(key).or_insert(Value::Null);
    }
    *here = value;
}

/// Takes a field away; of a list, from each of its items.
fn remove(data: &mut Value, pointer: &str) {
    let Some(rest) = pointer.strip_prefix('/') else { return };
    let (key, rest) = rest.split_once('/').map_or((rest, None), |(key, _)| (key, rest.get(key.len()..)));
    match (data, rest) {
        (Value::Object(fields), None) => drop(fields.remove(key)),
        (Value::Object(fields), Some(rest)) => fields.get_mut(key).into_iter().for_each(|below| remove(below, rest)),
        (Value::Array(items), Some(rest)) if key == "*" => items.iter_mut().for_each(|item| remove(item, rest)),
        _ => {}
    }
}
