//! The golden matrix: who may tell whom which event on what, for reviewers. A change of the rules shows here as a change of lines.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use schakelpunt_domain::catalogue::EventSpec;
use schakelpunt_rules::{Answer, Decision, RuleSet, Signal, Signals};

use super::world::{Asked, CATALOGUE, Given, ROLES, RULES, Role, Standing};
use crate::schemas::regenerate;

/// A day inside each period.
const DAYS: [&str; 4] =
    ["2018-07-01T12:00:00+02:00", "2019-07-01T12:00:00+02:00", "2021-05-15T12:00:00+02:00", "2021-07-01T00:00:00+02:00"];
const HEAD: &str = "\
# Who may tell whom which event, on what, with every field present, care needed and nothing in order.
# One line for a sender and a recipient, for whom it is ever something else than NO_BASIS; a basis with the number of its fields.
# Columns: 1 July 2018 | 1 July 2019 | 15 May 2021 | 1 July 2021, and below, indented, the same with a consent for everything where it differs.
# Made by: SCHAKELPUNT_REGENERATE=1 cargo test -p schakelpunt-tests law::matrix
";
const EVERYTHING: [&str; 12] = [
    "condition:ID",
    "condition:HOUSING",
    "condition:INCOME",
    "condition:DEBT",
    "condition:CARE",
    "condition:NETWORK",
    "class:ID",
    "class:SOC",
    "class:FIN",
    "class:HEALTH",
    "class:JUST",
    "class:THIRD",
];

/// All signals that an event with all its leaves can give.
pub(super) fn all_signals(event: &EventSpec) -> Signals {
    let entry = |leaf: &str| {
        let at = leaf.find("/conditions/")? + "/conditions/".len();
        let end = at + leaf.get(at..)?.find('/')?;
        leaf.get(..end).map(str::to_owned)
    };
    let entries = event.leaves.keys().filter_map(|leaf| entry(leaf.as_str()));
    Signals {
        whole: BTreeSet::from([Signal::CareNeeded, Signal::Consulting]),
        entries: entries.map(|entry| (entry, BTreeSet::from([Signal::EntryNotInOrder]))).collect(),
    }
}

fn short(decision: &Decision) -> String {
    match &decision.answer {
        Answer::Refuse(code) => code.to_string(),
        Answer::Permit(permit) => {
            permit.granted.iter().map(|granted| format!("{}({})", granted.basis, granted.leaves.len())).collect::<Vec<_>>().join(" ")
        }
    }
}

fn line(rules: &RuleSet, event: &EventSpec, from: Role, to: Role, given: &Given) -> [String; 4] {
    let leaves: Vec<_> = event.leaves.keys().cloned().collect();
    DAYS.map(|at| {
        let asked =
            Asked { event, leaves: leaves.clone(), signals: all_signals(event), from, to, given: given.clone(), at: at.parse().unwrap() };
        short(&asked.answer(rules))
    })
}

/// The matrix of a rule set as text.
fn matrix(rules: &RuleSet) -> String {
    let mut text = HEAD.to_owned();
    let categories: Vec<String> = EVERYTHING.iter().map(|category| (*category).to_owned()).collect();
    for event in CATALOGUE.iter() {
        writeln!(text, "\n{}", event.name).unwrap();
        for from in ROLES.into_iter().filter(|role| role.relation.is_some() && !role.tells_health && !role.word.starts_with("earlier ")) {
            for to in ROLES.into_iter().filter(|role| role.relation.is_some()) {
                // an earlier recipient had everything
                let had = Some(event.leaves.keys().cloned().collect());
                let without = line(rules, event, from, to, &Given { had: had.clone(), ..Given::default() });
                let with =
                    line(rules, event, from, to, &Given { had, consents: vec![(Standing::Valid, categories.clone())], ..Given::default() });
                if without.iter().chain(&with).any(|answer| answer != "NO_BASIS") {
                    writeln!(text, "  {} to {}: {}", from.word, to.word, without.join(" | ")).unwrap();
                }
                if with != without {
                    writeln!(text, "    with consent: {}", with.join(" | ")).unwrap();
                }
            }
        }
    }
    text
}

#[test]
fn the_matrix_is_the_one_that_was_reviewed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/matrix.txt");
    let now = matrix(&RULES);
    if regenerate() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &now).unwrap();
    }
    let reviewed = fs::read_to_string(&path).unwrap_or_default();
    let lines: BTreeSet<&str> = reviewed.lines().collect();
    let new: Vec<_> = now.lines().filter(|line| !lines.contains(line)).take(20).collect();
    assert!(
        now == reviewed,
        "who may know what has changed; if that is meant, regenerate tests/golden/matrix.txt (its head says how) and read its diff. New lines:\n{}",
        new.join("\n")
    );
}
