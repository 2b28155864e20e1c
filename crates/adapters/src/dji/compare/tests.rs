use serde_json::json;

use super::*;
use crate::dji::stay::Ending;

/// What the hub has been told so far, as short lines, and what is known.
struct Told {
    known: Knowledge,
    voices: Voices,
}

fn voices(prisons: &[&str]) -> Voices {
    let source = |id: &str| format!("urn:nld:oin:00000099000000001000:systeem:{id}").parse().unwrap();
    prisons.iter().map(|id| (id.parse().unwrap(), source(id))).collect()
}

fn stay(detention: &str) -> Stay {
    Stay {
        detention: detention.parse().unwrap(),
        identity: json!({ "surname": "Fictiva", "birthDate": "1988-02-29" }).as_object().unwrap().clone(),
        start: "2024-09-01".parse().unwrap(),
        entry: Some("2024-09-02".parse().unwrap()),
        title: Some("SENTENCE".to_owned()),
        residence: Some(vec![json!({ "source": "BRP_AT_START", "municipality": "0193", "kind": "HOME" })]),
        release: None,
        departure: None,
    }
}

fn due(detention: &str, date: &str) -> Stay {
    let release = Release { date: date.parse().unwrap(), kind: Ending::EndOfSentence, certainty: "FIRM".to_owned(), reason: None };
    Stay { release: Some(release), ..stay(detention) }
}

fn left(detention: &str, on: &str, how: Leaving) -> Stay {
    Stay { departure: Some(Departure { on: on.parse().unwrap(), how }), ..stay(detention) }
}

impl Told {
    fn new() -> Self {
        Self { known: Knowledge::new(), voices: voices(&["pi-a", "pi-b"]) }
    }

    /// The list of a prison on a day of September 2024, at six in the morning.
    fn list(&mut self, prison: &str, day: u8, stays: &[Stay]) -> Vec<String> {
        self.outcome(prison, day, stays, true)
    }

    fn outcome(&mut self, prison: &str, day: u8, stays: &[Stay], whole: bool) -> Vec<String> {
        let as_of = format!("2024-09-{day:02}T06:00:00+02:00").parse().unwrap();
        let list = List { prison: prison.parse().unwrap(), as_of, stays: stays.to_vec(), unread: BTreeSet::new(), whole };
        let outcome = compare(&self.known, &list, &self.voices);
        self.known.extend(outcome.known);
        let notices = outcome.notices.iter().map(|notice| format!("{} {} {}", notice.participant, notice.event, notice.detention));
        let doubts = outcome.doubts.iter().map(|(code, detention)| format!("? {} {detention}", code.as_str()));
        notices.chain(doubts).collect()
    }
}

#[test]
fn an_entry_is_told_once_with_its_date_of_release() {
    let mut told = Told::new();
    assert_eq!(told.list("pi-a", 3, &[due("D-1", "2024-12-01")]), ["pi-a detention-started D-1", "pi-a release-date-set D-1"]);
    assert!(told.list("pi-a", 4, &[due("D-1", "2024-12-01")]).is_empty());
}

#[test]
fn a_date_that_moves_is_told_with_the_one_before() {
    let mut told = Told::new();
    told.list("pi-a", 3, &[stay("D-1")]);
    assert_eq!(told.list("pi-a", 4, &[due("D-1", "2024-12-01")]), ["pi-a release-date-set D-1"]);
    let as_of = "2024-09-05T06:00:00+02:00".parse().unwrap();
    let list = List { prison: "pi-a".parse().unwrap(), as_of, stays: vec![due("D-1", "2024-11-20")], unread: BTreeSet::new(), whole: true };
    let outcome = compare(&told.known, &list, &told.voices);
    let [notice] = outcome.notices.as_slice() else { panic!("one notice") };
    let expected =
        json!({ "release": { "date": "2024-11-20", "kind": "END_OF_SENTENCE", "certainty": "FIRM", "previousDate": "2024-12-01" } });
    assert_eq!((notice.event.as_ref(), &notice.data), ("release-date-changed", &expected));
    told.known.extend(outcome.known);
    assert_eq!(told.list("pi-a", 6, &[stay("D-1")]), ["pi-a release-date-changed D-1"], "it is unknown again");
}

#[test]
fn who_is_missing_when_the_date_has_come_was_released() {
    let mut told = Told::new();
    told.list("pi-a", 3, &[due("D-1", "2024-09-10"), stay("D-2")]);
    assert_eq!(told.list("pi-a", 11, &[stay("D-2")]), ["pi-a detention-ended D-1"]);
    assert!(told.list("pi-a", 12, &[stay("D-2")]).is_empty());
}

#[test]
fn who_is_missing_for_no_reason_is_asked_about_and_not_told() {
    let mut told = Told::new();
    told.list("pi-a", 3, &[due("D-1", "2024-12-01"), stay("D-2")]);
    assert!(told.list("pi-a", 4, &[stay("D-2")]).is_empty());
    assert_eq!(told.list("pi-a", 5, &[stay("D-2")]), ["? GONE_UNEXPLAINED D-1"]);
    assert!(told.list("pi-a", 6, &[due("D-1", "2024-12-01"), stay("D-2")]).is_empty(), "listed again, as if nothing had been");
}

#[test]
fn a_transfer_needs_both_lists_whichever_comes_first() {
    for order in [["pi-a", "pi-b"], ["pi-b", "pi-a"]] {
        let mut told = Told::new();
        told.list("pi-a", 3, &[stay("D-1"), stay("D-2")]);
        let lists = |prison: &str| if prison == "pi-a" { vec![stay("D-2")] } else { vec![stay("D-1")] };
        assert!(told.list(order[0], 4, &lists(order[0])).is_empty(), "{order:?}");
        assert_eq!(told.list(order[1], 4, &lists(order[1])), ["pi-b transferred D-1"], "{order:?}");
        assert!(told.list("pi-a", 5, &lists("pi-a")).is_empty());
    }
}

#[test]
fn the_day_of_entry_into_the_second_prison_resets_nothing() {
    let mut told = Told::new();
    told.list("pi-a", 3, &[stay("D-1")]);
    told.list("pi-a", 10, &[]);
    let there = Stay { entry: Some("2024-09-09".parse().unwrap()), ..stay("D-1") };
    assert_eq!(told.list("pi-b", 10, std::slice::from_ref(&there)), ["pi-b transferred D-1"]);
    assert!(told.list("pi-b", 11, &[there]).is_empty());
}

#[test]
fn two_prisons_with_one_person_are_asked_about() {
    let mut told = Told::new();
    told.list("pi-a", 3, &[stay("D-1")]);
    assert!(told.list("pi-b", 4, &[stay("D-1")]).is_empty());
    assert_eq!(told.list("pi-a", 5, &[stay("D-1")]), ["? IN_TWO_PRISONS D-1"]);
    assert!(told.list("pi-b", 5, &[]).is_empty(), "it was never there");
    assert!(told.list("pi-a", 6, &[stay("D-1")]).is_empty());
}

#[test]
fn a_departure_says_by_itself_how_somebody_left() {
    let cases = [
        (Leaving::Released(Ending::ConditionalRelease), "detention-ended"),
        (Leaving::Released(Ending::Death), "deceased"),
        (Leaving::Released(Ending::Expulsion), "left-scope"),
        (Leaving::Released(Ending::Suspension), "pretrial-suspended"),
        (Leaving::Released(Ending::EndLeave), "physically-departed"),
        (Leaving::Released(Ending::Escape), "escaped"),
        (Leaving::Transfer("pi-far".parse().unwrap()), "transferred"),
        (Leaving::EnteredInError, "message-withdrawn"),
    ];
    for (how, event) in cases {
        let mut told = Told::new();
        told.list("pi-a", 3, &[stay("D-1")]);
        let row = left("D-1", "2024-09-04", how);
        assert_eq!(told.list("pi-a", 5, std::slice::from_ref(&row)), [format!("pi-a {event} D-1")]);
        assert!(told.list("pi-a", 6, &[row]).is_empty(), "{event} is told once");
        assert!(told.list("pi-a", 7, &[]).is_empty(), "{event}: the row goes from the list after some days");
    }
}

#[test]
fn who_comes_back_is_told_by_the_way_he_left() {
    for (kind, expected) in [(Ending::Escape, "pi-a recaptured D-1"), (Ending::EndLeave, "? BACK_INSIDE D-1")] {
        let mut told = Told::new();
        told.list("pi-a", 3, &[stay("D-1")]);
        told.list("pi-a", 5, &[left("D-1", "2024-09-04", Leaving::Released(kind))]);
        assert_eq!(told.list("pi-a", 8, &[stay("D-1")]), [expected]);
    }
    let mut told = Told::new();
    told.list("pi-a", 3, &[stay("D-1")]);
    told.list("pi-a", 5, &[left("D-1", "2024-09-04", Leaving::Released(Ending::EndOfSentence))]);
    assert_eq!(told.list("pi-a", 8, &[stay("D-1")]), ["? BACK_AFTER_THE_END D-1"]);
}

#[test]
fn corrections_say_what_is_right_now() {
    let mut told = Told::new();
    told.list("pi-a", 3, &[stay("D-1")]);
    let mut right = stay("D-1");
    right.identity.insert("surname".to_owned(), json!("Fictivus"));
    right.start = "2024-08-31".parse().unwrap();
    assert_eq!(told.list("pi-a", 4, &[right]), ["pi-a identity-corrected D-1", "pi-a detention-start-corrected D-1"]);
}

#[test]
fn a_single_record_says_nothing_of_others() {
    let mut told = Told::new();
    told.list("pi-a", 3, &[due("D-1", "2024-09-03"), stay("D-2")]);
    assert_eq!(told.outcome("pi-a", 4, &[stay("D-3")], false), ["pi-a detention-started D-3"]);
    assert!(told.list("pi-a", 4, &[stay("D-1"), stay("D-2"), stay("D-3")]).iter().all(|line| line.contains("D-1")));
}

#[test]
fn the_same_list_again_says_the_same_with_the_same_ids() {
    let told = Told::new();
    let as_of = "2024-09-03T06:00:00+02:00".parse().unwrap();
    let list = List { prison: "pi-a".parse().unwrap(), as_of, stays: vec![due("D-1", "2024-12-01")], unread: BTreeSet::new(), whole: true };
    assert_eq!(compare(&told.known, &list, &told.voices).notices, compare(&told.known, &list, &told.voices).notices);
}
