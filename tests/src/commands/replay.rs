//! `rules replay` and `rules diff --config`: what was decided, under other rules.

use serde_json::json;

use super::{
    explain::rules,
    hub::start,
    rig::{Place, Serving, run},
};

#[test]
fn a_candidate_is_held_against_what_was_decided() {
    let place = Place::new();
    let config = place.hub(&["pi-zwolle", "gemeente-zwolle"]);
    let hub = Serving::start(&config);
    let client = place.client("pi-zwolle", &hub.address);
    run(&["publish", "--as", "pi-zwolle", "--config", &client, &place.write("start.json", &start())]).ended(0);
    hub.stop();

    let same = run(&["rules", "replay", "--config", &config, "--json"]).ended(0);
    let same = &same.json()[0];
    assert_eq!((&same["differ"], &same["undecidable"]), (&json!(0), &json!({})), "by the rules that were applied");
    assert!(same["decisions"].as_u64().unwrap() >= 1);
    run(&["rules", "replay", "--config", &config, "--candidate", "config/rules"]).ended(0);

    rules(&place, "2031-07-01");
    let candidate = place.folder("rules");
    let other = run(&["rules", "replay", "--config", &config, "--candidate", &candidate, "--json"]).ended(3);
    let other = &other.json()[0];
    assert_eq!(other["touched"], json!({"messages": 1, "detentions": 1, "organisations": 1}), "{other}");
    let stops = |line: &serde_json::Value| line["to"] == "responsible-municipality" && line["is"].is_null();
    assert!(other["lines"].as_array().unwrap().iter().any(stops), "51c gives less than 20d: {other}");

    let period = ["--from", "2020-01-01", "--until", "2020-12-31"];
    let none = run(&[&["rules", "replay", "--config", &config, "--candidate", &candidate, "--json"][..], &period].concat()).ended(0);
    assert_eq!(none.json()[0]["decisions"], json!(0), "nothing was decided then");

    let diff = run(&["rules", "diff", "config/rules", &candidate, "--config", &config]).ended(3);
    assert!(diff.out.contains("1 message, 1 detention, 1 organisation"), "{}", diff.out);
}
