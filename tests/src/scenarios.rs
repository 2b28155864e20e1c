//! Every scenario file, played. A failure names the file, the step and what came instead.
//!
//! | module | what it plays on |
//! |---|---|
//! | here | the embedded hub: SQLite in memory, in-process bus |
//! | `real_parts` | PostgreSQL and RabbitMQ |

use std::{
    fs,
    path::{Path, PathBuf},
};

use schakelpunt::{
    config::Config,
    scenario::{Player, Scenario},
};

mod real_parts;

fn root() -> &'static Path {
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

/// The shipped rules as they would be with the planned date, where `legal-switch-wrong-date.toml` looks for them.
fn make_wrong_rules() {
    let folder = root().join("target/tmp/rules-may-2021");
    fs::create_dir_all(&folder).unwrap();
    let mut changed = 0;
    for file in files("config/rules") {
        let text = fs::read_to_string(&file).unwrap();
        changed += text.matches("2021-07-01").count();
        fs::write(folder.join(file.file_name().unwrap()), text.replace("2021-07-01", "2021-05-01")).unwrap();
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

#[tokio::test]
async fn every_scenario_goes_as_its_file_says() {
    make_wrong_rules();
    play_all("tests/scenarios").await;
}

#[tokio::test]
async fn every_demo_scenario_goes_as_its_file_says() {
    play_all("config/demo/scenarios").await;
}

/// A player that is content with everything would prove nothing.
#[tokio::test]
async fn a_scenario_that_is_wrong_fails() {
    let file = root().join("tests/scenarios/legal-switch-planned-date.toml");
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
