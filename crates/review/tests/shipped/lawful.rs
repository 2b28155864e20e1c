//! `rules check` and `rules prove` stop nothing that is lawful: of the changes with a known effect, `tests/rules/changes`, they stop those
//! that are listed here with the reason, and no other.
//!
//! Each is proved for the events of which the diff says something, as for all of them it takes four minutes. Of the others the shipped
//! rules are proved.

use std::{collections::BTreeSet, path::Path, thread};

use schakelpunt_review::{Invariants, check, diff, prove};
use serde::de::IgnoredAny;

use super::{
    patch::Change,
    unlawful::{invariants, only},
    world::{CATALOGUE, RULES},
};

/// Changes that show an effect and could not come into force as they are: the file, what stops it, why that is right.
const STOPPED: [(&str, &str, &str); 9] = [
    ("16-recipient-less", "WRONG_PAIR", "no basis of this rule lets the municipality tell the triage desk: it would tell nobody"),
    ("17-signal-less", "health-where-care-is-needed-or-by-consent", "unlawful: health data of whom no care is needed for"),
    ("18-signal-more", "NEVER_HOLDS", "these events have no field that says that care is needed: the grant would never give anything"),
    ("21-never-more", "ALWAYS_CUT", "rules still name the field: whoever forbids it takes it out of them"),
    ("23-never-less", "no-bsn-to-care-partners", "unlawful: the citizen service number goes to a care partner"),
    ("25-pair-less", "WRONG_PAIR", "a rule still tells another prison on own task: it would tell nobody"),
    ("27-rule-gone", "WRONG_PAIR", "no article lets a prison tell the hub of a plan: the rule would tell nobody"),
    ("29-second-rule-that-says-the-same", "NEVER_SPEAKS", "a rule that adds nothing is a slip of the pen"),
    ("33-after-a-consent-ended", "care-partners-by-consent", "unlawful: a care partner hears something after its consent ended"),
];

/// What stops a change: codes of `rules check`, invariants that `rules prove` finds broken.
fn stops(change: &Change<IgnoredAny>) -> BTreeSet<String> {
    let (files, rules) = (change.files(), change.rules());
    let mistakes = check(&files, &rules, &CATALOGUE).unwrap().mistakes;
    let mut stops: BTreeSet<String> = mistakes.iter().map(|mistake| mistake.code.to_owned()).collect();
    match Invariants::read(&invariants(), &rules, &CATALOGUE) {
        Ok(invariants) => {
            let touched = diff(&RULES, &rules, &CATALOGUE).unwrap().lines.into_iter().flat_map(|line| line.events).collect();
            let proof = prove(&rules, &invariants, &only(&touched)).unwrap();
            stops.extend(proof.outcomes.iter().filter(|outcome| !outcome.holds()).map(|outcome| outcome.id.clone()));
        }
        // they speak of a basis that the change takes away
        Err(errors) => stops.extend(errors.0.iter().map(|error| error.code.to_owned())),
    }
    stops
}

fn name(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

#[test]
fn what_is_lawful_is_not_stopped() {
    let changes = Change::<IgnoredAny>::all("changes");
    let unknown: Vec<_> = STOPPED.iter().filter(|(file, ..)| changes.iter().all(|(path, _)| name(path) != *file)).collect();
    assert!(unknown.is_empty(), "no such changes: {unknown:?}");
    let failure = |(path, change): &(std::path::PathBuf, Change<IgnoredAny>)| {
        let expected = STOPPED.iter().filter(|(file, ..)| *file == name(path)).map(|(_, by, _)| (*by).to_owned()).collect();
        let stops = stops(change);
        (stops != expected).then(|| format!("{}: {}: stopped by {stops:?}, not {expected:?}", name(path), change.title))
    };
    // one thread a core: a minute and a half of work
    let threads = thread::available_parallelism().map_or(1, Into::into);
    let failures: Vec<String> = thread::scope(|scope| {
        let part = |number: usize| changes.iter().skip(number).step_by(threads).filter_map(failure).collect::<Vec<_>>();
        let parts: Vec<_> = (0..threads).map(|number| scope.spawn(move || part(number))).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
