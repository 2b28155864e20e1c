//! What messages do beside being forwarded: consents, corrections, withdrawals, triage, timers.

use std::sync::Arc;

use schakelpunt_domain::{
    DeliveryId, DetentionRef, ParticipantId, Rejection, RejectionCode,
    case::{Case, Held},
    consent::Consent,
    facts,
    ids::MessageKey,
    pointer::Leaf,
    registers::Kind,
    stage::{CancelReason, Stage},
};
use schakelpunt_rules::{Relation, Who, candidates, derive};

use super::{
    Reported, consider, deadlines, dependents, desks, digests, doubts, expiry, hub_says, intake, persons, recalls, refused, rejected,
    world::World,
};
use crate::model::{Action, Delivery, Outcome, StoredMessage, Timer};

/// Events at which a partner that had something is told one bare fact (decision 11).
const CLOSING: [&str; 2] = ["detention-ended", "deceased"];
/// Events that may end the ground of what waits.
const ENDING: [&str; 9] = [
    "municipality-disputed",
    "consent-withdrawn",
    "message-withdrawn",
    "deceased",
    "left-scope",
    "responsible-municipality-determined",
    "settlement-municipality-set",
    "case-transferred-to-municipality",
    "probation-unit-assigned",
];
/// Corrections that follow an original without `message-corrected`.
const CORRECTING: [&str; 4] = ["message-corrected", "message-withdrawn", "detention-start-corrected", "identity-corrected"];

/// Whether an event may end the ground of what waits.
pub(super) fn may_end_a_ground(event: &str) -> bool {
    ENDING.contains(&event)
}

/// Records a withdrawal in a case of which nothing else is known.
pub(super) fn tombstone(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef) {
    let now = world.now();
    let case = world.case(detention);
    let Some(data) = &message.payload else { return };
    if message.event.as_str() == "consent-withdrawn" {
        if let Some((id, at)) = facts::consent_withdrawn(data, now) {
            case.withdraw_consent(&id, at.min(now), now);
        }
    } else {
        case.withdrawn.extend(message.corrects.clone());
    }
}

/// Care partners who are to hear of this message because they had something of the case.
pub(super) fn informed(world: &World<'_>, message: &StoredMessage, detention: &DetentionRef, before: &Case) -> Vec<ParticipantId> {
    let had = |partner: &ParticipantId| {
        world.deliveries_in(detention).any(|d| d.recipient == *partner && d.kind == Kind::CarePartner && d.stage.is_provided())
    };
    if CLOSING.contains(&message.event.as_str()) {
        // one bare fact: the end of a detention by death is not told twice
        let closed = |d: &Delivery| CLOSING.contains(&d.event.as_str()) && !matches!(d.stage, Stage::Cancelled { .. });
        let told = |partner: &ParticipantId| world.deliveries_in(detention).any(|d| d.recipient == *partner && closed(d));
        let mut partners: Vec<ParticipantId> =
            before.consents.iter().map(|consent| consent.recipient.clone()).filter(had).filter(|partner| !told(partner)).collect();
        partners.sort_unstable();
        partners.dedup();
        return partners;
    }
    if message.event.as_str() != "consent-withdrawn" {
        return Vec::new();
    }
    // told once: only by the withdrawal that is news (decision 10)
    let id = message.payload.as_ref().and_then(|data| facts::consent_withdrawn(data, world.now())).map(|(id, _)| id);
    let news = before.consents.iter().filter(|consent| Some(&consent.id) == id.as_ref() && consent.withdrawn_at.is_none());
    news.map(|consent| consent.recipient.clone()).filter(had).collect()
}

/// Who had the message that this one corrects or withdraws, with the leaves.
pub(super) fn earlier(world: &World<'_>, message: &StoredMessage, detention: &DetentionRef) -> Vec<(ParticipantId, Vec<Leaf>)> {
    let Some(of) = &message.corrects else { return Vec::new() };
    let same_case = |delivery: &&Delivery| delivery.detention.as_ref() == Some(detention);
    let had = world.deliveries_of(of).filter(same_case).filter(|delivery| delivery.stage.is_provided());
    had.filter_map(|delivery| Some((delivery.recipient.clone(), delivery.decision.permit()?.leaves().cloned().collect()))).collect()
}

/// Who gets a message instead of another, with the leaves.
type Given = Vec<(ParticipantId, Vec<Leaf>)>;

/// What the message does to the case before anybody is asked about. Gives who gets a corrected original instead of this message.
/// `done`: the same bytes were accepted before.
pub(super) fn apply(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef, done: bool) -> Given {
    let now = world.now();
    let Some(data) = &message.payload else { return Given::new() };
    match message.event.as_str() {
        "consent-given" if !done => {
            let case = world.case(detention);
            // withdrawn before it came: it gives nothing
            if let Some(consent) = facts::consent_given(data, now).filter(|_| !case.withdrawn.contains(&message.key)) {
                let id = consent.id.clone();
                case.give_consent(Consent { message: Some(message.key.clone()), ..consent });
                expiry::watch(world, detention, &id);
            }
        }
        "consent-withdrawn" => {
            if let Some((id, at)) = facts::consent_withdrawn(data, now) {
                world.case(detention).withdraw_consent(&id, at.min(now), now);
            }
        }
        "delivery-confirmed" => super::receipts::confirmed(world, message, detention),
        event if CORRECTING.contains(&event) && !done => return correct(world, message, detention),
        _ => {}
    }
    Given::new()
}

/// Waiting originals are cancelled; a withdrawn one that has not come yet will not be forwarded. Gives who gets a corrected one.
fn correct(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef) -> Given {
    let Some(of) = message.corrects.clone() else { return Given::new() };
    let open = |delivery: &&Delivery| matches!(delivery.stage, Stage::Waiting { .. } | Stage::Blocked { .. });
    let waiting: Vec<Delivery> =
        world.deliveries_of(&of).filter(|delivery| delivery.detention.as_ref() == Some(detention)).filter(open).cloned().collect();
    if message.event.as_str() == "message-withdrawn" {
        waiting.iter().for_each(|delivery| world.cancel(delivery.id, CancelReason::Withdrawn));
        // what was taken back is nobody's newest value any more
        let sequence = world.message(&of).and_then(|original| original.sequence);
        let taken_back = world.message(&of).map(|original| (original.event.to_string(), original.received));
        let now = world.now();
        let case = world.case(detention);
        if let Some((event, received)) = taken_back {
            deadlines::take_back_dates(case, &event, received, now);
        }
        case.withdraw_consents_of(&of, now);
        if let Some(sequence) = sequence {
            let slots = std::mem::take(&mut case.slots);
            case.slots = slots.into_iter().filter_map(|(slot, head)| Some((slot, head.without(&of.source, sequence)?))).collect();
        }
        case.withdrawn.insert(of);
        return Given::new();
    }
    let Some(original) = corrected_original(world, &of, message) else { return Given::new() };
    world.save_message(original.clone());
    let mut given = Given::new();
    for delivery in waiting {
        world.cancel(delivery.id, CancelReason::Replaced);
        let Some(case) = world.known_case(detention).cloned() else { continue };
        let candidate = crate::claim::candidate_of(&delivery, &original, &case, world.registers(), world.at(), &world.settings().hub);
        let Some(candidate) = candidate else { continue };
        // decided anew: the first decision may rest on registers and rules that have changed since
        let before = world.decisions();
        given.extend(consider::decide_at(world, &original, detention, &case, &candidate, Some(delivery.lane_sequence)));
        let refused = world.decisions_since(before).iter().find_map(|made| made.decision.refusal());
        if refused.is_some_and(consider::concerns_another) {
            consider::decide_late(world, &original, detention);
        }
    }
    given
}

/// The original with the corrected parts in place; leaves that it did not have are not added, so that its decisions keep their meaning.
fn corrected_original(world: &World<'_>, of: &MessageKey, message: &StoredMessage) -> Option<StoredMessage> {
    let original = world.message(of)?.clone();
    let mut data = original.payload.clone()?;
    overlay(Arc::make_mut(&mut data), message.payload.as_ref()?);
    Some(StoredMessage { signals: derive(&data), payload: Some(data), ..original })
}

fn overlay(target: &mut serde_json::Value, with: &serde_json::Value) {
    match (target, with) {
        (serde_json::Value::Object(target), serde_json::Value::Object(with)) => {
            for (key, value) in with {
                if let Some(slot) = target.get_mut(key) {
                    overlay(slot, value);
                }
            }
        }
        (target, with) => *target = with.clone(),
    }
}

/// What follows when the message is recorded: what lost its ground is cancelled, what waited for it is decided.
pub(super) fn after(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef, before: &Case) {
    let event = message.event.as_str();
    if may_end_a_ground(event) {
        consider::cancel_unlawful(world, detention);
    }
    doubts::look_again(world, message, detention);
    if ["responsible-municipality-determined", "settlement-municipality-set", "case-transferred-to-municipality"].contains(&event) {
        decide_pending(world, detention);
    }
    let answered = follow_up(world, message, detention, before);
    let at = world.at();
    let news = world.known_case(detention).is_some_and(|case| match event {
        "settlement-municipality-set" | "case-transferred-to-municipality" => case.settlement(at) != before.settlement(at),
        "responsible-municipality-determined" => answered,
        // another than the one that took the case in, too
        "probation-unit-assigned" => unit(world, case) != unit(world, before),
        _ => false,
    });
    if news {
        hub_says::request_current_set(world, detention, &message.key);
    }
}

/// What the hub has to see to after this message. Gives whether it answered a dispute with another municipality.
fn follow_up(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef, before: &Case) -> bool {
    persons::leaves(world, message, detention);
    dependents::look(world, message, detention, before);
    digests::note(world, message, detention);
    recalls::begin(world, message, detention);
    recalls::answered(world, message, detention);
    match message.event.as_str() {
        "municipality-disputed" => {
            world.case(detention).follow_up.disputed_by = Some(message.sender.clone());
            doubts::clock(world, detention);
        }
        "responsible-municipality-determined" | "settlement-municipality-set" | "case-transferred-to-municipality" => {
            return answer_dispute(world, detention);
        }
        _ => {}
    }
    false
}

/// Another municipality than the one that disputed it is responsible: that one deletes what it was provided.
fn answer_dispute(world: &mut World<'_>, detention: &DetentionRef) -> bool {
    let Some(disputed_by) = world.case(detention).follow_up.disputed_by.take() else { return false };
    let Some(case) = world.known_case(detention) else { return false };
    let all = candidates(&Who::default(), case, world.registers(), world.at());
    let is_still = all.iter().any(|one| one.participant == disputed_by && one.relations.contains(&Relation::ResponsibleMunicipality));
    if is_still {
        return false;
    }
    recalls::recall_all(world, detention, &disputed_by);
    true
}

/// Whether the triage desk has to find the responsible municipality.
pub(super) fn is_at_triage(world: &World<'_>, case: &Case) -> bool {
    let all = candidates(&Who::default(), case, world.registers(), world.at());
    all.iter().any(|candidate| candidate.relations.contains(&Relation::Triage))
}

fn unit(world: &World<'_>, case: &Case) -> Option<ParticipantId> {
    let all = candidates(&Who::default(), case, world.registers(), world.at());
    all.into_iter()
        .find(|candidate| candidate.relations.contains(&Relation::ResponsibleProbationUnit))
        .map(|candidate| candidate.participant)
}

/// Once the responsible municipality is known, what waited is decided, oldest first.
pub(super) fn decide_pending(world: &mut World<'_>, detention: &DetentionRef) {
    if world.known_case(detention).is_none_or(|case| is_at_triage(world, case)) {
        return;
    }
    // what is still not plausible waits on
    let is_held = |held: &Held, case: &Case| case.follow_up.held.iter().any(|doubted| doubted.key == held.key);
    let case = world.case(detention);
    let (on, now): (Vec<Held>, Vec<Held>) = std::mem::take(&mut case.pending).into_iter().partition(|held| is_held(held, case));
    case.pending = on;
    for held in now {
        if let Some(message) = world.message(&held.key).cloned() {
            consider::decide_late(world, &message, detention);
        }
    }
}

/// A consent that was recorded by hand. One that is taken back cancels what waits on it.
pub(super) fn consent(world: &mut World<'_>, detention: &DetentionRef, consent: &Consent) {
    world.changes(detention);
    let now = world.now();
    let case = world.case(detention);
    let known = case.consents.iter().any(|other| other.id == consent.id);
    match consent.withdrawn_at {
        Some(at) if known => {
            case.withdraw_consent(&consent.id, at.min(now), now);
        }
        Some(_) | None => case.give_consent(consent.clone()),
    }
    expiry::watch(world, detention, &consent.id);
    if consent.withdrawn_at.is_some() {
        consider::cancel_unlawful(world, detention);
    }
}

/// The recipient of a waiting delivery is no longer concerned: cancel it and ask who is.
pub(super) fn reconsider(world: &mut World<'_>, key: &MessageKey, detention: &DetentionRef) {
    consider::cancel_unlawful(world, detention);
    if let Some(message) = world.message(key).cloned() {
        consider::decide_late(world, &message, detention);
    }
}

/// A person gives a blocked delivery up: the lane goes on, and the recipient hears that one is missing.
pub(super) fn skip(world: &mut World<'_>, id: DeliveryId, detention: &DetentionRef) {
    let Some(delivery) = world.deliveries_in(detention).find(|delivery| delivery.id == id).cloned() else { return };
    if let Ok(stage) = delivery.stage.clone().skip(world.now()) {
        world.set_stage(id, stage);
        hub_says::tell_skipped(world, detention, &delivery);
    }
}

/// A due timer ends the wait of a parked message, has the deadlines of its case looked at when this step ends, or is one of those of
/// recalls, persons, digests, the triage desk, consents and capacities.
pub(super) fn timer(world: &mut World<'_>, timer: &Timer) {
    world.act(Action::ClearTimer(timer.id.clone()));
    deadlines::fired(world, timer);
    let kinds = [recalls::fired, persons::fired, digests::fired, doubts::fired, expiry::fired, desks::fired];
    if kinds.iter().any(|fired| fired(world, timer)) {
        return;
    }
    let case = world.case(&timer.detention);
    let (due, waiting): (Vec<_>, Vec<_>) =
        std::mem::take(&mut case.parked).into_iter().partition(|held| intake::park_timer(&held.key) == timer.id);
    case.parked = waiting;
    for held in due {
        if let Some(message) = world.message(&held.key).cloned() {
            lapse(world, message);
        }
    }
}

/// Ends a parked message: the sender hears that its detention is not known, and is asked for the current set (decision 19).
pub(super) fn lapse(world: &mut World<'_>, message: StoredMessage) {
    let why = Rejection::new(RejectionCode::UnknownDetention, "/subject", "a detention that is known within a day");
    let receipt = rejected(world.now(), &message.sender, Some(&message.key.id), &message.digest, &why);
    if let Some(receipt) = receipt {
        world.act(Action::AddReceipt(receipt));
    }
    if let Some(detention) = message.detention.clone() {
        hub_says::ask_sender(world, &detention, &message);
    }
    world.save_message(StoredMessage { outcome: Outcome::Lapsed, payload: None, ..message });
}

/// The receipt of a message that was parked and is decided now.
pub(super) fn tell_parked(world: &mut World<'_>, sender: &ParticipantId, key: &MessageKey, outcome: &Reported, before: usize) {
    let now = world.now();
    let receipt = match outcome {
        Reported::Refused => refused(now, sender, key, &world.decisions_since(before)),
        _ => hub_says::accepted(now, sender, key),
    };
    if let Some(receipt) = receipt {
        world.act(Action::AddReceipt(receipt));
    }
}
