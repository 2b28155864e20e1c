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

/// The first case of a statute, with what a test makes of its cell.
fn case(change: impl FnOnce(&mut Counterexample)) -> Counterexample {
    let rules = rules(&format!("{LAW}{RELEASE}{}", grant("law", "\"/release/date\"")));
    let invariants = file("invariants.toml", "[[invariant]]\nid = \"it\"\nsentence = \"Nothing goes.\"\nnever = true\n");
    let mut proof = prove(&rules, &Invariants::read(&invariants, &rules, &CATALOGUE).unwrap(), &CATALOGUE).unwrap();
    let mut case = proof.outcomes.remove(0).counterexamples.remove(0);
    change(&mut case);
    case
}

fn scenario(case: &Counterexample) -> Result<toml::Table, Unplayable> {
    case.scenario("Nothing goes.", None, &CATALOGUE).map(|text| text.parse().unwrap())
}

/// Each step: when, by whom, what.
fn timetable(case: &Counterexample) -> Vec<String> {
    let table = scenario(case).unwrap();
    let word = |step: &toml::Value, name: &str| step.get(name).map_or("register".to_owned(), |value| value.as_str().unwrap().to_owned());
    let steps = table["step"].as_array().unwrap().iter();
    steps.map(|step| format!("{} {} {}", word(step, "at"), word(step, "from"), word(step, "event"))).collect()
}

/// What the step of an event, or the entry of a register, says.
fn said(case: &Counterexample, event: &str) -> toml::Value {
    let table = scenario(case).unwrap();
    let steps = table["step"].as_array().unwrap();
    let of = |step: &&toml::Value| step.get("event").and_then(toml::Value::as_str).unwrap_or("register") == event;
    let step = steps.iter().find(of).unwrap();
    step.get("data").or(step.get("register")).unwrap().clone()
}

#[test]
fn all_that_a_cell_presupposes_comes_before_it_in_its_order() {
    let plain = case(|_| {});
    assert_eq!(timetable(&plain), ["2021-07-11T07:00:00Z pi detention-started", "2021-07-31T07:00:00Z pi release-date-set"]);
    let start = &said(&plain, "detention-started")["detention"];
    assert_eq!((start["start"].as_str(), start["title"].as_str()), (Some("2021-07-10"), Some("SENTENCE")));

    let full = case(|case| {
        case.setting.ended = true;
        case.setting.standing = Standing::Withdrawn;
        case.to = "receiving-prison";
    });
    assert_eq!(
        timetable(&full),
        [
            "2021-07-11T07:00:00Z pi detention-started",
            "2021-07-12T07:00:00Z pi transferred",
            "2021-07-16T07:00:00Z register register",
            "2021-07-28T07:00:00Z pi detention-ended",
            "2021-07-31T05:00:00Z pi consent-withdrawn",
            "2021-07-31T07:00:00Z pi release-date-set",
        ]
    );
    assert_eq!(said(&full, "transferred")["transfer"]["at"].as_str(), Some("2021-08-02T07:00:00Z"));
    assert_eq!(said(&full, "detention-ended")["detention"]["legalEnd"].as_str(), Some("2021-07-28"));
    assert_eq!(said(&full, "consent-withdrawn")["consent"]["withdrawnAt"].as_str(), Some("2021-07-31T05:00:00Z"));
    assert_eq!(said(&full, "consent-withdrawn")["consent"]["recipient"].as_str(), Some("pi-anders"));
    let by_the_other = case(|case| case.from = "receiving-prison");
    assert!(timetable(&by_the_other).contains(&"2021-07-12T07:00:00Z pi transferred".to_owned()));
    assert!(timetable(&by_the_other).contains(&"2021-07-31T07:00:00Z pi-anders release-date-set".to_owned()));
}

#[test]
fn a_story_takes_a_month_where_the_period_has_one() {
    let told_at = |until: Option<&str>| {
        let case = case(|case| case.setting.until = until.map(|until| until.parse().unwrap()));
        timetable(&case).pop().unwrap().split_once(' ').unwrap().0.to_owned()
    };
    assert_eq!(told_at(None), "2021-07-31T07:00:00Z");
    assert_eq!(told_at(Some("2021-07-31T07:00:01Z")), "2021-07-31T07:00:00Z");
    assert_eq!(told_at(Some("2021-07-31T07:00:00Z")), "2021-06-30T23:00:00Z", "on the day of the change it is too late");
    assert_eq!(told_at(Some("2021-07-02T00:00:00Z")), "2021-06-30T23:00:00Z");
}

#[test]
fn a_consent_is_for_what_the_cell_says() {
    let consent = |standing| said(&case(|case| case.setting.standing = standing), "register")["consent"].clone();
    let categories = |standing| consent(standing)["categories"].as_array().unwrap().len();
    assert_eq!(categories(Standing::Valid), CATEGORIES.len());
    assert_eq!(categories(Standing::WithoutHealth), CATEGORIES.len() - 2);
    let without = consent(Standing::WithoutHealth)["categories"].clone();
    assert!(without.as_array().unwrap().iter().all(|one| !["class:HEALTH", "condition:CARE"].contains(&one.as_str().unwrap())));
    assert_eq!(consent(Standing::Expired).get("until").and_then(toml::Value::as_str), Some("2021-07-27"));
    assert_eq!(consent(Standing::Valid).get("until"), None);
    assert_eq!(consent(Standing::Valid)["recipient"].as_str(), Some("gemeente"));
}

#[test]
fn everybody_has_somebody_who_plays_it() {
    for (role, id) in [
        ("holding-prison", "pi"),
        ("receiving-prison", "pi-anders"),
        ("responsible-municipality", "gemeente"),
        ("responsible-probation-unit", "reclassering"),
        ("care-partner", "zorg"),
        ("care-partner that tells health", "zorg"),
        ("triage", "loket"),
    ] {
        let case = case(|case| {
            case.to = role;
            case.setting.standing = Standing::Valid;
        });
        let table = scenario(&case).unwrap();
        assert_eq!(table["step"].as_array().unwrap().last().unwrap()["expect"][0]["to"].as_str(), Some(id), "{role}");
        let cast = table["participant"].as_array().unwrap();
        let tells: Vec<_> = cast.iter().filter(|one| one.get("tells-health").is_some()).map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!(tells, if role.ends_with("health") { vec!["zorg"] } else { vec![] });
        assert_eq!(cast[0]["sources"][0].as_str(), Some("urn:nld:oin:00000099PI0000001000:systeem:scenario"));
    }
    assert_eq!(scenario(&case(|case| case.to = "settlement-municipality")), Err(Unplayable::History));
    assert_eq!(scenario(&case(|case| case.fields = vec!["/release/nothing".to_owned()])), Err(Unplayable::NoExample));
    assert_eq!(scenario(&case(|case| case.event = "nothing".to_owned())), Err(Unplayable::NoExample));
    let lacks = case(|case| case.setting.lack = Some("/release/kind".parse().unwrap()));
    assert_eq!(scenario(&lacks), Err(Unplayable::Rejected), "its schema asks for it");
}

#[test]
fn a_partner_that_the_message_names_is_one_without_consent() {
    let invited = case(|case| {
        case.event = "care-partner-invited".to_owned();
        case.from = "responsible-municipality";
        case.to = "care-partner";
        case.fields = vec!["/tbo/at".to_owned()];
    });
    assert_eq!(said(&invited, "care-partner-invited")["partner"].as_str(), Some("zorg"));
}

#[test]
fn the_message_says_what_the_cell_presupposes() {
    let screening = |signals: &[Signal]| {
        said(
            &case(|case| {
                case.event = "screening-completed".to_owned();
                case.fields = vec!["/conditions/ID/status".to_owned()];
                case.setting.signals = signals.to_vec();
            }),
            "screening-completed",
        )
    };
    for (signals, care, status) in
        [(&[][..], false, "IN_ORDER"), (&[Signal::CareNeeded], true, "IN_ORDER"), (&[Signal::EntryNotInOrder], false, "MISSING")]
    {
        let data = screening(signals);
        assert_eq!(data["care"]["needed"].as_bool(), Some(care));
        let conditions = data["conditions"].as_table().unwrap();
        assert!(conditions.len() > 3 && conditions.values().all(|entry| entry["status"].as_str() == Some(status)));
        assert!(conditions.values().all(|entry| entry["asOf"].as_str() == Some("2021-07-21")));
    }
}

#[test]
fn the_start_is_where_the_cell_has_it() {
    let start = |change: fn(&mut Counterexample)| {
        let case = case(|case| {
            case.event = "detention-started".to_owned();
            case.fields = vec!["/detention/start".to_owned()];
            change(case);
        });
        said(&case, "detention-started")
    };
    let plain = start(|_| {});
    assert_eq!(plain["residence"]["candidates"][0]["municipality"].as_str(), Some("0193"));
    assert_eq!(plain["detention"]["piEntry"].as_str(), Some("2021-07-10"));
    let asked = start(|case| case.to = "triage");
    assert_eq!(asked["residence"]["candidates"].as_array().map(Vec::len), Some(0), "the desk is asked where nobody knows");
    let isd = start(|case| case.setting.signals = vec![Signal::IsdMeasure]);
    assert_eq!(isd["detention"]["title"].as_str(), Some("ISD"));
    let titled = start(|case| case.setting.title = Some(Title::Vris));
    assert_eq!(titled["detention"]["title"].as_str(), Some("VRIS"));
    let without = start(|case| case.setting.lack = Some("/detention/piEntry".parse().unwrap()));
    assert_eq!(without["detention"].get("piEntry"), None);
}
