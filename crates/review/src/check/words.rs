//! What the words alone tell: dates, parties, signals, and what `never` cuts.

use std::collections::BTreeSet;

use schakelpunt_domain::{
    catalogue::{Catalogue, EventSpec},
    pointer::Leaf,
    registers::Kind,
};
use schakelpunt_rules::{Basis, BasisPart, Fields, Grant, Places, Relation, Rule, RulePart, RuleSet, Signal};

use super::Findings;
use crate::{
    signals::READ_FROM,
    space::{ROLES, first_day},
};

/// Rule and grant, each as its place from 0.
pub(super) type Dead = BTreeSet<(usize, usize)>;

/// Each basis for itself.
pub(super) fn bases(rules: &RuleSet, places: &Places<'_>, findings: &mut Findings) {
    let used: BTreeSet<usize> = rules.rules().iter().flat_map(|rule| &rule.grants).map(|grant| grant.basis).collect();
    for (index, basis) in rules.bases().iter().enumerate() {
        let (id, at) = (basis.id.as_str(), |part| places.basis(basis.id.as_str(), part));
        dates(basis, places, findings);
        for (place, _) in basis.while_.iter().enumerate().filter(|(_, signal)| **signal == Signal::EntryNotInOrder) {
            let message = format!("`{id}` waits for a signal that is said of entries, and so it does not wait at all");
            findings.mistake(at(BasisPart::While(place)), "SIGNAL_OF_ENTRIES", message, "say it in `when` of a grant with `each`");
        }
        let (nobody, nothing) = (basis.between.is_empty(), basis.purposes.is_empty());
        if nobody || nothing {
            let missing = if nobody { "is between nobody" } else { "serves no purpose" };
            findings.mistake(at(BasisPart::Id), "CARRIES_NOTHING", format!("the basis `{id}` {missing}"), "see `between` and `purposes`");
        } else if !used.contains(&index) {
            let hint = "remove it, or let a rule rest on it";
            findings.note(at(BasisPart::Id), "NOT_USED", format!("no rule rests on the basis `{id}`"), hint);
        }
    }
}

fn dates(basis: &Basis, places: &Places<'_>, findings: &mut Findings) {
    let (id, at) = (basis.id.as_str(), places.basis(basis.id.as_str(), BasisPart::InForce));
    let (from, until) = (basis.in_force.from, basis.in_force.until);
    if from.is_none() {
        let message = format!("since when the basis `{id}` is in force is not said");
        findings.mistake(at, "NO_DATE", message, "write `from` with its day of commencement");
    } else if until.is_some_and(|until| from.is_some_and(|from| until <= from)) {
        let message = format!("the basis `{id}` ends before it begins");
        findings.mistake(at, "NEVER_IN_FORCE", message, "`until` is the first day on which it is no longer in force");
    } else if until.is_some_and(|until| first_day().is_some_and(|first| until <= first)) {
        let message = format!("the basis `{id}` ended before there was a hub");
        findings.mistake(at, "NEVER_IN_FORCE", message, "remove it: nothing of that time is asked here");
    }
}

/// Each grant for itself. Says which can never give anything.
pub(super) fn grants(rules: &RuleSet, places: &Places<'_>, catalogue: &Catalogue, findings: &mut Findings) -> Dead {
    let mut dead = Dead::new();
    for (index, rule) in rules.rules().iter().enumerate() {
        let events: Vec<&EventSpec> = rule.events.iter().filter_map(|event| catalogue.named(event.as_str())).collect();
        for (number, grant) in rule.grants.iter().enumerate() {
            let grant = Words { rules, places, rule, events: &events, grant, number };
            if !grant.pair(findings) || !grant.signals(findings) || !grant.cut(findings) {
                dead.insert((index, number));
            }
        }
        recipients(rules, places, rule, findings);
    }
    dead
}

/// A recipient to whom no grant of the rule can tell anything.
fn recipients(rules: &RuleSet, places: &Places<'_>, rule: &Rule, findings: &mut Findings) {
    let reached = |to: &[Relation]| rule.grants.iter().any(|grant| !receivers(rules, rule, grant, to).is_empty());
    if !reached(&rule.to) {
        return;
    }
    for (place, to) in rule.to.iter().enumerate().filter(|(_, to)| !reached(&[**to])) {
        let message = format!("no basis of the rule `{}` lets a sender of it tell {to}", rule.id);
        findings.mistake(places.rule(rule.id.as_str(), RulePart::To(place)), "NEVER_REACHED", message, "see `between` of its bases");
    }
}

fn kinds(relations: &[Relation]) -> BTreeSet<Kind> {
    ROLES.iter().filter(|role| relations.contains(&role.relation)).map(|role| role.kind).collect()
}

/// Whom of these the basis of a grant lets any sender of the rule tell.
fn receivers(rules: &RuleSet, rule: &Rule, grant: &Grant, to: &[Relation]) -> BTreeSet<Kind> {
    let senders = kinds(&rule.sender);
    let reaches =
        |kind: &Kind| rules.basis(grant).is_some_and(|basis| senders.iter().any(|sender| basis.between.contains(&(*sender, *kind))));
    kinds(to).into_iter().filter(reaches).collect()
}

/// A grant with its words.
struct Words<'a> {
    rules: &'a RuleSet,
    places: &'a Places<'a>,
    rule: &'a Rule,
    events: &'a [&'a EventSpec],
    grant: &'a Grant,
    number: usize,
}

impl Words<'_> {
    fn basis(&self) -> &str {
        self.rules.basis(self.grant).map_or("", |basis| basis.id.as_str())
    }

    fn pair(&self, findings: &mut Findings) -> bool {
        let reaches = !receivers(self.rules, self.rule, self.grant, &self.rule.to).is_empty();
        if !reaches {
            let message = format!("`{}` lets no sender of the rule `{}` tell any recipient of it", self.basis(), self.rule.id);
            let place = self.places.rule(self.rule.id.as_str(), RulePart::Grant(self.number));
            findings.mistake(place, "WRONG_PAIR", message, "see `between` of the basis");
        }
        reaches
    }

    /// A signal is read from a field; where no event has it, the signal is never there.
    fn signals(&self, findings: &mut Findings) -> bool {
        let never = |signal: &Signal| {
            let read = READ_FROM.iter().find(|(other, _)| other == signal).map(|(_, fields)| *fields);
            read.filter(|fields| !self.events.iter().any(|event| event.leaves.keys().any(|leaf| fields.contains(&leaf.as_str()))))
        };
        let mut holds = true;
        for (place, fields) in self.grant.when.iter().enumerate().filter_map(|(place, signal)| Some((place, never(signal)?))) {
            let message = format!("this signal is read from {}, which no event of the rule `{}` has", fields.join(" or "), self.rule.id);
            let place = self.places.rule(self.rule.id.as_str(), RulePart::When(self.number, place));
            findings.mistake(place, "NEVER_HOLDS", message, "the grant never gives anything; remove it, or the signal");
            holds = false;
        }
        holds
    }

    /// What `never` cuts for whomever the grant reaches. Says whether anything is left.
    fn cut(&self, findings: &mut Findings) -> bool {
        let Fields::Leaves(given) = &self.grant.fields else { return true };
        let kinds = receivers(self.rules, self.rule, self.grant, &self.rule.to);
        let is_cut = |leaf: &Leaf| kinds.iter().all(|kind| self.never(leaf, *kind));
        let words = self.places.fields(self.rule.id.as_str(), self.number);
        for (place, word) in words.iter().enumerate() {
            let named: Vec<&str> = word.strip_prefix('@').map_or_else(|| vec![*word], |set| self.places.field_set(set));
            let cut: Vec<&str> = given.iter().filter(|leaf| is_cut(leaf)).map(Leaf::as_str).filter(|leaf| named.contains(leaf)).collect();
            if cut.is_empty() {
                continue;
            }
            let at = self.places.rule(self.rule.id.as_str(), RulePart::Field(self.number, place));
            let message = format!("no recipient of the rule `{}` may have {}: a `never` cuts it always", self.rule.id, cut.join(" "));
            findings.mistake(at, "ALWAYS_CUT", message, "name what remains; what is given reads as if it went");
        }
        !given.iter().all(is_cut)
    }

    fn never(&self, leaf: &Leaf, kind: Kind) -> bool {
        self.rules.never().iter().any(|never| never.to.contains(&kind) && never.fields.contains(leaf))
    }
}
