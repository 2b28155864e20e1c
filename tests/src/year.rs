//! A thousandth of the fictitious year: the hub and the program that knows nothing of ours agree, and that program sees what is wrong.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};

fn python() -> PathBuf {
    std::env::var_os("SCHAKELPUNT_TEST_PYTHON").map_or_else(|| "python3".into(), PathBuf::from)
}

/// Built by `tests/run` beside this test.
fn bench() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let bench = test.parent().and_then(Path::parent).unwrap().join("schakelpunt-bench");
    assert!(bench.exists(), "{} is missing: run this test through tests/run, or `cargo build -p schakelpunt-bench` first", bench.display());
    bench
}

/// Plays this part of the year in a new folder, which keeps what happened and the store.
pub(crate) fn play(folder: &Path, part: &str) -> Output {
    let mut run = Command::new(bench());
    run.args(["year", "--seed", "1", "--part", part, "--keep"]).arg(folder).env("SCHAKELPUNT_TEST_PYTHON", python());
    let run = run.output().unwrap();
    assert!(run.status.success(), "{}", said(&run));
    run
}

fn judge(folder: &Path) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut program = Command::new(python());
    program.arg(root.join("python/year.py")).args(["judge", "--reference"]).arg(root.join("../config/reference")).arg(folder);
    program.output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// What becomes of a line.
enum Planted {
    Kept,
    Gone,
    Other(Value),
}

type Plant = fn(&Value) -> Planted;

/// The line changed, if it is one of those that are looked for.
fn with(line: &Value, wanted: bool, change: fn(&mut Value)) -> Planted {
    let mut other = line.clone();
    change(&mut other);
    if wanted { Planted::Other(other) } else { Planted::Kept }
}

/// Each with the differences that it makes.
const PLANTED: [(&str, u32, Plant); 4] = [
    ("one leaf too many for its recipient", 2, |line| {
        let wanted = line["what"] == "delivery" && line["event"] == "detention-started";
        with(line, wanted, |line| line["data"]["detention"]["title"] = "SENTENCE".into())
    }),
    ("the right content on another basis", 2, |line| {
        let wanted = line["what"] == "delivery" && line["bases"] == json!(["pm-20d-2"]);
        with(line, wanted, |line| line["bases"] = json!(["wjsg-51c-2-c"]))
    }),
    ("a delivery that never came", 1, |line| if line["what"] == "delivery" { Planted::Gone } else { Planted::Kept }),
    ("a refusal with another code", 2, |line| {
        let wanted = line["what"] == "refusal" && line["code"] == "CONSENT_MISSING";
        with(line, wanted, |line| line["code"] = "CONSENT_WITHDRAWN".into())
    }),
];

/// The lines with the first that `plant` changes changed, and that one as it was.
fn planted(lines: &str, plant: Plant) -> (String, Value) {
    let (mut text, mut found) = (String::new(), None);
    for line in lines.lines() {
        let parsed: Value = serde_json::from_str(line).unwrap();
        let becomes = if found.is_none() { plant(&parsed) } else { Planted::Kept };
        let kept = match becomes {
            Planted::Kept => line.to_owned() + "\n",
            Planted::Gone => String::new(),
            Planted::Other(ref other) => format!("{other}\n"),
        };
        text.push_str(&kept);
        if !matches!(becomes, Planted::Kept) {
            found = Some(parsed);
        }
    }
    (text, found.expect("a line to change"))
}

#[test]
fn a_thousandth_agrees_and_each_planted_difference_is_found() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("year");
    let run = play(&folder, "0.001");
    assert!(said(&run).contains("; differences: 0\n"), "{}", said(&run));
    let sent = fs::read_to_string(folder.join("sent.jsonl")).unwrap();
    assert!(sent.lines().count() > 450, "30 detentions with 15 to 40 messages each, but for those that the end of the year cuts off");

    let lines = fs::read_to_string(folder.join("happened.jsonl")).unwrap();
    for (what, differences, plant) in PLANTED {
        let (text, line) = planted(&lines, plant);
        fs::write(folder.join("happened.jsonl"), text).unwrap();
        let judged = judge(&folder);
        let said = said(&judged);
        assert_eq!(judged.status.code(), Some(1), "{what}: {said}");
        assert!(said.contains(&format!("; differences: {differences}\n")), "{what}: {said}");
        assert!(said.contains(line["id"].as_str().unwrap()), "{what}: the message is named: {said}");
    }
}
