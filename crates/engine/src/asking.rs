//! How the engine asks the routing core about a kept message: at intake, at the claim, and for an explanation.

use std::borrow::Cow;

use jiff::Timestamp;
use schakelpunt_domain::{
    Refusal,
    case::{Case, SlotHead, slot_of},
    pointer::Leaf,
    registers::{At, Kind, Told},
};
use schakelpunt_rules::{Answer, Candidate, Decision, Question, decide};

use crate::{
    model::{Saw, StoredMessage},
    step::Law,
};

/// What `decide` says of these leaves; `None` for an event that the catalogue does not know.
pub(crate) fn about(
    law: Law<'_>,
    message: &StoredMessage,
    leaves: &[Leaf],
    case: &Case,
    candidate: &Candidate,
    at: At,
) -> Option<Decision> {
    Some(decide(&question(law, message, leaves, case, candidate, at)?))
}

/// The question itself.
pub(crate) fn question<'a>(
    law: Law<'a>,
    message: &'a StoredMessage,
    leaves: &'a [Leaf],
    case: &'a Case,
    candidate: &'a Candidate,
    at: At,
) -> Option<Question<'a>> {
    Some(Question {
        rules: &law.settings.rules,
        event: law.settings.catalogue.get(&message.event)?,
        giver: law.registers.registered(&message.sender, at).map_or(Kind::Hub, |sender| sender.kind),
        sender: &message.sender_relations,
        case,
        registers: law.registers,
        signals: &message.signals,
        leaves,
        candidate,
        at,
    })
}

/// The same for a delivery: slots of which the candidate has newer values are not asked about, and what was withdrawn stops.
pub(crate) fn for_delivery(law: Law<'_>, message: &StoredMessage, case: &Case, candidate: &Candidate, at: At) -> Option<Decision> {
    again(law, message, case, candidate, at, (&newer(message, case, candidate), case.withdrawn.contains(&message.key)))
}

/// The leaves of which a candidate has newer values.
fn newer(message: &StoredMessage, case: &Case, candidate: &Candidate) -> Vec<Leaf> {
    let has_newer = |leaf: &&Leaf| {
        let slot = slot_of(leaf);
        let newer = |head: &SlotHead| head.has_newer(&candidate.participant, &message.key.source, message.sequence.unwrap_or(0));
        message.stale.contains(&slot) && case.slots.get(&slot).is_some_and(newer)
    };
    message.leaves.iter().filter(has_newer).cloned().collect()
}

/// What a decision for a delivery rests on beside what is known at its instant. `kept`: what is kept under the key of the message.
pub(crate) fn saw(
    law: Law<'_>,
    message: &StoredMessage,
    kept: Option<&StoredMessage>,
    case: &Case,
    candidate: &Candidate,
    now: Timestamp,
) -> Box<Saw> {
    let extent = case.extent();
    Box::new(Saw {
        entries: law.registers.count(),
        facts: extent.facts,
        consents: extent.consents,
        revisions: kept.map_or(0, |kept| kept.earlier.len()),
        offered: kept.is_some_and(|kept| !message.says_the_same(kept)).then(|| message.said(now)),
        newer: newer(message, case, candidate),
        had: candidate.had.clone(),
        frozen: None,
        withdrawn: case.withdrawn.contains(&message.key),
    })
}

/// The same, where it is known which leaves the candidate has `newer` values of, and whether the message was withdrawn.
pub(crate) fn again(
    law: Law<'_>,
    message: &StoredMessage,
    case: &Case,
    candidate: &Candidate,
    at: At,
    (newer, withdrawn): (&[Leaf], bool),
) -> Option<Decision> {
    let leaves: Cow<'_, [Leaf]> = match newer {
        [] => Cow::Borrowed(&message.leaves),
        newer => message.leaves.iter().filter(|leaf| !newer.contains(leaf)).cloned().collect(),
    };
    let mut decision = about(law, message, &leaves, case, candidate, at)?;
    if leaves.len() < message.leaves.len() && decision.refusal() == Some(Refusal::FieldNotAllowed) {
        decision.answer = Answer::Refuse(Refusal::Superseded);
    }
    if decision.permit().is_some_and(|permit| !permit.must) && !is_wanted(law, message, candidate, &decision, at) {
        decision.answer = Answer::Refuse(Refusal::NotSubscribed);
        decision.withheld.clone_from(&message.leaves);
    }
    if withdrawn {
        decision.answer = Answer::Refuse(Refusal::Stopped);
    }
    Some(decision)
}

/// Whether the filters of the recipient's subscriptions let this message through.
fn is_wanted(law: Law<'_>, message: &StoredMessage, candidate: &Candidate, decision: &Decision, at: At) -> bool {
    let settings = law.settings;
    let told = Told {
        sender: &message.sender,
        on_behalf_of: candidate.on_behalf_of.as_ref(),
        urgent: settings.catalogue.get(&message.event).is_some_and(|spec| spec.urgent),
    };
    let rule = decision.rule.as_ref().and_then(|id| settings.rules.rules_for(&message.event).find(|rule| rule.id == *id));
    rule.is_some_and(|rule| law.registers.is_subscribed_to(&candidate.participant, &message.event, &rule.owner, told, at))
}
