//! `rules explain` across a restart under other rules: for a pair of instants the answer stays the same.

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
    assert_eq!(what_if.ended(0).json()[0]["bases"], json!(["pm-20d-2"]), "what other rules would say now");
    let future = run(&["rules", "explain", "--config", &config, "c-start", "--known", "2999-01-01T00:00:00Z"]).ended(1);
    assert!(future.err.contains("KNOWN_IN_FUTURE"), "{}", future.err);
    let past = run(&["rules", "explain", "--config", &config, "c-start", "--known", "2020-01-01T00:00:00Z"]).ended(1);
    assert!(past.err.contains("RULES_NOT_KEPT"), "{}", past.err);
}
