//! One message of a known case: record what it states, decide for every candidate, make deliveries.

use std::collections::BTreeSet;

use schakelpunt_domain::{
    DeliveryId, DetentionRef, ParticipantId, Refusal,
    case::{Case, FactValue, Held, SlotHead, slot_of},
    facts,
    pointer::Leaf,
    registers::{At, Kind},
    stage::{CancelReason, Stage},
};
use schakelpunt_rules::{Candidate, Decision, Relation, Who, candidates};

use super::{Reported, deadlines, doubts, effects, persons, recording, world::World};
use crate::{
    asking,
    model::{Delivery, Outcome, StoredMessage},
};

/// Recorded whether or not anybody may hear of them; confirmations are for the hub alone.
const ALWAYS_ACCEPTED: [&str; 6] =
    ["consent-given", "consent-withdrawn", "message-withdrawn", "deletion-confirmed", "delivery-confirmed", "read-confirmed"];

/// Considers a message. `again`: the same bytes were offered before.
pub(super) fn consider(world: &mut World<'_>, mut message: StoredMessage, detention: &DetentionRef, again: bool) -> Reported {
    if let Some(held) = doubts::hold(world, &message, detention, again) {
        return held;
    }
    let before = world.case(detention).clone();
    doubts::answered(world, &message, detention);
    // what a refused message stated was not kept: offered again, it states it anew
    let refused_before = world.message(&message.key).is_some_and(|seen| seen.outcome == Outcome::Refused);
    let had = again && world.message(&message.key).is_some_and(|seen| seen.outcome == Outcome::Accepted);
    state(world, &mut message, detention, !again || refused_before);
    let informed = effects::informed(world, &message, detention, &before);
    let earlier = effects::earlier(world, &message, detention);
    let replaced = effects::apply(world, &message, detention, had);
    if !stands_on_the_same(&before, world.case(detention)) {
        world.changes(detention);
    }
    let decided = world.decisions();
    let mut given = decide_all(world, &message, detention, &informed, &earlier);
    // whoever gets the corrected original instead has the newest values too
    given.extend(replaced);
    // a message that came late is no refused one: whoever is concerned has newer values
    let superseded = world.decisions_since(decided).iter().any(|made| made.decision.refusal() == Some(Refusal::Superseded));
    let held = hold_for_triage(world, &message, detention);
    let kept = !given.is_empty() || held || superseded || ALWAYS_ACCEPTED.contains(&message.event.as_str());
    if again && given.is_empty() && (had || !kept) {
        // nothing changed: the first outcome stands
        if !had {
            forget_content(world, detention, &before);
        }
        return if had { Reported::SeenBefore } else { Reported::Refused };
    }
    if kept {
        message.outcome = Outcome::Accepted;
        persons::enters(world, &message, detention);
        fill_slots(world, &message, detention, &given);
    } else {
        message.outcome = Outcome::Refused;
        message.payload = None;
        forget_content(world, detention, &before);
    }
    let outcome = if kept { Reported::Accepted } else { Reported::Refused };
    world.save_message(message.clone());
    effects::after(world, &message, detention, &before);
    outcome
}

/// Whether every decision that was right for the case before is right for it now.
fn stands_on_the_same(before: &Case, now: &Case) -> bool {
    let is_ground = |value: &FactValue| match value {
        FactValue::Release(_)
        | FactValue::Certainty(_)
        | FactValue::Done(_)
        | FactValue::Tbo(_)
        | FactValue::Suspended
        | FactValue::Retracted
        | FactValue::PiEntry(_)
        | FactValue::Departure(_)
        | FactValue::ConditionStatus(..)
        | FactValue::CareNeeded(_)
        | FactValue::PlanVersion(_)
        | FactValue::AtLarge(_)
        | FactValue::ContactRestricted(_) => false,
        FactValue::Prison(_)
        | FactValue::ProbationUnit(_)
        | FactValue::Responsible(_)
        | FactValue::Settlement(_)
        | FactValue::Disputed
        | FactValue::Residence(_)
        | FactValue::Start(_)
        | FactValue::Title(_)
        | FactValue::LegalEnd(_)
        | FactValue::Ended
        | FactValue::Deceased
        | FactValue::LeftScope => true,
    };
    let news = now.facts.iter().skip(before.facts.len()).any(|fact| is_ground(&fact.value));
    !news && now.consents == before.consents && now.tombstones == before.tombstones && now.withdrawn == before.withdrawn
}

/// Finds the slots of which the case knows newer values of the same system, and records the facts of the others.
pub(super) fn state(world: &mut World<'_>, message: &mut StoredMessage, detention: &DetentionRef, record: bool) {
    let now = world.now();
    let Some(payload) = &message.payload else { return };
    let stated = facts::stated(message.event.as_str(), payload, &message.sender);
    let case = world.case(detention);
    // withdrawn before it came: it states nothing
    let record = record && !case.withdrawn.contains(&message.key);
    let sequence = message.sequence.unwrap_or(0);
    let slots: BTreeSet<String> = message.leaves.iter().map(slot_of).collect();
    message.stale = slots.into_iter().filter(|slot| case.is_stale(slot, &message.key.source, sequence).is_some()).collect();
    for fact in stated {
        let slot = match &fact.value {
            FactValue::ConditionStatus(condition, _) => format!("{}/{}", fact.slot, condition.code()),
            _ => fact.slot.to_owned(),
        };
        // the place was recorded when the case was opened
        let known = matches!(&fact.value, FactValue::Prison(_)) && fact.slot == "place";
        // what end leave announced does not move an end that has come (decision 14), however late the notice is
        let outdated = matches!(&fact.value, FactValue::LegalEnd(_)) && fact.slot == "leave" && case.plan_ends(At::now(now)).is_some();
        if record && !known && !outdated && !message.stale.contains(&slot) {
            case.record(fact.value, fact.from.unwrap_or(now), now);
        }
    }
}

/// A refused message leaves no statuses behind: to keep them for later would itself be processing without need (domain 6.3). Nor does a
/// wish to settle that was lawful to nobody move the case.
fn forget_content(world: &mut World<'_>, detention: &DetentionRef, before: &Case) {
    let is_content = |value: &FactValue| {
        matches!(value, FactValue::ConditionStatus(..) | FactValue::CareNeeded(_) | FactValue::PlanVersion(_) | FactValue::Settlement(_))
    };
    let known = before.facts.len();
    let case = world.case(detention);
    let mut index = 0;
    case.facts.retain(|fact| {
        index += 1;
        index <= known || !is_content(&fact.value)
    });
}

/// From now on this message is the newest of its slots, for those who get it.
fn fill_slots(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef, given: &[(ParticipantId, Vec<Leaf>)]) {
    let Some(sequence) = message.sequence else { return };
    let case = world.case(detention);
    for slot in message.leaves.iter().map(slot_of).collect::<BTreeSet<_>>() {
        let own = |(_, leaves): &&(ParticipantId, Vec<Leaf>)| leaves.iter().any(|leaf| slot_of(leaf) == slot);
        let now = given.iter().filter(own).map(|(recipient, _)| recipient.clone());
        let stale = message.stale.contains(&slot);
        let known = case.slots.get_mut(&slot).filter(|head| head.source == message.key.source);
        match known {
            Some(head) => {
                now.for_each(|recipient| head.give(recipient, sequence));
                head.sequence = if stale { head.sequence } else { sequence };
            }
            None => {
                let holders = now.map(|recipient| (recipient, sequence)).collect();
                case.slots.insert(slot, SlotHead { source: message.key.source.clone(), sequence, holders });
            }
        }
    }
}

/// Decides for every candidate that does not have the message yet; gives who gets it, with the leaves.
pub(super) fn decide_all(
    world: &mut World<'_>,
    message: &StoredMessage,
    detention: &DetentionRef,
    informed: &[ParticipantId],
    earlier: &[(ParticipantId, Vec<Leaf>)],
) -> Vec<(ParticipantId, Vec<Leaf>)> {
    let case = world.case(detention).clone();
    let who = Who {
        event: message.event.as_str(),
        sender: Some(&message.sender),
        partner: message.partner.as_ref(),
        earlier: earlier.iter().map(|(recipient, leaves)| (recipient, leaves.clone())).collect(),
        informed: informed.iter().collect(),
    };
    let mut given = Vec::new();
    let meant = deadlines::meant(world, message, detention);
    for candidate in candidates(&who, &case, world.registers(), world.at()) {
        if meant.is_some_and(|meant| !candidate.relations.contains(&meant)) {
            continue;
        }
        let has =
            world.deliveries_of(&message.key).any(|d| d.recipient == candidate.participant && !matches!(d.stage, Stage::Cancelled { .. }));
        if has {
            continue;
        }
        given.extend(decide_one(world, message, detention, &case, &candidate));
    }
    given
}

/// Decides for who was found after the message was taken in; whoever gets it has the newest of its slots, too.
pub(super) fn decide_late(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef) {
    for (recipient, leaves) in decide_all(world, message, detention, &[], &[]) {
        for slot in leaves.iter().map(slot_of) {
            let head = world.case(detention).slots.get_mut(&slot).filter(|head| head.source == message.key.source);
            if let (Some(head), Some(sequence)) = (head, message.sequence) {
                head.give(recipient.clone(), sequence);
            }
        }
    }
}

/// Decides for everybody about what was held and goes on: whoever gets it has the newest of its slots.
pub(super) fn decide_held(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef) {
    let given = decide_all(world, message, detention, &[], &[]);
    hold_for_triage(world, message, detention);
    fill_slots(world, message, detention, &given);
}

/// Decides for one candidate; records the decision and makes the delivery.
pub(super) fn decide_one(
    world: &mut World<'_>,
    message: &StoredMessage,
    detention: &DetentionRef,
    case: &Case,
    candidate: &Candidate,
) -> Option<(ParticipantId, Vec<Leaf>)> {
    decide_at(world, message, detention, case, candidate, None)
}

/// The same for what takes the `place` in the lane of a delivery that was cancelled: it does not fall behind newer values.
pub(super) fn decide_at(
    world: &mut World<'_>,
    message: &StoredMessage,
    detention: &DetentionRef,
    case: &Case,
    candidate: &Candidate,
    place: Option<u64>,
) -> Option<(ParticipantId, Vec<Leaf>)> {
    let decision = asking::for_delivery(world.law(), message, case, candidate, world.at())?;
    let leaves: Option<Vec<Leaf>> = decision.permit().map(|permit| permit.leaves().cloned().collect());
    recording::decided(world, message, detention, case, candidate, decision.clone());
    let leaves = leaves?;
    deliver(world, message, detention, candidate, decision, place);
    Some((candidate.participant.clone(), leaves))
}

/// Makes the delivery, or wakes up one that was cancelled before.
fn deliver(
    world: &mut World<'_>,
    message: &StoredMessage,
    detention: &DetentionRef,
    candidate: &Candidate,
    decision: Decision,
    place: Option<u64>,
) {
    // a cancelled delivery of the same message keeps its id for itself: the new one is a revision of its own
    let cancelled = world.deliveries_of(&message.key).filter(|d| d.recipient == candidate.participant).map(|d| d.revision + 1).max();
    let revision = cancelled.unwrap_or(0);
    let lane_sequence = place.unwrap_or_else(|| world.case(detention).next_in_lane(&candidate.participant));
    let delivery = Delivery {
        id: DeliveryId::derive(&message.key.source, &message.key.id, &candidate.participant, revision),
        key: message.key.clone(),
        revision,
        event: message.event.clone(),
        detention: Some(detention.clone()),
        recipient: candidate.participant.clone(),
        kind: candidate.kind,
        on_behalf_of: candidate.on_behalf_of.clone(),
        relations: candidate.relations.clone(),
        lane_sequence,
        decision,
        stamp: world.stamp(detention),
        stage: Stage::new(world.clock()),
        bytes: None,
        number: None,
    };
    world.add_delivery(delivery);
}

/// While nobody knows who is responsible, what the municipality would get waits with its payload (decision 20).
fn hold_for_triage(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef) -> bool {
    let who = Who { event: message.event.as_str(), sender: Some(&message.sender), ..Who::default() };
    // what was withdrawn waits for nobody
    let Some(case) = world.known_case(detention).filter(|case| !case.withdrawn.contains(&message.key)) else { return false };
    let all = candidates(&who, case, world.registers(), world.at());
    let at_triage = all.iter().any(|candidate| candidate.relations.contains(&Relation::Triage));
    let desk = all.into_iter().find(|candidate| candidate.relations.contains(&Relation::Triage));
    let meant = world.settings().rules.rules_for(&message.event).any(|rule| {
        rule.to.contains(&Relation::ResponsibleMunicipality) && rule.sender.iter().any(|sender| message.sender_relations.contains(sender))
    });
    // what the hub does not serve at all has nothing to wait for
    let served = desk.is_some_and(|mut desk| {
        desk.kind = Kind::Municipality;
        asking::for_delivery(world.law(), message, case, &desk, world.at())
            .is_some_and(|decision| decision.refusal() != Some(Refusal::OutOfScopeTitle))
    });
    if !(at_triage && meant && served) {
        return false;
    }
    let held = Held { key: message.key.clone(), until: None };
    let case = world.case(detention);
    let first = case.pending.is_empty();
    if !case.pending.contains(&held) {
        case.pending.push(held);
    }
    if first {
        doubts::clock(world, detention);
    }
    true
}

/// Whether a refusal says that the message is for somebody else.
pub(super) fn concerns_another(code: Refusal) -> bool {
    matches!(code, Refusal::NotResponsible | Refusal::MandateMissing)
}

/// Cancels what waits in this case and would be refused now: whoever ends a ground does it in the transaction that ends it.
pub(super) fn cancel_unlawful(world: &mut World<'_>, detention: &DetentionRef) {
    let waiting: Vec<Delivery> =
        world.deliveries_in(detention).filter(|delivery| matches!(delivery.stage, Stage::Waiting { .. })).cloned().collect();
    let Some(case) = world.known_case(detention).cloned() else { return };
    for delivery in waiting {
        let Some(message) = world.message(&delivery.key).cloned() else { continue };
        let Some(candidate) = crate::claim::candidate_of(&delivery, &message, &case, world.registers(), world.at(), &world.settings().hub)
        else {
            continue;
        };
        let Some(decision) = asking::for_delivery(world.law(), &message, &case, &candidate, world.at()) else { continue };
        if let Some(code) = decision.refusal() {
            recording::decided(world, &message, detention, &case, &candidate, decision);
            world.cancel(delivery.id, CancelReason::NoLongerLawful);
            if concerns_another(code) {
                decide_late(world, &message, detention);
                hold_for_triage(world, &message, detention);
            }
        }
    }
}
