//! `decide`, gate by gate and grant by grant, over small rule sets.

use std::collections::BTreeSet;

use schakelpunt_domain::{
    Refusal,
    case::{FactValue, Title},
    registers::Kind,
};
use schakelpunt_rules::{Relation, Signal};
use serde_json::json;

use super::{
    asking::{Asked, STATUTE, basis, rule},
    world::CATALOGUE,
};

/// A notice of a start to a municipality.
fn notice() -> Asked {
    let grant = "basis = \"pm\"\nfields = [\"/detention/start\"]";
    Asked::of("detention-started", &[basis("pm", STATUTE, "from = \"2021-07-01\"", ""), rule("r", "detention-started", &[grant])])
}

#[test]
fn a_permit_says_basis_leaves_rule_and_what_is_withheld() {
    let decision = notice().leaves(&["/detention/start", "/detention/title"]).decision();
    assert_eq!(notice().told(), "pm: /detention/start");
    assert_eq!(decision.rule.as_ref().unwrap().as_str(), "r");
    assert_eq!(decision.withheld, ["/detention/title".parse().unwrap()]);
    let permit = decision.permit().unwrap();
    assert!(permit.must && !permit.by_consent() && !permit.granted[0].by_consent);
    assert_eq!(decision.refusal(), None);
}

#[test]
fn a_refusal_says_the_nearest_rule_and_withholds_all() {
    let mut asked = notice().leaves(&["/detention/start"]);
    asked.at = "2021-06-30T09:00:00Z".parse().unwrap();
    let decision = asked.decision();
    assert_eq!((decision.permit(), decision.refusal()), (None, Some(Refusal::BasisNotYetInForce)));
    assert_eq!(decision.rule.as_ref().unwrap().as_str(), "r");
    assert_eq!(decision.withheld, ["/detention/start".parse().unwrap()]);
    assert_eq!(decision.valid_until, Some("2021-06-30T22:00:00Z".parse().unwrap()), "then the basis comes into force");
}

#[test]
fn of_several_refusals_the_one_nearest_to_a_permit_speaks() {
    let old = basis("old", STATUTE, "until = \"2020-01-01\"", "");
    let coming = basis("coming", STATUTE, "from = \"2030-01-01\"", "");
    let one = |id: &str, basis: &str| rule(id, "detention-started", &[&format!("basis = \"{basis}\"\nfields = [\"/detention/start\"]")]);
    for order in [["old", "coming"], ["coming", "old"]] {
        let asked = Asked::of("detention-started", &[old.clone(), coming.clone(), one("first", order[0]), one("second", order[1])]);
        assert_eq!(asked.told(), "BASIS_NOT_YET_IN_FORCE");
        let speaks = if order[0] == "coming" { "first" } else { "second" };
        assert_eq!(asked.decision().rule.unwrap().as_str(), speaks);
    }
    let equal = Asked::of("detention-started", &[old, one("first", "old"), one("second", "old")]);
    assert_eq!(equal.decision().rule.unwrap().as_str(), "first", "of two alike the first");
}

#[test]
fn within_a_rule_the_nearest_grant_speaks() {
    let bases = [basis("old", STATUTE, "until = \"2020-01-01\"", ""), basis("coming", STATUTE, "from = \"2030-01-01\"", "")].concat();
    let grant = |basis: &str| format!("basis = \"{basis}\"\nfields = [\"/detention/start\"]");
    let told = |first: &str, second: &str| {
        let parts = [bases.clone(), rule("r", "detention-started", &[&grant(first), &grant(second)])];
        Asked::of("detention-started", &parts).told()
    };
    assert_eq!(told("old", "coming"), "BASIS_NOT_YET_IN_FORCE");
    assert_eq!(told("coming", "old"), "BASIS_NOT_YET_IN_FORCE");
    assert_eq!(told("old", "old"), "NO_BASIS");
}

#[test]
fn who_is_stopped_or_of_whom_hears_nothing_and_before_any_other_reason() {
    let stops = [json!({"stop": {"participant": "recipient"}}), json!({"stop": {"detention": "D-1"}})];
    for stop in stops {
        assert_eq!(notice().register(stop.clone()).told(), "STOPPED");
        assert_eq!(notice().register(stop).fact(FactValue::Title(Title::Aliens)).told(), "STOPPED");
    }
    for other in [json!({"stop": {"participant": "somebody-else"}}), json!({"stop": {"detention": "D-2"}})] {
        assert_eq!(notice().register(other).told(), "pm: /detention/start");
    }
}

#[test]
fn a_rule_that_is_stopped_is_no_missing_basis() {
    let asked = notice().register(json!({"stop": {"rule": "r"}}));
    assert_eq!((asked.told().as_str(), asked.decision().rule.unwrap().as_str()), ("STOPPED", "r"));
    let without = Asked::of("detention-started", &[basis("pm", STATUTE, "", "")]);
    assert_eq!((without.told().as_str(), without.decision().rule), ("NO_BASIS", None));
    let second = rule("s", "detention-started", &["basis = \"pm\"\nfields = [\"/detention/title\"]"]);
    let first = rule("r", "detention-started", &["basis = \"pm\"\nfields = [\"/detention/start\"]"]);
    let both = Asked::of("detention-started", &[basis("pm", STATUTE, "", ""), first, second]).register(json!({"stop": {"rule": "r"}}));
    assert_eq!(both.told(), "pm: /detention/title", "the other rule goes on");
}

#[test]
fn a_closed_gate_or_no_relation_refuses() {
    let mut asked = notice();
    asked.candidate.closed = Some(Refusal::MandateMissing);
    assert_eq!(asked.told(), "MANDATE_MISSING");
    let mut asked = notice();
    asked.candidate.relations.clear();
    assert_eq!(asked.told(), "NOT_RESPONSIBLE");
}

/// Decision 16: whom the hub serves by title.
#[test]
fn a_title_closes_the_gate_for_those_whom_it_does_not_concern() {
    let is_told = |event: &'static str, kind: Kind, relation: Relation, facts: &[FactValue]| {
        let leaf = CATALOGUE.named(event).unwrap().leaves.keys().next().unwrap();
        let grant = format!("basis = \"pm\"\nfields = [\"{leaf}\"]");
        let asked = Asked::of(event, &[basis("pm", STATUTE, "", ""), rule("r", event, &[&grant])]).to(kind, relation);
        let told = facts.iter().cloned().fold(asked, Asked::fact).told();
        assert!(told.starts_with("pm:") || told == "OUT_OF_SCOPE_TITLE", "{told}");
        told != "OUT_OF_SCOPE_TITLE"
    };
    let municipality = (Kind::Municipality, Relation::ResponsibleMunicipality);
    let probation = (Kind::Probation, Relation::ResponsibleProbationUnit);
    let prison = (Kind::Prison, Relation::FormerPrison);
    let partner = (Kind::CarePartner, Relation::CarePartner);
    let title = |title| vec![FactValue::Title(title)];
    for (who, event, facts, expected) in [
        (municipality, "detention-started", title(Title::Sentence), true),
        (municipality, "detention-started", title(Title::Aliens), false),
        (prison, "detention-started", title(Title::Jji), false),
        (municipality, "detention-started", title(Title::Vris), false),
        (partner, "detention-started", title(Title::Vris), false),
        (probation, "detention-started", title(Title::Vris), true),
        (probation, "detention-start-corrected", title(Title::Vris), true),
        (probation, "detention-ended", title(Title::Vris), true),
        (probation, "release-date-set", title(Title::Vris), false),
        (prison, "release-date-set", title(Title::Vris), true),
        (municipality, "detention-started", title(Title::TbsPasser), true),
        (municipality, "detention-started", vec![FactValue::Title(Title::TbsPasser), FactValue::LeftScope], false),
        (municipality, "left-scope", vec![FactValue::Title(Title::TbsPasser), FactValue::LeftScope], true),
        (municipality, "detention-started", vec![FactValue::Title(Title::Sentence), FactValue::LeftScope], true),
        (municipality, "message-withdrawn", title(Title::Aliens), true),
        (municipality, "message-corrected", title(Title::Jji), true),
        (municipality, "consent-withdrawn", title(Title::Aliens), true),
        (municipality, "consent-expired", title(Title::Aliens), true),
        (municipality, "current-set-requested", title(Title::Aliens), true),
    ] {
        assert_eq!(is_told(event, who.0, who.1, &facts), expected, "{event} to {:?} with {facts:?}", who.0);
    }
}

#[test]
fn a_leaf_belongs_to_the_first_grant_that_gives_it() {
    let bases = [basis("one", STATUTE, "", ""), basis("two", STATUTE, "", "")].concat();
    let grants =
        ["basis = \"one\"\nfields = [\"/detention/start\"]", "basis = \"two\"\nfields = [\"/detention/start\", \"/detention/title\"]"];
    let asked = Asked::of("detention-started", &[bases.clone(), rule("r", "detention-started", &grants)]);
    assert_eq!(asked.told(), "one: /detention/start; two: /detention/title");
    let twice = ["basis = \"one\"\nfields = [\"/detention/start\"]", "basis = \"one\"\nfields = [\"/detention/title\"]"];
    let asked = Asked::of("detention-started", &[bases, rule("r", "detention-started", &twice)]);
    assert_eq!(asked.told(), "one: /detention/start /detention/title", "one basis stands once");
}

#[test]
fn a_subsidiary_basis_yields_to_one_that_carries_and_only_then() {
    let first = |in_force: &str| basis("first", STATUTE, in_force, "");
    let second = basis("second", STATUTE, "", "yields-to = [\"first\"]");
    let grants = ["basis = \"first\"\nfields = [\"/detention/start\"]", "basis = \"second\"\nfields = [\"/detention/title\"]"];
    let told =
        |in_force: &str| Asked::of("detention-started", &[first(in_force), second.clone(), rule("r", "detention-started", &grants)]).told();
    assert_eq!(told(""), "first: /detention/start");
    assert_eq!(told("until = \"2020-01-01\""), "second: /detention/title");
}

#[test]
fn a_power_without_a_duty_waits_for_a_subscription() {
    let may = STATUTE.replace("must", "may");
    let parts =
        |what: &str| [basis("pm", what, "", ""), rule("r", "detention-started", &["basis = \"pm\"\nfields = [\"/detention/start\"]"])];
    let wants = |event: &str| json!({"subscription": {"participant": "recipient", "events": [event], "state": "active"}});
    let asked = |what: &str, event: &str| Asked::of("detention-started", &parts(what)).register(wants(event));
    let other = asked(&may, "release-date-set");
    assert_eq!((other.told().as_str(), other.decision().rule.unwrap().as_str()), ("NOT_SUBSCRIBED", "r"));
    assert_eq!(asked(&may, "detention-started").told(), "pm: /detention/start");
    assert!(!asked(&may, "detention-started").decision().permit().unwrap().must);
    assert_eq!(Asked::of("detention-started", &parts(&may)).told(), "pm: /detention/start", "without an entry everything (decision 3)");
    assert_eq!(asked(STATUTE, "release-date-set").told(), "pm: /detention/start", "a duty needs none");
}

#[test]
fn one_duty_makes_the_whole_a_duty() {
    let bases = [("duty", STATUTE.to_owned()), ("duty-too", STATUTE.to_owned()), ("power", STATUTE.replace("must", "may"))];
    let bases = bases.map(|(id, what)| basis(id, &what, "", "")).concat();
    let must = |order: [&str; 3]| {
        let grants: Vec<String> = order
            .iter()
            .zip(["/detention/start", "/detention/title", "/detention/piEntry"])
            .map(|(basis, leaf)| format!("basis = \"{basis}\"\nfields = [\"{leaf}\"]"))
            .collect();
        let grants: Vec<&str> = grants.iter().map(String::as_str).collect();
        Asked::of("detention-started", &[bases.clone(), rule("r", "detention-started", &grants)]).decision().permit().unwrap().must
    };
    assert!(!must(["power", "power", "power"]));
    assert!(must(["power", "duty", "power"]) && must(["duty", "power", "power"]));
    assert!(must(["duty", "duty-too", "power"]), "two duties are one too");
}

#[test]
fn a_basis_holds_between_its_pairs_and_for_its_purposes() {
    let asked = notice().to(Kind::Triage, Relation::ResponsibleMunicipality);
    assert_eq!(asked.told(), "NO_BASIS");
}

#[test]
fn without_what_it_needs_the_rest_means_nothing() {
    let needing = |needs: &str| {
        let grants = ["basis = \"pm\"\nfields = [\"/detention/start\", \"/detention/title\"]"];
        let rule = rule("r", "detention-started", &grants).replace("owner = \"DJI\"", &format!("owner = \"DJI\"\nneeds = [\"{needs}\"]"));
        Asked::of("detention-started", &[basis("pm", STATUTE, "", ""), rule]).leaves(&["/detention/start", "/detention/title"])
    };
    assert_eq!(needing("/detention/start").told(), "pm: /detention/start /detention/title");
    assert_eq!(needing("/detention/departure").told(), "FIELD_NOT_ALLOWED");
}

#[test]
fn a_grant_that_gives_none_of_what_is_there_is_a_field_that_is_not_allowed() {
    assert_eq!(notice().leaves(&["/detention/title"]).told(), "FIELD_NOT_ALLOWED");
}

#[test]
fn never_cuts_whatever_was_granted_and_only_for_its_kind() {
    let never = "[[never]]\nid = \"n\"\nto = [\"municipality\"]\nfields = [\"/detention/title\"]\n".to_owned();
    let grant = "basis = \"pm\"\nfields = [\"/detention/start\", \"/detention/title\"]";
    let parts = [basis("pm", STATUTE, "", ""), rule("r", "detention-started", &[grant]), never];
    assert_eq!(Asked::of("detention-started", &parts).told(), "pm: /detention/start");
    let probation = Asked::of("detention-started", &parts).to(Kind::Probation, Relation::ResponsibleProbationUnit);
    assert_eq!(probation.told(), "pm: /detention/start /detention/title");
}

/// A grant with this condition gives when the signal holds.
#[test]
fn a_grant_gives_while_its_condition_holds() {
    let when = |signal: &str| {
        let grant = format!("basis = \"pm\"\nwhen = [\"{signal}\"]\nfields = [\"/detention/start\"]");
        Asked::of("detention-started", &[basis("pm", STATUTE, "", ""), rule("r", "detention-started", &[&grant])])
    };
    let gives = |asked: Asked| asked.told() == "pm: /detention/start";
    assert!(!gives(when("care-needed")) && gives(when("care-needed").signal(Signal::CareNeeded)));
    assert!(!gives(when("consulting").signal(Signal::CareNeeded)) && gives(when("consulting").signal(Signal::Consulting)));
    assert!(!gives(when("isd-measure")) && gives(when("isd-measure").fact(FactValue::Title(Title::Isd))));
    let ended = |at: &str| {
        let mut asked = when("plan-running").fact(FactValue::LegalEnd("2024-02-10".parse().unwrap())).fact(FactValue::Ended);
        asked.at = at.parse().unwrap();
        gives(asked)
    };
    assert!(gives(when("plan-running")), "no end is known");
    assert!(ended("2024-02-10T22:59:59Z") && !ended("2024-02-10T23:00:00Z"), "to the last moment of the legal end");
    let mut of_an_entry = when("consulting");
    of_an_entry.signals.entries.insert("/conditions/HOUSING".to_owned(), BTreeSet::from([Signal::Consulting]));
    assert!(!gives(of_an_entry), "what is said of an entry is not said of the whole");
    let partner = |asked: Asked| gives(asked.to(Kind::CarePartner, Relation::CarePartner));
    let lapsed = when("consent-not-ended").consent(&["class:ID"], None).fact(FactValue::Ended);
    assert!(!partner(lapsed), "after its end there are no corrections (decision 10)");
    assert!(!partner(when("consent-not-ended")) && partner(when("consent-not-ended").consent(&["class:ID"], None)));
    assert!(gives(when("consent-not-ended")), "who needs no consent has none that ended");
}

#[test]
fn entries_are_decided_one_by_one_and_their_object_is_told_of_even_when_empty() {
    let grant = "basis = \"pm\"\nwhen = [\"entry-not-in-order\"]\neach = \"/conditions\"\nfields = [\"/status\"]";
    let parts = [basis("pm", STATUTE, "", ""), rule("r", "condition-status-updated", &[grant])];
    let leaves = ["/conditions/DEBT/detail", "/conditions/DEBT/status", "/conditions/HOUSING/status"];
    let mut asked = Asked::of("condition-status-updated", &parts).leaves(&leaves);
    assert_eq!(
        (asked.told().as_str(), asked.decision().permit().unwrap().containers.as_slice()),
        ("pm: ", ["/conditions".to_owned()].as_slice())
    );
    asked.signals.entries.insert("/conditions/HOUSING".to_owned(), BTreeSet::from([Signal::EntryNotInOrder]));
    asked.signals.entries.insert("/conditions/DEBT".to_owned(), BTreeSet::new());
    assert_eq!(asked.told(), "pm: /conditions/HOUSING/status");
    asked.signals.entries.insert("/conditions/DEBT".to_owned(), BTreeSet::from([Signal::CareNeeded]));
    assert_eq!(asked.told(), "pm: /conditions/HOUSING/status", "another signal of an entry is none of this");
    assert_eq!(asked.leaves(&["/conditions/DEBT/detail"]).told(), "FIELD_NOT_ALLOWED", "no entry has a field that is given");
}

#[test]
fn a_correction_goes_with_what_was_had_and_which_message_is_meant() {
    const RECTIFICATION: &str = "kind = \"rectification\"\npurposes = [\"reintegration\"]\npower = \"must\"\ncitation = \"AVG 19\"";
    let told = |fields: &str, had: Option<&[&str]>| {
        let grant = format!("basis = \"rectification\"\nfields = [\"{fields}\"]");
        let parts = [basis("rectification", RECTIFICATION, "", ""), rule("r", "message-corrected", &[&grant])];
        let mut asked = Asked::of("message-corrected", &parts).to(Kind::Municipality, Relation::EarlierRecipient);
        asked.candidate.had = had.map(|had| had.iter().map(|leaf| leaf.parse().unwrap()).collect());
        asked.leaves(&["/correction/of/id", "/correction/of/source", "/correction/reason", "/detention/start", "/detention/title"]).told()
    };
    let reference = "rectification: /correction/of/id /correction/of/source /correction/reason";
    assert_eq!(told("as-delivered", Some(&["/detention/start"])), format!("{reference} /detention/start"));
    assert_eq!(told("as-delivered", None), reference);
    assert_eq!(told("reference-only", Some(&["/detention/start"])), reference);
}
