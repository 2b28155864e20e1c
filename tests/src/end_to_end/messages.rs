//! What prisons and municipalities send: CloudEvents in structured mode, as the contract has them.

use jiff::{Timestamp, ToSpan as _, civil::Date};
use schakelpunt::clock::SystemClock;
use schakelpunt_domain::Clock as _;
use serde_json::{Value, json};

pub(crate) const PRISON: &str = "pi-zwolle";
pub(crate) const TOWN: &str = "gemeente-zwolle";
pub(crate) const UNIT: &str = "rn-zwolle";
pub(crate) const PARTNER: &str = "ggz-zwolle";
pub(crate) const TRIAGE: &str = "triage";

pub(crate) const PRISON_SOURCE: &str = "urn:nld:oin:00000099PI0000025000:systeem:registratie";
pub(crate) const TOWN_SOURCE: &str = "urn:nld:oin:00000099GM0193001000:systeem:nazorg";

/// The parts are real, so their clock is the machine's.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// The legal day, so many days from today.
pub(crate) fn day(from_today: i64) -> Date {
    let today = now().to_zoned(jiff::tz::get!("Europe/Amsterdam")).date();
    today.checked_add(from_today.days()).unwrap()
}

/// An event.
pub(crate) fn event(ty: &str, source: &str, detention: &str, id: &str, sequence: u64, data: &Value) -> Vec<u8> {
    let name = ty.rsplit('.').nth(1).unwrap();
    let event = json!({
        "specversion": "1.0",
        "type": ty,
        "source": source,
        "id": id,
        "time": now(),
        "subject": detention,
        "partitionkey": detention,
        "sequence": format!("{sequence:020}"),
        "datacontenttype": "application/json",
        "dataschema": format!("https://schakelpunt.example/schemas/events/{name}.v1.json"),
        "data": data,
    });
    serde_json::to_vec(&event).unwrap()
}

/// A detention that concerns Zwolle.
pub(crate) fn admission(surname: &str) -> Value {
    json!({
        "person": {"identity": {"surname": surname, "givenNames": "Tess", "birthDate": "1980-02-02"}},
        "detention": {"start": day(-4), "piEntry": day(-4), "title": "SENTENCE"},
        "residence": {"candidates": [{"source": "BRP_AT_START", "municipality": "0193", "kind": "HOME"}]},
    })
}
