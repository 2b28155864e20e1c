//! A thousandth of the fictitious year: the hub and the program that knows nothing of ours agree, and that program sees what is wrong.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

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

fn judge(folder: &Path) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut program = Command::new(python());
    program.arg(root.join("python/year.py")).args(["judge", "--reference"]).arg(root.join("../config/reference")).arg(folder);
    program.output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Writes `happened.jsonl` with the first line that `change` alters or, with `None`, leaves out; gives the line as it was.
fn alter(folder: &Path, lines: &str, change: impl Fn(&Value) -> Option<Option<Value>>) -> Value {
    let mut found = None;
    let mut altered = Vec::new();
    for text in lines.lines() {
        let line: Value = serde_json::from_str(text).unwrap();
        match change(&line).filter(|_| found.is_none()) {
            Some(other) => {
                altered.extend(other.map(|other| other.to_string()));
                found = Some(line);
            }
            None => altered.push(text.to_owned()),
        }
    }
    fs::write(folder.join("happened.jsonl"), altered.join("\n") + "\n").unwrap();
    found.expect("a line to alter")
}

#[test]
fn a_thousandth_agrees_and_one_altered_line_is_found() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("year");
    let run = Command::new(bench())
        .args(["year", "--seed", "1", "--part", "0.001", "--keep"])
        .arg(&folder)
        .env("SCHAKELPUNT_TEST_PYTHON", python())
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", said(&run));
    assert!(said(&run).contains("; differences: 0\n"), "{}", said(&run));
    let sent = fs::read_to_string(folder.join("sent.jsonl")).unwrap();
    assert!(sent.lines().count() > 400, "30 detentions with 15 to 40 messages each, but for those that the end of the year cuts off");

    let lines = fs::read_to_string(folder.join("happened.jsonl")).unwrap();
    let is = |line: &Value, what: &str| line["what"] == what;
    let planted: [(&str, u32, &dyn Fn(&Value) -> Option<Option<Value>>); 4] = [
        // one value too many for its recipient
        ("delivery", 2, &|line| {
            let mut other = line.clone();
            other["data"]["detention"]["title"] = "SENTENCE".into();
            (is(line, "delivery") && line["event"] == "detention-started").then_some(Some(other))
        }),
        // the right fields on another basis
        ("delivery", 2, &|line| {
            let mut other = line.clone();
            other["bases"] = serde_json::json!(["wjsg-51c-2-c"]);
            (is(line, "delivery") && line["bases"][0] == "pm-20d-2").then_some(Some(other))
        }),
        ("delivery", 1, &|line| is(line, "delivery").then_some(None)),
        ("refusal", 2, &|line| {
            let mut other = line.clone();
            other["code"] = "NO_BASIS".into();
            (is(line, "refusal") && line["code"] == "CONSENT_MISSING").then_some(Some(other))
        }),
    ];
    for (what, differences, change) in planted {
        let line = alter(&folder, &lines, change);
        let judged = judge(&folder);
        let said = said(&judged);
        assert_eq!(judged.status.code(), Some(1), "{what}: {said}");
        assert!(said.contains(&format!("; differences: {differences}\n")), "{what}: {said}");
        assert!(said.contains(line["id"].as_str().unwrap()), "{what}: names the message: {said}");
    }
}
