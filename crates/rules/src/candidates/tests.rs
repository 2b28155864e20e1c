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

#[test]
fn a_municipality_answers_from_when_the_case_says_so_without_a_break() {
    let registers = registers(vec![]);
    let mut case = case("T-1", "pi-vught", "0855");
    let since = |case: &Case, now: &str| answers_since(case, &registers, At::now(at(now))).map(|since| since.to_string());
    let first = since(&case, "2024-03-05T09:00:00Z").unwrap();
    let say = |case: &mut Case, when: &str, value| case.record(value, at(when), at(when));
    let settles = |code: &str| FactValue::Settlement(code.parse().unwrap());
    say(&mut case, "2024-03-06T09:00:00Z", settles("0855"));
    assert_eq!(since(&case, "2024-03-06T10:00:00Z").as_ref(), Some(&first), "where the person lived, too");
    say(&mut case, "2024-03-07T09:00:00Z", settles("0758"));
    say(&mut case, "2024-03-08T09:00:00Z", settles("0758"));
    assert_eq!(since(&case, "2024-03-08T10:00:00Z").as_deref(), Some("2024-03-07T09:00:00Z"), "said twice");
    assert_eq!(since(&case, "2024-03-06T10:00:00Z").as_ref(), Some(&first), "as it was known then");
    say(&mut case, "2024-03-09T09:00:00Z", FactValue::Disputed);
    assert_eq!(since(&case, "2024-03-09T10:00:00Z"), None);
    say(&mut case, "2024-03-10T09:00:00Z", FactValue::Responsible("0758".parse().unwrap()));
    assert_eq!(since(&case, "2024-03-10T10:00:00Z").as_deref(), Some("2024-03-10T09:00:00Z"), "after a dispute");
}

#[test]
fn what_is_to_come_or_was_not_known_does_not_say_since_when_a_municipality_answers() {
    let registers = registers(vec![]);
    let (valid, known) = (at("2024-03-05T09:00:00Z"), at("2024-03-05T09:00:00Z"));
    let since = |from: &str, recorded: &str| {
        let mut case = case("T-1", "pi-vught", "0855");
        case.record(FactValue::Settlement("0758".parse().unwrap()), at(from), at(recorded));
        answers_since(&case, &registers, At { valid, known }).map(|since| since.to_string())
    };
    assert_eq!(since("2024-04-01T00:00:00Z", "2024-03-04T09:00:00Z").as_deref(), Some("2024-02-01T09:00:00Z"), "holds from April on");
    assert_eq!(since("2024-03-01T00:00:00Z", "2024-03-06T09:00:00Z").as_deref(), Some("2024-02-01T09:00:00Z"), "heard a day later");
    assert_eq!(since("2024-03-01T00:00:00Z", "2024-03-04T09:00:00Z").as_deref(), Some("2024-03-04T09:00:00Z"), "counts since it was heard");
}
