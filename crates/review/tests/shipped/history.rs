//! What municipalities and probation could know by law from 2018 to 2023, as four small rule sets: `tests/rules/history`. Each holds its own
//! invariants; `paper.md` beside it tells what became of the one before, as a decision paper.

use std::{collections::BTreeSet, fs, path::PathBuf};

use jiff::Timestamp;
use schakelpunt_domain::{
    ParticipantId,
    case::Case,
    consent::Consent,
    pointer::Leaf,
    registers::{At, Kind, Registers},
};
use schakelpunt_review::{Invariants, Outcome, diff, prove};
use schakelpunt_rules::{Candidate, Question, Relation, RuleFile, RuleSet, Signal, Signals, decide};

use super::{
    matrix::regenerate,
    world::{CATALOGUE, root},
};

const VERSIONS: [&str; 4] = ["2018-regulation", "2019-consent", "2021-statute", "2023-plan"];
const HOW: &str = "SCHAKELPUNT_REGENERATE=1 cargo test -p schakelpunt-review --test shipped history";

fn path(version: &str, name: &str) -> PathBuf {
    root().join("tests/rules/history").join(version).join(name)
}

fn file(version: &str, name: &str) -> RuleFile {
    RuleFile { name: name.to_owned(), text: fs::read_to_string(path(version, name)).unwrap() }
}

fn rules(version: &str) -> RuleSet {
    RuleSet::load(&[file(version, "rules.toml")], &CATALOGUE).unwrap_or_else(|errors| panic!("{version}:\n{errors}"))
}

/// The paper with the names of the versions in place of their fingerprints.
fn paper(before: &str, after: &str) -> String {
    let paper = diff(&rules(before), &rules(after), &CATALOGUE).unwrap().markdown();
    let (_, without_title) = paper.split_once('\n').unwrap();
    format!("# From {before} to {after}\n{without_title}")
}

#[test]
fn each_version_says_what_it_changes() {
    let mut failures = Vec::new();
    for (before, after) in VERSIONS.iter().zip(VERSIONS.iter().skip(1)) {
        let (told, kept) = (paper(before, after), path(after, "paper.md"));
        if regenerate() {
            fs::write(&kept, &told).unwrap();
        }
        if fs::read_to_string(&kept).unwrap_or_default() != told {
            failures.push(told);
        }
    }
    assert!(failures.is_empty(), "another history than the papers tell; if it is meant: {HOW}\n{}", failures.join("\n"));
}

#[test]
fn each_version_is_lawful_for_its_time() {
    for version in VERSIONS {
        let rules = rules(version);
        let invariants =
            Invariants::read(&file(version, "invariants.toml"), &rules, &CATALOGUE).unwrap_or_else(|errors| panic!("{errors}"));
        let proof = prove(&rules, &invariants, &CATALOGUE).unwrap();
        let notes: Vec<_> = proof.outcomes.iter().flat_map(Outcome::notes).collect();
        assert!(proof.holds() && notes.is_empty(), "{version}:\n{}", proof.text());
    }
}

/// The fields of the sheet on the conditions that a municipality gets at an instant, with a consent for one life domain only.
fn with_consent_for_housing(version: &str, at: &str) -> BTreeSet<String> {
    let (at, before): (Timestamp, Timestamp) = (at.parse().unwrap(), "2019-10-01T09:00:00Z".parse().unwrap());
    let participant: ParticipantId = "gemeente".parse().unwrap();
    let mut case = Case::new("D-1".parse().unwrap());
    case.consents.push(Consent {
        id: "c-1".to_owned(),
        recipient: participant.clone(),
        categories: vec!["condition:HOUSING".parse().unwrap()],
        purpose: "reintegration".to_owned(),
        given_at: Some(before),
        until: None,
        withdrawn_at: None,
        recorded: before,
        withdrawal_recorded: None,
        message: None,
    });
    let leaves: Vec<Leaf> = ["/conditions/DEBT/status", "/conditions/HOUSING/status"].iter().map(|leaf| leaf.parse().unwrap()).collect();
    let missing = BTreeSet::from([Signal::EntryNotInOrder]);
    let entries = ["/conditions/DEBT", "/conditions/HOUSING"].map(|entry| (entry.to_owned(), missing.clone()));
    let decision = decide(&Question {
        rules: &rules(version),
        event: CATALOGUE.named("screening-completed").unwrap(),
        giver: Kind::Prison,
        sender: &[Relation::HoldingPrison],
        case: &case,
        registers: &Registers::new(1, None),
        signals: &Signals { entries: entries.into_iter().collect(), ..Signals::default() },
        leaves: &leaves,
        candidate: &Candidate {
            participant,
            kind: Kind::Municipality,
            relations: vec![Relation::ResponsibleMunicipality],
            on_behalf_of: None,
            closed: None,
            tells_health: false,
            had: None,
        },
        at: At::now(at),
    });
    decision.permit().into_iter().flat_map(|permit| permit.leaves().map(Leaf::to_string).collect::<Vec<_>>()).collect()
}

#[test]
fn a_consent_is_for_one_life_domain_and_the_statute_for_what_is_missing() {
    let (housing, debt) = ("/conditions/HOUSING/status".to_owned(), "/conditions/DEBT/status".to_owned());
    let told = with_consent_for_housing;
    assert_eq!(told("2018-regulation", "2019-11-20T09:00:00Z"), BTreeSet::new());
    assert_eq!(told("2019-consent", "2019-11-20T09:00:00Z"), BTreeSet::from([housing.clone()]));
    assert_eq!(told("2021-statute", "2021-06-30T21:59:59Z"), BTreeSet::from([housing.clone()]), "the last second of June in Amsterdam");
    assert_eq!(told("2021-statute", "2021-06-30T22:00:00Z"), BTreeSet::from([debt, housing]));
    assert_eq!(told("2023-plan", "2023-12-07T09:00:00Z"), BTreeSet::new(), "it has the plan instead");
}
