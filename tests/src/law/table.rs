//! The tables of `tests/law`: parse, ask, compare.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use jiff::Timestamp;
use schakelpunt_domain::{
    catalogue::Emitter,
    pointer::{Leaf, leaves_of},
};
use schakelpunt_rules::{Answer, Decision, RuleFile, RuleSet, derive};
use serde_json::{Value, json};

use super::world::{Asked, CATALOGUE, Given, RULES, Role, Standing, load, role_named, rule_files};

/// The periods with the instants at which each is asked: its first and last second, and both sides of the planned date.
const PERIODS: [(&str, &[&str]); 3] = [
    ("until 2018-12-31", &["2018-07-01T12:00:00+02:00", "2018-12-31T23:59:59+01:00"]),
    (
        "2019-01-01 to 2021-06-30",
        &["2019-01-01T00:00:00+01:00", "2021-04-30T23:59:59+02:00", "2021-05-01T00:00:00+02:00", "2021-06-30T23:59:59+02:00"],
    ),
    ("since 2021-07-01", &["2021-07-01T00:00:00+02:00", "2024-06-03T12:00:00+02:00"]),
];
/// Receipts of the hub go to the sender alone, and a void to whose number it is: no rule, no table.
const RECEIPTS: [&str; 4] = ["message-accepted", "message-refused", "message-rejected", "delivery-void"];

/// One row with what it is about.
struct Row {
    place: String,
    event: String,
    payload: Value,
    from: Role,
    to: Role,
    given: String,
    cells: Vec<String>,
}

fn cells(line: &str) -> Vec<String> {
    line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

/// The rows of one file.
fn rows(file: &str, text: &str) -> Vec<Row> {
    let mut words: BTreeMap<String, String> = BTreeMap::new();
    let (mut events, mut json, mut payload) = (Vec::new(), None::<String>, Value::Null);
    let mut rows = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let place = format!("{file}:{number}");
        if let Some(body) = &mut json {
            if line == "```" {
                payload = serde_json::from_str(body).unwrap_or_else(|error| panic!("{place}: {error}"));
                json = None;
            } else {
                body.push_str(line);
            }
        } else if line == "```json" {
            json = Some(String::new());
        } else if let Some(names) = line.strip_prefix("## ") {
            events = names.split(", ").map(str::to_owned).collect();
        } else if let Some((word, meaning)) = line.strip_prefix("- ").and_then(|line| line.split_once(": ")) {
            words.insert(word.to_owned(), meaning.to_owned());
        } else if line.starts_with("| from to |") {
            let header = ["from to", "given"].into_iter().chain(PERIODS.map(|(name, _)| name));
            assert_eq!(cells(line), header.collect::<Vec<_>>(), "{place}: the columns");
        } else if line.starts_with("| ") {
            rows.extend(events.iter().map(|event| row(&place, event, &payload, line, &words)));
        }
    }
    rows
}

fn row(place: &str, event: &str, payload: &Value, line: &str, words: &BTreeMap<String, String>) -> Row {
    let mut cells = cells(line);
    assert_eq!(cells.len(), 5, "{place}: five columns");
    let (from, to) = cells[0].split_once(" to ").unwrap_or_else(|| panic!("{place}: `from to`"));
    let (from, to) = (role_named(from), role_named(to));
    for at in 3..5 {
        if cells[at] == "same" {
            cells[at] = cells[at - 1].clone();
        }
    }
    let meaning = |word: &str| {
        let bare = word.trim_end_matches(';');
        words.get(bare).map_or_else(|| word.to_owned(), |meaning| word.replacen(bare, meaning, 1))
    };
    let cells_in_words = cells[2..].iter().map(|cell| cell.split(' ').map(meaning).collect::<Vec<_>>().join(" ")).collect();
    Row {
        place: place.to_owned(),
        event: event.to_owned(),
        payload: payload.clone(),
        from,
        to,
        given: cells[1].clone(),
        cells: cells_in_words,
    }
}

/// The leaves that a word names: those with it among their parts.
fn named<'a>(word: &str, leaves: &'a [Leaf]) -> Vec<&'a Leaf> {
    leaves.iter().filter(|leaf| leaf.as_str().split('/').any(|part| part == word)).collect()
}

fn in_order(value: &mut Value) {
    if let Some(status) = value.get_mut("status") {
        *status = json!("IN_ORDER");
    }
    value.as_object_mut().into_iter().flat_map(|map| map.values_mut()).for_each(in_order);
}

impl Row {
    /// The question of this row, and the payload about which it is asked.
    fn asked(&self, at: &str) -> Asked<'static> {
        let event = CATALOGUE.named(&self.event).unwrap_or_else(|| panic!("{}: no event `{}`", self.place, self.event));
        let mut payload = self.payload.clone();
        event.validate(&payload).unwrap_or_else(|why| panic!("{}: the example: {why}", self.place));
        let mut given = Given::default();
        for part in self.given.split("; ") {
            let (first, rest) = part.split_once(' ').unwrap_or((part, ""));
            let list = || rest.split(' ').map(str::to_owned).collect::<Vec<_>>();
            match (first, rest) {
                ("-", "") => {}
                ("consent", _) => given.consents.push((Standing::Valid, list())),
                ("expired", _) => given.consents.push((Standing::Expired, list())),
                ("withdrawn", _) => given.consents.push((Standing::Withdrawn, list())),
                ("another's", _) => given.consents.push((Standing::ForAnother, list().split_off(1))),
                ("title", title) => given.title = Some(serde_json::from_value(json!(title)).unwrap()),
                ("ended", "") => given.ended = true,
                ("ends", "today") => given.ends_today = true,
                ("not", "subscribed") => given.not_subscribed = true,
                ("no", "care") => {
                    let path = if payload.get("care").is_some() { "/care/needed" } else { "/plan/care/needed" };
                    *payload.pointer_mut(path).unwrap() = json!(false);
                }
                ("all", "in order") => in_order(&mut payload),
                ("had", _) => {
                    let leaves = leaves_of(&payload);
                    given.had = Some(list().iter().flat_map(|word| named(word, &leaves)).cloned().collect());
                }
                _ => panic!("{}: `{part}` means nothing", self.place),
            }
        }
        let at: Timestamp = at.parse().unwrap();
        Asked { event, leaves: leaves_of(&payload), signals: derive(&payload), from: self.from, to: self.to, given, at }
    }

    /// What a cell says, with the leaves that it names.
    fn said(&self, cell: &str, leaves: &[Leaf]) -> String {
        if !cell.contains(':') {
            return cell.to_owned();
        }
        let parts = cell.split("; ").map(|part| {
            let (basis, words) = part.split_once(": ").unwrap_or_else(|| panic!("{}: `basis: words`", self.place));
            let all: BTreeSet<&Leaf> = match words {
                "(nothing missing)" => BTreeSet::new(),
                words => words.split(' ').flat_map(|word| self.known(word, leaves)).collect(),
            };
            format!("{basis}: {}", joined(all.into_iter()))
        });
        parts.collect::<Vec<_>>().join("; ")
    }

    fn known<'a>(&self, word: &str, leaves: &'a [Leaf]) -> Vec<&'a Leaf> {
        let found = named(word, leaves);
        // a set may name more than this example has
        let somewhere = CATALOGUE.iter().any(|event| !named(word, &event.leaves.keys().cloned().collect::<Vec<_>>()).is_empty());
        assert!(somewhere, "{}: no field is called `{word}`", self.place);
        found
    }

    /// What these rules get wrong.
    fn failures(&self, rules: &RuleSet) -> Vec<String> {
        let mut failures = Vec::new();
        for (cell, (period, instants)) in self.cells.iter().zip(PERIODS) {
            for at in instants {
                let asked = self.asked(at);
                let (expected, actual) = (self.said(cell, &asked.leaves), told(&asked.answer(rules)));
                if expected != actual {
                    let Self { place, event, from, to, given, .. } = self;
                    failures.push(format!(
                        "{place}: {event}, {} to {}, given {given}, {period}, at {at}:\n    the table: {expected}\n    the rules: {actual}",
                        from.word, to.word
                    ));
                }
            }
        }
        failures
    }
}

fn joined<'a>(leaves: impl Iterator<Item = &'a Leaf>) -> String {
    let mut words: Vec<_> = leaves.map(Leaf::as_str).collect();
    words.sort_unstable();
    words.join(" ")
}

/// An answer in the words of a cell.
fn told(decision: &Decision) -> String {
    match &decision.answer {
        Answer::Refuse(code) => code.to_string(),
        Answer::Permit(permit) => {
            let parts = permit.granted.iter().map(|granted| format!("{}: {}", granted.basis, joined(granted.leaves.iter())));
            parts.collect::<Vec<_>>().join("; ")
        }
    }
}

/// All rows of all files.
fn tables() -> Vec<Row> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("law");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let files = paths.iter().filter(|path| path.extension().is_some_and(|is| is == "md") && !path.ends_with("README.md"));
    files.flat_map(|path| rows(&format!("tests/law/{}", path.file_name().unwrap().display()), &fs::read_to_string(path).unwrap())).collect()
}

fn changed(from: &str, to: &str) -> RuleSet {
    let files: Vec<_> = rule_files().into_iter().map(|file| RuleFile { text: file.text.replace(from, to), ..file }).collect();
    assert!(files.iter().zip(rule_files()).any(|(new, old)| new.text != old.text), "`{from}` stands nowhere");
    load(&files)
}

#[test]
fn the_rules_say_what_the_tables_say() {
    let failures: Vec<_> = tables().iter().flat_map(|row| row.failures(&RULES)).collect();
    assert!(
        failures.is_empty(),
        "{} cells differ; which of the two is right is a question of law\n{}\n",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn every_event_has_a_table() {
    let tables: BTreeSet<String> = tables().into_iter().map(|row| row.event).collect();
    let without: Vec<_> = CATALOGUE
        .iter()
        .map(|event| event.name.to_string())
        .filter(|name| !tables.contains(name) && !RECEIPTS.contains(&name.as_str()))
        .collect();
    assert!(without.is_empty(), "write a table in tests/law for {}", without.join(", "));
    assert!(RECEIPTS.iter().all(|name| CATALOGUE.named(name).is_some_and(|event| event.emitter == Emitter::Hub)));
}

/// Rules with another date, field, relation or consent must not get through.
#[test]
fn wrong_rules_are_seen() {
    let wrong = [
        ("2021-07-01", "2021-05-01"),
        ("2021-07-01", "2021-07-02"),
        ("2019-01-01", "2018-01-01"),
        ("2019-01-01", "2019-01-02"),
        ("\"/person/identity/birthDate\"]", "\"/person/identity/birthDate\", \"/person/identity/address\"]"),
        ("while    = [\"plan-running\"]", "while    = []"),
        ("when   = [\"consent-not-ended\"]", "when   = []"),
        ("when   = [\"care-needed\"]", "when   = []"),
        ("power    = \"must\"", "power    = \"may\""),
        ("to     = [\"municipality\", \"care-partner\", \"triage\"]", "to     = []"),
        ("fields = [\"/person/identity/bsn\"]", "fields = []"),
    ];
    let tables = tables();
    for (from, to) in wrong {
        let rules = changed(from, to);
        assert!(tables.iter().any(|row| !row.failures(&rules).is_empty()), "no table sees that `{from}` became `{to}`");
    }
}
