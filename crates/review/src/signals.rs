//! The signals on which the rules for an event depend, in all their combinations.

use std::{borrow::Cow, collections::BTreeSet};

use schakelpunt_domain::{case::Title, catalogue::EventSpec, pointer::Leaf};
use schakelpunt_rules::{RuleSet, Signal, Signals};

/// What a payload or the case may say, and on which a rule may hang; and how it reads when it is not so.
const ASKED: [(Signal, &str, &str); 4] = [
    (Signal::CareNeeded, "care needed", "no care needed"),
    (Signal::EntryNotInOrder, "conditions missing", "conditions in order"),
    (Signal::Consulting, "consulting", "not consulting"),
    (Signal::IsdMeasure, "ISD", "no ISD"),
];

/// One combination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Set {
    pub(crate) word: String,
    pub(crate) signals: Signals,
    isd: bool,
}

impl Set {
    /// The title that goes with it.
    pub(crate) fn title(&self) -> Option<Title> {
        self.isd.then_some(Title::Isd)
    }

    /// All that holds: of the message, of any of its entries, of the case.
    pub(crate) fn all(&self, lack: Option<&Leaf>) -> BTreeSet<Signal> {
        let signals = self.without(lack);
        let entries = signals.entries.values().flatten();
        signals.whole.iter().chain(entries).copied().chain(self.isd.then_some(Signal::IsdMeasure)).collect()
    }

    /// What the message still says when it lacks a field.
    pub(crate) fn without(&self, lack: Option<&Leaf>) -> Cow<'_, Signals> {
        let gone = READ_FROM.iter().find(|(_, fields)| lack.is_some_and(|lack| fields.contains(&lack.as_str())));
        let Some((signal, _)) = gone else { return Cow::Borrowed(&self.signals) };
        let mut signals = self.signals.clone();
        signals.whole.remove(signal);
        Cow::Owned(signals)
    }
}

/// The signals that some rule for an event depends on.
fn named(rules: &RuleSet, event: &EventSpec) -> impl Iterator<Item = Signal> {
    let grants = rules.rules_for(&event.name).flat_map(|rule| &rule.grants);
    grants.flat_map(|grant| grant.when.iter().chain(rules.basis(grant).into_iter().flat_map(|basis| &basis.while_))).copied()
}

/// From which fields a signal is read: without the field it is not there.
pub(crate) const READ_FROM: [(Signal, &[&str]); 2] =
    [(Signal::CareNeeded, &["/care/needed", "/plan/care/needed"]), (Signal::Consulting, &["/consultation/about"])];

/// The signals that matter for an event to one of the rule sets.
fn matter(sets: &[&RuleSet], event: &EventSpec) -> Vec<(Signal, &'static str, &'static str)> {
    let named: BTreeSet<Signal> = sets.iter().flat_map(|rules| named(rules, event)).collect();
    ASKED.into_iter().filter(|(signal, ..)| named.contains(signal)).collect()
}

/// How each of them reads when it is not so, and when it is.
pub(crate) fn words(sets: &[&RuleSet], event: &EventSpec) -> Vec<(&'static str, &'static str)> {
    matter(sets, event).into_iter().map(|(_, yes, no)| (no, yes)).collect()
}

/// Every combination of them, the first one changing fastest; the last combination has them all.
pub(crate) fn sets(sets: &[&RuleSet], event: &EventSpec) -> Vec<Set> {
    let mut chosen: Vec<Vec<(Signal, &str)>> = vec![Vec::new()];
    for (signal, word, _) in matter(sets, event) {
        let with: Vec<_> = chosen.iter().map(|set| set.iter().copied().chain([(signal, word)]).collect()).collect();
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
    Set { word, signals: Signals { whole, entries, ..Signals::default() }, isd: has(Signal::IsdMeasure) }
}

/// The condition that a leaf belongs to, as a pointer.
pub(crate) fn entry(leaf: &str) -> Option<String> {
    let (before, rest) = leaf.split_once("conditions/")?;
    let (code, _) = rest.split_once('/')?;
    Some(format!("{before}conditions/{code}"))
}
