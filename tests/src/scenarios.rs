//! Every scenario file, played. A failure names the file, the step and what came instead.
//!
//! | module | what it plays on |
//! |---|---|
//! | here | the embedded hub: SQLite in memory, in-process bus |
//! | `real_parts` | PostgreSQL and RabbitMQ |

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Once,
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

/// The shipped rules as they would be with other days of commencement, where `akkoord-7.toml` and `akkoord-9.toml` look for them.
fn make_other_rules() {
    static MADE: Once = Once::new();
    MADE.call_once(|| {
        for (name, commencement) in [("rules-may-2021", "2021-05-01"), ("rules-august-2021", "2021-08-01")] {
            let folder = root().join("target/tmp").join(name);
            fs::create_dir_all(&folder).unwrap();
            let mut changed = 0;
            for file in files("config/rules") {
                let text = fs::read_to_string(&file).unwrap();
                changed += text.matches("2021-07-01").count();
                fs::write(folder.join(file.file_name().unwrap()), text.replace("2021-07-01", commencement)).unwrap();
            }
            assert!(changed >= 4, "the date of commencement stands at the three articles of 20d and at the end of the consent");
        }
    });
}

/// The scripts of the five regions and of what holds for all: the file, how its title begins, and the steps of the script that it plays
/// where it plays several.
const SCRIPTS: [(&str, &str, &[u32]); 32] = [
    ("breda", "Breda:", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ("breda-negative", "Breda:", &[]),
    ("breda-2019", "Breda:", &[]),
    ("zwolle-a", "Zwolle A:", &[]),
    ("zwolle-b", "Zwolle B:", &[]),
    ("zwolle-c", "Zwolle C:", &[]),
    ("zwolle-d", "Zwolle D:", &[]),
    ("zwolle-e", "Zwolle E:", &[]),
    ("zwolle-f", "Zwolle F:", &[]),
    ("b5-1", "B5 1:", &[]),
    ("b5-2", "B5 2:", &[]),
    ("b5-3", "B5 3:", &[]),
    ("b5-4", "B5 4:", &[]),
    ("b5-5", "B5 5:", &[]),
    ("b5-6", "B5 6:", &[]),
    ("b5-7", "B5 7:", &[]),
    ("akkoord-1-6", "Akkoord 1 to 6:", &[1, 2, 3, 4, 5, 6]),
    ("akkoord-7", "Akkoord 7:", &[]),
    ("akkoord-8", "Akkoord 8:", &[]),
    ("akkoord-9", "Akkoord 9:", &[]),
    ("akkoord-9-planned", "Akkoord 9:", &[]),
    ("leidschendam-voorburg-1-8", "Leidschendam-Voorburg 1 to 8:", &[1, 2, 3, 4, 5, 6, 7, 8]),
    ("leidschendam-voorburg-9", "Leidschendam-Voorburg 9:", &[]),
    ("leidschendam-voorburg-10", "Leidschendam-Voorburg 10:", &[]),
    ("all-wrong-municipality", "All:", &[]),
    ("all-out-of-order", "All:", &[]),
    ("all-correction", "All:", &[]),
    ("all-rejection-codes", "All:", &[]),
    ("all-audit", "All:", &[]),
    ("all-free-text", "All:", &[]),
    ("all-privacy", "All:", &[]),
    ("all-mass-change", "All:", &[]),
];

#[test]
fn every_script_has_its_file() {
    for (name, title, steps) in SCRIPTS {
        let file = root().join(format!("tests/scenarios/{name}.toml"));
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(text.starts_with(&format!("title = \"{title} ")), "{name}: its title begins with {title}");
        let is_marked = |step: &u32| text.lines().any(|line| line.starts_with(&format!("# {step}. ")));
        let missing: Vec<_> = steps.iter().filter(|step| !is_marked(step)).collect();
        assert!(missing.is_empty(), "{name}: no step is marked as {missing:?}");
    }
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
    make_other_rules();
    let mut failures = Vec::new();
    for file in files(folder) {
        failures.extend(play(&file, None).await);
    }
    assert!(failures.is_empty(), "\n{}\nplay one: cargo run -p schakelpunt -- scenario run FILE\n", failures.join("\n"));
}

#[tokio::test]
async fn every_scenario_goes_as_its_file_says() {
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
