//! A message as text in Dutch, for a desk that has no system: what it is, who says it, why the desk may know it, and each field under the
//! name that the law gives it.

use schakelpunt_domain::catalogue::{Catalogue, EventSpec};
use serde_json::Value;

use crate::{days, delivered::Delivered};

/// The text.
pub(crate) fn text(message: &Delivered, catalogue: &Catalogue) -> String {
    let spec = catalogue.named(&message.event);
    let title = spec.map_or(message.event.as_str(), |spec| spec.nl.as_str());
    let mut text = String::new();
    let attribute = |name: &str| message.whole.get(name).and_then(Value::as_str).unwrap_or("niet vermeld");
    let at = message.time.to_zoned(days::zone());
    let lines = [
        ("Bericht", title.to_owned()),
        ("Tijdstip", at.strftime("%d-%m-%Y %H:%M").to_string()),
        ("Detentie", message.detention.as_ref().map_or_else(|| "geen".to_owned(), ToString::to_string)),
        ("Afzender", attribute("producer").to_owned()),
        ("Grondslag", attribute("legalbasis").to_owned()),
        ("Doel", attribute("purpose").to_owned()),
        ("Omgeving", attribute("environment").to_owned()),
        ("Kenmerk", message.id.clone()),
    ];
    for (name, value) in lines {
        text.extend([name, ": ", &value, "\n"]);
    }
    text.push('\n');
    fields(&message.data, "", &mut String::new(), spec, &mut text);
    text
}

/// `pointer` names the leaf in the catalogue, `place` where it stands, with numbers for items of a list.
fn fields(value: &Value, pointer: &str, place: &mut String, spec: Option<&EventSpec>, text: &mut String) {
    match value {
        Value::Object(map) => {
            for (key, item) in map {
                fields(item, &format!("{pointer}/{key}"), place, spec, text);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (number, item) in (1_u32..).zip(items) {
                let length = place.len();
                place.extend([" ", &number.to_string()]);
                fields(item, &format!("{pointer}/*"), place, spec, text);
                place.truncate(length);
            }
        }
        Value::Array(items) => line(pointer, place, spec, &items.iter().map(shown).collect::<Vec<_>>().join(", "), text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => line(pointer, place, spec, &shown(value), text),
    }
}

fn line(pointer: &str, place: &str, spec: Option<&EventSpec>, value: &str, text: &mut String) {
    let leaf = pointer.parse().ok().and_then(|leaf| spec?.leaves.get(&leaf));
    // which condition a status belongs to stands in the pointer alone
    let within = pointer.split('/').find(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_uppercase()));
    let within = within.map_or_else(String::new, |within| format!(" ({within})"));
    text.extend([leaf.map_or(pointer, |leaf| leaf.title.as_str()), &within, place, ": ", value, "\n"]);
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "ja".to_owned(),
        Value::Bool(false) => "nee".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_desk_can_read_it() {
        let event = json!({
            "id": "5f0c", "type": "nl.schakelpunt.detentions.detention-started.v1", "time": "2024-09-04T06:30:00Z", "subject": "D-1",
            "producer": "urn:nld:oin:00000099PI0000025000:systeem:registratie", "legalbasis": "pm-20d-2", "purpose": "reintegration", "environment": "test",
            "data": { "person": { "identity": { "surname": "Fictiva", "birthDate": "1988-02-29" } }, "detention": { "start": "2024-09-01" },
                "residence": { "candidates": [{ "municipality": "0193" }] } }
        });
        let message = Delivered::read(event.to_string().as_bytes()).unwrap();
        insta::assert_snapshot!(text(&message, &Catalogue::load().unwrap()), @r"
        Bericht: detentie gestart
        Tijdstip: 04-09-2024 08:30
        Detentie: D-1
        Afzender: urn:nld:oin:00000099PI0000025000:systeem:registratie
        Grondslag: pm-20d-2
        Doel: reintegration
        Omgeving: test
        Kenmerk: 5f0c

        aanvang van de vrijheidsbeneming: 2024-09-01
        geboortedatum: 1988-02-29
        achternaam: Fictiva
        gemeente van inschrijving, verblijf of vestiging 1: 0193
        ");
    }
}
