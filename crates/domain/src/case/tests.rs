use super::*;
use crate::{consent::ConsentState, ids::Source};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn an_announced_transfer_counts_from_its_moment() {
    let mut case = Case::new("d-1".parse().unwrap());
    let zwolle: ParticipantId = "pi-zwolle".parse().unwrap();
    let lelystad: ParticipantId = "pi-lelystad".parse().unwrap();
    case.record(FactValue::Prison(zwolle.clone()), at("2024-09-03T10:00:00Z"), at("2024-09-04T08:00:00Z"));
    case.record(FactValue::Prison(lelystad.clone()), at("2024-09-11T10:00:00Z"), at("2024-09-09T08:00:00Z"));
    let before = At::now(at("2024-09-10T10:00:00Z"));
    let after = At::now(at("2024-09-11T10:00:00Z"));
    assert_eq!((case.prison(before), case.receiving_prison(before)), (Some(&zwolle), Some(&lelystad)));
    assert_eq!((case.prison(after), case.receiving_prison(after)), (Some(&lelystad), None));
    assert!(case.former_prisons(after).contains(&zwolle));
    let as_known_then = At { valid: at("2024-09-12T10:00:00Z"), known: at("2024-09-08T10:00:00Z") };
    assert_eq!(case.prison(as_known_then), Some(&zwolle), "what was not recorded then was not known then");
}

#[test]
fn after_a_dispute_only_what_comes_after_it_counts() {
    let mut case = Case::new("d-1".parse().unwrap());
    let (kampen, zwolle): (MunicipalityCode, MunicipalityCode) = ("0166".parse().unwrap(), "0193".parse().unwrap());
    let hour = |hour: u8| at(&format!("2024-09-03T{hour:02}:00:00Z"));
    let now = At::now(hour(20));
    case.record(FactValue::Settlement(zwolle.clone()), hour(10), hour(10));
    case.record(FactValue::Responsible(kampen.clone()), hour(11), hour(11));
    assert_eq!(case.choice(now), Some(Choice::Municipality(&zwolle)), "the wish to settle goes first");
    case.record(FactValue::Disputed, hour(12), hour(12));
    assert_eq!(case.choice(now), Some(Choice::Disputed));
    case.record(FactValue::Responsible(kampen.clone()), hour(13), hour(13));
    assert_eq!(case.choice(now), Some(Choice::Municipality(&kampen)));
}

#[test]
fn a_withdrawal_is_never_revived() {
    let mut case = Case::new("d-1".parse().unwrap());
    let ggz: ParticipantId = "ggz-zwolle".parse().unwrap();
    let now = at("2024-09-06T10:00:00Z");
    case.consents.push(Consent {
        id: "c-1".to_owned(),
        recipient: ggz.clone(),
        categories: Vec::new(),
        purpose: "reintegration".to_owned(),
        given_at: Some(now),
        until: None,
        withdrawn_at: Some(now),
        recorded: now,
        withdrawal_recorded: Some(now),
        message: None,
    });
    assert_eq!(case.consent_for(&ggz, Some("reintegration"), At::now(now), true).0, ConsentState::Withdrawn);
}

/// For a question about an instant that has passed (domain 6.3 step 8).
#[test]
fn a_consent_that_is_recorded_anew_stands_as_it_was_until_then() {
    let mut case = Case::new("d-1".parse().unwrap());
    let ggz: ParticipantId = "ggz-zwolle".parse().unwrap();
    let (first, second) = (at("2024-09-06T10:00:00Z"), at("2024-09-07T10:00:00Z"));
    let consent = |purpose: &str, recorded| Consent {
        id: "c-1".to_owned(),
        recipient: ggz.clone(),
        categories: Vec::new(),
        purpose: purpose.to_owned(),
        given_at: Some(first),
        until: None,
        withdrawn_at: None,
        recorded,
        withdrawal_recorded: None,
        message: None,
    };
    case.give_consent(consent("reintegration", first));
    case.give_consent(consent("reintegration", first));
    assert!(case.replaced.is_empty(), "the same again is nothing new");
    case.give_consent(consent("research", second));
    let state = |at: At| case.consent_for(&ggz, Some("reintegration"), at, true).0;
    assert_eq!(state(At { valid: second, known: first }), ConsentState::Valid);
    assert_eq!(state(At::now(second)), ConsentState::Missing);
    assert_eq!(case.consents.len(), 1);
}

#[test]
fn slots_are_conditions_dates_and_parts() {
    let slot = |leaf: &str| slot_of(&leaf.parse().unwrap());
    assert_eq!(slot("/conditions/HOUSING/status"), "conditions/HOUSING");
    assert_eq!(slot("/detention/start"), "detention/start");
    assert_eq!(slot("/release/date"), "release");
}

#[test]
fn a_matter_of_its_own_is_never_stale() {
    let mut case = Case::new("d-1".parse().unwrap());
    let source: Source = "urn:nld:oin:00000099PI0000025000:systeem:registratie".parse().unwrap();
    for slot in ["release", "breach"] {
        case.slots.insert(slot.to_owned(), SlotHead { source: source.clone(), sequence: 7, holders: BTreeMap::new() });
    }
    assert!(case.is_stale("release", &source, 6).is_some());
    assert!(case.is_stale("breach", &source, 6).is_none(), "two breaches are two");
}
