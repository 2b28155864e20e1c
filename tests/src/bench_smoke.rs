//! Every bench runs to its end with tiny counts: what it starts becomes ready, and nothing is lost. Figures are not looked at.

use std::{path::Path, process::Command};

/// Built by `tests/run` beside this test.
fn smoke(name: &str) {
    let test = std::env::current_exe().unwrap();
    let bench = test.parent().and_then(Path::parent).unwrap().join("schakelpunt-bench");
    assert!(bench.exists(), "{} is missing: run this test through tests/run, or `cargo build -p schakelpunt-bench` first", bench.display());
    let output = Command::new(bench).args([name, "--smoke"]).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.lines().count() >= 1, "{name} says nothing");
    for line in said.lines() {
        let report: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(report["name"].as_str().unwrap().starts_with(name), "{report}");
        assert!(report["ratio"].is_null() && report["met"].is_null(), "a smoke measures nothing: {report}");
    }
}

/// It has cargo run another program, which `tests/run` has built, too.
#[test]
fn decide() {
    smoke("decide");
}

#[test]
fn embedded() {
    smoke("embedded");
}

#[test]
fn start() {
    smoke("start");
}

#[test]
fn replay() {
    smoke("replay");
}

/// Those that need a broker and a database: the ones of `tests/run`.
mod real_parts {
    use super::smoke;

    #[test]
    fn forward() {
        smoke("forward");
    }

    #[test]
    fn latency() {
        smoke("latency");
    }

    #[test]
    fn grow() {
        smoke("grow");
    }

    #[test]
    fn burst() {
        smoke("burst");
    }

    #[test]
    fn memory() {
        smoke("memory");
    }
}
