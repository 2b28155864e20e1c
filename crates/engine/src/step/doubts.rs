//! What is not plausible is held for the triage desk and not sent (Wjsg art. 3 lid 5), until the desk has answered or the producer has put
//! it right. The desk and the producer hear which message and why; the desk has a term.

use schakelpunt_domain::{
    DetentionRef, ParticipantId,
    case::{Doubted, Held},
    ids::{MessageKey, hub_message_id},
    plausibility::{self, Doubt},
    registers::Kind,
};
use schakelpunt_rules::{Relation, Who, candidates};
use serde_json::json;

use super::{Reported, consider, effects, hub_says, intake::later, persons, world::World};
use crate::model::{Action, StoredMessage, Timer};

/// The name of the timer of the desk.
const KIND: &str = "triage";
/// What is taken in although the case waits: it ends grounds, puts things right, or is the answer.
const GOES_ON: [&str; 12] = [
    "consent-given",
    "consent-withdrawn",
    "message-corrected",
    "message-withdrawn",
    "detention-start-corrected",
    "identity-corrected",
    "deletion-confirmed",
    "delivery-confirmed",
    "read-confirmed",
    "responsible-municipality-determined",
    "deceased",
    "breach-reported",
];

/// Holds the message if it is not plausible, or if its case waits for an answer about the admission. `None`: it goes on.
pub(super) fn hold(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef, again: bool) -> Option<Reported> {
    let at = world.at();
    let case = world.known_case(detention)?;
    if case.follow_up.held.iter().any(|held| held.key == message.key) {
        return Some(Reported::SeenBefore);
    }
    // what was accepted before was looked at then
    let accepted = again && world.message(&message.key).is_some_and(|seen| seen.outcome == crate::model::Outcome::Accepted);
    let data = message.payload.as_ref()?;
    if accepted || case.withdrawn.contains(&message.key) || !plausibility::is_looked_at(data, case, at) {
        return None;
    }
    let event = message.event.as_str();
    let elsewhere = || (event == "detention-started" && persons::is_elsewhere(world, message, detention)).then_some(Doubt::HeldElsewhere);
    let own = plausibility::doubt(event, data, case, at).or_else(elsewhere);
    let of_case = || case.follow_up.doubt_of_case().filter(|_| !GOES_ON.contains(&event));
    let doubt = own.or_else(of_case)?;
    world.save_message(StoredMessage { outcome: crate::model::Outcome::Accepted, ..message.clone() });
    let case = world.case(detention);
    case.pending.push(Held { key: message.key.clone(), until: None });
    case.follow_up.held.push(Doubted { key: message.key.clone(), doubt });
    persons::enters(world, message, detention);
    if own.is_some() {
        if event == "detention-started" {
            show_to_desk(world, message, detention);
        }
        ask_desk(world, message, detention, doubt);
        clock(world, detention);
    }
    Some(Reported::Accepted)
}

/// The desk sees who it is and where the person lived (decision 20).
fn show_to_desk(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef) {
    let case = world.case(detention).clone();
    let who = Who { event: message.event.as_str(), sender: Some(&message.sender), ..Who::default() };
    for candidate in candidates(&who, &case, world.registers(), world.at()) {
        if candidate.relations.contains(&Relation::Triage) {
            consider::decide_one(world, message, detention, &case, &candidate);
        }
    }
}

fn ask_desk(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef, doubt: Doubt) {
    let id = hub_message_id(&["triage-asked", message.key.source.as_str(), message.key.id.as_str()]);
    let key = MessageKey { source: world.settings().source.clone(), id };
    let due = later(world.now(), world.settings().limits.triage);
    let data = json!({"triage": {"reason": doubt.code(), "of": message.key, "due": due}});
    let mut to: Vec<(ParticipantId, Vec<Relation>)> = desk(world).into_iter().map(|desk| (desk, vec![Relation::Triage])).collect();
    to.push((message.sender.clone(), message.sender_relations.clone()));
    hub_says::to(world, "triage-asked", detention, key, data, &to);
}

fn desk(world: &World<'_>) -> Option<ParticipantId> {
    world.registers().participants(world.at()).find(|participant| participant.kind == Kind::Triage).map(|desk| desk.id.clone())
}

/// From now on the desk has its term.
pub(super) fn clock(world: &mut World<'_>, detention: &DetentionRef) {
    let at = later(world.now(), world.settings().limits.triage);
    world.act(Action::SetTimer(Timer { id: format!("{KIND}\n{detention}"), at, detention: detention.clone() }));
}

/// The term of the desk has passed: if it has not answered, the desk and the prison hear of it. Gives whether the timer was of this kind.
pub(super) fn fired(world: &mut World<'_>, timer: &Timer) -> bool {
    if timer.id != format!("{KIND}\n{}", timer.detention) {
        return false;
    }
    let (detention, at) = (&timer.detention, world.at());
    let Some(case) = world.known_case(detention).cloned() else { return true };
    if case.follow_up.held.is_empty() && !effects::is_at_triage(world, &case) {
        // meanwhile somebody became connected who answers for it: what waited goes there
        effects::decide_pending(world, detention);
        return true;
    }
    let reason = case.follow_up.held.first().map_or("RESIDENCE_UNKNOWN", |held| held.doubt.code());
    let reason = if case.follow_up.disputed_by.is_some() { "DISPUTED" } else { reason };
    let id = hub_message_id(&["triage-deadline-missed", detention.as_str(), &timer.at.to_string()]);
    let key = MessageKey { source: world.settings().source.clone(), id };
    let data = json!({"triage": {"reason": reason, "due": timer.at}});
    let mut to: Vec<(ParticipantId, Vec<Relation>)> = desk(world).into_iter().map(|desk| (desk, vec![Relation::Triage])).collect();
    to.extend(case.prison(at).map(|prison| (prison.clone(), vec![Relation::HoldingPrison])));
    hub_says::to(world, "triage-deadline-missed", detention, key, data, &to);
    true
}

/// The desk has answered: what was held states its facts now, so that the answer itself is judged by them.
pub(super) fn answered(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef) {
    if message.event.as_str() != "responsible-municipality-determined" || !message.sender_relations.contains(&Relation::Triage) {
        return;
    }
    let held = world.known_case(detention).map(|case| case.follow_up.held.clone()).unwrap_or_default();
    held.iter().for_each(|held| state(world, &held.key, detention));
}

fn state(world: &mut World<'_>, key: &MessageKey, detention: &DetentionRef) {
    let Some(mut message) = world.message(key).cloned() else { return };
    consider::state(world, &mut message, detention, true);
    world.changes(detention);
    world.save_message(message);
}

/// What follows for what is held: after the answer of the desk all of it goes on, after a correction what is plausible now.
pub(super) fn look_again(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef) {
    let at = world.at();
    let Some(case) = world.known_case(detention).filter(|case| !case.follow_up.held.is_empty()) else { return };
    let desk = message.event.as_str() == "responsible-municipality-determined";
    if !desk && message.corrects.is_none() {
        return;
    }
    let (gone, held): (Vec<Doubted>, Vec<Doubted>) =
        case.follow_up.held.iter().cloned().partition(|held| case.withdrawn.contains(&held.key));
    let is_own = |world: &World<'_>, held: &Doubted| {
        let Some(original) = world.message(&held.key) else { return false };
        let (Some(data), Some(case)) = (&original.payload, world.known_case(detention)) else { return false };
        let elsewhere = held.doubt == Doubt::HeldElsewhere && original.event.as_str() == "detention-started";
        elsewhere || plausibility::doubt(original.event.as_str(), data, case, at).is_some()
    };
    let still: Vec<Doubted> = if desk { Vec::new() } else { held.iter().filter(|held| is_own(world, held)).cloned().collect() };
    let case_waits = still.iter().any(|held| held.doubt.is_of_admission());
    let goes = |one: &Doubted| !(still.contains(one) || case_waits && one.doubt.is_of_admission());
    let (free, stays): (Vec<Doubted>, Vec<Doubted>) = held.into_iter().partition(goes);
    let case = world.case(detention);
    case.follow_up.held = stays;
    case.pending.retain(|pending| !free.iter().chain(&gone).any(|one| one.key == pending.key));
    for one in free {
        if !desk {
            state(world, &one.key, detention);
        }
        if let Some(message) = world.message(&one.key).cloned() {
            consider::decide_held(world, &message, detention);
        }
    }
}
