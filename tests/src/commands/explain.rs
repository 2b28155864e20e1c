//! `rules explain` across a restart under other rules: for a pair of instants the answer stays the same. Of a refusal it says what would
//! make it lawful, and it takes made-up cases.

use std::fs;

use schakelpunt::clock::SystemClock;
use schakelpunt_domain::Clock as _;
use serde_json::json;

use super::{
    hub::start,
    rig::{Place, Serving, root, run},
};

/// Copies the shipped rules, with another day of commencement for the article of 2021.
pub(super) fn rules(place: &Place, commencement: &str) {
    for file in fs::read_dir(root().join("config/rules")).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
        let text = fs::read_to_string(&file).unwrap().replace("2021-07-01", commencement);
        place.write(&format!("rules/{}", file.file_name().unwrap().to_str().unwrap()), &text);
    }
}

#[test]
fn an_answer_stays_the_same_when_the_rules_change() {
    let place = Place::new();
    let config = place.hub(&["pi-zwolle", "gemeente-zwolle"]);
    rules(&place, "2021-07-01");
    let text = format!("rules = \"{}\"\n{}", place.folder("rules"), fs::read_to_string(&config).unwrap());
    let config = place.write("hub.toml", &text);
    let explain = |more: &[&str]| {
        let arguments = [&["rules", "explain", "--config", &config, "c-start", "--to", "gemeente-zwolle", "--json"], more].concat();
        let said = run(&arguments);
        said.ended(0).json().remove(0)
    };

    let hub = Serving::start(&config);
    let client = place.client("pi-zwolle", &hub.address);
    run(&["publish", "--as", "pi-zwolle", "--config", &client, &place.write("start.json", &start())]).ended(0);
    let then = SystemClock.now().to_string();
    let before = explain(&["--at", &then, "--known", &then]);
    assert_eq!(before["bases"], json!(["pm-20d-2"]));
    hub.stop();

    rules(&place, "2031-07-01");
    let hub = Serving::start(&config);
    assert_eq!(explain(&["--at", &then, "--known", &then]), before, "by the rules that were applied then");
    let now = explain(&[]);
    assert_eq!((&now["bases"], &now["version"]), (&before["bases"], &before["version"]), "other files change nothing by themselves");
    hub.stop();

    let config_of_shipped = place.hub(&["pi-zwolle"]);
    let what_if = run(&[
        "rules",
        "explain",
        "--config",
        &config_of_shipped,
        "c-start",
        "--to",
        "gemeente-zwolle",
        "--json",
        "--rules",
        "config/rules",
    ]);
    let what_if = what_if.ended(0).json().remove(0);
    assert_eq!(what_if["bases"], json!(["pm-20d-2"]), "what other rules would say now");
    assert_eq!(what_if["articles"].as_array().unwrap().len(), 1);
    assert_eq!(what_if["facts"]["sender"], json!(["holding-prison"]));
    let refused = ["rules", "explain", "--config", &config_of_shipped, "c-start", "--to", "gemeente-breda"];
    let refused_in_json = run(&[&refused[..], &["--json"]].concat()).ended(3).json().remove(0);
    let found = refused_in_json["wouldBeLawful"].as_array().unwrap().clone();
    let chosen = found.iter().find(|one| one["changes"] == json!(["the recipient were responsible-municipality"])).unwrap();
    assert_eq!((&chosen["mayBeAskedFor"], &chosen["unlawful"][0]["code"]), (&json!(false), &json!("CHOSEN")), "{chosen}");
    let text = run(&refused).ended(3).out;
    assert!(text.contains("lawful if") && text.contains("do not ask:"), "{text}");
    let future = run(&["rules", "explain", "--config", &config, "c-start", "--known", "2999-01-01T00:00:00Z"]).ended(1);
    assert!(future.err.contains("KNOWN_IN_FUTURE"), "{}", future.err);
    let past = run(&["rules", "explain", "--config", &config, "c-start", "--known", "2020-01-01T00:00:00Z"]).ended(1);
    assert!(past.err.contains("RULES_NOT_KEPT"), "{}", past.err);
}

#[test]
fn a_made_up_case_needs_no_hub() {
    let place = Place::new();
    let case =
        |text: &str| place.write("case.toml", &format!("event = \"care-partner-invited\"\nsender = \"responsible-municipality\"\n{text}"));
    let at = "at = \"2024-09-12T10:00:00Z\"\nrecipient = \"care-partner\"\n";
    let explain = |text: &str, code: i32| run(&["rules", "explain", "--case", &case(text), "--json"]).ended(code).json().remove(0);

    let refused = explain(at, 3);
    assert_eq!((&refused["outcome"], &refused["code"]), (&json!("refuse"), &json!("CONSENT_MISSING")));
    let found = refused["wouldBeLawful"].as_array().unwrap();
    assert!(found.iter().any(|one| one["mayBeAskedFor"] == json!(true) && one["unlawful"] == json!([])), "{refused}");
    let withdrawn = explain(&format!("{at}consent = \"withdrawn\""), 3);
    let marks = withdrawn["wouldBeLawful"].as_array().unwrap().iter().flat_map(|one| one["unlawful"].as_array().unwrap().clone());
    assert!(marks.into_iter().any(|why| why["code"] == "ASKED_AGAIN"), "{withdrawn}");

    let given = explain(&format!("{at}consent = \"valid\""), 0);
    assert_eq!((&given["outcome"], &given["at"]), (&json!("permit"), &json!("2024-09-12T10:00:00Z")));
    assert_eq!(given["articles"].as_array().unwrap().len(), given["bases"].as_array().unwrap().len());
    assert_eq!(given.get("wouldBeLawful"), None);

    let wrong = run(&["rules", "explain", "--case", &case("recipient = \"care-partner\"\nconsnet = 1")]).ended(1);
    assert!(wrong.err.contains("case.toml:4:1"), "{}", wrong.err);
    let wrong = run(&["rules", "explain", "--case", &case("recipient = \"earlier-recipient\"")]).ended(1);
    assert!(wrong.err.contains("`kind`"), "{}", wrong.err);
    assert_eq!(run(&["rules", "explain"]).code, 2);
}
