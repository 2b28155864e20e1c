//! A date of release changed: whoever decided something that rests on it is told which decisions to look at again (domain 6.4).

use schakelpunt_domain::{
    DetentionRef, EventName,
    case::Case,
    dependents::{Decides, Effect, Topic, effect},
    ids::{MessageKey, hub_message_id},
};
use schakelpunt_rules::{Relation, Who, candidates};
use serde_json::json;

use super::{hub_says, world::World};
use crate::model::StoredMessage;

/// Remembers what was asked for or decided, and flags what rests on a date that this message changed.
pub(super) fn look(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef, before: &Case) {
    remember(world, message, detention);
    let at = world.at();
    let Some(case) = world.known_case(detention).filter(|case| !case.follow_up.dependents.is_empty()).cloned() else { return };
    let changed = before.release(at).is_some_and(|date| case.release(at) != Some(date));
    if !changed {
        return;
    }
    for (decides, relation) in [(Decides::Municipality, Relation::ResponsibleMunicipality), (Decides::Prison, Relation::HoldingPrison)] {
        flag(world, message, detention, &case, decides, relation);
    }
}

fn remember(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef) {
    let Some(effect) = effect(message.event.as_str()) else { return };
    let dependents = &mut world.case(detention).follow_up.dependents;
    match effect {
        Effect::Rests(topic) => {
            dependents.insert(topic, message.event.clone());
        }
        Effect::Ends(topic) => {
            dependents.remove(&topic);
        }
        Effect::EndsAll => dependents.clear(),
    }
}

fn flag(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef, case: &Case, decides: Decides, relation: Relation) {
    let own = Topic::ALL.into_iter().filter(|topic| topic.decides() == decides);
    let events: Vec<&str> = own.filter_map(|topic| case.follow_up.dependents.get(&topic)).map(EventName::as_str).collect();
    if events.is_empty() {
        return;
    }
    let who = Who { event: "dependent-decisions-flagged", ..Who::default() };
    let concerned = candidates(&who, case, world.registers(), world.at());
    let Some(to) = concerned.into_iter().find(|candidate| candidate.relations.contains(&relation)) else { return };
    let words = ["dependent-decisions-flagged", message.key.source.as_str(), message.key.id.as_str(), to.participant.as_str()];
    let key = MessageKey { source: world.settings().source.clone(), id: hub_message_id(&words) };
    let data = json!({ "events": events });
    hub_says::to(world, "dependent-decisions-flagged", detention, key, data, &[(to.participant, vec![relation])]);
}
