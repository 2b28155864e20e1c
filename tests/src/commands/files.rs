//! `rules check`, `rules diff`, `rules prove`, `config`, wrong usage.

use std::fs;

use super::rig::{KEY, Place, root, run};

#[test]
fn wrong_usage_is_told_from_failure() {
    for arguments in [
        &[][..],
        &["dance"],
        &["scenario", "run"],
        &["serve"],
        &["inbox", "--as", "pi-zwolle"],
        &["publish", "--as", "Not An Id", "--config", "x", "y"],
    ] {
        let said = run(arguments).ended(2);
        assert!(said.out.is_empty() && said.err.contains("Usage") | said.err.contains("--help"), "{arguments:?}: {}", said.err);
    }
    run(&["--help"]).ended(0);
    run(&["serve", "--config", "/nonexistent/hub.toml"]).ended(1);
}

#[test]
fn the_shipped_rules_have_no_mistakes() {
    let said = run(&["rules", "check"]).ended(0);
    assert!(said.out.contains("no mistakes; version "), "{}", said.out);
    let said = run(&["rules", "check", "--rules", "config/rules", "--json"]).ended(0);
    let mut said = said.json();
    let answer = said.pop().unwrap();
    assert!(answer["rules"].as_u64().unwrap() > 20 && answer["version"].as_str().unwrap().len() == 16, "{answer}");
    assert!(said.iter().all(|found| found["kind"] == "note"), "{said:?}");
}

#[test]
fn a_rule_that_can_never_speak_is_a_mistake_with_its_place() {
    let place = Place::new();
    let folder = unlawful(&place);
    let twice = "\n[[rule]]\nid = \"twice\"\nevents = [\"plan-not-made\"]\nsender = \"holding-prison\"\nto = [\"responsible-municipality\"]\npurpose = \"reintegration\"\nowner = \"DJI\"\n[[rule.grant]]\nbasis = \"pm-20d-2\"\nfields = [\"/plan/reason\"]\n";
    place.write("rules/twice.toml", twice);
    let said = run(&["rules", "check", "--rules", &folder]).ended(1);
    assert!(said.out.contains("mistake: twice.toml:3:6: the rule `twice` never speaks: `plan-not-made-to-triad`"), "{}", said.out);
    assert!(said.out.contains("  | id = \"twice\"\n  |      ^^^^^^^\n"), "{}", said.out);
}

#[test]
fn the_matrix_is_printed_folded_or_in_full() {
    let reviewed = fs::read_to_string(root().join("tests/golden/matrix.txt")).unwrap();
    assert_eq!(run(&["rules", "matrix"]).ended(0).out, reviewed);
    let [answer] = run(&["rules", "matrix", "--json"]).ended(0).json().try_into().unwrap();
    let full = run(&["rules", "matrix", "--full"]).ended(0).out;
    assert_eq!(full.lines().count() as u64, answer["cells"].as_u64().unwrap());
    assert_eq!(schakelpunt_domain::digest::sha256(full.as_bytes()), answer["sha256"].as_str().unwrap(), "what sha256sum says of it");
    run(&["rules", "matrix", "--rules", "/nonexistent"]).ended(1);
}

#[test]
fn every_mistake_in_a_rule_has_file_line_and_column() {
    let place = Place::new();
    for path in fs::read_dir(root().join("config/rules")).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        let text = fs::read_to_string(&path).unwrap();
        place.write(&format!("rules/{}", path.file_name().unwrap().to_str().unwrap()), &text);
    }
    let folder = place.write("rules/mine.toml", "[[never]]\nid = \"mine\"\nto = [\"mayor\"]\nfields = [\"/person/identity\"]\n");
    let folder = folder.strip_suffix("/mine.toml").unwrap();
    let said = run(&["rules", "check", "--rules", folder]).ended(1);
    assert!(said.out.contains("mine.toml:3:7: unknown kind `mayor` [UNKNOWN_KIND]"), "{}", said.out);
    assert!(said.out.contains("mine.toml:4:11: `/person/identity` is an object [NOT_A_LEAF]"), "{}", said.out);
    let said = run(&["rules", "check", "--rules", folder, "--json"]).ended(1);
    let errors = said.json();
    assert_eq!(
        errors.iter().map(|error| (error["line"].as_u64(), error["column"].as_u64())).collect::<Vec<_>>(),
        [(Some(3), Some(7)), (Some(4), Some(11))]
    );
    run(&["rules", "check", "--rules", "/nonexistent"]).ended(1);
}

/// The shipped rules in a folder, with a rule that a municipality may not have.
fn unlawful(place: &Place) -> String {
    for path in fs::read_dir(root().join("config/rules")).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        place.write(&format!("rules/{}", path.file_name().unwrap().to_str().unwrap()), &fs::read_to_string(&path).unwrap());
    }
    let rule = r#"
[[rule]]
id      = "phase-told"
events  = ["supervision-information-provided"]
sender  = "holding-prison"
to      = ["settlement-municipality"]
purpose = "reintegration"
owner   = "DJI"
[[rule.grant]]
basis  = "pm-20d-4"
fields = ["/information/phase"]
"#;
    place.write("rules/mine.toml", rule).strip_suffix("/mine.toml").unwrap().to_owned()
}

#[test]
fn what_a_change_of_the_rules_means_is_told_in_three_ways() {
    let place = Place::new();
    let folder = unlawful(&place);
    let same = run(&["rules", "diff", "config/rules"]).ended(0);
    assert!(same.out.contains("no difference in who may know what"), "{}", same.out);
    let text = run(&["rules", "diff", &folder]).ended(3).out;
    assert!(text.contains("becomes visible\n    event   supervision-information-provided"), "{text}");
    let paper = run(&["rules", "diff", "config/rules", &folder, "--markdown"]).ended(3).out;
    assert!(
        paper.contains("| holding-prison | settlement-municipality | `/information/phase` | pm-20d-4, for reintegration, may"),
        "{paper}"
    );
    let [back] = run(&["rules", "diff", &folder, "config/rules", "--json"]).ended(3).json().try_into().unwrap();
    assert!(back["lines"][0]["change"]["is"].is_null(), "{back}");
    assert_eq!(back["lines"][0]["change"]["was"]["basis"], "pm-20d-4");
    run(&["rules", "diff", &folder, "/nonexistent"]).ended(1);
}

#[test]
fn the_tests_beside_the_shipped_rules_hold() {
    let said = run(&["rules", "test"]).ended(0);
    assert!(said.out.contains(" 0 failed; ") && said.out.contains("not reached: rule "), "{}", said.out);
    let mut lines = run(&["rules", "test", "--rules", "config/rules", "--json"]).ended(0).json();
    let last = lines.pop().unwrap();
    assert_eq!(last["tests"].as_u64(), Some(lines.len() as u64));
    let reached = last["coverage"]["rules"].as_array().unwrap().iter().find(|rule| rule["rule"] == "detention-started-to-municipality");
    assert!(reached.unwrap()["grants"].as_array().unwrap().iter().all(|grant| grant["gave"].as_u64() > Some(0)), "{last}");
}

/// With a rule that tells more the test that says who may not know fails; without tests there is nothing to be played.
#[test]
fn a_rule_that_tells_more_fails_its_test() {
    let place = Place::new();
    let folder = unlawful(&place);
    run(&["rules", "test", "--rules", &folder]).ended(1);
    place.write("rules/tests/care.toml", &fs::read_to_string(root().join("config/rules/tests/care.toml")).unwrap());
    let said = run(&["rules", "test", "--rules", &folder]).ended(0);
    assert!(said.out.starts_with(&format!("ok   {folder}/tests/care.toml: ")), "{}", said.out);
    let plans = fs::read_to_string(format!("{folder}/plans.toml")).unwrap();
    place.write("rules/plans.toml", &plans.replace("when   = [\"care-needed\"]\n", ""));
    let said = run(&["rules", "test", "--rules", &folder]).ended(1);
    assert!(said.out.contains("/care is there"), "{}", said.out);
}

/// Played with the rules that were proved, the scenario holds: the municipality is told. With the shipped rules it does not.
#[test]
fn a_broken_invariant_is_shown_by_a_scenario() {
    let place = Place::new();
    let folder = unlawful(&place);
    let rule = fs::read_to_string(format!("{folder}/mine.toml")).unwrap().replace("settlement-", "responsible-");
    // beside the shipped rule, which asks what the consultation is about
    place.write("rules/mine.toml", &rule);
    let into = folder.replace("/rules", "/scenarios");
    let said = run(&["rules", "prove", "--rules", &folder, "--scenarios", &into]).ended(1);
    let scenario = format!("{into}/consulting-on-supervision.toml");
    assert!(said.out.contains(&format!("{scenario}: played, it shows it")), "{}", said.out);
    run(&["scenario", "run", &scenario]).ended(0);
    let lawful = fs::read_to_string(&scenario).unwrap().replace(&folder, "config/rules");
    let lawful = place.write("lawful.toml", &lawful);
    run(&["scenario", "run", &lawful]).ended(1);
}

#[test]
fn the_shipped_rules_are_proved_and_an_unlawful_one_is_shown_with_its_case() {
    let place = Place::new();
    let folder = unlawful(&place);
    let proved = run(&["rules", "prove"]).ended(0);
    assert!(proved.out.contains(" invariants, all hold; ") && !proved.out.contains("note:"), "{}", proved.out);
    let broken = run(&["rules", "prove", "--rules", &folder]).ended(1).out;
    assert!(broken.contains("BROKEN consulting-on-supervision: ") && broken.contains("by the rule phase-told on pm-20d-4"), "{broken}");
    place.write("rules/invariants.toml", "[[invariant]]\nid = \"mine\"\nsentence = \"x\"\nto = [\"mayor\"]\nnever = true\n");
    let said = run(&["rules", "prove", "--rules", &folder]).ended(1);
    assert!(said.out.contains("invariants.toml:4:7: unknown kind or relation `mayor` [UNKNOWN_PARTY]"), "{}", said.out);
}

#[test]
fn a_configuration_is_checked_and_shown_without_its_secrets() {
    let place = Place::new();
    let secrets = ["store-secret", "bus-secret", "api-secret", "user-secret", "token-secret", "client-secret", KEY];
    let text = format!(
        r#"digest-key = "{KEY}"
participants = "config/demo/participants.toml"
[store]
url = "postgres://hub:store-secret@db.example/hub"
[bus]
url = "amqp://hub:bus-secret@mq.example/schakelpunt"
api = "http://hub:api-secret@mq.example:15672"
password = "user-secret"
[http]
listen = "127.0.0.1:8180"
[[http.token]]
participant = "pi-zwolle"
token = "token-secret"
[client]
url = "http://127.0.0.1:8180"
secret = "client-secret"
"#
    );
    let config = place.write("hub.toml", &text);
    let checked = run(&["config", "check", "--config", &config]).ended(0);
    assert!(checked.out.contains("the configuration can be used; rule set "), "{}", checked.out);
    let shown = run(&["config", "show", "--config", &config]).ended(0);
    assert!(shown.out.contains("127.0.0.1:8180") && shown.out.contains("pi-zwolle"), "{}", shown.out);
    for secret in secrets {
        assert!(!shown.out.contains(secret) && !shown.err.contains(secret), "{secret} is shown:\n{}", shown.out);
    }
}

#[test]
fn a_wrong_configuration_says_what_to_do_and_repeats_no_secret() {
    let place = Place::new();
    let check = |text: &str| run(&["config", "check", "--config", &place.write("hub.toml", text)]).ended(1).err;
    assert!(check("").contains("SCHAKELPUNT__DIGEST_KEY"), "where the key comes from");
    let mistyped = check(&format!("digest-key = \"{KEY}\"\n[stor]\nurl = \"x\"\n"));
    assert!(mistyped.contains("hub.toml:2:2: ") && mistyped.contains("stor"), "{mistyped}");
    let short = check("digest-key = \"very-secret\"\n");
    assert!(short.contains("64 hexadecimal digits") && !short.contains("very-secret"), "{short}");
    let unknown = check(&format!("digest-key = \"{KEY}\"\n[store]\nurl = \"mysql://hub:very-secret@db\"\n"));
    assert!(unknown.contains("store.url") && !unknown.contains("very-secret"), "{unknown}");
    let number = check(&format!("digest-key = \"{KEY}\"\n[bus]\nurl = \"in-process\"\nqueues = \"very-secret\"\n"));
    assert!(number.contains("hub.toml:4:10: "), "{number}");
}
