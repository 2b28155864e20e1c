//! A small chain: units, a detention, and what happens to it.

use jiff::Timestamp;
use schakelpunt_domain::{
    ParticipantId,
    case::{Case, FactValue, Opened},
    registers::{At, Entry, Recorded, Registers},
};
use serde_json::{Value, json};

use super::asking::consent;

const BEFORE: &str = "2024-01-01T00:00:00Z";

pub(super) fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn now() -> At {
    At::now(instant("2024-03-05T09:00:00Z"))
}

pub(super) fn unit(id: &str) -> ParticipantId {
    id.parse().unwrap()
}

/// Adds the keys of `more`.
pub(super) fn extend(value: &mut Value, more: Value) {
    let (Value::Object(value), Value::Object(more)) = (value, more) else { panic!("an object") };
    value.extend(more);
}

pub(super) fn participant(id: &str, kind: &str, more: Value) -> Value {
    let mut participant = json!({"id": id, "kind": kind, "oin": "00000099PI0000008000"});
    extend(&mut participant, more);
    json!({"participant": participant})
}

/// Three municipalities, three prisons, two probation units, a partner and the desk for triage.
pub(super) fn registers(more: &[Value]) -> Registers {
    let municipality = |id: &str, code: &str| participant(id, "municipality", json!({"municipalities": [{"code": code}]}));
    let mut entries = vec![
        municipality("gemeente-zwolle", "0193"),
        municipality("gemeente-breda", "0758"),
        municipality("gemeente-haarlem", "0392"),
        participant("pi-zwolle", "prison", json!({})),
        participant("pi-vught", "prison", json!({})),
        participant("pi-grave", "prison", json!({})),
        participant("rn-oost", "probation", json!({"intake-for": ["pi-zwolle"]})),
        participant("rn-zuid", "probation", json!({"intake-for": ["pi-vught"]})),
        participant("ggz-zwolle", "care-partner", json!({"tells-health": true})),
        participant("triage", "triage", json!({})),
    ];
    entries.extend(more.iter().cloned());
    let entry = |json: Value| Recorded { entry: serde_json::from_value::<Entry>(json).unwrap(), recorded: instant(BEFORE) };
    Registers::new(1, entries.into_iter().map(entry))
}

/// A detention in PI Zwolle since 1 February.
pub(super) fn case() -> Case {
    let mut case = Case::new("D-1".parse().unwrap());
    case.opened = Some(Opened { by: unit("pi-zwolle"), person: "digest".to_owned(), at: instant("2024-02-01T09:00:00Z") });
    let case = with(case, FactValue::Prison(unit("pi-zwolle")), "2024-02-01T09:00:00Z");
    with(case, FactValue::Start("2024-02-01".parse().unwrap()), "2024-02-01T09:00:00Z")
}

pub(super) fn with(mut case: Case, value: FactValue, from: &str) -> Case {
    case.record(value, instant(from), instant("2024-02-01T09:00:00Z"));
    case
}

pub(super) fn living(case: Case, residence: Value) -> Case {
    with(case, FactValue::Residence(serde_json::from_value(residence).unwrap()), "2024-02-01T09:00:00Z")
}

/// Lived in Zwolle when detained.
pub(super) fn of_zwolle() -> Case {
    living(case(), json!([{"source": "BRP_AT_START", "municipality": "0193", "kind": "HOME"}]))
}

pub(super) fn consented(mut case: Case, partner: &str) -> Case {
    case.consents.push(consent(&unit(partner), &["class:ID"]));
    case
}

/// Breda acts for Zwolle.
pub(super) fn mandate(scope: &str, more: Value) -> Value {
    let mut mandate = json!({"mandator": "gemeente-zwolle", "mandatary": "gemeente-breda", "scope": scope, "from": "2024-01-01"});
    extend(&mut mandate, more);
    json!({"mandate": mandate})
}

/// PI Noord takes the place of PI Zwolle.
pub(super) fn succession() -> [Value; 2] {
    [
        participant("pi-noord", "prison", json!({})),
        json!({"succession": {"predecessor": "pi-zwolle", "successor": "pi-noord", "from": "2024-03-01"}}),
    ]
}
