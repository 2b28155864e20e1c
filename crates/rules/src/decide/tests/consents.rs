//! What a consent carries (decisions 9 to 11).

use super::*;

const EVERYTHING: [&str; 2] = ["class:ID", "condition:HOUSING"];

/// The release date to a care partner, on consent.
fn partner() -> World {
    release(&[("consent", &["/release/date"])]).to_partner()
}

#[test]
fn a_consent_carries_until_it_ends() {
    let with = |change: fn(&mut Consent)| {
        let mut consent = consent(&EVERYTHING);
        change(&mut consent);
        let mut world = partner();
        world.case.consents.push(consent);
        world.told()
    };
    assert_eq!(partner().told(), "CONSENT_MISSING");
    assert_eq!(with(|_| ()), "consent: /release/date");
    assert_eq!(with(|consent| consent.until = Some("2024-03-04".parse().unwrap())), "CONSENT_EXPIRED");
    let withdraw = |consent: &mut Consent| {
        consent.withdrawn_at = Some(at("2024-03-04T09:00:00Z"));
        consent.withdrawal_recorded = consent.withdrawn_at;
    };
    assert_eq!(with(withdraw), "CONSENT_WITHDRAWN");
    assert_eq!(with(|consent| consent.purpose = "research".to_owned()), "CONSENT_MISSING", "for another purpose");
    assert_eq!(with(|consent| consent.recipient = who("gemeente-tilburg")), "CONSENT_MISSING", "for another unit");
}

#[test]
fn only_a_consent_waits_for_an_empty_inbox() {
    let world = partner().consents_to(&EVERYTHING);
    assert!(world.answer().permit().unwrap().by_consent());
    assert!(!release(&[("law", &["/release/date"])]).answer().permit().unwrap().by_consent());
    let both = release(&[("law", &["/release/kind"]), ("consent", &["/release/date"])]).to_partner().consents_to(&EVERYTHING);
    assert_eq!(both.told(), "law: /release/kind; consent: /release/date");
    assert!(both.answer().permit().unwrap().by_consent(), "one leaf is enough");
}

#[test]
fn a_consent_ends_with_the_detention() {
    let end = "2024-03-01T09:00:00Z";
    assert_eq!(partner().consents_to(&EVERYTHING).fact(FactValue::Ended, end).told(), "CONSENT_EXPIRED");
}

#[test]
fn a_consent_ends_with_the_person() {
    let died = |from: &str, recorded: &str| {
        let mut world = partner().consents_to(&EVERYTHING);
        world.case.record(FactValue::Deceased, at(from), at(recorded));
        world.told()
    };
    assert_eq!(died("2024-03-01T09:00:00Z", "2024-03-01T09:00:00Z"), "CONSENT_EXPIRED");
    assert_eq!(died("2024-03-01T09:00:00Z", NOW), "CONSENT_EXPIRED", "from the moment at which it is known");
    assert_eq!(died(NOW, NOW), "CONSENT_EXPIRED");
    assert_eq!(died("2024-03-01T09:00:00Z", "2024-03-06T09:00:00Z"), "consent: /release/date", "nobody knew it yet");
    assert_eq!(died("2024-03-06T09:00:00Z", "2024-03-01T09:00:00Z"), "consent: /release/date");
    let missing = partner().fact(FactValue::Deceased, "2024-03-01T09:00:00Z");
    assert_eq!(missing.told(), "CONSENT_MISSING", "what was never given cannot end");
}

/// Decision 11: that it is over is the last thing that a partner hears.
#[test]
fn the_end_itself_is_told_under_the_consent_that_it_ends() {
    let told = |event: &str, field: &str| {
        let grants = grant("consent", &[field]);
        let world = world(event, &rule("r", event, &grants)).to_partner().consents_to(&["condition:HOUSING"]);
        let over = "2024-03-01T09:00:00Z";
        world.fact(FactValue::Ended, over).fact(FactValue::Deceased, over).told()
    };
    assert_eq!(told("detention-ended", "/detention/legalEnd"), "consent: /detention/legalEnd");
    assert_eq!(told("deceased", "/status/since"), "consent: /status/since");
    assert_eq!(told("transferred", "/transfer/at"), "CONSENT_EXPIRED");
}

/// `consent-not-ended` is asked of those outside the triad: the others had their data on the law.
#[test]
fn who_rests_on_consent_gets_no_correction_after_its_end() {
    let asked = || {
        let grant = grant("law", &["/release/date"]) + "when = [\"consent-not-ended\"]\n";
        world("release-date-set", &rule("r", "release-date-set", &grant))
    };
    assert_eq!(asked().told(), "law: /release/date");
    assert_eq!(asked().to_partner().told(), "NO_BASIS");
    assert_eq!(asked().to_partner().consents_to(&[]).told(), "law: /release/date");
    assert_eq!(asked().to_partner().consents_to(&[]).fact(FactValue::Ended, "2024-03-01T09:00:00Z").told(), "NO_BASIS");
}

/// What is given on consent is what its categories cover; what the law gives needs none.
#[test]
fn a_consent_gives_what_it_covers() {
    let fields: &[&str] = &["/status"];
    let conditions = |basis: &str| {
        let grant = grant(basis, fields) + "each = \"/conditions\"\n";
        let mut world = world("condition-status-updated", &rule("r", "condition-status-updated", &grant)).to_partner();
        world.leaves = ["/conditions/DEBT/status", "/conditions/HOUSING/status"].map(leaf).to_vec();
        world
    };
    assert_eq!(conditions("consent").consents_to(&["condition:HOUSING"]).told(), "consent: /conditions/HOUSING/status");
    assert_eq!(
        conditions("consent").consents_to(&["condition:HOUSING"]).consents_to(&["class:FIN"]).told(),
        "consent: /conditions/DEBT/status /conditions/HOUSING/status",
        "several consents add up"
    );
    assert_eq!(conditions("consent").consents_to(&["class:ID"]).told(), "FIELD_NOT_ALLOWED");
    assert_eq!(conditions("law").told(), "law: /conditions/DEBT/status /conditions/HOUSING/status");
}

/// Whether a consent to these categories covers a leaf, for whom, in which event.
fn is_covered(categories: &[&str], leaf: &str, world: &World) -> bool {
    covers(&consent(categories), &leaf.parse().unwrap(), &world.question())
}

#[test]
fn a_condition_is_covered_by_its_own_name_or_by_its_class() {
    let world = world("condition-status-updated", "");
    let covered = |categories: &[&str], leaf: &str| is_covered(categories, leaf, &world);
    assert!(covered(&["condition:HOUSING"], "/conditions/HOUSING/status"));
    assert!(covered(&["class:SOC"], "/conditions/HOUSING/status"));
    assert!(covered(&["class:FIN"], "/conditions/DEBT/status"));
    assert!(!covered(&["condition:HOUSING"], "/conditions/DEBT/status"));
    assert!(!covered(&["class:FIN"], "/conditions/HOUSING/status"));
    assert!(!covered(&[], "/conditions/ID/status"), "to say who it is covers no condition");
    assert!(covered(&["class:ID"], "/conditions/ID/status"));
}

#[test]
fn a_condition_of_the_plan_is_the_same_condition() {
    let world = world("plan-ready", "").to_partner();
    assert!(is_covered(&["condition:HOUSING"], "/plan/conditions/HOUSING/status", &world));
    assert!(!is_covered(&["condition:HOUSING"], "/plan/conditions/DEBT/status", &world));
    assert!(!is_covered(&["condition:HOUSING"], "/plan/version", &world));
    assert_eq!(condition_of(&leaf("/plan/conditions/DEBT/asOf")), Some(Condition::Debt));
    assert_eq!(condition_of(&leaf("/conditions/NETWORK/status")), Some(Condition::Network));
    assert_eq!(condition_of(&leaf("/conditions/OTHER/status")), None);
    assert_eq!(condition_of(&leaf("/plan/version")), None);
}

#[test]
fn who_knows_the_person_already_needs_no_consent_for_the_name() {
    let municipality = world("release-date-set", "");
    assert!(is_covered(&[], "/release/date", &municipality));
    assert!(!is_covered(&[], "/detention/title", &municipality) && !is_covered(&["class:ID"], "/detention/title", &municipality));
    assert!(is_covered(&["class:JUST"], "/detention/title", &municipality));
}

/// Decision 9: where the very name of the recipient tells a health fact, who it is goes only with a consent for health.
#[test]
fn a_partner_is_told_a_name_under_the_class_that_its_nature_asks_for() {
    let mut partner = world("release-date-set", "").to_partner();
    let covered = |categories: &[&str], world: &World| is_covered(categories, "/release/date", world);
    assert!(!covered(&[], &partner) && !covered(&["condition:HOUSING"], &partner));
    assert!(covered(&["class:ID"], &partner) && covered(&["class:HEALTH"], &partner));
    partner.candidate.tells_health = true;
    assert!(!covered(&[], &partner) && !covered(&["class:ID"], &partner) && covered(&["class:HEALTH"], &partner));
}

#[test]
fn that_it_is_over_needs_no_class() {
    let ended = world("detention-ended", "").to_partner();
    assert!(is_covered(&[], "/detention/legalEnd", &ended));
}

#[test]
fn what_the_hub_administers_is_covered_by_any_consent() {
    let world = world("message-corrected", "").to_partner();
    assert!(is_covered(&[], "/correction/of/id", &world));
    assert!(!is_covered(&["class:ID"], "/care/needed", &world) && is_covered(&["class:HEALTH"], "/care/needed", &world));
}
