//! A hub on SQLite with an in-process bus, through its commands: `migrate`, `doctor`, `serve`, `publish`, `inbox`, `rules explain`, `deliveries`.

use serde_json::{Value, json};

use super::rig::{Place, Serving, run};

/// A message as a participant's system writes it.
fn event(id: &str, ty: &str, source: &str, sequence: u32, data: &Value) -> String {
    json!({
        "specversion": "1.0", "id": id, "type": ty, "source": source, "time": "2024-09-03T08:00:00Z",
        "subject": "C-1", "partitionkey": "C-1", "sequence": format!("{sequence:020}"), "data": data,
    })
    .to_string()
}

const PRISON: &str = "urn:nld:oin:00000099PI0000025000:systeem:registratie";
const MUNICIPALITY: &str = "urn:nld:oin:00000099GM0193001000:systeem:nazorg";

pub(super) fn start() -> String {
    let data = json!({
        "person": {"identity": {"surname": "Watersnip", "birthDate": "1984-05-17", "skn": "9900000001"}},
        "detention": {"start": "2024-09-03", "piEntry": "2024-09-03", "title": "SENTENCE"},
        "residence": {"candidates": [{"source": "BRP_AT_START", "municipality": "0193", "kind": "HOME"}]},
    });
    event("c-start", "nl.schakelpunt.detentions.detention-started.v1", PRISON, 1, &data)
}

fn invitation() -> String {
    let data = json!({"partner": "ggz-zwolle", "tbo": {"at": "2024-09-12T10:00:00Z"}, "person": {"identity": {"surname": "Watersnip"}}});
    event("c-invitation", "nl.schakelpunt.care.care-partner-invited.v1", MUNICIPALITY, 1, &data)
}

#[test]
fn a_store_is_made_and_a_doctor_says_what_is_missing() {
    let place = Place::new();
    let config = place.hub(&[]);
    let before = run(&["doctor", "--config", &config]).ended(1);
    assert!(before.out.contains("TO DO store") && before.out.contains("schakelpunt migrate"), "{}", before.out);
    run(&["migrate", "--config", &config]).ended(0);
    run(&["migrate", "--config", &config]).ended(0);
    let after = run(&["doctor", "--config", &config]).ended(0);
    for what in ["configuration", "rules", "store", "participants", "broker"] {
        assert!(after.out.contains(&format!("ok    {what}: ")), "{}", after.out);
    }
    assert_eq!(run(&["deliveries", "list", "--config", &config]).ended(0).out, "");
    let [status] = run(&["status", "--json", "--config", &config]).ended(0).json().try_into().unwrap();
    assert_eq!(status, json!({"waiting": 0, "claimed": 0, "blocked": 0, "receipts": 0}));
}

#[test]
fn a_message_goes_in_over_http_and_comes_out_at_who_may_have_it() {
    let place = Place::new();
    let config = place.hub(&["pi-zwolle", "gemeente-zwolle", "rn-zwolle", "gemeente-kampen"]);
    let hub = Serving::start(&config);
    let client = |participant: &str| place.client(participant, &hub.address);
    let publish = |participant: &str, file: &str| run(&["publish", "--as", participant, "--config", &client(participant), file]);
    let inbox = |participant: &str| run(&["inbox", "--as", participant, "--config", &client(participant)]).ended(0).json();

    let file = place.write("start.json", &start());
    let [said] = publish("pi-zwolle", &file).ended(0).json().try_into().unwrap();
    assert_eq!(said["answer"]["status"], 202, "{said}");
    let [said] = publish("pi-zwolle", &file).ended(0).json().try_into().unwrap();
    assert_eq!(said["answer"]["status"], 200, "seen before: {said}");

    let [notice] = inbox("gemeente-zwolle").try_into().unwrap();
    assert_eq!((&notice["legalbasis"], &notice["data"]["person"]["identity"]["surname"]), (&json!("pm-20d-2"), &json!("Watersnip")));
    assert_eq!((notice["data"]["person"]["identity"].get("skn"), notice["data"]["detention"].get("title")), (None, None));
    let [notice] = inbox("rn-zwolle").try_into().unwrap();
    assert_eq!((&notice["legalbasis"], &notice["data"]["person"]["identity"]["skn"]), (&json!("rr95-11-1"), &json!("9900000001")));
    assert!(inbox("gemeente-kampen").is_empty(), "nothing to anyone else");

    // refused by law is no failure, and wrong is not refused
    let refused = publish("gemeente-zwolle", &place.write("invitation.json", &invitation())).ended(3);
    assert!(refused.out.contains("CONSENT_MISSING") && refused.out.contains("toestemming"), "{}", refused.out);
    let mismatch = publish("gemeente-kampen", &place.write("other.json", &invitation().replace("c-invitation", "c-other"))).ended(1);
    assert!(mismatch.out.contains("SENDER_MISMATCH") && !mismatch.out.contains("Watersnip"), "{}", mismatch.out);
    let broken = publish("pi-zwolle", &place.write("broken.json", "{\"id\": ")).ended(1);
    assert!(broken.out.contains("MALFORMED"), "{}", broken.out);

    explained(&config);
    listed(&config);
    assert_eq!(hub.stop(), Some(0), "a hub that is asked to end ends well");
}

/// `rules explain`: a refusal is exit 3, and only where one recipient was asked about.
fn explained(config: &str) {
    let explain = |more: &[&str]| run(&[&["rules", "explain", "--config", config], more].concat());
    let [why] = explain(&["c-start", "--to", "gemeente-zwolle", "--json"]).ended(0).json().try_into().unwrap();
    assert_eq!(
        (&why["outcome"], &why["bases"], &why["rule"]),
        (&json!("permit"), &json!(["pm-20d-2"]), &json!("detention-started-to-municipality"))
    );
    assert!(why["withheld"].as_array().unwrap().contains(&json!("/person/identity/skn")), "{why}");
    let [why] = explain(&["c-invitation", "--to", "ggz-zwolle", "--json"]).ended(3).json().try_into().unwrap();
    assert_eq!((&why["outcome"], &why["code"]), (&json!("refuse"), &json!("CONSENT_MISSING")));
    let text = explain(&["c-start", "--to", "gemeente-kampen"]).ended(3).out;
    assert!(text.contains("NOT_RESPONSIBLE") && text.contains("niet verantwoordelijk"), "{text}");
    // what was known before the message came: nothing
    explain(&["c-start", "--to", "gemeente-zwolle", "--known", "2020-01-01T00:00:00Z"]).ended(1);
    explain(&["c-start"]).ended(0);
    explain(&["no-such-message"]).ended(1);
}

/// `deliveries list`: where everything stands, without content.
fn listed(config: &str) {
    let list = |more: &[&str]| run(&[&["deliveries", "list", "--config", config], more].concat()).ended(0);
    let all = list(&["--json"]);
    let recipients: Vec<_> = all.json().iter().map(|delivery| delivery["recipient"].as_str().unwrap().to_owned()).collect();
    assert_eq!(recipients.len(), 2, "{recipients:?}");
    assert!(!all.out.contains("Watersnip"), "a list without content");
    assert_eq!(list(&["--recipient", "rn-zwolle", "--json"]).json().len(), 1);
    assert_eq!(list(&["--stage", "blocked", "--json"]).json().len(), 0);
    assert_eq!(list(&["--detention", "C-2", "--json"]).json().len(), 0);
    let id = all.json()[0]["id"].as_str().unwrap().to_owned();
    let skipped = run(&["deliveries", "skip", "--config", config, &id, "--reason", "test"]).ended(1);
    assert!(skipped.err.contains("not blocked"), "{}", skipped.err);
}
