//! The shipped rules hold the invariants; deliberately unlawful changes of them, `tests/rules/unlawful`, are stopped by `rules check` or
//! `rules prove`, with the right sentence.

use std::{collections::BTreeSet, fs};

use schakelpunt_domain::catalogue::Catalogue;
use schakelpunt_review::{Invariants, Outcome, Proof, prove};
use schakelpunt_rules::{RuleFile, RuleSet};

use super::{
    patch::Change,
    world::{CATALOGUE, RULES, root},
};

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
enum Expect {
    /// A mistake of `rules check`: its code and its sentence.
    Check { code: String, says: String },
    /// An invariant that is broken, the event by which, and a part of the case that shows it.
    Prove { invariant: String, case: String, event: String },
}

pub(crate) fn invariants() -> RuleFile {
    RuleFile { name: "invariants.toml".to_owned(), text: fs::read_to_string(root().join("config/rules/invariants.toml")).unwrap() }
}

fn proved(rules: &RuleSet, catalogue: &Catalogue) -> Proof {
    let invariants = Invariants::read(&invariants(), rules, &CATALOGUE).unwrap_or_else(|errors| panic!("{errors}"));
    prove(rules, &invariants, catalogue).unwrap()
}

/// A catalogue of some events: whoever knows which need not wait for the others.
pub(crate) fn only(events: &BTreeSet<String>) -> Catalogue {
    let is_among =
        |name: &str| name.strip_prefix("events/").and_then(|name| name.strip_suffix(".json")).is_none_or(|name| events.contains(name));
    let mut files = Catalogue::shipped();
    files.retain(|file| is_among(&file.name));
    Catalogue::read(&files).unwrap()
}

/// What stops a change, or what does not.
fn stopped(change: &Change<Expect>) -> Result<(), String> {
    match (RuleSet::load(&change.files(), &CATALOGUE), &change.expect) {
        (Err(errors), Expect::Check { code, says }) => {
            let fits = errors.0.iter().any(|error| error.code == code && error.message.contains(says));
            fits.then_some(()).ok_or_else(|| errors.to_string())
        }
        (Ok(rules), Expect::Prove { invariant, case, event }) => {
            let proof = proved(&rules, &only(&BTreeSet::from([event.clone()])));
            let broken = proof.outcomes.iter().filter(|outcome| !outcome.holds());
            let fits = broken.clone().any(|outcome| outcome.id == *invariant && outcome.text().contains(case));
            fits.then_some(()).ok_or_else(|| broken.map(Outcome::text).collect())
        }
        (Err(errors), _) => Err(errors.to_string()),
        (Ok(_), _) => Err("`rules check` takes it".to_owned()),
    }
}

#[test]
fn each_unlawful_change_is_stopped() {
    let changes = Change::<Expect>::all("unlawful");
    assert!(changes.len() >= 30, "{} changes", changes.len());
    let failure = |(path, change): &(std::path::PathBuf, Change<Expect>)| {
        let why = stopped(change).err()?;
        Some(format!("{}: {} is not stopped as expected:\n{why}", path.display(), change.title))
    };
    let failures: Vec<_> = changes.iter().filter_map(failure).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_shipped_rules_hold_every_invariant() {
    let proof = proved(&RULES, &CATALOGUE);
    let notes: Vec<_> = proof.outcomes.iter().flat_map(Outcome::notes).collect();
    assert!(proof.holds() && notes.is_empty(), "{}", proof.text());
    assert!(proof.cells > 173_568, "more than the matrix: {}", proof.cells);
}
