//! `demo` and `scenario run`.

use std::fs;

use super::rig::{Place, Serving, root, run};

#[test]
fn the_demo_tells_who_got_what_and_who_did_not() {
    let said = run(&["demo", "--once"]).ended(0);
    let first: Vec<&str> = said.out.lines().take(20).collect();
    insta::assert_snapshot!(first.join("\n"), @r"
    Zwolle A: from the admission notice to the plan, autumn 2024

    2024-09-04 08:30  pi-zwolle: detention-started [accepted]
        ✔ gemeente-zwolle
            pm-20d-2         /detention/piEntry /detention/start /person/identity/address /person/identity/birthDate /person/identity/birthPlace /person/identity/bsn /person/identity/givenNames /person/identity/nationality /person/identity/surname
            not given        /detention/title /person/identity/skn /residence/candidates/*/asOf /residence/candidates/*/kind /residence/candidates/*/municipality /residence/candidates/*/source
        ✔ rn-zwolle
            rr95-11-1        /detention/piEntry /detention/start /person/identity/address /person/identity/birthDate /person/identity/birthPlace /person/identity/bsn /person/identity/givenNames /person/identity/nationality /person/identity/skn /person/identity/surname
            not given        /detention/title /residence/candidates/*/asOf /residence/candidates/*/kind /residence/candidates/*/municipality /residence/candidates/*/source

    2024-09-05 09:00  gemeente-zwolle: tbo-scheduled [accepted]
        ✔ pi-zwolle
            pm-20d-2         /tbo/at /tbo/location /tbo/participants /tbo/place
        ✔ rn-zwolle
            pm-20d-2         /tbo/at /tbo/location /tbo/participants /tbo/place

    2024-09-05 09:05  gemeente-zwolle: care-partner-invited [refused]
        ✘ pi-zwolle: NO_BASIS. Er is geen wettelijke grondslag om dit te delen. / There is no legal basis for sharing this.
        ✘ rn-zwolle: NO_BASIS. Er is geen wettelijke grondslag om dit te delen. / There is no legal basis for sharing this.
        ✘ ggz-zwolle: CONSENT_MISSING. De betrokkene heeft hiervoor geen toestemming gegeven. / The person has not given consent for this.
    ");
    for name in ["Meerkoet", "Abel", "999900006"] {
        assert!(!said.out.contains(name) && !said.err.contains(name), "the demo names a person");
    }
    assert!(!said.out.contains("    ! "), "an expectation of the demo did not hold");
}

#[test]
fn the_demo_as_json_is_one_decision_a_line() {
    let said = run(&["demo", "--once", "--json"]).ended(0);
    let decisions = said.json();
    assert!(decisions.len() > 20, "{} decisions", decisions.len());
    for decision in &decisions {
        for field in
            ["message", "event", "detention", "recipient", "outcome", "bases", "fields", "withheld", "code", "rule", "version", "at"]
        {
            assert!(decision.get(field).is_some(), "{field} is missing: {decision}");
        }
        match decision["outcome"].as_str() {
            Some("permit") => assert!(decision["code"].is_null() && !decision["bases"].as_array().unwrap().is_empty(), "{decision}"),
            Some("refuse") => assert!(decision["code"].is_string() && decision["fields"].as_array().unwrap().is_empty(), "{decision}"),
            other => panic!("{other:?}"),
        }
    }
    let is = |recipient: &str, code: &str| decisions.iter().any(|decision| decision["recipient"] == recipient && decision["code"] == code);
    assert!(is("ggz-zwolle", "CONSENT_MISSING"));
    assert!(!said.out.contains("Meerkoet") && !said.out.contains("999900006"), "the demo names a person");
}

#[test]
fn an_unknown_demo_names_those_that_exist() {
    let said = run(&["demo", "--once", "--scenario", "nothing"]).ended(1);
    assert!(said.out.is_empty() && said.err.contains("zwolle-a"), "{}", said.err);
}

#[test]
fn a_scenario_that_holds_ends_well() {
    let said = run(&["scenario", "run", "tests/scenarios/before-2019.toml", "tests/scenarios/titles.toml"]).ended(0);
    assert_eq!(said.out.lines().filter(|line| line.starts_with("ok   tests/scenarios/")).count(), 2, "{}", said.out);
    let said = run(&["scenario", "run", "--json", "tests/scenarios/before-2019.toml"]).ended(0);
    let [played] = said.json().try_into().unwrap();
    assert_eq!(played["holds"], true);
    assert!(played["steps"].as_array().unwrap().iter().all(|step| step["failures"].as_array().unwrap().is_empty()));
}

#[test]
fn a_scenario_that_does_not_hold_says_where() {
    let place = Place::new();
    let text = fs::read_to_string(root().join("tests/scenarios/akkoord-9-planned.toml")).unwrap();
    let wrong = place.write("wrong.toml", &text.replace("CONSENT_MISSING", "NO_BASIS"));
    let said = run(&["scenario", "run", "tests/scenarios/before-2019.toml", &wrong]).ended(1);
    assert!(said.out.contains("ok   tests/scenarios/before-2019.toml"), "{}", said.out);
    assert!(
        said.out.contains("FAIL ") && said.out.contains("step 2: gemeente-leiden: expected the refusal NO_BASIS, was CONSENT_MISSING"),
        "{}",
        said.out
    );
    let broken = place.write("broken.toml", &text.replace("outcome   =", "outcom   ="));
    let said = run(&["scenario", "run", &broken]).ended(1);
    assert!(said.err.contains("broken.toml:45:1: ") && said.err.contains("outcom"), "{}", said.err);
}

#[tokio::test]
async fn an_open_demo_lets_everybody_fetch_what_it_was_given() {
    let demo = Serving::of(&["demo", "--port", "0"]);
    let url = format!("{}/v1/subscriptions/gemeente-zwolle/events", demo.address);
    let response = reqwest::Client::new().get(url).bearer_auth("demo-gemeente-zwolle").send().await.unwrap();
    let events: Vec<serde_json::Value> = response.json().await.unwrap();
    let names: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap().split('.').nth(3).unwrap()).collect();
    assert_eq!(names, ["detention-started", "transferred", "tbo-collision-flagged", "screening-completed", "plan-ready"]);
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn a_demo_keeps_its_store_where_it_is_told_and_plays_there_once() {
    let place = Place::new();
    let folder = place.folder("kept");
    run(&["demo", "--once", "--data", &folder]).ended(0);
    let again = run(&["demo", "--once", "--data", &folder]).ended(1);
    assert!(again.err.contains("schakelpunt.db is there already: choose another folder, or remove it"), "{}", again.err);
}
