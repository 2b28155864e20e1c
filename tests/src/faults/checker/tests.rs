//! Every fault that the checker is there for, made by hand.

use serde_json::json;

use super::*;

const TIME: &str = "2026-03-01T10:00:00Z";

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn one(place: usize) -> Expected {
    Expected {
        recipient: "town",
        detention: "d".to_owned(),
        cause: format!("m{place}"),
        event: "release-date-set",
        place: Some(place),
        data: vec![json!(place)],
        duty: Duty::Must,
        until: None,
        recovered_after: None,
    }
}

fn expected() -> Vec<Expected> {
    vec![one(0), one(1)]
}

fn arrival_at(id: &str, cause: &str, sequence: u64, data: usize, time: &str) -> Arrival {
    let event = json!({"type": "nl.x.release-date-set.v1", "id": id, "causationid": cause, "subject": "d", "time": time,
        "source": "hub", "producer": "prison", "sequence": format!("{sequence:020}"), "data": data});
    Arrival::new("town", event.to_string().into_bytes(), instant(time))
}

fn arrival(id: &str, cause: &str, sequence: u64, data: usize) -> Arrival {
    arrival_at(id, cause, sequence, data, TIME)
}

/// What has to come, as it has to.
fn all() -> [Arrival; 2] {
    [arrival("a", "m0", 1, 0), arrival("b", "m1", 2, 1)]
}

fn words(expected: &[Expected], arrivals: &[Arrival]) -> Vec<String> {
    judge(expected, arrivals).faults()
}

fn partner(arrival: &Arrival, subject: &str) -> Arrival {
    let mut event = arrival.event.clone();
    event["subject"] = json!(subject);
    Arrival::new("ggz-town", event.to_string().into_bytes(), arrival.at)
}

fn recall(subject: &str) -> Arrival {
    let event = json!({"type": "nl.x.message-withdrawn.v1", "id": "r", "causationid": "hub-1", "subject": subject, "time": TIME,
        "source": "hub", "producer": "hub", "sequence": format!("{:020}", 2), "data": {}});
    Arrival::new("town", event.to_string().into_bytes(), instant(TIME))
}

#[test]
fn exact_repeats_are_counted_and_no_fault() {
    let [first, second] = all();
    let verdict = judge(&expected(), &[first.clone(), second.clone(), first, second]);
    assert_eq!(verdict, Verdict { delivered: 2, duplicated: 2, ..Verdict::default() });
}

#[test]
fn a_lost_message_is_reported() {
    let [first, _] = all();
    assert_eq!(words(&expected(), &[first]), ["lost: town, release-date-set of m1"]);
}

#[test]
fn an_unlawful_delivery_is_reported() {
    let [first, second] = all();
    let other = words(&expected(), &[first.clone(), second.clone(), arrival("c", "m2", 3, 2)]);
    assert_eq!(other, ["unexpected: town, release-date-set of m2 as c, lane d"]);
    let field = words(&expected(), &[first.clone(), arrival("b", "m1", 2, 9)]);
    assert_eq!(field, ["unexpected: town, release-date-set of m1 as b, lane d: says something else"]);
    let someone_else = [first, second.clone()].map(|one| Arrival { recipient: "other".to_owned(), ..one });
    let found = judge(&expected(), &[someone_else.to_vec(), all().to_vec()].concat());
    assert_eq!((found.unexpected.len(), found.lost.len()), (2, 0));
}

#[test]
fn a_delivery_claimed_after_the_withdrawal_is_reported() {
    let ended = Expected { until: Some(instant(TIME)), duty: Duty::May, ..one(0) };
    assert!(words(std::slice::from_ref(&ended), &[]).is_empty());
    assert!(words(std::slice::from_ref(&ended), &[arrival("a", "m0", 1, 0)]).is_empty());
    let late = arrival_at("a", "m0", 1, 0, "2026-03-01T10:00:00.000001Z");
    assert_eq!(words(&[ended], &[late]), ["unexpected: town, release-date-set of m0 as a, lane d: claimed after its ground had ended"]);
}

#[test]
fn a_repeat_with_a_change_is_reported() {
    let [first, second] = all();
    let bytes = words(&expected(), &[first.clone(), arrival("a", "m0", 1, 7), second.clone()]);
    assert_eq!(bytes, ["changed: town, release-date-set of m0 as a, lane d"]);
    let id = words(&expected(), &[first, second, arrival("c", "m1", 3, 1)]);
    assert_eq!(id, ["changed: town, release-date-set of m1 as c, lane d: the same message under another id"]);
}

#[test]
fn overtaking_is_reported() {
    let places = words(&expected(), &[arrival("b", "m1", 1, 1), arrival("a", "m0", 2, 0)]);
    assert_eq!(places, ["out of order: town, release-date-set of m0 as a, lane d: came after what was sent later"]);
    let sequences = words(&expected(), &[arrival("a", "m0", 2, 0), arrival("b", "m1", 2, 1)]);
    assert_eq!(sequences, ["out of order: town, release-date-set of m1 as b, lane d: the sequence of its lane does not rise"]);
}

#[test]
fn what_follows_has_to_come_to_who_had_the_original() {
    let follows = |duty| vec![Expected { duty: Duty::May, ..one(0) }, Expected { duty, ..one(1) }];
    for (duty, missing) in [
        (Duty::After(vec!["m0".to_owned()]), 1),
        (Duty::After(vec!["m7".to_owned()]), 0),
        (Duty::Corrects("m0".to_owned(), json!(0)), 1),
        (Duty::Corrects("m0".to_owned(), json!(5)), 0),
    ] {
        assert_eq!(judge(&follows(duty.clone()), &[arrival("a", "m0", 1, 0)]).lost.len(), missing, "{duty:?}");
        assert!(judge(&follows(duty), &[]).lost.is_empty());
    }
    let among = [one(0), Expected { recipient: "other", ..one(0) }].map(|one| Expected { duty: Duty::Among("m0".to_owned()), ..one });
    assert_eq!(judge(&among, &[]).lost.len(), 2);
    assert!(judge(&among, &[arrival("a", "m0", 1, 0)]).lost.is_empty());
}

#[test]
fn a_recall_is_no_fault_where_a_ground_ended_and_one_elsewhere() {
    let ended = [Expected { until: Some(instant(TIME)), duty: Duty::May, ..one(0) }];
    let verdict = judge(&ended, &[arrival("a", "m0", 1, 0), recall("d")]);
    assert_eq!((verdict.recalls, verdict.faults()), (1, vec![]));
    assert_eq!(judge(&expected(), &[all().to_vec(), vec![recall("d")]].concat()).unexpected.len(), 1);
}

#[test]
fn a_partner_knows_a_detention_by_a_reference_of_its_own() {
    let for_partner: Vec<_> = expected().into_iter().map(|one| Expected { recipient: "ggz-town", ..one }).collect();
    let [first, second] = all();
    let under = |subjects: [&str; 2]| words(&for_partner, &[partner(&first, subjects[0]), partner(&second, subjects[1])]);
    assert!(under(["x", "x"]).is_empty());
    assert_eq!(under(["x", "y"]).len(), 1);
    assert_eq!(under(["d", "d"]).len(), 2);
}

#[test]
fn what_comes_after_the_fault_is_recovered() {
    let offered = Expected { recovered_after: Some(instant("2026-03-01T09:59:59Z")), ..one(0) };
    assert_eq!(judge(&[offered, one(1)], &all()).recovered, 1);
}
