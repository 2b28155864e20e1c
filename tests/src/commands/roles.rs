//! Who speaks as whom: in a test environment by the file of the hub, elsewhere by a token of one's own.

use std::fs;

use super::rig::{Place, Serving, run};

/// The SHA-256 of the token of an administrator, `token-of-beheer`.
const DIGEST: &str = "b81d63bf947a9a50de3691ccdb9c1582ac0cce905934826e8b73ae4105c0cb7d";

/// The file of a hub as in production: who has its token, it knows by the digest.
fn production(place: &Place) -> String {
    let test = fs::read_to_string(place.hub(&[])).unwrap();
    let register = fs::read_to_string(place.folder("participants.toml")).unwrap();
    place.write("participants.toml", &register.replace("[[participant]]", "[[participant]]\nenvironment = \"production\""));
    let digest = test.replace("token = \"token-of-beheer\"", &format!("sha256 = \"{DIGEST}\""));
    place.write("hub.toml", &format!("environment = \"production\"\n{digest}"))
}

#[test]
fn in_production_the_file_of_the_hub_makes_nobody_an_administrator() {
    let place = Place::new();
    let config = production(&place);
    run(&["migrate", "--config", &config]).ended(0);
    let hub = Serving::start(&config);
    let config = place.administrator(&config, &hub.address);
    let detention = "detention=D-1";
    for words in [
        &["stop", "add", detention][..],
        &["stop", "add", detention, "--as", "beheer"],
        &["stop", "list"],
        &["rules", "list"],
        &["rules", "stop", "--why", "It is tried.", "--as", "beheer"],
        &["participant", "list"],
        &["inbox", "--as", "pi-zwolle"],
    ] {
        let said = run(&[words, &["--config", &config]].concat()).ended(1);
        assert!(said.err.contains("a [client] section with a token of your own"), "{words:?}: {}", said.err);
    }
    let own = place.client("beheer", &hub.address);
    run(&["stop", "add", detention, "--config", &own]).ended(0);
    let named = run(&["stop", "add", detention, "--config", &own, "--as", "jurist"]).ended(1);
    assert!(named.err.contains("its token says who it is"), "{}", named.err);
    let other = place.client("jurist", &hub.address);
    run(&["stop", "add", detention, "--config", &other]).ended(1);
}

#[test]
fn a_file_that_holds_tokens_is_none_for_production() {
    let place = Place::new();
    let text = fs::read_to_string(place.hub(&["pi-zwolle"])).unwrap();
    let config = place.write("hub.toml", &format!("environment = \"production\"\n{text}"));
    let said = run(&["config", "check", "--config", &config]).ended(1);
    assert!(said.err.contains("[[http.token]] of pi-zwolle") && said.err.contains("sha256"), "{}", said.err);
    assert!(!said.err.contains("token-of-pi-zwolle"), "{}", said.err);
}

#[test]
fn in_a_test_environment_whose_digest_alone_is_known_cannot_be_spoken_for() {
    let place = Place::new();
    let text = fs::read_to_string(place.hub(&[])).unwrap().replace("token = \"token-of-beheer\"", &format!("sha256 = \"{DIGEST}\""));
    let said = run(&["stop", "list", "--config", &place.write("hub.toml", &text)]).ended(1);
    assert!(said.err.contains("only the digest"), "{}", said.err);
}
