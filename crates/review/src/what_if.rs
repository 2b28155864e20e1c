//! Which smallest change of the facts would turn a refusal into a permit, found by asking [`decide()`] again: single changes, and pairs where
//! none of them is enough.
//!
//! An answer is no advice to bring the change about. Each is marked where asking for it would be unlawful, by these rules:
//!
//! | change | lawful to ask for | which rule decides |
//! |---|---|---|
//! | wait until a basis is in force | yes: nobody is asked | - |
//! | a consent | if what is then given rests on it, and it was not withdrawn | AVG art. 6 lid 1 onder a, 7 lid 3 and 4; decision 10 |
//! | a signal, a detention that goes on | never: it is so or it is not | AVG art. 5 lid 1 onder d |
//! | a field more in the message | never for this: more data so that a rule applies | AVG art. 5 lid 1 onder c |
//! | another relation of the recipient | never: recipients are derived, not chosen | Penitentiaire maatregel art. 1 onder c |
//!
//! A consent in place of a statute that is not in force is never found: it carries only where a basis of the rule set says so.

use std::collections::BTreeSet;

use schakelpunt_domain::{
    BasisId,
    calendar::LegalDay,
    case::{Case, FactValue, Title},
    consent::{CATEGORIES, Category, Consent, ConsentState},
    pointer::Leaf,
    registers::At,
};
use schakelpunt_rules::{BasisKind, Candidate, Permit, Question, Relation, Rule, Signal, Signals, decide};

use crate::space::ROLES;

/// A change of the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The basis is in force from that day on.
    Wait(BasisId, LegalDay),
    /// The person consents to this recipient and this category.
    Consent(Category),
    /// The message or the case says so; of an entry, where its pointer is named.
    Signal(Signal, Option<String>),
    /// The detention goes on.
    Detained,
    /// The message has this field.
    Field(Leaf),
    /// The recipient is that to the case.
    Relation(Relation),
}

/// Why a change must not be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unlawful {
    /// The person took the consent back.
    AskedAgain,
    /// What would be given does not rest on the consent.
    RestsOnSomethingElse,
    /// More data, so that a rule applies.
    MoreData,
    /// It is so or it is not.
    Fact,
    /// Recipients are derived, not chosen.
    Chosen,
}

/// Changes that together would make it lawful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// One, or two of which neither is enough.
    pub changes: Vec<Change>,
    /// What would then be given, and on what.
    pub permit: Permit,
    /// Why not to ask for it; empty where nothing is against it.
    pub unlawful: BTreeSet<Unlawful>,
}

/// What would make a refusal a permit, what may be asked for first. Empty for what is permitted, and where no two changes help.
pub fn what_if(question: &Question<'_>) -> Vec<Suggestion> {
    if decide(question).permit().is_some() {
        return Vec::new();
    }
    let changes = changes(question);
    let suggest = |changes: Vec<Change>| {
        let permit = Facts::of(question).with(question, &changes)?;
        let unlawful = changes.iter().filter_map(|change| unlawful(question, change, &permit)).collect();
        Some(Suggestion { changes, permit, unlawful })
    };
    let mut found: Vec<Suggestion> = changes.iter().filter_map(|one| suggest(vec![one.clone()])).collect();
    if found.is_empty() {
        let pairs = changes.iter().enumerate().flat_map(|(index, one)| changes.iter().skip(index + 1).map(move |other| (one, other)));
        found.extend(pairs.filter_map(|(one, other)| suggest(vec![one.clone(), other.clone()])));
    }
    found.sort_by_key(|suggestion| !suggestion.unlawful.is_empty());
    found
}

/// Every single change that is not so already.
fn changes(question: &Question<'_>) -> Vec<Change> {
    let rules = || question.rules.rules_for(&question.event.name);
    let bases = || rules().flat_map(|rule| &rule.grants).filter_map(|grant| question.rules.basis(grant));
    let mut changes: Vec<Change> = Vec::new();
    let mut add = |change: Change| {
        if !changes.contains(&change) {
            changes.push(change);
        }
    };
    let future = bases().filter(|basis| basis.in_force.is_future(question.at.valid));
    future.filter_map(|basis| Some(Change::Wait(basis.id.clone(), basis.in_force.from?))).for_each(&mut add);
    CATEGORIES.iter().filter_map(|category| category.parse().ok()).map(Change::Consent).for_each(&mut add);
    let entries = question.signals.entries.iter().filter(|(_, said)| !said.contains(&Signal::EntryNotInOrder));
    entries.map(|(entry, _)| Change::Signal(Signal::EntryNotInOrder, Some(entry.clone()))).for_each(&mut add);
    let signals = [Signal::CareNeeded, Signal::Consulting].into_iter().filter(|signal| !question.signals.whole.contains(signal));
    signals.chain([Signal::IsdMeasure]).map(|signal| Change::Signal(signal, None)).for_each(&mut add);
    if question.case.plan_ends(question.at).is_some() {
        add(Change::Detained);
    }
    let missing =
        rules().flat_map(|rule| &rule.needs).filter(|need| !question.leaves.contains(need) && question.event.leaves.contains_key(*need));
    missing.map(|need| Change::Field(need.clone())).for_each(&mut add);
    let history = [Relation::EarlierRecipient, Relation::InformedPartner];
    let roles = ROLES.iter().filter(|role| role.kind == question.candidate.kind && !history.contains(&role.relation));
    let others = roles.filter(|role| !question.candidate.relations.contains(&role.relation));
    others.map(|role| Change::Relation(role.relation)).for_each(&mut add);
    changes
}

/// The facts of a question, to be changed.
struct Facts {
    case: Case,
    candidate: Candidate,
    signals: Signals,
    leaves: Vec<Leaf>,
    at: At,
}

impl Facts {
    fn of(question: &Question<'_>) -> Self {
        Self {
            case: question.case.clone(),
            candidate: question.candidate.clone(),
            signals: question.signals.clone(),
            leaves: question.leaves.to_vec(),
            at: question.at,
        }
    }

    /// The permit after these changes.
    fn with(mut self, question: &Question<'_>, changes: &[Change]) -> Option<Permit> {
        changes.iter().for_each(|change| self.change(question, change));
        let changed = Question {
            case: &self.case,
            candidate: &self.candidate,
            signals: &self.signals,
            leaves: &self.leaves,
            at: self.at,
            ..*question
        };
        decide(&changed).permit().cloned()
    }

    fn change(&mut self, question: &Question<'_>, change: &Change) {
        let now = question.at.valid.min(question.at.known);
        match change {
            Change::Wait(_, day) => self.at = At::now(day.begins().max(question.at.known)),
            Change::Consent(category) => self.case.consents.push(Consent {
                id: format!("what-if-{category}"),
                recipient: self.candidate.participant.clone(),
                categories: vec![*category],
                purpose: purpose(question),
                given_at: Some(now),
                until: None,
                withdrawn_at: None,
                recorded: now,
                withdrawal_recorded: None,
                message: None,
            }),
            Change::Signal(Signal::IsdMeasure, _) => self.case.record(FactValue::Title(Title::Isd), now, now),
            Change::Signal(signal, None) => drop(self.signals.whole.insert(*signal)),
            Change::Signal(signal, Some(entry)) => drop(self.signals.entries.entry(entry.clone()).or_default().insert(*signal)),
            Change::Detained => self.case.facts.retain(|fact| !matches!(fact.value, FactValue::Ended | FactValue::LegalEnd(_))),
            Change::Field(leaf) => {
                self.leaves.push(leaf.clone());
                self.leaves.sort_unstable();
            }
            Change::Relation(relation) => {
                self.candidate.relations = vec![*relation];
                self.candidate.closed = None;
            }
        }
    }
}

/// What a consent would be asked for: the purpose of the first rule for the event that rests on one.
fn purpose(question: &Question<'_>) -> String {
    let by_consent = |rule: &&Rule| {
        let mut bases = rule.grants.iter().filter_map(|grant| question.rules.basis(grant));
        bases.any(|basis| basis.kind == BasisKind::Consent)
    };
    question.rules.rules_for(&question.event.name).find(by_consent).map_or_else(String::new, |rule| rule.purpose.clone())
}

/// Why a change must not be asked for, in order that this is permitted.
fn unlawful(question: &Question<'_>, change: &Change, permit: &Permit) -> Option<Unlawful> {
    match change {
        Change::Wait(..) => None,
        Change::Consent(_) => {
            let units = question.registers.predecessors(&question.candidate.participant, question.at);
            let (state, _) = question.case.consent_for_any(&units, None, question.at, false);
            let by_consent = permit
                .granted
                .iter()
                .any(|granted| question.rules.bases().iter().any(|basis| basis.id == granted.basis && basis.kind == BasisKind::Consent));
            match (state, by_consent) {
                (ConsentState::Withdrawn, _) => Some(Unlawful::AskedAgain),
                (_, false) => Some(Unlawful::RestsOnSomethingElse),
                (_, true) => None,
            }
        }
        Change::Field(_) => Some(Unlawful::MoreData),
        Change::Signal(..) | Change::Detained => Some(Unlawful::Fact),
        Change::Relation(_) => Some(Unlawful::Chosen),
    }
}

#[cfg(test)]
mod tests;
