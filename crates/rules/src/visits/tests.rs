use serde_json::json;

use super::*;
use crate::access::tests::{DESKS, at, case, looker, registers, who};

fn list(registers: &Registers, worker: &str, acting_for: &str, prison: &str, cases: &[Case], now: &str) -> Result<Vec<String>, Refusal> {
    let visits = visit_list(&DESKS, registers, looker(worker, &who(acting_for)), &who(prison), cases, At::now(at(now)));
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

/// Domain 6.2 step 1: Tilburg visits on Tuesdays for Breda; its own people, and those of Helmond without such days, on any day.
#[test]
fn people_of_a_mandator_are_listed_for_the_days_on_which_it_is_visited_for() {
    let tuesdays = json!({"mandate": {"mandator": "gemeente-breda", "mandatary": "gemeente-tilburg", "scope": "visit", "from": "2024-01-01", "visit-days": ["tuesday"]}});
    let registers = registers(vec![tuesdays]);
    let cases = [case("B-1", "pi-vught", "0758"), case("H-1", "pi-vught", "0794"), case("T-1", "pi-vught", "0855")];
    let on = |now: &str| list(&registers, "n", "gemeente-tilburg", "pi-vught", &cases, now).unwrap();
    assert_eq!(on("2024-03-04T22:59:59Z"), ["H-1", "T-1"]);
    assert_eq!(on("2024-03-04T23:00:00Z"), ["B-1", "H-1", "T-1"], "Tuesday begins at midnight in Amsterdam");
    assert_eq!(on("2024-03-05T22:59:59Z"), ["B-1", "H-1", "T-1"]);
    assert_eq!(on("2024-03-05T23:00:00Z"), ["H-1", "T-1"]);
}

#[test]
fn a_count_does_not_depend_on_the_day_of_the_week() {
    let tuesdays = json!({"mandate": {"mandator": "gemeente-breda", "mandatary": "gemeente-tilburg", "scope": "visit", "from": "2024-01-01", "visit-days": ["tuesday"]}});
    let registers = registers(vec![tuesdays]);
    let cases: Vec<Case> = (0..12).map(|number| case(&format!("B-{number}"), "pi-vught", "0758")).collect();
    let counted = |now| statistics(&DESKS, &registers, looker("n", &who("gemeente-tilburg")), &cases, At::now(at(now))).unwrap().by_length;
    assert_eq!(counted(TUESDAY), counted("2024-03-06T09:00:00Z"));
    assert_eq!(counted("2024-03-06T09:00:00Z")[&Length::OneToThreeMonths], Cell::Count(12));
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

/// Domain 6.2 step 3: a restriction removes somebody at once, for as long as it lasts.
#[test]
fn who_may_have_no_contact_is_not_on_it() {
    let began = at("2024-03-05T12:00:00Z");
    let restricted = |until: Option<&str>| {
        let mut case = case("T-1", "pi-vught", "0855");
        case.record(FactValue::ContactRestricted(until.map(|day| day.parse().unwrap())), began, began);
        [case]
    };
    let on = |cases: &[Case], now: &str| list(&registers(Vec::new()), "n", "gemeente-tilburg", "pi-vught", cases, now).unwrap().len();
    let until = restricted(Some("2024-03-07"));
    assert_eq!((on(&until, "2024-03-05T11:59:59Z"), on(&until, "2024-03-05T12:00:00Z")), (1, 0));
    assert_eq!((on(&until, "2024-03-07T22:59:59Z"), on(&until, "2024-03-07T23:00:00Z")), (0, 1), "the last day counts in full");
    assert_eq!(on(&restricted(None), "2024-06-01T12:00:00Z"), 0, "without a last day until something else is said");
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
fn a_desk_without_the_day_of_the_start_does_not_read_it_off_the_list() {
    let start = |role: &str| {
        let capacity = json!({"capacity": {"worker": "d", "employer": "gemeente-tilburg", "acting-for": "gemeente-tilburg", "role": role, "from": "2024-01-01"}});
        let cases = [case("T-1", "pi-vught", "0855")];
        let visits = visit_list(
            &DESKS,
            &registers(vec![capacity]),
            looker("d", &who("gemeente-tilburg")),
            &who("pi-vught"),
            &cases,
            At::now(at(TUESDAY)),
        );
        visits.map(|visits| visits[0].start.map(|start| start.to_string()))
    };
    assert_eq!(start("income"), Ok(Some("2024-02-01".to_owned())));
    assert_eq!(start("debt"), Ok(None));
    assert_eq!(start("parking"), Err(Refusal::WrongCapacity));
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
    let count =
        |cases: &[Case]| statistics(&DESKS, &registers, looker("n", &who("gemeente-tilburg")), cases, At::now(at(TUESDAY))).unwrap();
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
    let counted = statistics(&DESKS, &registers, looker("n", &who("gemeente-tilburg")), &strangers, At::now(at(TUESDAY))).unwrap();
    assert!(counted.by_prison.values().all(|cell| *cell == Cell::Suppressed));
    assert!(counted.by_length.values().all(|cell| *cell == Cell::Suppressed));
    assert_eq!(
        statistics(&DESKS, &registers, looker("n", &who("gemeente-helmond")), &strangers, At::now(at(TUESDAY))),
        Err(Refusal::WrongCapacity)
    );
}

#[test]
fn only_a_municipality_that_is_not_stopped_visits() {
    let cases = [case("T-1", "pi-vught", "0855")];
    let with =
        |stop: serde_json::Value| list(&registers(vec![json!({"stop": stop})]), "n", "gemeente-tilburg", "pi-vught", &cases, TUESDAY);
    assert_eq!(with(json!({"participant": "gemeente-tilburg"})), Err(Refusal::Stopped));
    assert_eq!(with(json!({"participant": "gemeente-breda"})).unwrap(), ["T-1"]);
}

#[test]
fn who_escaped_is_on_the_list_again_when_back() {
    let registers = registers(Vec::new());
    let mut escaped = case("T-1", "pi-vught", "0855");
    escaped.record(FactValue::AtLarge(true), at("2024-03-01T09:00:00Z"), at("2024-03-01T09:00:00Z"));
    escaped.record(FactValue::AtLarge(false), at("2024-03-05T12:00:00Z"), at("2024-03-05T12:00:00Z"));
    let on = |now: &str| list(&registers, "n", "gemeente-tilburg", "pi-vught", std::slice::from_ref(&escaped), now).unwrap();
    assert_eq!((on("2024-03-05T11:59:59Z").len(), on("2024-03-05T12:00:00Z").len()), (0, 1));
}

#[test]
fn who_is_not_known_to_have_come_in_is_not_on_the_list() {
    let registers = registers(Vec::new());
    let mut announced = case("T-1", "pi-vught", "0855");
    announced.opened = None;
    assert_eq!(list(&registers, "n", "gemeente-tilburg", "pi-vught", &[announced], TUESDAY).unwrap(), Vec::<String>::new());
}

/// What is not known yet, or does not hold yet, takes nobody off the list.
#[test]
fn a_fact_counts_from_when_it_holds_and_is_known() {
    let registers = registers(Vec::new());
    let (earlier, later) = (at("2024-03-01T09:00:00Z"), at("2024-03-20T09:00:00Z"));
    for (from, recorded) in [(earlier, later), (later, earlier)] {
        for fact in [FactValue::Ended, FactValue::Suspended, FactValue::LeftScope] {
            let mut one = case("T-1", "pi-vught", "0855");
            one.record(fact.clone(), from, recorded);
            assert_eq!(list(&registers, "n", "gemeente-tilburg", "pi-vught", &[one], TUESDAY).unwrap(), ["T-1"], "{fact:?}");
        }
    }
    let mut leaves = case("T-1", "pi-vught", "0855");
    leaves.record(FactValue::Departure("2024-03-04".parse().unwrap()), earlier, later);
    assert_eq!(list(&registers, "n", "gemeente-tilburg", "pi-vught", &[leaves], TUESDAY).unwrap(), ["T-1"], "nobody knows it yet");
}

#[test]
fn a_visit_says_for_whom_and_since_when() {
    let registers = registers(Vec::new());
    let cases = [case("H-1", "pi-vught", "0794"), case("T-1", "pi-vught", "0855")];
    let visits =
        visit_list(&DESKS, &registers, looker("n", &who("gemeente-tilburg")), &who("pi-vught"), &cases, At::now(at(TUESDAY))).unwrap();
    let start: Option<LegalDay> = Some("2024-02-01".parse().unwrap());
    let told: Vec<_> = visits.iter().map(|visit| (visit.on_behalf_of.clone(), visit.start)).collect();
    assert_eq!(told, [(Some(who("gemeente-helmond")), start), (None, start)]);
}

#[test]
fn a_condition_is_missing_by_its_latest_status() {
    let mut one = case("T-1", "pi-vught", "0855");
    let mut says = |condition, status: &str, from: &str, recorded: &str| {
        one.record(FactValue::ConditionStatus(condition, status.to_owned()), at(from), at(recorded));
    };
    let (earlier, later) = ("2024-03-01T09:00:00Z", "2024-03-20T09:00:00Z");
    says(Condition::Housing, "MISSING", earlier, earlier);
    says(Condition::Debt, "MISSING", earlier, earlier);
    says(Condition::Debt, "IN_ORDER", TUESDAY, TUESDAY);
    says(Condition::Care, "NOT_APPLICABLE", earlier, earlier);
    says(Condition::Income, "MISSING", earlier, later);
    says(Condition::Id, "MISSING", later, earlier);
    says(Condition::Network, "UNKNOWN", TUESDAY, TUESDAY);
    assert_eq!(missing(&one, At::now(at(TUESDAY))), [Condition::Housing, Condition::Network]);
}

#[test]
fn who_left_is_not_counted() {
    let registers = registers(Vec::new());
    let mut cases = people(20, "pi-vught");
    for one in &mut cases {
        one.record(FactValue::Ended, at("2024-03-01T09:00:00Z"), at("2024-03-01T09:00:00Z"));
    }
    let counted = statistics(&DESKS, &registers, looker("n", &who("gemeente-tilburg")), &cases, At::now(at(TUESDAY))).unwrap();
    assert!(counted.by_prison.values().all(|cell| *cell == Cell::Suppressed));
    assert!(counted.by_length.values().all(|cell| *cell == Cell::Suppressed));
}

#[test]
fn a_length_begins_on_its_day() {
    let of = |now: &str| length("2024-01-15".parse().unwrap(), At::now(at(now)));
    assert_eq!((of("2024-02-14T22:59:59Z"), of("2024-02-14T23:00:00Z")), (Length::UnderOneMonth, Length::OneToThreeMonths));
    assert_eq!((of("2024-04-14T21:59:59Z"), of("2024-04-14T22:00:00Z")), (Length::OneToThreeMonths, Length::ThreeToTwelveMonths));
    assert_eq!((of("2025-01-14T22:59:59Z"), of("2025-01-14T23:00:00Z")), (Length::ThreeToTwelveMonths, Length::OverOneYear));
    assert_eq!((of("2024-01-20T09:00:00Z"), of("2026-01-20T09:00:00Z")), (Length::UnderOneMonth, Length::OverOneYear));
}

/// Nine and fewer are hidden; where that is one number alone, the next one too.
#[test]
fn a_small_number_is_not_given_away_by_the_others() {
    let shown = |counts: &[usize]| {
        let cells = suppressed(counts.iter().copied().enumerate().collect());
        cells.into_values().map(|cell| if let Cell::Count(count) = cell { count } else { 0 }).collect::<Vec<_>>()
    };
    assert_eq!(shown(&[10, 11, 12]), [10, 11, 12]);
    assert_eq!(shown(&[9, 11, 12]), [0, 0, 12]);
    assert_eq!(shown(&[9, 10, 12]), [0, 0, 12]);
    assert_eq!(shown(&[9, 0, 11]), [0, 0, 11], "two hide each other");
    assert_eq!(shown(&[9]), [0]);
}
