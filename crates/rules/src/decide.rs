//! The second step: may this candidate know this message now, which fields of it, and why.

use jiff::Timestamp;
use schakelpunt_domain::{
    BasisId, DetentionRef, Refusal,
    case::{Case, Fact, FactValue, Served, Title},
    catalogue::{Class, EventSpec},
    consent::{Category, Condition, Consent, ConsentState},
    pointer::Leaf,
    registers::{At, Kind, Registers, Stop},
};

use crate::{
    Candidate, Relation, RuleSet, Signals,
    decision::{Answer, Decision, Granted, Permit},
    ruleset::{Basis, BasisKind, Fields, Grant, Power, Rule},
    signals::Signal,
};

/// One question to the routing core. No payload: what was present and what it signalled.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The law.
    pub rules: &'a RuleSet,
    /// The event.
    pub event: &'a EventSpec,
    /// What the giver is.
    pub giver: Kind,
    /// What the sender was to the case.
    pub sender: &'a [Relation],
    /// The case.
    pub case: &'a Case,
    /// The registers.
    pub registers: &'a Registers,
    /// Signals of the payload.
    pub signals: &'a Signals,
    /// The leaves that were present, sorted.
    pub leaves: &'a [Leaf],
    /// Who is asked about.
    pub candidate: &'a Candidate,
    /// The legal instant and what was known.
    pub at: At,
}

/// Leaves that a grant with `reference-only` gives: which message is meant, and why.
const REFERENCE: [&str; 3] = ["/correction/of/source", "/correction/of/id", "/correction/reason"];
/// Putting things right does not depend on the title of the detention.
const BEYOND_TITLE: [&str; 5] = ["message-corrected", "message-withdrawn", "consent-withdrawn", "consent-expired", "current-set-requested"];
/// What probation hears of a foreign prisoner without lawful stay (decision 16).
const VRIS_TO_PROBATION: [&str; 3] = ["detention-started", "detention-start-corrected", "detention-ended"];
/// The notices that the detention ended are told under the consent that they end (decision 11).
const AT_THE_END: [&str; 2] = ["detention-ended", "deceased"];

/// Answers the question. Gates first, then the rules; nothing found is a refusal.
pub fn decide(question: &Question<'_>) -> Decision {
    let valid_until = horizon(question);
    let refuse = |code, rule: Option<&Rule>| Decision {
        answer: Answer::Refuse(code),
        rule: rule.map(|rule| rule.id.clone()),
        withheld: question.leaves.to_vec(),
        valid_until,
    };
    if let Some(code) = gate(question) {
        return refuse(code, None);
    }
    let mut nearest: (Refusal, Option<&Rule>) = (Refusal::NoBasis, None);
    for rule in matching(question).filter(|rule| !is_stopped(question, &Stop::Rule(rule.id.clone()))) {
        match apply(question, rule) {
            Ok(permit) => {
                let recipient = &question.candidate.participant;
                if !permit.must && !question.registers.is_subscribed(recipient, &question.event.name, &rule.owner, question.at) {
                    return refuse(Refusal::NotSubscribed, Some(rule));
                }
                let withheld = question.leaves.iter().filter(|leaf| !permit.leaves().any(|given| given == *leaf)).cloned().collect();
                return Decision { answer: Answer::Permit(permit), rule: Some(rule.id.clone()), withheld, valid_until };
            }
            Err(code) if nearest.1.is_none() || code > nearest.0 => nearest = (code, Some(rule)),
            Err(_) => {}
        }
    }
    // a rule that stands still is no missing basis
    match (nearest.1, matching(question).next()) {
        (None, Some(stopped)) => refuse(Refusal::Stopped, Some(stopped)),
        _ => refuse(nearest.0, nearest.1),
    }
}

fn horizon(question: &Question<'_>) -> Option<Timestamp> {
    let now = question.at.valid;
    let (registers, case) = (question.registers.next_boundary(question.at), question.case.next_boundary(question.at));
    [question.rules.next_boundary(now), registers, case].into_iter().flatten().min()
}

pub(crate) fn matching<'a>(question: &Question<'a>) -> impl Iterator<Item = &'a Rule> {
    let question = *question;
    question.candidate.relations.iter().flat_map(move |relation| {
        question
            .rules
            .rules_for(&question.event.name)
            .filter(move |rule| rule.to.contains(relation) && rule.sender.iter().any(|sender| question.sender.contains(sender)))
    })
}

fn is_stopped(question: &Question<'_>, stop: &Stop) -> bool {
    question.registers.stops(question.at).any(|stopped| stopped == stop)
}

/// The gates, in the order of contracts 1: the first that fails speaks.
fn gate(question: &Question<'_>) -> Option<Refusal> {
    let candidate = question.candidate;
    let detention: &DetentionRef = &question.case.detention;
    if is_stopped(question, &Stop::Participant(candidate.participant.clone())) || is_stopped(question, &Stop::Detention(detention.clone()))
    {
        return Some(Refusal::Stopped);
    }
    if !in_scope(question) {
        return Some(Refusal::OutOfScopeTitle);
    }
    if let Some(code) = candidate.closed {
        return Some(code);
    }
    candidate.relations.is_empty().then_some(Refusal::NotResponsible)
}

/// Which titles this hub serves (decision 16). A notice without a title counts as ordinary detention.
fn in_scope(question: &Question<'_>) -> bool {
    let event = question.event.name.as_str();
    if BEYOND_TITLE.contains(&event) {
        return true;
    }
    let title = question.case.title(question.at);
    let left = title == Some(Title::TbsPasser) && question.case.left_scope(question.at) && event != "left-scope";
    match question.case.served(question.at) {
        Served::Nobody => false,
        Served::Justice => match question.candidate.kind {
            Kind::Municipality | Kind::CarePartner | Kind::Triage => false,
            Kind::Probation => VRIS_TO_PROBATION.contains(&event),
            Kind::Prison | Kind::Hub => true,
        },
        Served::Everybody => !left,
    }
}

/// Tries the grants of one rule in order. Each leaf belongs to the first that gives it; then `never` cuts.
fn apply(question: &Question<'_>, rule: &Rule) -> Result<Permit, Refusal> {
    let mut permit = Permit { granted: Vec::new(), containers: Vec::new(), purpose: rule.purpose.clone(), must: false };
    let mut carried: Vec<&BasisId> = Vec::new();
    let mut nearest = Refusal::NoBasis;
    for grant in &rule.grants {
        let Some(basis) = question.rules.basis(grant) else { continue };
        if basis.yields_to.iter().any(|other| carried.contains(&other)) {
            continue;
        }
        let consents = match carries(question, rule, grant, basis) {
            Ok(consents) => consents,
            Err(code) => {
                nearest = nearest.max(code);
                continue;
            }
        };
        let (leaves, container) = given(question, grant, basis, &consents, &permit);
        nearest = nearest.max(Refusal::FieldNotAllowed);
        if leaves.is_empty() && container.is_none() {
            continue;
        }
        carried.push(&basis.id);
        permit.must |= basis.power == Power::Must;
        permit.containers.extend(container);
        match permit.granted.iter_mut().find(|granted| granted.basis == basis.id) {
            Some(granted) => granted.leaves.extend(leaves),
            None => permit.granted.push(Granted { basis: basis.id.clone(), leaves, by_consent: basis.kind == BasisKind::Consent }),
        }
    }
    let needs_met = rule.needs.iter().all(|need| permit.leaves().any(|leaf| leaf == need));
    if permit.granted.is_empty() {
        Err(nearest)
    } else if needs_met {
        Ok(permit)
    } else {
        Err(Refusal::FieldNotAllowed)
    }
}

/// Whether a grant carries now; for consent, the consents that count.
fn carries<'a>(question: &Question<'a>, rule: &Rule, grant: &Grant, basis: &Basis) -> Result<Vec<&'a Consent>, Refusal> {
    let pair = (question.giver, question.candidate.kind);
    if !basis.between.contains(&pair) || !basis.purposes.contains(&rule.purpose) {
        return Err(Refusal::NoBasis);
    }
    if !basis.in_force.contains(question.at.valid) {
        return Err(if basis.in_force.is_future(question.at.valid) { Refusal::BasisNotYetInForce } else { Refusal::NoBasis });
    }
    // what is said of entries is asked of each entry
    let of_whole = |signal: &&Signal| **signal != Signal::EntryNotInOrder;
    if !basis.while_.iter().chain(&grant.when).filter(of_whole).all(|signal| holds(question, *signal)) {
        return Err(Refusal::NoBasis);
    }
    if basis.kind != BasisKind::Consent {
        return Ok(Vec::new());
    }
    let lapses = !AT_THE_END.contains(&question.event.name.as_str());
    match consent(question, Some(&rule.purpose), lapses) {
        (ConsentState::Valid, consents) => Ok(consents),
        (ConsentState::Missing, _) => Err(Refusal::ConsentMissing),
        (ConsentState::Expired, _) => Err(Refusal::ConsentExpired),
        (ConsentState::Withdrawn, _) => Err(Refusal::ConsentWithdrawn),
    }
}

/// Consents lapse with the detention (decision 9), and with the person (decision 10).
fn consent<'a>(question: &Question<'a>, purpose: Option<&str>, lapses: bool) -> (ConsentState, Vec<&'a Consent>) {
    let died = |fact: &Fact| fact.value == FactValue::Deceased && fact.recorded <= question.at.known && fact.from <= question.at.valid;
    let units = question.registers.predecessors(&question.candidate.participant, question.at);
    match question.case.consent_for_any(&units, purpose, question.at, lapses) {
        (ConsentState::Valid, _) if lapses && question.case.facts.iter().any(died) => (ConsentState::Expired, Vec::new()),
        other => other,
    }
}

fn holds(question: &Question<'_>, signal: Signal) -> bool {
    match signal {
        Signal::PlanRunning => question.case.plan_ends(question.at).is_none_or(|end| question.at.valid < end),
        Signal::CareNeeded | Signal::Consulting => question.signals.whole.contains(&signal),
        Signal::IsdMeasure => question.case.title(question.at) == Some(Title::Isd),
        Signal::ConsentNotEnded => {
            let state = consent(question, None, true).0;
            question.candidate.kind != Kind::CarePartner || state == ConsentState::Valid
        }
        Signal::EntryNotInOrder => false,
    }
}

/// The leaves that a grant gives and nothing before it gave, and the object that is delivered even when empty.
fn given(question: &Question<'_>, grant: &Grant, basis: &Basis, consents: &[&Consent], so_far: &Permit) -> (Vec<Leaf>, Option<String>) {
    let covered = |leaf: &Leaf| basis.kind != BasisKind::Consent || consents.iter().any(|consent| covers(consent, leaf, question));
    let free = |leaf: &&Leaf| !so_far.leaves().any(|given| given == *leaf) && !is_never(question, leaf) && covered(leaf);
    let present = || question.leaves.iter();
    match &grant.fields {
        Fields::Leaves(leaves) => (present().filter(|leaf| leaves.binary_search(leaf).is_ok()).filter(free).cloned().collect(), None),
        Fields::Each { container, fields } => {
            let entry_of = |leaf: &&Leaf| entry(leaf, container).is_some_and(|(_, field)| fields.iter().any(|name| name == field));
            let may: Vec<&Leaf> = present().filter(entry_of).filter(free).collect();
            let told = (!may.is_empty()).then(|| container.clone());
            let wanted = |leaf: &&Leaf| grant.when.iter().all(|signal| entry_signal(question, leaf, container, *signal));
            (may.into_iter().filter(wanted).cloned().collect(), told)
        }
        Fields::AsDelivered => {
            let had = question.candidate.had.as_deref().unwrap_or_default();
            (present().filter(|leaf| had.contains(leaf) || REFERENCE.contains(&leaf.as_str())).filter(free).cloned().collect(), None)
        }
        Fields::ReferenceOnly => (present().filter(|leaf| REFERENCE.contains(&leaf.as_str())).filter(free).cloned().collect(), None),
    }
}

/// The entry and the rest of a leaf below `container`.
fn entry<'a>(leaf: &'a Leaf, container: &str) -> Option<(&'a str, &'a str)> {
    let rest = leaf.as_str().strip_prefix(container)?.strip_prefix('/')?;
    let end = rest.find('/')?;
    let (key, field) = rest.split_at_checked(end)?;
    Some((key, field))
}

fn entry_signal(question: &Question<'_>, leaf: &Leaf, container: &str, signal: Signal) -> bool {
    let said = |key: &str| question.signals.entries.get(&format!("{container}/{key}")).is_some_and(|signals| signals.contains(&signal));
    signal != Signal::EntryNotInOrder || entry(leaf, container).is_some_and(|(key, _)| said(key))
}

fn is_never(question: &Question<'_>, leaf: &Leaf) -> bool {
    question.rules.never().iter().any(|never| never.to.contains(&question.candidate.kind) && never.fields.contains(leaf))
}

/// Whether a consent covers a leaf: by the condition that it belongs to, or by its class. Who outside the triad is told of a person at
/// all must be covered by `class:ID`, or by `class:HEALTH` where the recipient's very nature tells a health fact (decision 9).
fn covers(consent: &Consent, leaf: &Leaf, question: &Question<'_>) -> bool {
    let has = |category| consent.categories.contains(&category);
    if let Some(condition) = condition_of(leaf) {
        return has(Category::Condition(condition)) || has(Category::Class(question.event.class(leaf)));
    }
    let class = question.event.class(leaf);
    let knows_the_person = question.candidate.kind != Kind::CarePartner || AT_THE_END.contains(&question.event.name.as_str());
    match class {
        Class::Adm => true,
        Class::Id if knows_the_person => true,
        // [I] who may have a person's health data may know whose they are
        Class::Id => has(Category::Class(Class::Health)) || (!question.candidate.tells_health && has(Category::Class(Class::Id))),
        class => has(Category::Class(class)),
    }
}

fn condition_of(leaf: &Leaf) -> Option<Condition> {
    ["/conditions", "/plan/conditions"].iter().find_map(|container| entry(leaf, container)).and_then(|(key, _)| key.parse().ok())
}

#[cfg(test)]
mod tests;
