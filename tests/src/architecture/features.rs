//! What is built in one go shares its features: those that Cedar turns on must reach nothing that ships, and no test or bench of it.

use std::{collections::BTreeSet, process::Command};

use super::demand;

/// What `tests/run` builds in one go; the program that ships; its tests; its benches.
const BUILDS: [&[&str]; 4] = [
    &["--workspace", "--exclude", "schakelpunt-bench-decide"],
    &["-p", "schakelpunt"],
    &["-p", "schakelpunt-tests"],
    &["-p", "schakelpunt-bench"],
];

/// The features of `serde_json` in such a build.
fn features(build: &[&str]) -> BTreeSet<String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["tree", "--offline", "--edges", "normal,build,dev", "--prefix", "none", "--format", "{p}:{f}"]).args(build);
    let output = command.output().unwrap();
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let features = of_serde_json(&String::from_utf8(output.stdout).unwrap());
    assert!(features.contains("std"), "serde_json is not found in {build:?}: {features:?}");
    features
}

/// From lines of package and features; a line that was there before ends on an asterisk.
fn of_serde_json(tree: &str) -> BTreeSet<String> {
    let own = tree.lines().filter(|line| line.starts_with("serde_json v")).filter_map(|line| line.split_once(':'));
    own.flat_map(|(_, features)| features.trim_end_matches(" (*)").split(',')).map(str::to_owned).collect()
}

fn in_order_of_insertion(build: &[&str], features: &BTreeSet<String>) -> Vec<String> {
    let build = build.join(" ");
    let found = features.iter().filter(|feature| *feature == "preserve_order");
    found.map(|feature| format!("serde_json/{feature}: `cargo tree -e features -i serde_json {build}` shows who wants it")).collect()
}

#[test]
fn the_maps_of_what_ships_are_sorted_and_so_are_those_of_its_tests_and_benches() {
    let failures: Vec<_> = BUILDS.into_iter().flat_map(|build| in_order_of_insertion(build, &features(build))).collect();
    demand(&failures);
}

#[test]
fn these_tests_are_built_without_cedar() {
    let text = serde_json::json!({"b": 1, "a": 2}).to_string();
    assert_eq!(text, r#"{"a":2,"b":1}"#, "this is not the program that ships: build with `--exclude schakelpunt-bench-decide`");
}

#[test]
fn what_cedar_turns_on_is_seen() {
    let build = ["-p", "schakelpunt-bench-decide"];
    assert_eq!(in_order_of_insertion(&build, &features(&build)).len(), 1, "Cedar's package need not stand apart any longer");
    let tree = "serde v1.0.0:std\nserde_json v1.0.0:default,std\nserde_json v1.0.0:preserve_order,std (*)\n";
    assert_eq!(of_serde_json(tree).into_iter().collect::<Vec<_>>(), ["default", "preserve_order", "std"]);
}
