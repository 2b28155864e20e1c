//! The signals on which the rules for an event depend, in all their combinations.

use std::collections::BTreeSet;

use schakelpunt_domain::{case::Title, catalogue::EventSpec};

use super::{RuleSet, Signal, Signals};

/// What a payload or the case may say, and on which a rule may hang.
const ASKED: [(Signal, &str); 4] = [
    (Signal::CareNeeded, "care needed"),
    (Signal::EntryNotInOrder, "conditions missing"),
    (Signal::Consulting, "consulting"),
    (Signal::IsdMeasure, "ISD"),
];

/// One combination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) word: String,
    pub(super) signals: Signals,
    isd: bool,
}

impl Set {
    /// The title that goes with it.
    pub(super) fn title(&self) -> Option<Title> {
        self.isd.then_some(Title::Isd)
    }
}

/// Every combination of the signals that matter for an event; the last one has them all.
pub(super) fn sets(rules: &RuleSet, event: &EventSpec) -> Vec<Set> {
    let named: BTreeSet<Signal> = rules
        .rules_for(&event.name)
        .flat_map(|rule| &rule.grants)
        .flat_map(|grant| grant.when.iter().chain(rules.basis(grant).into_iter().flat_map(|basis| &basis.while_)))
        .copied()
        .collect();
    let mut chosen: Vec<Vec<(Signal, &str)>> = vec![Vec::new()];
    for signal in ASKED.into_iter().filter(|(signal, _)| named.contains(signal)) {
        let with: Vec<_> = chosen.iter().map(|set| set.iter().copied().chain([signal]).collect()).collect();
        chosen.extend(with);
    }
    chosen.iter().map(|set| combine(event, set)).collect()
}

fn combine(event: &EventSpec, set: &[(Signal, &str)]) -> Set {
    let has = |signal| set.iter().any(|(one, _)| *one == signal);
    let whole = [Signal::CareNeeded, Signal::Consulting].into_iter().filter(|signal| has(*signal)).collect();
    let said: BTreeSet<Signal> = has(Signal::EntryNotInOrder).then_some(Signal::EntryNotInOrder).into_iter().collect();
    let entries = event.leaves.keys().filter_map(|leaf| entry(leaf.as_str())).map(|entry| (entry, said.clone())).collect();
    let words: Vec<_> = set.iter().map(|(_, word)| *word).collect();
    let word = if words.is_empty() { "nothing said".to_owned() } else { words.join(" + ") };
    Set { word, signals: Signals { whole, entries }, isd: has(Signal::IsdMeasure) }
}

/// The condition that a leaf belongs to, as a pointer.
fn entry(leaf: &str) -> Option<String> {
    let (before, rest) = leaf.split_once("conditions/")?;
    let (code, _) = rest.split_once('/')?;
    Some(format!("{before}conditions/{code}"))
}
