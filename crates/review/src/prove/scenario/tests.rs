use super::{super::*, *};
use crate::tests::{CATALOGUE, CONSENT, LAW, RELEASE, file, grant, rules};

/// The first case of a rule set in which something is given at all, as a scenario.
fn told(text: &str) -> Result<String, Unplayable> {
    let rules = rules(text);
    let invariants = file("invariants.toml", "[[invariant]]\nid = \"it\"\nsentence = \"Nothing goes.\"\nnever = true\n");
    let proof = prove(&rules, &Invariants::read(&invariants, &rules, &CATALOGUE).unwrap(), &CATALOGUE).unwrap();
    let outcome = &proof.outcomes[0];
    outcome.counterexamples[0].scenario(&outcome.sentence, Some("my/rules"), &CATALOGUE)
}

fn steps(scenario: &str) -> Vec<String> {
    let table: toml::Table = scenario.parse().unwrap();
    let word = |step: &toml::Value| {
        let text = |name: &str| step.get(name).and_then(toml::Value::as_str).map(str::to_owned);
        let register =
            step.get("register").map(|entry| entry["consent"].get("until").map_or("consent", |_| "consent with an end").to_owned());
        text("event").or(register).unwrap_or_default()
    };
    table["step"].as_array().unwrap().iter().map(word).collect()
}

#[test]
fn the_story_leads_to_what_is_told() {
    let scenario = told(&format!("{LAW}{RELEASE}{}", grant("law", "\"/release/date\""))).unwrap();
    let head = "title = \"holding-prison tells responsible-municipality of release-date-set, which it must not\"
clock = \"2021-07-10T07:00:00Z\"
rules = \"my/rules\"

# Broken: Nothing goes.
# By the rule release on law. This holds as long as the rules give it.
";
    assert!(scenario.starts_with(head), "{scenario}");
    assert!(scenario.ends_with("[[step.expect]]\nto = \"gemeente\"\nbasis = \"law\"\nhas = [\"/release/date\"]\n"), "{scenario}");
    assert_eq!(steps(&scenario), ["detention-started", "release-date-set"]);
}

#[test]
fn consent_is_there_before_it_is_relied_on() {
    let scenario = told(&format!("{CONSENT}{RELEASE}{}", grant("consent", "\"/release/date\""))).unwrap();
    assert_eq!(steps(&scenario), ["detention-started", "consent", "release-date-set"]);
}

#[test]
fn what_no_story_leads_to_is_said() {
    let release = |from: &str, to: &str| RELEASE.replace("holding-prison", from).replace("responsible-municipality", to);
    let between = |pair: &str| LAW.replace("[\"prison\", \"municipality\"]", pair);
    let give = grant("law", "\"/release/date\"");
    let of = |pair: &str, from: &str, to: &str| told(&format!("{}{}{give}", between(pair), release(from, to))).unwrap_err();
    assert_eq!(of("[\"hub\", \"municipality\"]", "hub", "responsible-municipality"), Unplayable::SaidByHub);
    assert_eq!(of("[\"prison\", \"prison\"]", "holding-prison", "former-prison"), Unplayable::History);
    assert_eq!(of("[\"prison\", \"care-partner\"]", "holding-prison", "care-partner"), Unplayable::NoPartner);
}

#[test]
fn a_field_of_a_list_is_looked_for_in_its_first_item() {
    let rule = RELEASE.replace("release-date-set", "detention-started");
    let scenario = told(&format!("{LAW}{rule}{}", grant("law", "\"/residence/candidates/*/municipality\""))).unwrap();
    assert!(scenario.ends_with("has = [\"/residence/candidates/0/municipality\"]\n"), "{scenario}");
    assert_eq!(steps(&scenario), ["detention-started"]);
}
