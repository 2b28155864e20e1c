//! What can never apply, though each of its words could: found by leaving it out and looking whether any answer changes.
//! The last is left out first, so of two that say the same the later one is meant.

use schakelpunt_domain::{
    catalogue::{Catalogue, EventSpec},
    pointer::Leaf,
};
use schakelpunt_rules::{Candidate, Decision, Fields, Grant, Permit, Places, Relation, Rule, RulePart, RuleSet};

use super::{Findings, words::Dead};
use crate::{
    space::{MORE_STANDINGS, ROLES, Role},
    walk::{Cell, Part, Walk},
};

/// Every rule and every grant. What is known to be dead by its words is not said again.
pub(super) fn grants(rules: &RuleSet, places: &Places<'_>, walk: &Walk<'_>, catalogue: &Catalogue, dead: &Dead, findings: &mut Findings) {
    let mut left = rules.clone();
    for (index, rule) in rules.rules().iter().enumerate().rev() {
        let space = Space::new(walk, catalogue, rule);
        let at = |part| places.rule(rule.id.as_str(), part);
        let known = |grant: usize| dead.contains(&(index, grant));
        if (0..rule.grants.len()).all(known) {
            continue;
        }
        let without = left.without(index, None);
        if space.changes_nothing(&left, &without) {
            left = without;
            let (code, message, hint) = match space.speaks(&rules.only(index, None)).and_then(|example| space.spoke(rules, &example)) {
                Some(other) => {
                    let message = format!("the rule `{}` never speaks: `{other}` stands before it and gives all of it", rule.id);
                    ("NEVER_SPEAKS", message, "remove it, or let it stand before the other one")
                }
                None => {
                    let message = format!("the rule `{}` never gives anything to anybody", rule.id);
                    ("NEVER_APPLIES", message, "look at the dates, the parties and the signals of its bases, and at `needs`")
                }
            };
            findings.mistake(at(RulePart::Id), code, message, hint);
            continue;
        }
        for number in (0..rule.grants.len()).rev().filter(|number| !known(*number)) {
            let without = left.without(index, Some(number));
            if !space.changes_nothing(&left, &without) {
                continue;
            }
            left = without;
            let basis = rule.grants.get(number).and_then(|grant| rules.basis(grant)).map_or("", |basis| basis.id.as_str());
            if space.speaks(&rules.only(index, Some(number))).is_some() {
                let message = format!("this grant on `{basis}` gives nothing that others do not give before it");
                findings.note(
                    at(RulePart::Grant(number)),
                    "STANDS_BY",
                    message,
                    "it would speak only where they did not; if that is meant, let it be",
                );
            } else {
                let message = format!("this grant on `{basis}` never gives anything to anybody");
                let hint = "look at the dates, the parties and the signals of the basis, and at what a consent covers";
                findings.mistake(at(RulePart::Grant(number)), "NEVER_APPLIES", message, hint);
            }
        }
    }
}

/// Whatever a rule can be asked about.
pub(super) struct Space<'a> {
    walk: &'a Walk<'a>,
    parts: Vec<Part<'a>>,
    from: Vec<Role>,
    to: Vec<Role>,
    /// Messages that have no more than one of the grants names, by event.
    bare: Vec<Vec<Vec<Leaf>>>,
}

/// One question of the space.
pub(super) struct Example<'a> {
    part: &'a Part<'a>,
    from: Role,
    candidate: Candidate,
    cell: Cell,
    leaves: Vec<Leaf>,
}

/// Those who are in one of these relations.
fn roles(relations: &[Relation]) -> Vec<Role> {
    ROLES.into_iter().filter(|role| relations.contains(&role.relation)).collect()
}

impl<'a> Space<'a> {
    pub(super) fn new(walk: &'a Walk<'a>, catalogue: &'a Catalogue, rule: &Rule) -> Self {
        let parts: Vec<Part<'a>> =
            rule.events.iter().filter_map(|event| catalogue.named(event.as_str())).map(|event| walk.part(event)).collect();
        let bare = parts.iter().map(|part| rule.grants.iter().map(|grant| named(part.event, grant, &rule.needs)).collect()).collect();
        Self { walk, parts, from: roles(&rule.sender), to: roles(&rule.to), bare }
    }

    /// The first question for which something holds.
    pub(super) fn find(&self, holds: impl Fn(&Example<'_>) -> bool) -> Option<Example<'_>> {
        for (part, bare) in self.parts.iter().zip(&self.bare) {
            for (from, to) in self.from.iter().flat_map(|from| self.to.iter().map(move |to| (*from, *to))) {
                for cell in self.walk.cells(part, &MORE_STANDINGS, part.lacks.len()) {
                    let whole = part.present(cell.lack).map(<[Leaf]>::to_vec);
                    let bare = bare.iter().filter(|_| cell.lack == 0).cloned();
                    for leaves in whole.into_iter().chain(bare) {
                        let example = Example { part, from, candidate: self.walk.candidate(part, to), cell, leaves };
                        if holds(&example) {
                            return Some(example);
                        }
                    }
                }
            }
        }
        None
    }

    pub(super) fn ask(&self, rules: &RuleSet, example: &Example<'_>) -> Option<Decision> {
        let Example { part, from, candidate, cell, leaves } = example;
        self.walk.decide_of(rules, part, *from, candidate, *cell, leaves)
    }

    fn permit(&self, rules: &RuleSet, example: &Example<'_>) -> Option<Permit> {
        self.ask(rules, example).and_then(|decision| decision.permit().cloned())
    }

    /// Whether two rule sets permit the same everywhere.
    fn changes_nothing(&self, one: &RuleSet, other: &RuleSet) -> bool {
        self.find(|example| self.permit(one, example) != self.permit(other, example)).is_none()
    }

    /// A question to which a rule set answers with a permit.
    fn speaks(&self, rules: &RuleSet) -> Option<Example<'_>> {
        self.find(|example| self.permit(rules, example).is_some())
    }

    /// Which rule speaks there.
    fn spoke(&self, rules: &RuleSet, example: &Example<'_>) -> Option<String> {
        self.ask(rules, example).filter(|decision| decision.permit().is_some())?.rule.map(|rule| rule.to_string())
    }
}

/// The fields that a grant names, with those that its rule needs.
fn named(event: &EventSpec, grant: &Grant, needs: &[Leaf]) -> Vec<Leaf> {
    let entry = |leaf: &Leaf, container: &str, fields: &[String]| {
        let rest = leaf.as_str().strip_prefix(container).and_then(|rest| rest.strip_prefix('/'));
        rest.and_then(|rest| rest.split_once('/')).is_some_and(|(_, field)| fields.iter().any(|name| name.strip_prefix('/') == Some(field)))
    };
    let is = |leaf: &&Leaf| {
        needs.contains(leaf)
            || match &grant.fields {
                Fields::Leaves(leaves) => leaves.contains(leaf),
                Fields::Each { container, fields } => entry(leaf, container, fields),
                Fields::AsDelivered | Fields::ReferenceOnly => true,
            }
    };
    event.leaves.keys().filter(is).cloned().collect()
}
