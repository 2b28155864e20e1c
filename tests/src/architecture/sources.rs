//! What no source of ours may contain.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::demand;

/// A source: its path below the repository, and its text.
struct Source {
    path: String,
    text: String,
}

const LINES: usize = 600;
/// What pure crates take as arguments instead.
const WORLD: [&str; 8] = ["std::fs", "std::env", "std::net", "std::process", "SystemTime", "Instant::now", "Timestamp::now", "std::thread"];
/// Modules of the engine without awaits: simulation, replay and explanation hang on them.
const SYNCHRONOUS: [&str; 6] = ["step", "claim", "asking", "inspect", "event", "explain"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn walk(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, extension, found);
        } else if path.extension().is_some_and(|is| is == extension) {
            found.push(path);
        }
    }
}

/// All Rust sources of the workspace.
fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    ["crates", "tests"].iter().for_each(|folder| walk(&root().join(folder), "rs", &mut paths));
    assert!(paths.len() > 100, "the sources are somewhere else: {} found", paths.len());
    let read =
        |path: PathBuf| Source { path: path.strip_prefix(root()).unwrap().display().to_string(), text: fs::read_to_string(&path).unwrap() };
    paths.into_iter().map(read).collect()
}

/// The lines that are code, with their numbers: what stands in a comment does nothing.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).map(|(number, line)| (number, line.split("//").next().unwrap_or_default()))
}

/// A failure for every code line of the chosen sources that contains one of the words.
fn forbidden(sources: &[Source], words: &[&str], chosen: impl Fn(&str) -> bool, what_to_do: &str) -> Vec<String> {
    let mut failures = Vec::new();
    for Source { path, text } in sources.iter().filter(|source| chosen(&source.path)) {
        let hits = code(text).filter_map(|(number, line)| words.iter().find(|word| line.contains(*word)).map(|word| (number, word)));
        failures.extend(hits.map(|(number, word)| format!("{path}:{number}: `{word}`: {what_to_do}")));
    }
    failures
}

fn allowed_lints(sources: &[Source]) -> Vec<String> {
    // in pieces, or this line would be the first hit
    let words = [concat!("#[", "allow("), concat!("#![", "allow(")];
    forbidden(sources, &words, |_| true, "write `#[expect(..., reason = \"...\")]`, which ends when it is no longer needed")
}

fn long_files(sources: &[Source]) -> Vec<String> {
    let long = sources.iter().map(|source| (&source.path, source.text.lines().count())).filter(|(_, lines)| *lines > LINES);
    long.map(|(path, lines)| format!("{path} has {lines} lines: split it along what it does, at most {LINES}")).collect()
}

fn worldly(sources: &[Source]) -> Vec<String> {
    let pure = |path: &str| ["domain", "rules", "review"].iter().any(|name| path.starts_with(&format!("crates/{name}/src/")));
    forbidden(sources, &WORLD, pure, "domain, rules and review are pure: pass it in")
}

fn asynchronous(sources: &[Source]) -> Vec<String> {
    let chosen = |path: &str| {
        let Some(rest) = path.strip_prefix("crates/engine/src/") else { return false };
        let module = rest.split(['/', '.']).next().unwrap_or_default();
        SYNCHRONOUS.contains(&module)
    };
    forbidden(
        sources,
        &["async fn", "async move", "async {", ".await"],
        chosen,
        "this module is a plain function of its input: await in a driver",
    )
}

/// Where a `Permitted` is made: by its name anywhere, or as `Self` in its own impl.
fn made_elsewhere(sources: &[Source]) -> Vec<String> {
    let made = |line: &str| {
        line.contains("Permitted {") && !["struct Permitted", "impl Permitted", "for Permitted"].iter().any(|is| line.contains(is))
    };
    let mut failures = Vec::new();
    for Source { path, text } in
        sources.iter().filter(|source| source.path.starts_with("crates/") && source.path != "crates/engine/src/claim/permitted.rs")
    {
        let hits = code(text).filter(|(_, line)| made(line) || line.contains("impl Permitted"));
        failures.extend(
            hits.map(|(number, _)| format!("{path}:{number}: a `Permitted` is made by a claim and nowhere else: go through the claim")),
        );
    }
    failures
}

/// A `Permitted` that could be copied, stored or written field by field would be a second way out.
fn loose_permitted(claim: &str) -> Vec<String> {
    let mut failures = Vec::new();
    let Some((before, after)) = claim.split_once("pub struct Permitted {") else {
        return vec!["`Permitted` is gone from claim/permitted.rs: find it anew".to_owned()];
    };
    let derive = before.lines().next_back().unwrap_or_default();
    if derive.trim() != "#[derive(Debug)]" {
        failures.push(format!("`Permitted` derives more than Debug ({}): it must not be copied, compared or stored", derive.trim()));
    }
    let fields = after.split('}').next().unwrap_or_default();
    if fields.lines().any(|line| line.trim_start().starts_with("pub")) {
        failures.push("a field of `Permitted` is public: add a method that reads it".to_owned());
    }
    for copy in ["Clone for Permitted", "Serialize for Permitted", "Deserialize for Permitted", "Default for Permitted", "From<"] {
        if claim.contains(copy) {
            failures.push(format!("`{copy}` in claim/permitted.rs: a `Permitted` comes from a committed claim only"));
        }
    }
    failures
}

fn own_lints(manifests: &[Source]) -> Vec<String> {
    let inherits = |text: &str| {
        let table: toml::Table = toml::from_str(text).unwrap();
        table.get("lints").and_then(|lints| lints.get("workspace")) == Some(&toml::Value::Boolean(true))
    };
    let others = manifests.iter().filter(|manifest| !inherits(&manifest.text));
    others.map(|manifest| format!("{}: add `[lints]` with `workspace = true`", manifest.path)).collect()
}

#[test]
fn no_lint_is_silenced_without_a_reason() {
    demand(&allowed_lints(&sources()));
}

#[test]
fn no_file_is_too_long_to_read() {
    demand(&long_files(&sources()));
}

#[test]
fn the_pure_crates_touch_neither_files_nor_clocks() {
    demand(&worldly(&sources()));
}

#[test]
fn the_core_of_the_engine_does_not_await() {
    demand(&asynchronous(&sources()));
}

#[test]
fn only_a_claim_makes_what_may_leave() {
    let sources = sources();
    demand(&made_elsewhere(&sources));
    demand(&loose_permitted(&sources.iter().find(|source| source.path == "crates/engine/src/claim/permitted.rs").unwrap().text));
}

#[test]
fn every_crate_has_the_lints_of_the_workspace() {
    let manifests: Vec<_> =
        fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path()).chain([root().join("tests")]).collect();
    let read =
        |folder: &PathBuf| Source { path: folder.display().to_string(), text: fs::read_to_string(folder.join("Cargo.toml")).unwrap() };
    demand(&own_lints(&manifests.iter().map(read).collect::<Vec<_>>()));
}

fn source(path: &str, text: &str) -> [Source; 1] {
    [Source { path: path.to_owned(), text: text.to_owned() }]
}

#[test]
fn bad_sources_are_seen() {
    let allow = concat!("#[", "allow(dead_code)]\nfn f() {}\n");
    assert_eq!(allowed_lints(&source("crates/x/src/lib.rs", allow)).len(), 1);
    assert_eq!(long_files(&source("crates/x/src/lib.rs", &"\n".repeat(LINES + 1))).len(), 1);
    assert!(long_files(&source("crates/x/src/lib.rs", &"\n".repeat(LINES))).is_empty());
    assert_eq!(worldly(&source("crates/rules/src/load.rs", "let text = std::fs::read(path);")).len(), 1);
    assert_eq!(worldly(&source("crates/domain/src/clock.rs", "let now = Timestamp::now();")).len(), 1);
    assert!(worldly(&source("crates/domain/src/clock.rs", "// never SystemTime")).is_empty(), "a comment does nothing");
    assert!(worldly(&source("crates/store/src/sqlite.rs", "std::fs::read(path)")).is_empty());
    for path in ["crates/engine/src/step.rs", "crates/engine/src/step/world.rs", "crates/engine/src/claim/permitted.rs"] {
        assert_eq!(asynchronous(&source(path, "let x = store.case(id).await?;")).len(), 1, "{path}");
    }
    assert!(asynchronous(&source("crates/engine/src/hub.rs", "async fn run() {}")).is_empty());
    assert_eq!(own_lints(&source("crates/x/Cargo.toml", "[package]\nname = \"x\"\n")).len(), 1);
    assert!(own_lints(&source("crates/x/Cargo.toml", "[lints]\nworkspace = true\n")).is_empty());
}

#[test]
fn a_second_way_out_is_seen() {
    let made = concat!("let p = Permitted", " { id, bytes };");
    assert_eq!(made_elsewhere(&source("crates/engine/src/hub.rs", made)).len(), 1);
    assert_eq!(made_elsewhere(&source("crates/bus/src/lib.rs", concat!("impl Permitted", " { fn new() {} }"))).len(), 1);
    assert!(made_elsewhere(&source("crates/engine/src/claim/permitted.rs", made)).is_empty());
    let good = "#[derive(Debug)]\npub struct Permitted {\n    id: u8,\n}\n";
    assert!(loose_permitted(good).is_empty());
    assert_eq!(loose_permitted(&good.replace("Debug", "Debug, Clone")).len(), 1);
    assert_eq!(loose_permitted(&good.replace("    id", "    pub id")).len(), 1);
    assert_eq!(loose_permitted(&format!("{good}impl Clone for Permitted {{}}")).len(), 1);
    assert_eq!(loose_permitted("").len(), 1);
}
