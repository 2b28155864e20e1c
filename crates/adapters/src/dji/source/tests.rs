use std::fmt::Write as _;

use serde_json::json;

use super::*;
use crate::{dji::Config, settings};

/// An adapter for one prison whose lists have three columns and a trailer.
struct Rig {
    folder: tempfile::TempDir,
    ready: Ready,
    keep: Keep,
    alarms: Alarms,
}

const CONFIG: &str = r#"
hub = { url = "amqp://127.0.0.1:1/schakelpunt" }
own = { folder = "/nowhere" }
lists = { folder = "/nowhere" }
messages = { folder = "/nowhere" }
push = { listen = "127.0.0.1:0", token = "hush" }
[[prison]]
id = "pi-a"
secret = "x"
source = "urn:nld:oin:00000099PI0000001000:systeem:registratie"
export = "old"
files = "a-%Y%m%d.csv"
[export.old]
file = { format = "csv", trailer = "EINDE" }
columns = { detention = "NR", surname = "NAAM", start = "VANAF", release-date = "TOT" }
"#;

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ready = settings::parse::<Config>("dji.toml", CONFIG).unwrap().ready().unwrap();
        let keep = Keep::open(&folder.path().join("a.redb")).unwrap();
        let alarms = Alarms::new(folder.path().join("alarms.jsonl"));
        Self { folder, ready, keep, alarms }
    }

    fn source(&self) -> Source<'_> {
        Source { ready: &self.ready, keep: &self.keep, alarms: &self.alarms }
    }

    /// What becomes of the list of a day: the number of notices, or why it was held.
    fn take(&self, day: u8, list: &str, accepted: bool) -> Result<usize, Code> {
        self.named(&format!("a-202409{day:02}.csv"), list, accepted)
    }

    fn named(&self, name: &str, list: &str, accepted: bool) -> Result<usize, Code> {
        let found = Found { name: name.to_owned(), accepted };
        match self.source().take(&found, list.as_bytes(), now()).unwrap() {
            Verdict::Kept(outgoing) => Ok(outgoing.len()),
            Verdict::SameFile | Verdict::Nobodys => Ok(0),
            Verdict::Held(code) => Err(code),
        }
    }

    fn alarm_lines(&self) -> usize {
        std::fs::read_to_string(self.folder.path().join("alarms.jsonl")).unwrap_or_default().lines().count()
    }
}

fn now() -> Timestamp {
    "2024-09-30T08:00:00Z".parse().unwrap()
}

/// A list of the persons with these numbers.
fn list(people: impl IntoIterator<Item = u32>) -> String {
    named_list(people, "Fictiva")
}

fn named_list(people: impl IntoIterator<Item = u32>, name: &str) -> String {
    let (mut text, mut count) = ("NR;NAAM;VANAF;TOT\n".to_owned(), 0);
    for number in people {
        writeln!(text, "D-{number};{name};2024-09-01;").unwrap();
        count += 1;
    }
    text + &format!("EINDE;{count}\n")
}

#[test]
fn a_list_is_read_once_whatever_its_name_and_whenever_it_comes() {
    let rig = Rig::new();
    assert_eq!(rig.take(3, &list(1..5), false), Ok(4));
    assert_eq!(rig.take(3, &list(1..5), false), Ok(0), "a crash before it was put away");
    assert_eq!((rig.take(4, &list(1..5), false), rig.alarm_lines()), (Ok(0), 1), "the same bytes again say nothing new");
    assert_eq!(rig.take(2, &list(1..6), false), Err(Code::OutOfOrder));
    assert_eq!(rig.take(4, &list(1..6), false), Err(Code::OutOfOrder), "another list of the same instant");
    assert_eq!(rig.take(5, &list(1..6), false), Ok(1));
}

#[test]
fn an_empty_list_is_not_a_release_of_everybody() {
    let rig = Rig::new();
    rig.take(3, &list(1..5), false).unwrap();
    assert_eq!(rig.take(4, &list(0..0), false), Err(Code::Empty));
    assert_eq!(rig.take(5, "", false), Err(Code::Truncated));
    assert_eq!(rig.take(6, &list(1..5), false), Ok(0), "a quiet night");
    assert_eq!(rig.take(7, &list(0..0), true), Ok(0), "a person has said that it is right: nobody is there, and nobody knows why");
}

#[test]
fn too_many_changes_wait_for_a_person() {
    let rig = Rig::new();
    rig.take(3, &list(1..41), false).unwrap();
    assert_eq!(rig.take(4, &list(1..37), false), Err(Code::TooManyGone), "four of forty");
    assert_eq!(rig.take(5, &list(1..38), false), Ok(0), "three are always allowed");
    assert_eq!(rig.take(6, &named_list(1..38, "Anders"), false), Err(Code::TooManyCorrected));
    assert_eq!(rig.take(7, &named_list(1..38, "Anders"), true), Ok(37), "a person has said that it is right");
}

#[test]
fn one_bad_row_does_not_stop_the_others_and_many_stop_the_list() {
    let rig = Rig::new();
    let with_bad = |bad: u32| {
        list(1..41).replace("2024-09-01;\nEINDE", &format!("2024-09-01;\n{}EINDE", "D-x;Fictiva;gisteren;\n".repeat(bad as usize)))
    };
    let counted = |bad: u32| with_bad(bad).replace("EINDE;40", &format!("EINDE;{}", 40 + bad));
    assert_eq!(rig.take(3, &counted(4), false), Err(Code::TooManyBadRows));
    assert_eq!(rig.take(4, &counted(1), false), Ok(40));
    let alarms = std::fs::read_to_string(rig.folder.path().join("alarms.jsonl")).unwrap();
    let last: serde_json::Value = serde_json::from_str(alarms.lines().last().unwrap()).unwrap();
    assert_eq!((&last["code"], &last["place"]), (&"BAD_ROW".into(), &"a-20240904.csv:42".into()));
    assert!(!alarms.contains("gisteren"), "what stands there is not repeated");
}

#[test]
fn a_file_of_nobody_is_left_and_told_of_once() {
    let rig = Rig::new();
    for _ in 0..3 {
        assert_eq!(rig.named("readme.txt", "x", false), Ok(0));
    }
    assert_eq!(rig.alarm_lines(), 1);
}

#[test]
fn who_left_long_ago_is_forgotten_with_everything_that_was_said() {
    let rig = Rig::new();
    rig.take(3, "NR;NAAM;VANAF;TOT\nD-1;Fictiva;2024-09-01;2024-09-04\nD-2;Fictiva;2024-09-01;\nEINDE;2\n", false).unwrap();
    assert_eq!(rig.take(5, &list(2..3), false), Ok(1));
    let source = rig.source();
    source.forget("2024-10-01T00:00:00Z".parse().unwrap()).unwrap();
    assert_eq!(source.knowledge().unwrap().len(), 2);
    source.forget("2024-10-10T00:00:00Z".parse().unwrap()).unwrap();
    assert_eq!(source.knowledge().unwrap().keys().map(DetentionRef::as_str).collect::<Vec<_>>(), ["D-2"]);
    assert_eq!(rig.keep.messages(|_| true).unwrap().len(), 1);
}

fn push(rig: &Rig, prison: &str, body: &str) -> (u16, Value) {
    let answer = rig.source().pushed(prison, body.as_bytes(), now()).unwrap();
    (answer.status, answer.body)
}

#[test]
fn a_pushed_record_is_answered_with_the_events_that_it_makes() {
    let rig = Rig::new();
    let record = r#"{"NR":"D-1","NAAM":"Fictiva","VANAF":"2024-09-01","TOT":"2024-12-01"}"#;
    let (status, body) = push(&rig, "pi-a", record);
    let events: Vec<&str> = body["events"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!((status, events), (202, vec!["detention-started", "release-date-set"]));
    assert_eq!(rig.keep.open_messages().unwrap().len(), 2, "kept before it is answered");
    assert_eq!(push(&rig, "pi-a", record), (202, json!({ "events": [] })));
}

#[test]
fn what_is_no_record_is_answered_with_its_places() {
    let rig = Rig::new();
    let (status, body) = push(&rig, "pi-a", r#"{"NR":"D-1","NAAM":"Fictiva","VANAF":"gisteren"}"#);
    assert_eq!((status, &body["code"]), (400, &json!("BAD_RECORD")));
    assert_eq!(body["places"], json!(["Start: a date as the configuration writes it"]));
    assert_eq!((push(&rig, "pi-a", "[]").0, push(&rig, "pi-b", "{}").0), (400, 404));
    assert!(rig.keep.open_messages().unwrap().is_empty());
}
