//! A new participant, on a hub without a broker: in from a file, its token, a rehearsal, suspended and let go on.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
};

use serde_json::{Value, json};

use super::rig::{Place, Said, Serving, run};

const DEVENTER: &str = r#"
[[participant]]
id = "gemeente-deventer"
kind = "municipality"
oin = "00000099GM0150001000"
organisation = "Gemeente Deventer"
sources = ["urn:nld:oin:00000099GM0150001000:systeem:nazorg"]
municipalities = [{ code = "0150" }]
channel = "pull"
on-call = "piket@deventer.example"
deputies = ["gemeente-zwolle"]
"#;

/// A running hub, and the configuration of whoever keeps its registers.
struct Site {
    place: Place,
    config: String,
    hub: Serving,
}

impl Site {
    fn new() -> Self {
        let place = Place::new();
        let config = place.hub(&["pi-zwolle"]);
        run(&["migrate", "--config", &config]).ended(0);
        let hub = Serving::start(&config);
        Self { config: place.administrator(&config, &hub.address), place, hub }
    }

    fn participant(&self, arguments: &[&str]) -> Said {
        run(&[&["participant"], arguments, &["--config", &self.config]].concat())
    }

    fn file(&self, name: &str, text: &str) -> String {
        self.place.write(name, text)
    }

    /// Every check of a rehearsal: its name and whether it holds.
    fn rehearse(&self, id: &str, code: i32) -> Vec<(String, bool)> {
        let said = self.participant(&["rehearse", id, "--json"]).ended(code);
        said.json().iter().map(|line| (line["check"].as_str().unwrap().to_owned(), line["holds"] == true)).collect()
    }
}

fn inbox(config: &str) -> Said {
    run(&["inbox", "--as", "gemeente-deventer", "--config", config])
}

#[test]
fn a_new_participant_is_on_with_one_command_and_a_second_run_changes_nothing() {
    let site = Site::new();
    let (file, client) = (site.file("deventer.toml", DEVENTER), site.place.folder("client.toml"));
    let said = site.participant(&["add", &file, "--out", &client]).ended(0);
    let expected = json!({
        "participant": "gemeente-deventer", "broker": "not needed", "register": "entered", "subscriptions": [], "key": "new", "client": client,
    });
    assert_eq!(said.json(), [expected]);
    assert_eq!(fs::metadata(&client).unwrap().permissions().mode() & 0o777, 0o600);
    inbox(&client).ended(0);

    let written = fs::read_to_string(&client).unwrap();
    let key = written.lines().find_map(|line| line.strip_prefix("secret = ")).unwrap().trim_matches('"').to_owned();
    assert!(!said.out.contains(&key) && !said.err.contains(&key), "what is written to a file is not printed");
    let again = site.participant(&["add", &file, "--out", &client]).ended(0).json().remove(0);
    assert_eq!((&again["register"], &again["key"], again.get("client")), (&json!("as it was"), &json!("as it was"), None));
    assert_eq!(fs::read_to_string(&client).unwrap(), written);

    let refused = site.participant(&["add", &file, "--new-keys", "--out", &client]).ended(1);
    assert!(refused.err.contains("name another file for the key"), "{}", refused.err);
    inbox(&client).ended(0);
    let printed = site.participant(&["add", &file, "--new-keys"]).ended(0).json().remove(0);
    assert_eq!(printed["client"]["url"], json!(site.hub.address));
    inbox(&client).ended(1);
    let secret = printed["client"]["secret"].as_str().unwrap();
    let second = site.file("second.toml", &format!("[client]\nurl = \"{}\"\nsecret = \"{secret}\"\n", site.hub.address));
    inbox(&second).ended(0);

    let changed = site.file("changed.toml", &DEVENTER.replace("piket", "wacht"));
    assert_eq!(site.participant(&["add", &changed]).ended(0).json()[0]["register"], json!("changed"));
    assert_eq!(site.participant(&["list"]).ended(0).out.matches("gemeente-deventer").count(), 2, "nothing is taken away");
}

#[test]
fn what_cannot_be_entered_gets_no_key() {
    let site = Site::new();
    for (right, wrong, why) in [
        (
            "deputies = [\"gemeente-zwolle\"]",
            "deputies = [\"gemeente-nergens\"]",
            "a registered participant where `gemeente-nergens` stands",
        ),
        ("channel = \"pull\"", "channel = \"pull\"\nenvironment = \"production\"", "the environment of the hub"),
        ("channel = \"pull\"", "channel = \"amqp\"", "this configuration names no broker"),
        ("kind = \"municipality\"", "kind = \"town\"", "bad.toml:2:1"),
    ] {
        assert!(DEVENTER.contains(right));
        let (file, client) = (site.file("bad.toml", &DEVENTER.replace(right, wrong)), site.place.folder("none.toml"));
        let said = site.participant(&["add", &file, "--out", &client]).ended(1);
        assert!(said.err.contains(why), "{why}\n{}", said.err);
        assert!(!fs::exists(&client).unwrap(), "{why}");
    }
    assert!(!site.participant(&["list"]).ended(0).out.contains("gemeente-deventer"));
}

#[test]
fn a_rehearsal_passes_for_every_kind() {
    let site = Site::new();
    let file = site.file("deventer.toml", DEVENTER);
    let before = site.participant(&["rehearse", "gemeente-deventer"]).ended(1);
    assert!(before.err.contains("gemeente-deventer is not registered"), "{}", before.err);
    site.participant(&["add", &file]).ended(0);
    let said = site.participant(&["rehearse", "gemeente-deventer"]).ended(0);
    let lines: Vec<&str> = said.out.lines().collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    ok    it is not suspended
    ok    it has a bearer token
    ok    is told of the detention of its own resident, with what the law gives and no more
    ok    is told the date of release
    ok    is told that the date moved
    ok    hears which condition is missing, and nothing of one that is in order
    ok    hears nothing of a resident of another municipality
    ok    hears nothing of what follows there
    ok    its own message, under its own source, reaches prison and probation unit
    ok    a message under the source of somebody else is rejected
    ok    a message about the resident of another municipality is rejected
    ok    is told of the end
    gemeente-deventer: passed, 12 checks, 0 of them not as they should be
    ");
    // these fetch, and nobody has given them a token
    for id in ["pi-zwolle", "pi-vught", "rn-zwolle", "rn-brabant", "ggz-zwolle", "gemeente-breda"] {
        let wrong: Vec<_> = site.rehearse(id, i32::from(id != "pi-zwolle")).into_iter().filter(|(_, holds)| !holds).collect();
        assert!(wrong.iter().all(|(check, _)| check == "it has a bearer token"), "{id}: {wrong:?}");
    }
    let triage = site.participant(&["rehearse", "triage"]).ended(1);
    assert!(triage.err.contains("a triage has nothing to rehearse"), "{}", triage.err);
}

#[test]
fn a_rehearsal_shows_what_keeps_messages_from_a_participant() {
    let site = Site::new();
    // it asks for the date of release only, and nobody has said yes
    let wanted = "[[subscription]]\nparticipant = \"gemeente-deventer\"\nevents = [\"release-date-set\"]\n";
    let file = site.file("deventer.toml", &format!("{DEVENTER}{wanted}"));
    assert_eq!(site.participant(&["add", &file]).ended(0).json()[0]["subscriptions"], json!(["release-date-set"]));
    assert_eq!(site.participant(&["add", &file]).ended(0).json()[0]["subscriptions"], json!([]), "asked for once");
    let said = site.participant(&["rehearse", "gemeente-deventer", "--json"]).ended(1).json();
    let check = |name: &str| said.iter().find(|line| line["check"] == name).unwrap_or_else(|| panic!("{name}: {said:#?}"));
    let unapproved = check("is told the date of release");
    assert_eq!(unapproved["holds"], json!(false));
    assert!(unapproved["why"].as_str().unwrap().contains("NOT_SUBSCRIBED"), "{unapproved}");
    let unwanted = check("is told that the date moved");
    assert_eq!((&unwanted["holds"], &unwanted["why"]), (&json!(true), &json!("it does not subscribe to this, and gets nothing")));
    // the source that it sends under is not the one that is registered
    let other = DEVENTER.replace("urn:nld:oin:00000099GM0150001000:systeem:nazorg", "urn:nld:oin:00000099OEFENING1000:systeem:oefening");
    site.participant(&["add", &site.file("other.toml", &other)]).ended(0);
    let wrong: Vec<String> =
        site.rehearse("gemeente-deventer", 1).into_iter().filter_map(|(check, holds)| (!holds).then_some(check)).collect();
    assert!(wrong.contains(&"a message under the source of somebody else is rejected".to_owned()), "{wrong:?}");
    assert_eq!(run(&["status", "--json", "--config", &site.config]).ended(0).json()[0]["waiting"], json!(0), "nothing of it is in the hub");
}

#[test]
fn suspended_and_let_go_on() {
    let site = Site::new();
    let (file, client) = (site.file("deventer.toml", DEVENTER), site.place.folder("client.toml"));
    site.participant(&["add", &file, "--out", &client]).ended(0);
    let said = site.participant(&["suspend", "gemeente-deventer"]).ended(0);
    assert_eq!(said.json(), [json!({"suspended": "gemeente-deventer", "connections": null})]);
    assert!(said.err.contains("no broker in this configuration"));
    site.participant(&["suspend", "gemeente-deventer"]).ended(0);
    assert_eq!(site.rehearse("gemeente-deventer", 1)[0], ("it is not suspended".to_owned(), false));
    let refused = site.participant(&["add", &file]).ended(1);
    assert!(refused.err.contains("`participant resume` first"), "{}", refused.err);
    site.participant(&["resume", "gemeente-deventer"]).ended(0);
    site.participant(&["resume", "gemeente-deventer"]).ended(0);
    assert!(site.rehearse("gemeente-deventer", 0).iter().all(|(_, holds)| *holds));
    let stops = run(&["participant", "list", "--config", &site.config]).ended(0);
    assert!(stops.json().iter().all(|line| line["entry"] != Value::Null));
}

/// Takes whatever is posted, until the test ends.
fn takes_everything() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut got, mut some) = (Vec::new(), [0; 4096]);
            while !is_whole(&got) {
                match stream.read(&mut some) {
                    Ok(count) if count > 0 => got.extend_from_slice(&some[..count]),
                    _ => break,
                }
            }
            stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").ok();
        }
    });
    address
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |length| length.parse().unwrap());
    body.len() >= length
}

#[test]
fn who_is_called_tests_its_channel_and_pauses_by_itself() {
    let place = Place::new();
    let config = place.hub(&["pi-zwolle", "gemeente-deventer"]);
    let allow =
        "[webhooks]\norigin = \"hub.test\"\n[[webhooks.allow]]\nhost = \"127.0.0.1\"\nnetworks = [\"127.0.0.1\"]\nplain-http = true\n";
    fs::write(&config, fs::read_to_string(&config).unwrap() + allow).unwrap();
    run(&["migrate", "--config", &config]).ended(0);
    let hub = Serving::start(&config);
    let site = Site { config: place.administrator(&config, &hub.address), place, hub };
    let url = format!("webhook = {{ url = \"http://{}/in\" }}\nchannel = \"webhook\"", takes_everything());
    let file = site.file("deventer.toml", &DEVENTER.replace("channel = \"pull\"", &url));
    let said = site.participant(&["add", &file]).ended(0).json();
    assert_eq!((&said[0]["register"], &said[0]["broker"]), (&json!("entered"), &json!("not needed")), "{said:?}");

    let secrets = site.participant(&["secret", "gemeente-deventer"]).ended(0).json();
    assert!(secrets[0]["secrets"][0].as_str().unwrap().starts_with("whsec_"), "{secrets:?}");
    let checks = site.rehearse("gemeente-deventer", 0);
    assert!(checks.contains(&("its address took a heartbeat".to_owned(), true)), "{checks:?}");

    let own = site.place.client("gemeente-deventer", &site.hub.address);
    let tested = run(&["subscription", "test", "gemeente-deventer", "--config", &own]).ended(0).json();
    assert_eq!((&tested[0]["channel"], &tested[0]["works"]), (&json!("webhook"), &json!(true)), "{tested:?}");
    run(&["subscription", "add", "--config", &own, "participant=gemeente-deventer", "events=[\"*\"]", "state=paused"]).ended(0);
    run(&["subscription", "add", "--config", &own, "participant=gemeente-breda", "events=[\"*\"]", "state=paused"]).ended(1);
}
