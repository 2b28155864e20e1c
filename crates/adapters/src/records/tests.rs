use serde_json::json;

use super::*;

struct Rig {
    _folder: tempfile::TempDir,
    keep: Keep,
    alarms: Alarms,
    catalogue: Catalogue,
    events: BTreeSet<EventName>,
    participant: ParticipantId,
    source: Source,
}

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            keep: Keep::open(&folder.path().join("a.redb")).unwrap(),
            alarms: Alarms::new(folder.path().join("alarms.jsonl")),
            catalogue: Catalogue::load().unwrap(),
            events: ["supervision-ended", "probation-unit-assigned"].iter().map(|event| event.parse().unwrap()).collect(),
            participant: "rn-zwolle".parse().unwrap(),
            source: "urn:nld:oin:00000099RN0000001000:systeem:toezicht".parse().unwrap(),
            _folder: folder,
        }
    }

    fn take(&self, said: &Value, mapping: Option<&Expression>) -> Result<Vec<u64>, String> {
        let Self { keep, alarms, catalogue, events, participant, source, .. } = self;
        let records = Records { participant, source, events, mapping, catalogue, keep, alarms };
        let taken = records.take(said, "2024-09-30T08:00:00Z".parse().unwrap()).unwrap();
        let number =
            |message: &Outgoing| serde_json::from_str::<Value>(&message.body).unwrap()["sequence"].as_str().unwrap().parse().unwrap();
        taken.map(|outgoing| outgoing.iter().map(number).collect()).map_err(|bad| bad.to_string())
    }
}

fn ended(detention: &str, to: &str) -> Value {
    json!({ "event": "supervision-ended", "detention": detention, "data": { "supervision": { "to": to } } })
}

#[test]
fn messages_about_a_detention_are_numbered_and_taken_once() {
    let rig = Rig::new();
    assert_eq!(
        rig.take(&json!([ended("D-1", "2024-09-01"), ended("D-2", "2024-09-01"), ended("D-1", "2024-09-02")]), None),
        Ok(vec![1, 1, 2])
    );
    assert_eq!(rig.take(&ended("D-1", "2024-09-02"), None), Ok(vec![]), "said again");
    let named =
        json!({ "id": "own-1", "event": "supervision-ended", "detention": "D-1", "data": { "supervision": { "to": "2024-09-02" } } });
    assert_eq!(rig.take(&named, None), Ok(vec![3]), "another message of the system's own name");
    assert_eq!(rig.take(&named, None), Ok(vec![]));
}

#[test]
fn of_several_all_are_kept_or_none() {
    let rig = Rig::new();
    let error = rig.take(&json!([ended("D-1", "2024-09-01"), ended("D-1", "gisteren")]), None).unwrap_err();
    assert!(error.starts_with("message 2: /data/supervision/to"), "{error}");
    assert!(!error.contains("gisteren"));
    assert_eq!(rig.take(&ended("D-1", "2024-09-01"), None), Ok(vec![1]));
}

#[test]
fn what_this_adapter_does_not_send_does_not_reach_the_hub() {
    let rig = Rig::new();
    let started = json!({ "event": "detention-started", "detention": "D-1", "data": {} });
    assert_eq!(rig.take(&started, None).unwrap_err(), "message 1: event: one that this adapter sends");
    assert_eq!(
        rig.take(&json!({ "what": 1 }), None).unwrap_err(),
        "message 1: event, detention, data, and perhaps id and time; nothing else"
    );
}

#[test]
fn what_the_hub_cannot_read_is_a_mistake_here() {
    let rig = Rig::new();
    let personal = rig.take(&ended("D-999990019", "2024-09-01"), None).unwrap_err();
    assert!(personal.starts_with("message 1: /subject: ") && !personal.contains("999990019"), "{personal}");
    assert!(rig.take(&json!([["supervision-ended", "D-1", { "supervision": { "to": "2024-09-01" } }, null, null]]), None).is_err());
    assert_eq!(rig.take(&ended("D-1", "2024-09-01"), None), Ok(vec![1]));
}

#[test]
fn a_mapping_turns_the_systems_words_into_a_message() {
    let rig = Rig::new();
    let mapping =
        Expression::new(r#"{event: {"E": "supervision-ended"}[.soort], detention: .zaak, data: {supervision: {to: .eind}}}"#).unwrap();
    assert_eq!(rig.take(&json!({ "soort": "E", "zaak": "D-1", "eind": "2024-09-01" }), Some(&mapping)), Ok(vec![1]));
    assert!(rig.take(&json!({ "soort": "X", "zaak": "D-1" }), Some(&mapping)).is_err());
}
