use serde_json::json;

use super::*;
use crate::access::tests::{at, case, registers};

const BEFORE: &str = "2024-06-30T21:59:59Z";
/// Midnight in Amsterdam.
const AFTER: &str = "2024-06-30T22:00:00Z";

fn passed(entries: Vec<serde_json::Value>, case: &Case) -> Option<(String, PassedBy)> {
    let registers = registers(entries);
    let then = |instant| Then { registers: &registers, at: At::now(at(instant)) };
    let passed = passed_on(case, then(BEFORE), then(AFTER)).map(|passed| (passed.to.to_string(), passed.by));
    assert!(passed.is_none() || may_have_passed(then(BEFORE), then(AFTER)), "then every case is looked at");
    passed
}

fn of_helmond() -> Case {
    case("H-1", "pi-vught", "0794")
}

fn ends() -> serde_json::Value {
    json!({"ending": {"what": {"mandate": {"mandator": "gemeente-helmond", "mandatary": "gemeente-tilburg"}}, "from": "2024-07-01"}})
}

fn mandate(prisons: &[&str]) -> serde_json::Value {
    json!({"mandate": {"mandator": "gemeente-breda", "mandatary": "gemeente-tilburg", "scope": "all", "from": "2024-07-01", "prisons": prisons}})
}

#[test]
fn at_the_begin_of_a_mandate_a_case_passes_to_who_acts_and_at_its_end_back() {
    let (began, breda) = (vec![mandate(&[])], case("B-1", "pi-vught", "0758"));
    assert_eq!(passed(began, &breda), Some(("gemeente-tilburg".to_owned(), PassedBy::MandateBegan)));
    assert_eq!(passed(vec![mandate(&["pi-grave"])], &breda), None, "a mandate for another prison");
    let all = json!({"mandate": {"mandator": "gemeente-breda", "mandatary": "gemeente-tilburg", "scope": "all", "from": "2024-01-01", "until": "2024-07-01"}});
    assert_eq!(passed(vec![all], &breda), Some(("gemeente-breda".to_owned(), PassedBy::MandateEnded)));
}

#[test]
fn a_mandate_for_a_part_passes_no_case() {
    assert_eq!(passed(vec![ends()], &of_helmond()), None, "it was for visits only: whatever else comes went to the mandator anyhow");
}

#[test]
fn at_a_reorganisation_a_case_passes_to_who_stands_for_its_code() {
    let merged = json!({"reorganisation": {"code": "0794", "from": "2024-07-01", "into": ["0855"]}});
    assert_eq!(passed(vec![merged], &of_helmond()), Some(("gemeente-tilburg".to_owned(), PassedBy::Reorganisation)));
    let split = json!({"reorganisation": {"code": "0794", "from": "2024-07-01", "into": ["0855", "0758"]}});
    assert_eq!(passed(vec![split], &of_helmond()), None, "a split is for the triage desk");
    let succeeded = json!({"succession": {"predecessor": "gemeente-helmond", "successor": "gemeente-breda", "from": "2024-07-01"}});
    assert_eq!(passed(vec![succeeded], &of_helmond()), Some(("gemeente-breda".to_owned(), PassedBy::Reorganisation)));
}

#[test]
fn only_a_running_case_passes() {
    let (now, mut ended) = (at(BEFORE), case("B-1", "pi-vught", "0758"));
    ended.record(schakelpunt_domain::case::FactValue::Ended, now, now);
    assert_eq!(passed(vec![mandate(&[])], &ended), None);
    let mut settled = case("B-2", "pi-vught", "0758");
    settled.record(schakelpunt_domain::case::FactValue::Settlement("0794".parse().unwrap()), at(AFTER), at(AFTER));
    assert_eq!(passed(vec![mandate(&[])], &settled), None, "what a settlement changes is told by the settlement");
    assert_eq!(passed(vec![mandate(&[])], &Case::new("B-3".parse().unwrap())), None, "nobody has opened it");
    assert_eq!(passed(Vec::new(), &case("B-1", "pi-vught", "0758")), None);
    let registers = registers(Vec::new());
    let then = |instant| Then { registers: &registers, at: At::now(at(instant)) };
    assert!(!may_have_passed(then(BEFORE), then(AFTER)), "nothing has changed: no case is looked at");
}

#[test]
fn a_case_that_is_out_of_scope_passes_to_nobody() {
    let mut foreign = case("B-1", "pi-vught", "0758");
    foreign.record(schakelpunt_domain::case::FactValue::Title(schakelpunt_domain::case::Title::Vris), at(BEFORE), at(BEFORE));
    assert_eq!(passed(vec![mandate(&[])], &foreign), None, "the municipality was told nothing");
}

#[test]
fn a_municipality_that_gives_a_code_away_may_have_passed_cases() {
    let territory = |id: &str, municipalities: serde_json::Value| json!({"participant": {"id": id, "kind": "municipality", "oin": "00000099PI0000008000", "municipalities": municipalities}});
    let entries = vec![
        territory("gemeente-helmond", json!([{"code": "0794", "until": "2024-07-01"}])),
        territory("gemeente-tilburg", json!([{"code": "0855"}, {"code": "0794", "from": "2024-07-01"}])),
    ];
    assert_eq!(passed(entries, &of_helmond()), Some(("gemeente-tilburg".to_owned(), PassedBy::Reorganisation)));
}

#[test]
fn the_reasons_are_those_of_the_message() {
    let codes = [PassedBy::Reorganisation, PassedBy::MandateBegan, PassedBy::MandateEnded].map(PassedBy::code);
    assert_eq!(codes, ["REORGANISATION", "MANDATE_BEGAN", "MANDATE_ENDED"]);
}
