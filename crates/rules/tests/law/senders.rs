//! What a sender is to a case, and which agreement its terms rest on.

use schakelpunt_domain::{
    LegalDay,
    case::{Case, FactValue},
};
use schakelpunt_rules::{Relation, agreement, sender_relations};
use serde_json::{Value, json};

use super::chain::{case, consented, extend, mandate, now, of_zwolle, registers, succession, unit, with};

#[test]
fn what_a_sender_is_to_the_case() {
    let relations = |id: &str, case: &Case, event: &str, receives: bool| {
        let registers = registers(&[mandate("tbo", json!({}))]);
        let sender = registers.participant(&unit(id), now()).unwrap();
        let found = sender_relations(sender, case, &registers, now(), event, receives);
        found.iter().map(|relation| relation.word()).collect::<Vec<_>>().join(" ")
    };
    let (opened, blank) = (of_zwolle(), Case::new("D-2".parse().unwrap()));
    assert_eq!(relations("pi-zwolle", &opened, "release-date-set", false), "holding-prison");
    assert_eq!(relations("pi-vught", &opened, "release-date-set", false), "");
    assert_eq!(relations("pi-vught", &opened, "transferred", true), "receiving-prison");
    assert_eq!(relations("pi-vught", &blank, "detention-started", false), "holding-prison", "who opens a case holds the person");
    assert_eq!(relations("pi-vught", &blank, "release-date-set", false), "");
    assert_eq!(relations("pi-vught", &opened, "detention-started", false), "", "it is open already");
    let moved = with(of_zwolle(), FactValue::Prison(unit("pi-vught")), "2024-03-01T09:00:00Z");
    assert_eq!(relations("pi-zwolle", &moved, "release-date-set", false), "former-prison");
    assert_eq!(relations("pi-vught", &moved, "release-date-set", false), "holding-prison");
    let moving = with(of_zwolle(), FactValue::Prison(unit("pi-vught")), "2024-03-10T09:00:00Z");
    assert_eq!(relations("pi-vught", &moving, "release-date-set", false), "receiving-prison");
    assert_eq!(relations("gemeente-zwolle", &opened, "release-date-set", false), "responsible-municipality");
    assert_eq!(relations("gemeente-zwolle", &opened, "tbo-held", false), "", "another acts for it there");
    assert_eq!(relations("gemeente-breda", &opened, "tbo-held", false), "responsible-municipality");
    assert_eq!(relations("gemeente-breda", &case(), "tbo-held", false), "", "nobody is responsible yet");
    assert_eq!(relations("rn-oost", &opened, "supervision-started", false), "responsible-probation-unit");
    assert_eq!(relations("rn-zuid", &opened, "supervision-started", false), "");
    assert_eq!(relations("ggz-zwolle", &opened, "care-continuity-confirmed", false), "");
    assert_eq!(relations("ggz-zwolle", &consented(opened.clone(), "ggz-zwolle"), "care-continuity-confirmed", false), "care-partner");
    assert_eq!(relations("triage", &opened, "responsible-municipality-determined", false), "triage");
}

#[test]
fn who_takes_a_units_place_is_what_that_unit_was() {
    let registers = registers(&succession());
    let successor = registers.participant(&unit("pi-noord"), now()).unwrap();
    assert_eq!(sender_relations(successor, &of_zwolle(), &registers, now(), "release-date-set", false), [Relation::HoldingPrison]);
}

/// The agreement is that of the day of entry, with the prison that took the person in.
#[test]
fn a_transfer_changes_nothing_about_the_agreement() {
    let of = |prison: &str, days: u16, more: Value| {
        let mut agreement = json!({"municipality": "gemeente-zwolle", "prison": prison, "tbo-calendar-days": days});
        extend(&mut agreement, more);
        json!({"agreement": agreement})
    };
    let days =
        |case: &Case, entries: &[Value]| agreement(case, &registers(entries), now()).and_then(|agreement| agreement.tbo_calendar_days);
    let both = [of("pi-zwolle", 10, json!({})), of("pi-vught", 20, json!({}))];
    let moved = with(of_zwolle(), FactValue::Prison(unit("pi-vught")), "2024-03-01T09:00:00Z");
    assert_eq!((days(&of_zwolle(), &both), days(&moved, &both)), (Some(10), Some(10)));
    let later = [of("pi-zwolle", 10, json!({"until": "2024-02-10"})), of("pi-zwolle", 5, json!({"from": "2024-02-11"}))];
    assert_eq!(days(&of_zwolle(), &later), Some(10), "as it stood on the day of entry");
    let entered = with(of_zwolle(), FactValue::PiEntry(LegalDay("2024-02-12".parse().unwrap())), "2024-02-01T09:00:00Z");
    assert_eq!(days(&entered, &later), Some(5), "the entry in a prison, where it is known");
    assert_eq!(days(&case(), &both), None, "nobody is responsible");
}
