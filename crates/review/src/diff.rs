//! What a change of the rules means: per event, recipient and field what becomes visible, what stops, and on what it rests, then and now.
//!
//! Both rule sets are asked the same cells. What gives the same answers is no difference, however it is written: other notes, citations,
//! comments, files, rule ids or ways to name the same fields. Equal effects are folded: over conditions, periods, fields, senders,
//! recipients and events.

use std::collections::{BTreeMap, BTreeSet};

use schakelpunt_domain::{
    catalogue::{Catalogue, EventSpec},
    pointer::Leaf,
};
use schakelpunt_rules::{Basis, Decision, Fields, Grant, Relation, Rule, RuleSet};

use crate::{
    conditions::{self, When},
    space::{ROLES, Role, STANDINGS},
    walk::{Part, Walk},
};

mod desks;
mod fold;
mod show;

pub use desks::{DeskLine, Existence};
pub use fold::Line;

/// Two rule sets with the same meaning, or what is different.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diff {
    /// The version of the first rule set.
    pub before: String,
    /// The version of the second.
    pub after: String,
    /// How many cells were decided by both. Events whose rules say the same are not asked.
    pub cells: usize,
    /// Differences in what is told.
    pub lines: Vec<Line>,
    /// Differences in what desks see.
    pub desks: Vec<DeskLine>,
}

impl Diff {
    /// Who answers for what is different: before, and after.
    pub fn owners(&self) -> BTreeSet<String> {
        let grounds = self.lines.iter().flat_map(|line| [&line.change.was, &line.change.is]).flatten();
        grounds.map(|ground| ground.owner.clone()).filter(|owner| !owner.is_empty()).collect()
    }

    /// Whether nothing is different.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.desks.is_empty()
    }
}

/// On what a field is given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ground {
    /// The basis.
    pub basis: String,
    /// What for.
    pub purpose: String,
    /// Whether the giver has to tell.
    pub must: bool,
    /// Who answers for it.
    pub owner: String,
}

/// What becomes of a field: on which ground it was given, and on which it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Change {
    /// Before. `None`: it becomes visible.
    pub was: Option<Ground>,
    /// After. `None`: it stops.
    pub is: Option<Ground>,
}

/// What is different between two rule sets.
/// `None` only if the fixed words of `space` were no words of the domain.
pub fn diff(before: &RuleSet, after: &RuleSet, catalogue: &Catalogue) -> Option<Diff> {
    let walk = Walk::new(&[before, after])?;
    let (mut cells, mut singles) = (0, Vec::new());
    for event in catalogue.iter().filter(|event| !say_the_same(before, after, event)) {
        let part = walk.part(event);
        for (from, to) in part.senders.iter().flat_map(|from| ROLES.iter().map(move |to| (*from, *to))) {
            let pair = Pair { walk: &walk, part: &part, from, to };
            cells += pair.compare([before, after], &mut singles);
        }
    }
    let (before_version, after_version) = (before.version.clone(), after.version.clone());
    let lines = fold::lines(singles);
    Some(Diff { before: before_version, after: after_version, cells, lines, desks: desks::lines(before, after, catalogue) })
}

/// A change of one field, from one sender to one recipient.
#[derive(Debug)]
struct Single {
    event: String,
    from: &'static str,
    to: &'static str,
    field: String,
    change: Change,
    when: Vec<When>,
}

/// Whether the rules for an event are the same but for their words: then `decide` cannot tell them apart.
fn say_the_same(before: &RuleSet, after: &RuleSet, event: &EventSpec) -> bool {
    fn rules<'a>(set: &'a RuleSet, event: &EventSpec) -> Vec<Meaning<'a>> {
        set.rules_for(&event.name).map(|rule| meaning(set, rule)).collect()
    }
    let never = |set: &RuleSet| set.never().iter().map(|never| (never.to.clone(), never.fields.clone())).collect::<Vec<_>>();
    rules(before, event) == rules(after, event) && never(before) == never(after)
}

/// What an answer can depend on: senders, recipients, purpose, owner, needs, grants with their bases.
type Meaning<'a> = (&'a [Relation], &'a [Relation], &'a str, &'a str, &'a [Leaf], Vec<(Grant, Option<Basis>)>);

/// A rule with its bases, without words that nothing depends on.
fn meaning<'a>(set: &RuleSet, rule: &'a Rule) -> Meaning<'a> {
    let bare = |basis: &Basis| Basis { citation: String::new(), ..basis.clone() };
    let grants = rule.grants.iter().map(|grant| (Grant { basis: 0, ..grant.clone() }, set.basis(grant).map(bare)));
    (&rule.sender, &rule.to, &rule.purpose, &rule.owner, &rule.needs, grants.collect())
}

/// Who tells whom of what.
#[derive(Debug)]
struct Pair<'a> {
    walk: &'a Walk<'a>,
    part: &'a Part<'a>,
    from: Role,
    to: Role,
}

impl Pair<'_> {
    /// Decides every cell by both; says how many there are.
    fn compare(&self, sets: [&RuleSet; 2], singles: &mut Vec<Single>) -> usize {
        let candidate = self.walk.candidate(self.part, self.to);
        let cells: Vec<_> = self.walk.cells(self.part, &STANDINGS, self.part.lacks.len()).collect();
        let mut changes: BTreeMap<(String, Change), Vec<bool>> = BTreeMap::new();
        for (index, cell) in cells.iter().enumerate() {
            let [was, is] = sets.map(|rules| grounds(rules, self.walk.decide(rules, self.part, self.from, &candidate, *cell)));
            if was == is {
                continue;
            }
            let fields: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
            for field in fields {
                let change = Change { was: was.get(field).cloned(), is: is.get(field).cloned() };
                if change.was != change.is {
                    let where_ = changes.entry((field.clone(), change)).or_insert_with(|| vec![false; cells.len()]);
                    where_.iter_mut().skip(index).take(1).for_each(|here| *here = true);
                }
            }
        }
        let single = |((field, change), cells): ((String, Change), Vec<bool>)| Single {
            event: self.part.event.name.to_string(),
            from: self.from.word,
            to: self.to.word,
            field,
            change,
            when: conditions::when(&cells, self.walk, self.part),
        };
        singles.extend(changes.into_iter().map(single));
        cells.len()
    }
}

/// Each field that is given, with its ground.
pub(crate) fn grounds(rules: &RuleSet, decision: Option<Decision>) -> BTreeMap<String, Ground> {
    let Some(decision) = decision else { return BTreeMap::new() };
    let Some(permit) = decision.permit() else { return BTreeMap::new() };
    let rule = decision.rule.as_ref().and_then(|id| rules.rules().iter().find(|rule| rule.id == *id));
    let owner = rule.map(|rule| rule.owner.clone()).unwrap_or_default();
    let ground = |basis: &str| Ground { basis: basis.to_owned(), purpose: permit.purpose.clone(), must: permit.must, owner: owner.clone() };
    let mut grounds = BTreeMap::new();
    for granted in &permit.granted {
        grounds.extend(granted.leaves.iter().map(|leaf: &Leaf| (leaf.as_str().to_owned(), ground(granted.basis.as_str()))));
    }
    // an object of which nothing is told, which says that nothing is missing, rests on what would have told of it
    let empty = |container: &&String| !permit.leaves().any(|leaf| leaf.is_below(container));
    for container in permit.containers.iter().filter(empty) {
        let of = |grant: &&Grant| matches!(&grant.fields, Fields::Each { container: other, .. } if other == container);
        let bases = rule.iter().flat_map(|rule| &rule.grants).filter(of).filter_map(|grant| rules.basis(grant));
        let carried = |basis: &&Basis| permit.granted.iter().any(|granted| granted.basis == basis.id);
        let basis = bases.into_iter().find(carried).map(|basis| basis.id.to_string()).unwrap_or_default();
        grounds.insert(format!("{container} (nothing missing)"), ground(&basis));
    }
    grounds
}

#[cfg(test)]
mod tests;
