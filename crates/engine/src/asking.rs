//! How the engine asks the routing core about a kept message: at intake, at the claim, and for an explanation.

use schakelpunt_domain::{
    Refusal,
    case::{Case, SlotHead, slot_of},
    pointer::Leaf,
    registers::{At, Kind, Told},
};
use schakelpunt_rules::{Answer, Candidate, Decision, Question, decide};

use crate::{model::StoredMessage, step::Law};

/// What `decide` says of these leaves; `None` for an event that the catalogue does not know.
pub(crate) fn about(
    law: Law<'_>,
    message: &StoredMessage,
    leaves: &[Leaf],
    case: &Case,
    candidate: &Candidate,
    at: At,
) -> Option<Decision> {
    let question = Question {
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
    };
    Some(decide(&question))
}

/// The same for a delivery: slots of which the candidate has newer values are not asked about, and what was withdrawn stops.
pub(crate) fn for_delivery(law: Law<'_>, message: &StoredMessage, case: &Case, candidate: &Candidate, at: At) -> Option<Decision> {
    let has_newer = |leaf: &&Leaf| {
        let slot = slot_of(leaf);
        let newer = |head: &SlotHead| head.has_newer(&candidate.participant, &message.key.source, message.sequence.unwrap_or(0));
        message.stale.contains(&slot) && case.slots.get(&slot).is_some_and(newer)
    };
    let leaves: Vec<Leaf> = message.leaves.iter().filter(|leaf| !has_newer(leaf)).cloned().collect();
    let mut decision = about(law, message, &leaves, case, candidate, at)?;
    if leaves.len() < message.leaves.len() && decision.refusal() == Some(Refusal::FieldNotAllowed) {
        decision.answer = Answer::Refuse(Refusal::Superseded);
    }
    if decision.permit().is_some_and(|permit| !permit.must) && !is_wanted(law, message, candidate, &decision, at) {
        decision.answer = Answer::Refuse(Refusal::NotSubscribed);
        decision.withheld.clone_from(&message.leaves);
    }
    if case.withdrawn.contains(&message.key) {
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
