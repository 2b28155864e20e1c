//! The matrix of a rule set: every cell, decided, for whoever reviews a change of the rules.
//!
//! A cell is an event, a sender that some rule lets produce it, a recipient, a period between two dates of the rule set, how consent
//! stands, whether the detention goes on, and the signals on which a rule for this event depends. Every field of the event is present, a
//! consent covers everything, and an earlier recipient had everything. The titles of decision 16 are asked beside that, each once.

use schakelpunt_domain::{catalogue::Catalogue, digest::sha256, pointer::Leaf};
use schakelpunt_rules::{Answer, Decision, RuleSet};

use crate::{
    space::{ENDED, ROLES, Role, STANDINGS, TITLES},
    walk::{Part, Walk},
};

mod fold;

pub(crate) use fold::braced;

/// The matrix of one rule set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    /// Equal outcomes folded, with the number of cells and the hash at its end.
    pub folded: String,
    /// One line a cell, its parts parted by tabs.
    pub full: String,
    /// How many cells were decided.
    pub cells: usize,
    /// SHA-256 of `full`.
    pub hash: String,
}

/// All cells of one event, sender and recipient, in the order of the walk.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Table {
    from: Role,
    to: Role,
    outcomes: Vec<String>,
    /// By title.
    titled: Vec<Vec<String>>,
}

/// An outcome in words: a code, or each basis with its leaves.
fn told(decision: &Decision) -> String {
    match &decision.answer {
        Answer::Refuse(code) => code.to_string(),
        Answer::Permit(permit) => {
            let leaves = |leaves: &[Leaf]| leaves.iter().map(Leaf::as_str).collect::<Vec<_>>().join(" ");
            permit.granted.iter().map(|granted| format!("{}: {}", granted.basis, leaves(&granted.leaves))).collect::<Vec<_>>().join("; ")
        }
    }
}

/// The tables of one event: of every sender that a rule names, to everybody.
fn tables(rules: &RuleSet, walk: &Walk<'_>, part: &Part<'_>) -> Vec<Table> {
    let table = |from: Role, to: Role| {
        let candidate = walk.candidate(part, to);
        let outcome = |cell| walk.decide(rules, part, from, &candidate, cell).as_ref().map_or_else(String::new, told);
        let titled = TITLES.iter().map(|(title, _)| walk.titled(part, *title).map(outcome).collect()).collect();
        Table { from, to, outcomes: walk.cells(part, &STANDINGS, 1).map(outcome).collect(), titled }
    };
    part.senders.iter().flat_map(|from| ROLES.iter().map(move |to| table(*from, *to))).collect()
}

/// One line a cell.
fn lines(walk: &Walk<'_>, part: &Part<'_>, tables: &[Table], full: &mut String) -> usize {
    let mut cells = 0;
    let mut line = |table: &Table, rest: &[&str], outcome: &str| {
        let parts = [&[part.event.name.as_str(), table.from.word, table.to.word], rest, &[outcome]].concat();
        full.push_str(&parts.join("\t"));
        full.push('\n');
        cells += 1;
    };
    for table in tables {
        let mut outcomes = table.outcomes.iter();
        for span in walk.spans() {
            for (_, ended) in ENDED {
                for (_, standing) in STANDINGS {
                    for (set, outcome) in part.sets.iter().zip(outcomes.by_ref()) {
                        line(table, &[&span.word, ended, standing, &set.word], outcome);
                    }
                }
            }
        }
        for ((_, title), answers) in TITLES.iter().zip(&table.titled) {
            let mut answers = answers.iter();
            for span in walk.spans() {
                for ((_, standing), outcome) in STANDINGS.iter().take(2).zip(answers.by_ref()) {
                    line(table, &[&span.word, title, standing, "all signals"], outcome);
                }
            }
        }
    }
    cells
}

/// Decides every cell of a rule set. `None` only if the fixed words of `space` were no words of the domain.
pub fn matrix(rules: &RuleSet, catalogue: &Catalogue) -> Option<Matrix> {
    let walk = Walk::new(&[rules])?;
    let (mut full, mut cells, mut folds) = (String::new(), 0, fold::Folds::default());
    for event in catalogue.iter() {
        let part = walk.part(event);
        let tables = tables(rules, &walk, &part);
        cells += lines(&walk, &part, &tables, &mut full);
        folds.add(&walk, &part, &tables);
    }
    let hash = sha256(full.as_bytes());
    let folded = format!("{}\n{cells} cells\nsha256 of the full expansion: {hash}\n", folds.text());
    Some(Matrix { folded, full, cells, hash })
}

#[cfg(test)]
mod tests;
