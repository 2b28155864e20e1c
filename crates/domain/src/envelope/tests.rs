use super::*;
use serde_json::json;

fn event() -> Value {
    json!({
        "specversion": "1.0", "id": "m-1", "type": "nl.schakelpunt.detentions.detention-started.v1",
        "source": "urn:nld:oin:00000099000000001000:systeem:tulp", "subject": "pi-zwolle.d-1", "partitionkey": "pi-zwolle.d-1",
        "sequence": "00000000000000000001", "time": "2024-09-04T08:00:00+02:00",
        "dataschema": "https://schakelpunt.example/schemas/events/detention-started.v1.json", "data": {"a": 1}
    })
}

fn parse(event: &Value) -> Result<Envelope, Rejection> {
    Envelope::parse(&RawMessage {
        content_type: "application/cloudevents+json; charset=utf-8".to_owned(),
        headers: Vec::new(),
        body: event.to_string().into_bytes(),
    })
}

/// The code and pointer that the event gets when `attribute` has `value`.
fn with(attribute: &str, value: Value) -> (RejectionCode, String) {
    let mut event = event();
    event[attribute] = value;
    let rejection = parse(&event).unwrap_err();
    (rejection.code, rejection.pointer)
}

#[test]
fn a_good_event_is_read() {
    let envelope = parse(&event()).unwrap();
    assert_eq!(envelope.event.as_str(), "detention-started");
    assert_eq!(envelope.sequence, Some(1));
    assert_eq!(envelope.subject.unwrap().as_str(), "pi-zwolle.d-1");
}

#[test]
fn each_check_of_the_profile_names_its_place() {
    let at = |pointer: &str| (Malformed, pointer.to_owned());
    assert_eq!(with("specversion", json!("0.3")), at("/specversion"), "P1");
    assert_eq!(with("id", json!("")), at("/id"), "P2");
    assert_eq!(with("type", json!(null)), at("/type"), "P2");
    assert_eq!(with("Bad_Name", json!("x")), at(""), "P3");
    assert_eq!(with("correlationid", json!("a\u{1}b")), at("/correlationid"), "P4");
    assert_eq!(with("extra", json!(1.5)), at(""), "P5; a name that the hub does not know is not repeated");
    assert_eq!(with("causationid", json!({"a": 1})), at("/causationid"), "P5");
    assert_eq!(with("type", json!("nl.schakelpunt.detentions.Detention.v1.2.3")), at("/type"), "P6");
    assert_eq!(with("source", json!("urn:nld:oin:01823288444:zakensysteem")), at("/source"), "P7");
    assert_eq!(with("time", json!("2024-09-04T08:00:00")), at("/time"), "P8");
    assert_eq!(with("dataschema", json!("schemas/x.json")), at("/dataschema"), "P9");
    assert_eq!(with("data_base64", json!("e30=")), at("/data_base64"), "P10");
    assert_eq!(with("sequencetype", json!("Integer")), at("/sequencetype"), "P13");
    assert_eq!(with("sequence", json!("1")), at("/sequence"));
    assert_eq!(with("partitionkey", json!("another")), at("/partitionkey"));
    assert_eq!(with("data", json!([1])), at("/data"));
}

#[test]
fn a_personal_number_in_an_attribute_is_found_as_a_whole_token() {
    let code = RejectionCode::PersonalDataInAttributes;
    assert_eq!(with("subject", json!("999990342")), (code, "/subject".to_owned()), "P11");
    assert_eq!(with("id", json!("d-999990342-1")), (code, "/id".to_owned()));
    assert_eq!(with("dataref", json!("https://x.example/persoon/999990342")), (code, "/dataref".to_owned()));
    let mut fine = event();
    fine["id"] = json!("9999903421");
    fine["subject"] = json!("d-123456789");
    fine["partitionkey"] = json!("d-123456789");
    fine["source"] = json!("urn:nld:oin:00000001823288444000:systeem:tulp");
    assert!(parse(&fine).is_ok(), "longer runs, numbers that fail the test and the OIN are no BSN");
}

#[test]
fn who_sends_is_a_pseudonym() {
    let mut event = event();
    assert_eq!(parse(&event).unwrap().actor, None, "a system");
    event["actor"] = json!("mw.17_b-2");
    let envelope = parse(&event).unwrap();
    assert_eq!(envelope.actor.as_deref(), Some("mw.17_b-2"));
    assert!(!envelope.trace.contains_key("actor"), "stays at the door");
    for wrong in [json!(""), json!("Jan Jansen"), json!("a@b.example"), json!("x".repeat(65)), json!(true)] {
        assert_eq!(with("actor", wrong), (Malformed, "/actor".to_owned()));
    }
    assert_eq!(with("actor", json!("999990342")), (RejectionCode::PersonalDataInAttributes, "/actor".to_owned()));
}

#[test]
fn an_event_over_64_kib_is_too_large() {
    let mut large = event();
    large["data"]["a"] = json!("x".repeat(SIZE_MAX));
    assert_eq!(parse(&large).unwrap_err().code, RejectionCode::TooLarge, "P12");
}

#[test]
fn attributes_are_few_and_short() {
    assert_eq!(with("tracestate", json!("x".repeat(VALUE_MAX + 1))), (Malformed, "/tracestate".to_owned()));
    let mut many = event();
    (0..ATTRIBUTES_MAX).for_each(|n| many[format!("a{n}")] = json!("x"));
    assert_eq!(parse(&many).unwrap_err().detail, "at most 32 attributes");
}

#[test]
fn a_type_of_somebody_else_is_unknown() {
    let unknown = (RejectionCode::UnknownType, "/type".to_owned());
    assert_eq!(with("type", json!("nl.overheid.zaken.zaak-gemuteerd")), unknown);
    assert_eq!(with("type", json!("nl.schakelpunt.detentions.v1")), unknown);
}

#[test]
fn binary_mode_is_the_same_event_with_any_of_three_prefixes() {
    let structured = parse(&event()).unwrap();
    for prefix in ["ce-", "cloudEvents:", "cloudEvents_"] {
        let event = event();
        let headers = event.as_object().unwrap().iter().filter(|(name, _)| *name != "data");
        let raw = RawMessage {
            content_type: "application/json".to_owned(),
            headers: headers.map(|(name, value)| (format!("{prefix}{name}"), value.as_str().unwrap().to_owned())).collect(),
            body: event["data"].to_string().into_bytes(),
        };
        let binary = Envelope::parse(&raw).unwrap();
        assert_eq!((binary.id, binary.event, binary.data), (structured.id.clone(), structured.event.clone(), structured.data.clone()));
    }
}

#[test]
fn what_is_no_cloud_event_says_so() {
    let raw = RawMessage { content_type: "text/plain".to_owned(), headers: Vec::new(), body: b"hello".to_vec() };
    assert_eq!(Envelope::parse(&raw).unwrap_err().code, Malformed);
}

#[test]
fn a_pointer_ends_before_the_senders_own_words() {
    assert_eq!(shown("/data/person/identity/Jan Jansen"), "/data/person/identity");
    assert_eq!(shown("/data/care/trajectories/0/act"), "/data/care/trajectories/0/act");
    assert_eq!(shown("/999990342"), "");
    let raw = RawMessage {
        content_type: "application/cloudevents+json".to_owned(),
        body: br#"{"data":{"Jan Jansen":1,"Jan Jansen":2}}"#.to_vec(),
        ..RawMessage::default()
    };
    assert_eq!(Envelope::parse(&raw).unwrap_err().pointer, "/data");
}
