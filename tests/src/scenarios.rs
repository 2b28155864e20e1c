//! Every scenario file, played. A failure names the file, the step and what came instead.
//!
//! | module | what it plays on |
//! |---|---|
//! | here | the embedded hub: SQLite in memory, in-process bus |
//! | `real_parts` | PostgreSQL and RabbitMQ |

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process,
    sync::Once,
};

use schakelpunt::{
    config::Config,
    scenario::{Player, Scenario},
};

mod real_parts;

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The scenario files of a folder, by name.
fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|is| is == "toml")).collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} holds no scenario");
    files
}

/// The files of both folders, each once: what the demo plays is a script of its region, too.
pub(crate) fn all_files() -> Vec<PathBuf> {
    let both = ["tests/scenarios", "config/demo/scenarios"].into_iter().flat_map(files);
    let mut seen = BTreeSet::new();
    both.filter(|path| seen.insert(fs::canonicalize(path).unwrap())).collect()
}

/// The shipped rules with another day of commencement, where `akkoord-7.toml` and `akkoord-9.toml` look for them.
pub(crate) fn make_other_rules() {
    static MADE: Once = Once::new();
    MADE.call_once(|| {
        make_rules("rules-august-2021", "2021-08-01");
        make_rules("rules-may-2021", "2021-05-01");
    });
}

fn make_rules(name: &str, commencement: &str) {
    let folder = root().join("target/tmp").join(name);
    fs::create_dir_all(&folder).unwrap();
    let mut changed = 0;
    for file in files("config/rules") {
        let text = fs::read_to_string(&file).unwrap();
        changed += text.matches("2021-07-01").count();
        let made = folder.join(file.file_name().unwrap());
        // another process may read them at this moment
        let whole = made.with_extension(process::id().to_string());
        fs::write(&whole, text.replace("2021-07-01", commencement)).unwrap();
        fs::rename(whole, made).unwrap();
    }
    assert!(changed >= 4, "the date of commencement stands at the three articles of 20d and at the end of the consent");
}

/// What did not go as the file says.
async fn play(path: &Path, config: Option<&Config>) -> Vec<String> {
    let name = path.strip_prefix(root()).unwrap_or(path).display().to_string();
    play_text(&name, &fs::read_to_string(path).unwrap(), config).await
}

async fn play_text(name: &str, text: &str, config: Option<&Config>) -> Vec<String> {
    let scenario = match Scenario::parse(name, text) {
        Ok(scenario) => scenario.below(root()),
        Err(error) => return vec![format!("{error:#}")],
    };
    let played = async { Player::open(&scenario, config).await?.play(&scenario, |_, _| {}).await };
    let played = match played.await {
        Ok(played) => played,
        Err(error) => return vec![format!("{name}: {error:#}")],
    };
    let steps = (1..).zip(&played.steps);
    steps.flat_map(|(number, step)| step.failures.iter().map(move |failure| format!("{name}: step {number}: {failure}"))).collect()
}

async fn play_all(folder: &str) {
    let mut failures = Vec::new();
    for file in files(folder) {
        failures.extend(play(&file, None).await);
    }
    assert!(failures.is_empty(), "\n{}\nplay one: cargo run -p schakelpunt -- scenario run FILE\n", failures.join("\n"));
}

/// The scripts of the regions: how their files and their titles begin, and which there are.
const SCRIPTS: [(&str, &str, &[&str]); 4] = [
    ("zwolle", "Zwolle", &["A", "B", "C", "D", "E", "F"]),
    ("b5", "B5", &["1", "2", "3", "4", "5", "6", "7"]),
    ("akkoord", "Akkoord", &["1", "2", "3", "4", "5", "6", "7", "8", "9"]),
    ("leidschendam-voorburg", "Leidschendam-Voorburg", &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]),
];

/// Those that are one story or its second part.
const STORIES: [(&str, &str); 4] = [
    ("breda", "Breda: "),
    ("breda-negative", "Breda, negative tests: "),
    ("breda-2019", "Breda in 2019: "),
    ("akkoord-9-planned", "Akkoord 9, second part: "),
];

/// What all regions have to hold.
const ALL: [&str; 10] = [
    "wrong-municipality",
    "out-of-order",
    "correction",
    "refusal-codes",
    "audit",
    "free-text",
    "privacy",
    "mass-change",
    "breach",
    "desk-on-holiday",
];

/// Each script: the name of its file, and how its title begins.
fn scripts() -> Vec<(String, String)> {
    let of_region = |(file, title, which): (&str, &str, &[&str])| -> Vec<_> {
        which.iter().map(|one| (format!("{file}-{}", one.to_lowercase()), format!("{title} {one}: "))).collect()
    };
    let stories = STORIES.iter().map(|(file, title)| ((*file).to_owned(), (*title).to_owned()));
    let all = ALL.iter().map(|subject| (format!("all-{subject}"), "All: ".to_owned()));
    SCRIPTS.into_iter().flat_map(of_region).chain(stories).chain(all).collect()
}

#[test]
fn every_script_has_its_file_and_its_title() {
    let mut missing = Vec::new();
    for (name, begins) in scripts() {
        let path = root().join(format!("tests/scenarios/{name}.toml"));
        let Ok(text) = fs::read_to_string(&path) else {
            missing.push(format!("{name}: no such file"));
            continue;
        };
        let title = Scenario::parse(&name, &text).unwrap().title;
        if !title.starts_with(&begins) {
            missing.push(format!("{name}: its title does not begin with `{begins}`"));
        }
    }
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

#[tokio::test]
async fn every_scenario_goes_as_its_file_says() {
    make_other_rules();
    play_all("tests/scenarios").await;
}

#[tokio::test]
async fn every_demo_scenario_goes_as_its_file_says() {
    play_all("config/demo/scenarios").await;
}

/// A player that is content with everything would prove nothing.
#[tokio::test]
async fn a_scenario_that_is_wrong_fails() {
    let file = root().join("tests/scenarios/akkoord-9-planned.toml");
    let text = fs::read_to_string(file).unwrap();
    let wrong = [
        ("basis = \"wjsg-51c-2-c\"", "basis = \"pm-20d-2\""),
        ("refused = \"CONSENT_MISSING\"", "refused = \"NO_BASIS\""),
        ("outcome   = \"refused\"", "outcome   = \"accepted\""),
        ("lacks = [\"/person/identity/bsn\"", "lacks = [\"/person/identity/surname\""),
        ("to    = \"rn-leiden-intake\"", "to    = \"gemeente-leiden\""),
    ];
    for (right, bad) in wrong {
        assert!(text.contains(right), "{right}");
        assert!(!play_text("changed", &text.replacen(right, bad, 1), None).await.is_empty(), "{bad}");
    }
    let forgotten = text.replacen("[[step.expect]]\nto    = \"rn-leiden-intake\"\nbasis = \"rr95-11-1\"\n", "", 1);
    assert_ne!(forgotten, text);
    let failures = play_text("changed", &forgotten, None).await;
    assert!(failures.iter().any(|failure| failure.contains("delivered and not expected")), "{failures:?}");
}
