//! What a consent covers, and when it has ended.

use std::collections::BTreeSet;

use schakelpunt_domain::{case::FactValue, catalogue::Class, consent::Consent, registers::Kind};
use schakelpunt_rules::Relation;

use super::{
    asking::{Asked, CONSENT, NOW, STATUTE, basis, consent, rule, who},
    world::{CATALOGUE, load, rule_files},
};

/// A consent of a care partner for conditions.
fn conditions(tells_health: bool, categories: &[&str]) -> BTreeSet<String> {
    let fields: Vec<String> =
        CATALOGUE.named("condition-status-updated").unwrap().leaves.keys().map(|leaf| format!("{:?}", leaf.as_str())).collect();
    let grant = format!("basis = \"consent\"\nfields = [{}]", fields.join(", "));
    let parts = [basis("consent", CONSENT, "", ""), rule("r", "condition-status-updated", &[&grant])];
    let mut asked = Asked::of("condition-status-updated", &parts).to(Kind::CarePartner, Relation::CarePartner).consent(categories, None);
    asked.candidate.tells_health = tells_health;
    asked
        .leaves(&[
            "/conditions/CARE/status",
            "/conditions/DEBT/status",
            "/conditions/HOUSING/status",
            "/conditions/ID/status",
            "/conditions/INCOME/status",
        ])
        .given()
}

#[test]
fn a_consent_covers_a_condition_by_its_name_or_by_its_class() {
    let status = |names: &[&str]| names.iter().map(|name| format!("/conditions/{name}/status")).collect::<BTreeSet<_>>();
    assert_eq!(conditions(false, &["condition:HOUSING"]), status(&["HOUSING"]));
    assert_eq!(conditions(false, &["condition:ID"]), status(&["ID"]), "the condition, not the class");
    assert_eq!(conditions(false, &["class:ID"]), status(&["ID"]));
    assert_eq!(conditions(false, &["class:FIN"]), status(&["CARE", "DEBT", "INCOME"]));
    assert_eq!(conditions(false, &["class:HEALTH"]), status(&[]), "health data is another class than that of these fields");
    assert_eq!(conditions(true, &["class:HEALTH"]), status(&[]));
    assert_eq!(conditions(false, &["condition:DEBT", "class:SOC"]), status(&["DEBT", "HOUSING"]));
}

/// What a plan's consent covers: its conditions stand one level deeper.
#[test]
fn conditions_in_a_plan_are_conditions() {
    let grant = "basis = \"consent\"\nfields = [\"/plan/conditions/DEBT/status\", \"/plan/care/needed\", \"/plan/version\"]";
    let parts = [basis("consent", CONSENT, "", ""), rule("r", "plan-ready", &[grant])];
    let given = |categories: &[&str]| {
        let asked = Asked::of("plan-ready", &parts).to(Kind::CarePartner, Relation::CarePartner).consent(categories, None);
        asked.given().into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(given(&["condition:DEBT"]), "/plan/conditions/DEBT/status");
    assert_eq!(given(&["condition:CARE"]), "", "the need for care is no condition");
    assert_eq!(given(&["class:HEALTH"]), "/plan/care/needed /plan/version", "[I] who may have health data may know whose");
}

/// Who outside the triad is told of a person at all (decision 9).
#[test]
fn a_partner_knows_the_person_by_consent_for_it() {
    let told = |event: &'static str, kind: Kind, relation: Relation, tells_health: bool, categories: &[&str]| {
        let leaf = "/person/identity/surname";
        let grant = format!("basis = \"consent\"\nfields = [\"{leaf}\"]");
        let parts = [basis("consent", CONSENT, "", ""), rule("r", event, &[&grant])];
        let mut asked = Asked::of(event, &parts).to(kind, relation).consent(categories, None).leaves(&[leaf]);
        asked.candidate.tells_health = tells_health;
        asked.told()
    };
    let partner =
        |tells_health, categories: &[&str]| told("detention-started", Kind::CarePartner, Relation::CarePartner, tells_health, categories);
    let yes = "consent: /person/identity/surname";
    assert_eq!(partner(false, &["class:ID"]), yes);
    assert_eq!(partner(false, &["class:HEALTH"]), yes);
    assert_eq!(partner(false, &["class:FIN"]), "FIELD_NOT_ALLOWED");
    assert_eq!(partner(true, &["class:ID"]), "FIELD_NOT_ALLOWED", "its name tells that the person needs care");
    assert_eq!(partner(true, &["class:HEALTH"]), yes);
    let municipality = told("detention-started", Kind::Municipality, Relation::ResponsibleMunicipality, false, &["class:FIN"]);
    assert_eq!(municipality, yes, "within the triad they know whom it is about");
}

#[test]
fn what_rests_on_consent_says_so_and_ends_with_it() {
    let parts = [
        basis("pm", STATUTE, "", ""),
        basis("consent", CONSENT, "", ""),
        rule(
            "r",
            "detention-started",
            &["basis = \"pm\"\nfields = [\"/detention/start\"]", "basis = \"consent\"\nfields = [\"/detention/title\"]"],
        ),
    ];
    let asked = Asked::of("detention-started", &parts).consent(&["class:JUST"], Some("2024-03-10"));
    let decision = asked.decision();
    let permit = decision.permit().unwrap();
    assert_eq!(asked.told(), "pm: /detention/start; consent: /detention/title");
    assert!(permit.by_consent() && !permit.granted[0].by_consent && permit.granted[1].by_consent);
    assert_eq!(decision.valid_until, Some("2024-03-10T23:00:00Z".parse().unwrap()), "the last day counts whole");
    assert_eq!(Asked::of("detention-started", &parts).told(), "pm: /detention/start");
}

/// A question of which all rests on consent.
fn on_consent() -> Asked {
    let grant = "basis = \"consent\"\nfields = [\"/detention/start\"]";
    Asked::of("detention-started", &[basis("consent", CONSENT, "", ""), rule("r", "detention-started", &[grant])])
}

const GIVEN: &str = "consent: /detention/start";

#[test]
fn a_missing_expired_or_withdrawn_consent_is_told_apart() {
    let with = |consent: Consent| on_consent().given_consent(consent).told();
    let given = || consent(&who(), &["class:ID"]);
    let withdrawn = Some("2024-03-01T09:00:00Z".parse().unwrap());
    assert_eq!(on_consent().told(), "CONSENT_MISSING");
    assert_eq!(with(given()), GIVEN);
    assert_eq!(with(Consent { until: Some("2024-03-04".parse().unwrap()), ..given() }), "CONSENT_EXPIRED");
    assert_eq!(with(Consent { withdrawn_at: withdrawn, withdrawal_recorded: withdrawn, ..given() }), "CONSENT_WITHDRAWN");
    assert_eq!(with(Consent { purpose: "care".to_owned(), ..given() }), "CONSENT_MISSING", "for another purpose");
    assert_eq!(with(consent(&"gemeente-breda".parse().unwrap(), &["class:ID"])), "CONSENT_MISSING", "for another unit");
    let ended = on_consent().consent(&["class:ID"], None).fact(FactValue::Ended);
    assert_eq!(ended.told(), "CONSENT_EXPIRED", "it lapses with the detention (decision 9)");
}

/// Decision 10.
#[test]
fn a_consent_lapses_with_the_person_from_when_it_is_known() {
    let died = |from: &str, recorded: &str| on_consent().consent(&["class:ID"], None).fact_at(FactValue::Deceased, from, recorded).told();
    let (before, after) = ("2024-03-01T09:00:00Z", "2024-03-06T09:00:00Z");
    assert_eq!(
        (died(before, before).as_str(), died(before, NOW).as_str(), died(NOW, NOW).as_str()),
        ("CONSENT_EXPIRED", "CONSENT_EXPIRED", "CONSENT_EXPIRED")
    );
    assert_eq!((died(before, after).as_str(), died(after, before).as_str()), (GIVEN, GIVEN), "nobody knew it yet, or it had not come");
    assert_eq!(on_consent().fact(FactValue::Deceased).told(), "CONSENT_MISSING", "what was never given cannot end");
}

/// What the hub administers is covered by any consent; what is of a class, by that class.
#[test]
fn a_class_is_covered_by_its_own_name() {
    let given = |kind: Kind, relation: Relation, categories: &[&str]| {
        let fields = "[\"/correction/of/id\", \"/care/needed\", \"/detention/title\"]";
        let grant = format!("basis = \"consent\"\nfields = {fields}");
        let parts = [basis("consent", CONSENT, "", ""), rule("r", "message-corrected", &[&grant])];
        let asked = Asked::of("message-corrected", &parts).to(kind, relation).consent(categories, None);
        asked.given().into_iter().collect::<Vec<_>>().join(" ")
    };
    let partner = |categories: &[&str]| given(Kind::CarePartner, Relation::CarePartner, categories);
    assert_eq!(partner(&[]), "/correction/of/id");
    assert_eq!(partner(&["class:ID"]), "/correction/of/id");
    assert_eq!(partner(&["class:HEALTH"]), "/care/needed /correction/of/id");
    let municipality = given(Kind::Municipality, Relation::ResponsibleMunicipality, &["class:JUST"]);
    assert_eq!(municipality, "/correction/of/id /detention/title");
}

/// The notice that ends a consent goes out under it (decision 11).
#[test]
fn the_end_is_told_under_the_consent_that_it_ends() {
    for (event, fact) in [("detention-ended", FactValue::Ended), ("deceased", FactValue::Deceased)] {
        let leaves = &CATALOGUE.named(event).unwrap().leaves;
        let (leaf, _) = leaves.iter().find(|(_, spec)| spec.class == Class::Id).unwrap();
        let grant = format!("basis = \"consent\"\nfields = [\"{leaf}\"]");
        let parts = [basis("consent", CONSENT, "", ""), rule("r", event, &[&grant])];
        let asked = || Asked::of(event, &parts).to(Kind::CarePartner, Relation::CarePartner).fact(fact.clone());
        assert_eq!(asked().consent(&["class:FIN"], None).told(), format!("consent: {leaf}"), "{event}: it knows the person by now");
        assert_eq!(asked().told(), "CONSENT_MISSING");
    }
}

/// Whether a withdrawal within the triad stops anything (the remark RECORDED_NOT_THE_BASIS says so).
#[test]
fn what_one_kind_tells_another_may_rest_on_consent_by_its_bases_and_their_dates() {
    let rules = load(&rule_files());
    let may = |from, to, at: &str| rules.may_rest_on_consent(from, to, at.parse().unwrap());
    let (before, after) = ("2021-06-30T12:00:00Z", "2021-07-01T12:00:00Z");
    assert!(may(Kind::Prison, Kind::Municipality, before));
    assert!(!may(Kind::Prison, Kind::Municipality, after), "the statute has come");
    assert!(may(Kind::Municipality, Kind::Municipality, after), "from college to college");
    assert!(!may(Kind::Prison, Kind::Prison, after));
    assert!(!may(Kind::Municipality, Kind::Municipality, "2018-05-24T12:00:00Z"), "not yet in force");
}
