//! Which municipality and which probation unit answer for a case (domain 2.5; decisions 2, 20, 31).

use schakelpunt_domain::MunicipalityCode;

use super::*;

fn answers(case: &Case, registers: &Registers) -> Option<String> {
    responsible_municipality(case, registers, now()).map(|municipality| municipality.id.to_string())
}

fn code(text: &str) -> MunicipalityCode {
    text.parse().unwrap()
}

#[test]
fn what_was_chosen_goes_before_where_somebody_lived() {
    let registers = registers(Vec::new());
    let tilburg = || case("T-1", "pi-vught", "0855");
    assert_eq!(answers(&tilburg(), &registers).as_deref(), Some("gemeente-tilburg"));
    assert_eq!(answers(&with(tilburg(), FactValue::Responsible(code("0758"))), &registers).as_deref(), Some("gemeente-breda"));
    assert_eq!(answers(&with(tilburg(), FactValue::Settlement(code("0794"))), &registers).as_deref(), Some("gemeente-helmond"));
    assert_eq!(answers(&with(tilburg(), FactValue::Disputed), &registers), None, "the desk decides");
    assert_eq!(answers(&homeless("T-1"), &registers), None);
    assert_eq!(answers(&case("X-1", "pi-vught", "0363"), &registers), None, "not connected");
}

#[test]
fn a_municipality_that_was_split_needs_a_postal_code() {
    let split = json!({"reorganisation": {
        "code": "0855", "from": "2024-02-15", "into": ["0758", "0794"], "parts": [{"postal-code": "5011", "code": "0758"}]
    }});
    let registers = registers(vec![split]);
    let lived = |postal_code: &str| {
        let residence = json!([{"source": "BRP_AT_START", "municipality": "0855", "kind": "HOME", "postalCode": postal_code}]);
        answers(&with(case("T-1", "pi-vught", "0855"), FactValue::Residence(serde_json::from_value(residence).unwrap())), &registers)
    };
    assert_eq!(lived("5011AB").as_deref(), Some("gemeente-breda"));
    assert_eq!(lived("5099AB"), None);
    assert_eq!(answers(&case("T-1", "pi-vught", "0855"), &registers), None);
}

/// The place of the candidate that counts, of those written as `source kind day`.
fn counts(start: Option<&str>, written: &[&str]) -> Option<usize> {
    let candidate = |(number, text): (usize, &&str)| -> ResidenceCandidate {
        let mut words = text.split(' ');
        let mut candidate = json!({"source": words.next(), "kind": words.next(), "municipality": format!("{number:04}")});
        if let Some(day) = words.next() {
            candidate["asOf"] = json!(day);
        }
        serde_json::from_value(candidate).unwrap()
    };
    let candidates: Vec<_> = written.iter().enumerate().map(candidate).collect();
    let found = before_detention(&candidates, start.map(|day| day.parse().unwrap()))?;
    candidates.iter().position(|candidate| candidate == found)
}

const START: Option<&str> = Some("2024-02-01");

#[test]
fn a_residence_counts_in_the_order_of_the_sources() {
    let all = ["SETTLE HOME", "STAYED HOME", "BRP_LAST HOME 2023-01-01", "BRP_AT_START HOME"];
    assert_eq!(counts(START, &all), Some(3));
    assert_eq!(counts(START, &all[..3]), Some(2));
    assert_eq!(counts(START, &all[..2]), Some(1));
    assert_eq!(counts(START, &all[..1]), Some(0));
    assert_eq!(counts(START, &[]), None);
}

#[test]
fn a_last_residence_is_recent_for_two_years() {
    let with_stay = |start, last: &str| counts(start, &["STAYED HOME", last]);
    assert_eq!(with_stay(START, "BRP_LAST HOME 2022-02-02"), Some(1));
    assert_eq!(with_stay(START, "BRP_LAST HOME 2022-02-01"), Some(1), "two years to the day");
    assert_eq!(with_stay(START, "BRP_LAST HOME 2022-01-31"), Some(0), "then where the person stayed goes before");
    assert_eq!(with_stay(START, "BRP_LAST HOME"), Some(0), "nobody knows how old it is");
    assert_eq!(with_stay(None, "BRP_LAST HOME 2024-01-01"), Some(0), "nor when the detention began");
    assert_eq!(counts(START, &["SETTLE HOME", "BRP_LAST HOME 2010-01-01"]), Some(1), "an old one goes before a wish");
}

#[test]
fn an_institution_is_no_home() {
    assert_eq!(counts(START, &["BRP_AT_START INSTITUTION", "SETTLE HOME"]), Some(1));
    assert_eq!(counts(START, &["BRP_AT_START NONE", "SETTLE HOME"]), Some(1));
    assert_eq!(counts(START, &["BRP_AT_START LETTER", "SETTLE HOME"]), Some(0), "a letter address is one");
    assert_eq!(counts(START, &["STAYED INSTITUTION", "SETTLE HOME"]), Some(1));
    assert_eq!(counts(START, &["STAYED NONE", "SETTLE HOME"]), Some(0), "where somebody stays there need be no address");
    assert_eq!(counts(START, &["SETTLE INSTITUTION"]), None);
    assert_eq!(counts(START, &["SETTLE NONE"]), Some(0));
}

fn unit(case: &Case, registers: &Registers) -> Option<String> {
    probation_unit(case, registers, now()).map(ToString::to_string)
}

fn intake(id: &str, prison: &str) -> Value {
    let mut unit = participant(id, "probation", None);
    unit["participant"]["intake-for"] = json!([prison]);
    unit
}

#[test]
fn the_probation_unit_is_found_in_the_order_of_decision_2() {
    let case = || case("T-1", "pi-vught", "0855");
    let agreed = json!({"agreement": {"municipality": "gemeente-tilburg", "prison": "pi-vught", "probation": "rn-agreed"}});
    let other = || participant("rn-agreed", "probation", None);
    let takes_in = || intake("rn-intake", "pi-vught");
    assert_eq!(unit(&case(), &registers(Vec::new())).as_deref(), Some("rn-brabant"), "the only one");
    assert_eq!(unit(&case(), &registers(vec![other()])), None, "never one of several");
    assert_eq!(unit(&case(), &registers(vec![other(), takes_in()])).as_deref(), Some("rn-intake"));
    assert_eq!(unit(&case(), &registers(vec![other(), intake("rn-intake", "pi-grave")])), None, "that takes in for another prison");
    assert_eq!(unit(&case(), &registers(vec![takes_in(), intake("rn-second", "pi-vught")])), None, "two that take in");
    let all = registers(vec![other(), takes_in(), agreed]);
    assert_eq!(unit(&case(), &all).as_deref(), Some("rn-agreed"));
    assert_eq!(unit(&with(case(), FactValue::ProbationUnit(who("rn-brabant"))), &all).as_deref(), Some("rn-brabant"), "assigned");
    assert_eq!(unit(&Case::new("T-1".parse().unwrap()), &registers(Vec::new())), None, "nobody knows the prison");
}

#[test]
fn who_took_the_place_of_a_probation_unit_answers() {
    let more = || vec![participant("rn-nieuw", "probation", None), succession("rn-brabant", "rn-nieuw")];
    let assigned = with(case("T-1", "pi-vught", "0855"), FactValue::ProbationUnit(who("rn-brabant")));
    assert_eq!(unit(&assigned, &registers(more())).as_deref(), Some("rn-nieuw"));
    let agreed = json!({"agreement": {"municipality": "gemeente-tilburg", "prison": "pi-vught", "probation": "rn-brabant"}});
    assert_eq!(unit(&case("T-1", "pi-vught", "0855"), &registers([more(), vec![agreed]].concat())).as_deref(), Some("rn-nieuw"));
}
