//! The example configurations can be used, and a dry run says what a folder would give.

use std::fs;

use schakelpunt_adapters::{dji, settings};
use serde_json::Value;

use crate::{
    adapters::prisons::{self, Exports},
    end_to_end::process::repository,
};

fn example(change: impl FnOnce(&str) -> String) -> Result<dji::Ready, String> {
    let text = fs::read_to_string(repository().join("config/adapters/dji.example.toml")).unwrap();
    let config = settings::parse::<dji::Config>("dji.toml", &change(&text));
    config.and_then(dji::Config::ready).map_err(|error| error.to_string())
}

#[test]
fn the_example_can_be_used() {
    let ready = example(str::to_owned).unwrap();
    let (prison, as_of) = ready.list_of("pi-lelystad-20240904-0600.xml").unwrap();
    assert_eq!((prison.id.as_str(), as_of.to_string()), ("pi-lelystad", "2024-09-04T04:00:00Z".to_owned()));
    assert!(ready.list_of("pi-lelystad-20240931-0600.xml").is_none(), "no such day");
    assert!(ready.list_of("pi-elsewhere-20240904-0600.xml").is_none());
}

#[test]
fn a_mistake_in_a_configuration_is_shown_with_its_place() {
    let wrong = |from: &str, to: &str| example(|text| text.replacen(from, to, 1)).unwrap_err();
    assert_eq!(wrong("surname = \"ACHTERNAAM\"\n", ""), "export.old.columns: a column for Surname, which every row has");
    assert_eq!(wrong("export = \"old\"", "export = \"odl\""), "prison pi-zwolle: export: the name of an [export.…] of this file");
    assert_eq!(wrong("-%Y%m%d-%H%M.csv", ".csv"), "prison pi-zwolle: files: a pattern with at least %Y, %m and %d");
    assert_eq!(
        wrong(r#"jq = ".name.last""#, r#"jq = ".name |""#),
        "export.new.columns: Surname: not a jq expression of at most 4096 bytes"
    );
    let before = fs::read_to_string(repository().join("config/adapters/dji.example.toml")).unwrap();
    let line = before.lines().position(|line| line == "settle-seconds = 10").unwrap() + 1;
    let place = wrong("settle-seconds = 10", "settle-second = 10");
    assert!(place.starts_with(&format!("dji.toml:{line}:1: unknown field `settle-second`")), "{place}");
}

#[tokio::test]
async fn a_dry_run_says_what_the_files_would_give_and_changes_nothing() {
    let made = tempfile::tempdir().unwrap();
    let exports = Exports::made(&made.path().join("made"), 7, "2026-11-28".parse().unwrap()).await;
    let edge = prisons::adapter("amqp://127.0.0.1:1/nowhere");
    exports.delivered.iter().for_each(|name| exports.deliver(name, &edge));
    let output = edge.command(&["--dry-run"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1), "some files would be held: {}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<Value> = String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), exports.delivered.len());
    let held: Vec<&str> = lines.iter().filter_map(|line| line["held"].as_str()).collect();
    // the same bytes again are read, and one that says nothing new is no longer one that is held
    // another empty list is the one that comes too late: before everything that a dry run reads
    let mut expected: Vec<&str> = exports
        .alarms
        .keys()
        .map(String::as_str)
        .filter(|code| *code != "DUPLICATE_FILE")
        .map(|code| if code == "OUT_OF_ORDER" { "EMPTY_LIST" } else { code })
        .collect();
    let mut found = held;
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    let events: usize = lines.iter().filter_map(|line| line["events"].as_array()).map(Vec::len).sum();
    assert_eq!(events, exports.expected.values().map(Vec::len).sum::<usize>());
    assert_eq!(
        (prisons::put_away(&edge), fs::read_dir(edge.path("lists")).unwrap().count()),
        (0, exports.delivered.len() + 3),
        "files and the three folders"
    );
    let said = lines.iter().map(Value::to_string).collect::<String>();
    assert!(!said.contains("Fictiva"), "nothing personal");
}
