//! What only a register entry shows about candidates; who they are is asked in `tests/law`.

use schakelpunt_domain::case::FactValue;
use serde_json::json;

use super::*;
use crate::access::tests::{at, case, participant, registers, who};

fn answers(case: &Case, registers: &Registers) -> Option<String> {
    responsible_municipality(case, registers, At::now(at("2024-03-05T09:00:00Z"))).map(|municipality| municipality.id.to_string())
}

#[test]
fn a_municipality_that_was_split_needs_a_postal_code() {
    let split = json!({"reorganisation": {
        "code": "0855", "from": "2024-02-15", "into": ["0758", "0794"], "parts": [{"postal-code": "5011", "code": "0758"}]
    }});
    let registers = registers(vec![split]);
    let lived = |postal_code: &str| {
        let residence = json!([{"source": "BRP_AT_START", "municipality": "0855", "kind": "HOME", "postalCode": postal_code}]);
        let mut case = case("T-1", "pi-vught", "0855");
        let began = at("2024-02-01T09:00:00Z");
        case.record(FactValue::Residence(serde_json::from_value(residence).unwrap()), began, began);
        answers(&case, &registers)
    };
    assert_eq!(lived("5011AB").as_deref(), Some("gemeente-breda"));
    assert_eq!(lived("5099AB"), None);
    assert_eq!(answers(&case("T-1", "pi-vught", "0855"), &registers), None);
}

#[test]
fn the_hub_is_what_it_is_in_every_case() {
    let registers = registers(vec![participant("schakelpunt", "hub", None)]);
    let now = At::now(at("2024-03-05T09:00:00Z"));
    let hub = registers.participant(&who("schakelpunt"), now).unwrap();
    assert_eq!(sender_relations(hub, &case("T-1", "pi-vught", "0855"), &registers, now, "heartbeat", false), [Relation::Hub]);
}
