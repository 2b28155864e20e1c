use serde_json::json;

use super::*;
use crate::access::tests::{at, case, registers, who};

fn list(registers: &Registers, worker: &str, acting_for: &str, prison: &str, cases: &[Case], now: &str) -> Result<Vec<String>, Refusal> {
    let visits = visit_list(registers, worker, &who(acting_for), &who(prison), cases, At::now(at(now)));
    visits.map(|visits| visits.into_iter().map(|visit| visit.detention.to_string()).collect())
}

const TUESDAY: &str = "2024-03-05T09:00:00Z";

#[test]
fn the_list_of_a_day_holds_people_of_mandating_municipalities_in_that_prison() {
    let registers = registers(Vec::new());
    let cases = [
        case("T-1", "pi-vught", "0855"),
        case("H-1", "pi-vught", "0794"),
        case("H-2", "pi-grave", "0794"),
        case("B-1", "pi-vught", "0758"),
        case("X-1", "pi-vught", "0363"),
    ];
    assert_eq!(list(&registers, "n", "gemeente-tilburg", "pi-vught", &cases, TUESDAY).unwrap(), ["H-1", "T-1"]);
    assert_eq!(list(&registers, "n", "gemeente-tilburg", "pi-grave", &cases, TUESDAY).unwrap(), Vec::<String>::new());
    assert_eq!(list(&registers, "h", "gemeente-helmond", "pi-vught", &cases, TUESDAY).unwrap(), ["H-1"]);
    assert_eq!(list(&registers, "h", "gemeente-tilburg", "pi-vught", &cases, TUESDAY), Err(Refusal::WrongCapacity));
    assert_eq!(list(&registers, "n", "rn-brabant", "pi-vught", &cases, TUESDAY), Err(Refusal::NotResponsible), "only municipalities visit");
}

#[test]
fn who_was_moved_released_or_died_is_not_on_it() {
    let registers = registers(Vec::new());
    let noon = at("2024-03-05T12:00:00Z");
    let mut moved = case("T-1", "pi-vught", "0855");
    moved.record(FactValue::Prison(who("pi-grave")), noon, noon);
    let mut ended = case("T-2", "pi-vught", "0855");
    ended.record(FactValue::Ended, noon, noon);
    let mut died = case("T-3", "pi-vught", "0855");
    died.record(FactValue::Deceased, noon, noon);
    let mut leaves = case("T-4", "pi-vught", "0855");
    leaves.record(FactValue::Departure("2024-03-06".parse().unwrap()), noon, noon);
    let stays = case("T-5", "pi-vught", "0855");
    let cases = [moved, ended, died, leaves, stays];
    let on = |now: &str| list(&registers, "n", "gemeente-tilburg", "pi-vught", &cases, now).unwrap();
    assert_eq!(on("2024-03-05T11:59:59Z"), ["T-1", "T-2", "T-3", "T-4", "T-5"]);
    assert_eq!(on("2024-03-05T12:00:00Z"), ["T-4", "T-5"]);
    assert_eq!(on("2024-03-05T23:00:00Z"), ["T-5"], "midnight in Amsterdam");
}

#[test]
fn a_city_that_leaves_is_off_the_list_at_midnight() {
    let end =
        json!({"ending": {"what": {"mandate": {"mandator": "gemeente-helmond", "mandatary": "gemeente-tilburg"}}, "from": "2024-06-01"}});
    let registers = registers(vec![end]);
    let cases = [case("H-1", "pi-vught", "0794")];
    assert_eq!(list(&registers, "n", "gemeente-tilburg", "pi-vught", &cases, "2024-05-31T21:59:59Z").unwrap(), ["H-1"]);
    assert_eq!(list(&registers, "n", "gemeente-tilburg", "pi-vught", &cases, "2024-05-31T22:00:00Z").unwrap(), Vec::<String>::new());
}

#[test]
fn a_mandate_for_the_tbo_is_none_for_visits() {
    let tbo = json!({"mandate": {"mandator": "gemeente-breda", "mandatary": "gemeente-tilburg", "scope": "tbo", "from": "2024-01-01"}});
    let registers = registers(vec![tbo]);
    let cases = [case("B-1", "pi-vught", "0758")];
    assert_eq!(list(&registers, "n", "gemeente-tilburg", "pi-vught", &cases, TUESDAY).unwrap(), Vec::<String>::new());
}

#[test]
fn a_conflict_and_a_stop_take_a_person_off_the_list() {
    let conflict = json!({"conflict": {"worker": "n", "detention": "T-1"}});
    let stop = json!({"stop": {"detention": "T-2"}});
    let registers = registers(vec![conflict, stop]);
    let cases = [case("T-1", "pi-vught", "0855"), case("T-2", "pi-vught", "0855"), case("T-3", "pi-vught", "0855")];
    assert_eq!(list(&registers, "n", "gemeente-tilburg", "pi-vught", &cases, TUESDAY).unwrap(), ["T-3"]);
}

fn people(count: usize, prison: &str) -> Vec<Case> {
    (0..count)
        .map(|number| {
            let mut one = case(&format!("{prison}-{number}"), prison, "0855");
            let began = at("2024-02-01T09:00:00Z");
            one.record(FactValue::ConditionStatus(Condition::Housing, "MISSING".to_owned()), began, began);
            one.record(FactValue::ConditionStatus(Condition::Debt, "IN_ORDER".to_owned()), began, began);
            one
        })
        .collect()
}

#[test]
fn small_numbers_are_not_shown() {
    let registers = registers(Vec::new());
    let count = |cases: &[Case]| statistics(&registers, "n", &who("gemeente-tilburg"), cases, At::now(at(TUESDAY))).unwrap();
    let both = count(&[people(10, "pi-vught"), people(12, "pi-grave")].concat());
    assert_eq!(both.by_prison.values().copied().collect::<Vec<_>>(), [Cell::Count(12), Cell::Count(10)], "ten is enough");
    assert_eq!(both.by_condition[&Condition::Housing], Cell::Count(22));
    assert_eq!(both.by_condition[&Condition::Debt], Cell::Suppressed, "in order is not missing, and nought is not told from nine");
    assert_eq!(both.by_length[&Length::OneToThreeMonths], Cell::Count(22));
    let one_small = count(&[people(9, "pi-vught"), people(12, "pi-grave")].concat());
    assert_eq!(
        one_small.by_prison.values().copied().collect::<Vec<_>>(),
        [Cell::Suppressed, Cell::Suppressed],
        "12 of 21 would tell the 9"
    );
    assert_eq!(one_small.by_length[&Length::OneToThreeMonths], Cell::Count(21));
    assert_eq!(serde_json::to_value(&one_small).unwrap()["byPrison"]["pi-vught"], serde_json::Value::Null);
}

#[test]
fn people_of_others_are_not_counted() {
    let registers = registers(Vec::new());
    let strangers: Vec<Case> = (0..20).map(|number| case(&format!("B-{number}"), "pi-vught", "0758")).collect();
    let counted = statistics(&registers, "n", &who("gemeente-tilburg"), &strangers, At::now(at(TUESDAY))).unwrap();
    assert!(counted.by_prison.values().all(|cell| *cell == Cell::Suppressed));
    assert_eq!(statistics(&registers, "n", &who("gemeente-helmond"), &strangers, At::now(at(TUESDAY))), Err(Refusal::WrongCapacity));
}
