//! What the sender is to the case, and by which agreement its terms run.

use super::*;

/// What the sender of a message is.
fn is(sender: &str, case: &Case, registers: &Registers, now: &str, event: &str) -> Vec<Relation> {
    let at = At::now(at(now));
    sender_relations(registers.participant(&who(sender), at).unwrap(), case, registers, at, event, false)
}

#[test]
fn a_prison_is_what_the_place_of_the_person_says() {
    let registers = registers(Vec::new());
    assert_eq!(is("pi-vught", &moving(), &registers, NOW, "transferred"), [Relation::HoldingPrison]);
    assert_eq!(is("pi-grave", &moving(), &registers, NOW, "transferred"), [Relation::ReceivingPrison]);
    assert_eq!(is("pi-vught", &moving(), &registers, AFTER, "transferred"), [Relation::FormerPrison]);
    assert_eq!(is("pi-grave", &moving(), &registers, AFTER, "transferred"), [Relation::HoldingPrison]);
}

#[test]
fn a_prison_that_announces_its_own_transfer_receives() {
    let registers = registers(Vec::new());
    let grave = registers.participant(&who("pi-grave"), now()).unwrap();
    let of = |receives| sender_relations(grave, &case("T-1", "pi-vught", "0855"), &registers, now(), "transferred", receives);
    assert_eq!((of(true), of(false)), (vec![Relation::ReceivingPrison], Vec::new()));
}

#[test]
fn the_first_notice_of_a_detention_comes_from_the_prison_that_holds() {
    let registers = registers(Vec::new());
    let unknown = Case::new("T-1".parse().unwrap());
    assert_eq!(is("pi-grave", &unknown, &registers, NOW, "detention-started"), [Relation::HoldingPrison]);
    assert_eq!(is("pi-grave", &unknown, &registers, NOW, "release-date-set"), Vec::new());
    assert_eq!(is("pi-grave", &case("T-1", "pi-vught", "0855"), &registers, NOW, "detention-started"), Vec::new(), "another one has it");
}

#[test]
fn who_took_the_place_of_a_unit_is_what_it_was() {
    let registers = registers(vec![participant("pi-nieuw", "prison", None), succession("pi-vught", "pi-nieuw")]);
    assert_eq!(is("pi-nieuw", &case("T-1", "pi-vught", "0855"), &registers, NOW, "release-date-set"), [Relation::HoldingPrison]);
}

#[test]
fn a_municipality_speaks_for_its_cases_or_under_a_mandate() {
    let registers = registers(Vec::new());
    let (tilburg, helmond) = (case("T-1", "pi-vught", "0855"), case("H-1", "pi-vught", "0794"));
    let is = |sender, case: &Case, event| is(sender, case, &registers, NOW, event);
    assert_eq!(is("gemeente-tilburg", &tilburg, "first-visit-planned"), [Relation::ResponsibleMunicipality]);
    assert_eq!(is("gemeente-helmond", &tilburg, "first-visit-planned"), Vec::new());
    assert_eq!(is("gemeente-tilburg", &helmond, "first-visit-planned"), [Relation::ResponsibleMunicipality]);
    assert_eq!(is("gemeente-helmond", &helmond, "first-visit-planned"), Vec::new(), "another one acts for it");
    assert_eq!(is("gemeente-helmond", &helmond, "tbo-scheduled"), [Relation::ResponsibleMunicipality]);
    assert_eq!(is("gemeente-tilburg", &homeless("T-1"), "first-visit-planned"), Vec::new());
}

#[test]
fn a_probation_unit_speaks_for_the_cases_that_it_answers_for() {
    let registers = registers(vec![participant("rn-other", "probation", None)]);
    let assigned = with(case("T-1", "pi-vught", "0855"), FactValue::ProbationUnit(who("rn-other")));
    assert_eq!(is("rn-other", &assigned, &registers, NOW, "supervision-started"), [Relation::ResponsibleProbationUnit]);
    assert_eq!(is("rn-brabant", &assigned, &registers, NOW, "supervision-started"), Vec::new());
}

#[test]
fn a_care_partner_speaks_where_a_consent_names_it() {
    let registers = registers(vec![participant("ggz", "care-partner", None)]);
    assert_eq!(is("opvang", &consenting("opvang"), &registers, NOW, "care-partner-involved"), [Relation::CarePartner]);
    assert_eq!(is("ggz", &consenting("opvang"), &registers, NOW, "care-partner-involved"), Vec::new());
}

#[test]
fn the_desk_and_the_hub_are_what_they_are() {
    let registers = registers(vec![participant("desk", "triage", None), participant("schakelpunt", "hub", None)]);
    let case = case("T-1", "pi-vught", "0855");
    assert_eq!(is("desk", &case, &registers, NOW, "responsible-municipality-determined"), [Relation::Triage]);
    assert_eq!(is("schakelpunt", &case, &registers, NOW, "heartbeat"), [Relation::Hub]);
}

/// The terms of a case run by the agreement of the day on which the person came in, with the prison that took the person in.
#[test]
fn an_agreement_is_that_of_the_day_of_entry() {
    let agreed =
        json!({"agreement": {"municipality": "gemeente-tilburg", "prison": "pi-vught", "from": "2024-02-15", "tbo-calendar-days": 10}});
    let registers = registers(vec![agreed]);
    let days = |case: &Case, now: &str| agreement(case, &registers, At::now(at(now))).and_then(|agreement| agreement.tbo_calendar_days);
    let tilburg = || case("T-1", "pi-vught", "0855");
    let entry = |day: &str| FactValue::PiEntry(day.parse().unwrap());
    assert_eq!(days(&tilburg(), NOW), None, "the detention started before");
    assert_eq!(days(&with(tilburg(), entry("2024-02-14")), NOW), None);
    assert_eq!(days(&with(tilburg(), entry("2024-02-15")), NOW), Some(10));
    assert_eq!(days(&with(moving(), entry("2024-02-15")), AFTER), Some(10), "after a transfer too");
    assert_eq!(days(&with(case("T-2", "pi-grave", "0855"), entry("2024-02-15")), NOW), None, "another prison");
    assert_eq!(days(&with(homeless("T-1"), entry("2024-02-15")), NOW), None);
}
