//! Proves invariants of a rule set: every cell is decided, and every field that is given in it is held against each of them.
//!
//! The space is finite, so this is a proof and no sample: of the rules as far as the space goes. What it leaves out stands in the README.

use std::collections::BTreeSet;

use schakelpunt_domain::catalogue::Catalogue;
use schakelpunt_rules::{Decision, LoadErrors, RuleFile, RuleSet, Signal};

use crate::{
    space::{MORE_STANDINGS, ROLES, Role, Standing, TITLES},
    walk::{Cell, Part, Walk},
};

mod file;
mod invariant;
mod report;
mod scenario;

use invariant::{Given, Invariant};
pub use report::{Counterexample, Outcome, Proof};
use scenario::Setting;
pub use scenario::Unplayable;

/// The invariants of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invariants(Vec<Invariant>);

impl Invariants {
    /// Reads invariants, for the rule set that is to be proved: they use its names.
    pub fn read(file: &RuleFile, rules: &RuleSet, catalogue: &Catalogue) -> Result<Self, LoadErrors> {
        file::read(file, rules, catalogue).map(Self)
    }
}

/// Holds every field that is given in any cell against each invariant.
/// `None` only if the fixed words of `space` were no words of the domain.
pub fn prove(rules: &RuleSet, invariants: &Invariants, catalogue: &Catalogue) -> Option<Proof> {
    let walk = Walk::new(&[rules])?;
    let mut proof = Proof { version: rules.version.clone(), cells: 0, outcomes: invariants.0.iter().map(Outcome::new).collect() };
    for event in catalogue.iter() {
        let part = walk.part(event);
        let cells = all_cells(&walk, &part);
        for (from, to) in part.senders.iter().flat_map(|from| ROLES.iter().map(move |to| (*from, *to))) {
            let concerned: Vec<usize> = (0..)
                .zip(&invariants.0)
                .filter(|(_, invariant)| invariant.concerns(part.event.name.as_str(), from, to))
                .map(|(index, _)| index)
                .collect();
            let candidate = walk.candidate(&part, to);
            let pair = Pair { walk: &walk, part: &part, rules, invariants, concerned, from, to };
            for cell in &cells {
                proof.cells += 1;
                if let Some(decision) = walk.decide(rules, &part, from, &candidate, *cell) {
                    pair.hold(&decision, *cell, &mut proof.outcomes);
                }
            }
        }
    }
    Some(proof)
}

/// Everything: also each field that may lack, a consent that covers no health, and each title.
fn all_cells(walk: &Walk<'_>, part: &Part<'_>) -> Vec<Cell> {
    let titled = TITLES.iter().flat_map(|(title, _)| walk.titled(part, *title));
    walk.cells(part, &MORE_STANDINGS, part.lacks.len()).chain(titled).collect()
}

/// Who tells whom of what, and the invariants that say anything of it.
struct Pair<'a> {
    walk: &'a Walk<'a>,
    part: &'a Part<'a>,
    rules: &'a RuleSet,
    invariants: &'a Invariants,
    concerned: Vec<usize>,
    from: Role,
    to: Role,
}

impl Pair<'_> {
    /// Holds each field of one answer against each invariant.
    fn hold(&self, decision: &Decision, cell: Cell, outcomes: &mut [Outcome]) {
        let (Some(permit), Some(span)) = (decision.permit(), self.walk.spans().get(cell.span)) else { return };
        let rule = invariant::rule(self.rules, decision);
        let signals = self.signals(cell);
        for granted in &permit.granted {
            let Some(basis) = self.rules.bases().iter().find(|basis| basis.id == granted.basis) else { continue };
            for leaf in &granted.leaves {
                let given = Given {
                    event: self.part.event.name.as_str(),
                    from: self.from,
                    to: self.to,
                    at: span.at,
                    ended: cell.ended,
                    standing: cell.standing,
                    signals: &signals,
                    leaf,
                    class: self.part.event.class(leaf),
                    basis,
                    rule,
                    permit,
                };
                for index in &self.concerned {
                    let (Some(invariant), Some(outcome)) = (self.invariants.0.get(*index), outcomes.get_mut(*index)) else { continue };
                    if !invariant.speaks_of(&given) {
                        continue;
                    }
                    outcome.asked += 1;
                    if invariant.holds(&given) {
                        continue;
                    }
                    match invariant.exception(&given) {
                        Some(place) => outcome.excuse(place),
                        None => outcome.broken(&given, || self.case(&given, cell)),
                    }
                }
            }
        }
    }

    /// What holds in a cell, of the message and of the case.
    fn signals(&self, cell: Cell) -> BTreeSet<Signal> {
        let lack = self.part.lacks.get(cell.lack).and_then(Option::as_ref);
        let set = self.part.sets.get(cell.signals);
        let mut signals = set.map(|set| set.all(lack)).unwrap_or_default();
        signals.extend((!cell.ended).then_some(Signal::PlanRunning));
        signals.extend((cell.standing == Standing::Valid && !cell.ended).then_some(Signal::ConsentNotEnded));
        signals
    }

    /// A cell in words.
    fn case(&self, given: &Given<'_>, cell: Cell) -> Counterexample {
        let span = self.walk.spans().get(cell.span);
        let standing = MORE_STANDINGS.iter().find(|(standing, _)| *standing == cell.standing).map_or("", |(_, word)| word);
        let title = cell.title.and_then(|title| TITLES.iter().find(|(other, _)| *other == title)).map(|(_, word)| format!("title {word}"));
        let set = self.part.sets.get(cell.signals).map(|set| set.word.clone()).filter(|_| !self.part.signals.is_empty());
        let lack = self.part.lacks.get(cell.lack).and_then(Option::as_ref).map(|lack| format!("without {lack}"));
        let detained = if cell.ended { "the detention has ended" } else { "detained" };
        Counterexample {
            event: given.event.to_owned(),
            from: given.from.word,
            to: given.to.word,
            period: span.map(|span| span.word.clone()).unwrap_or_default(),
            at: given.at,
            consent: standing,
            conditions: [Some(detained.to_owned()), title, set, lack].into_iter().flatten().collect(),
            fields: vec![given.leaf.to_string()],
            rule: given.rule.map(|rule| rule.id.to_string()).unwrap_or_default(),
            basis: given.basis.id.to_string(),
            cells: 1,
            setting: Setting {
                ended: cell.ended,
                standing: cell.standing,
                title: cell.title,
                signals: given.signals.iter().copied().collect(),
                lack: self.part.lacks.get(cell.lack).cloned().flatten(),
                until: self.walk.spans().get(cell.span + 1).map(|next| next.at),
            },
        }
    }
}

#[cfg(test)]
mod tests;
