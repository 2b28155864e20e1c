//! What the hub says of deadlines: at the end of every step on a case it tells what is due and was not told, and sets its one timer.
//!
//! Each message has an id derived from case and notice, and stands in the case as told by the same transaction: it is told once, also after
//! a crash, and late after an outage, in the order of its instants.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schakelpunt_domain::{
    DetentionRef, LegalDay,
    case::{Case, Duty, FactValue},
    deadlines::{About, Audience, Notice, Told, What, notices},
    ids::{MessageKey, hub_message_id},
    stage::{CancelReason, Stage},
};
use schakelpunt_rules::{Candidate, Relation, Who, agreement, answers_since, candidates};
use serde_json::{Map, Value, json};

use super::{consider, hub_says, world::World};
use crate::model::{Action, Outcome, StoredMessage, Timer};

/// The name of the one timer of a case.
fn timer_of(detention: &DetentionRef) -> String {
    format!("deadlines\n{detention}")
}

/// The timer of a case has fired: the case is looked at when the step ends.
pub(super) fn fired(world: &mut World<'_>, timer: &Timer) {
    if timer.id == timer_of(&timer.detention) && world.known_case(&timer.detention).is_some() {
        world.case(&timer.detention).watch.wakes = None;
    }
}

/// Tells what is due, takes back what is not any more and waits, and sets the timer to the next instant.
pub(super) fn look(world: &mut World<'_>, detention: &DetentionRef) {
    let Some(case) = world.known_case(detention) else { return };
    let at = world.at();
    let registers = world.registers();
    let notices = notices(case, agreement(case, registers, at), answers_since(case, registers, at), at);
    take_back(world, detention, &notices);
    let is_told = |world: &World<'_>, told: &Told| world.known_case(detention).is_some_and(|case| case.watch.told.contains(told));
    for notice in notices.iter().filter(|notice| notice.at <= at.valid) {
        if !is_told(world, &notice.told) && tell(world, detention, notice) {
            world.case(detention).watch.told.insert(notice.told);
        }
    }
    let next = notices.iter().filter(|notice| notice.at > at.valid && !is_told(world, &notice.told)).map(|notice| notice.at).min();
    if world.known_case(detention).is_none_or(|case| case.watch.wakes == next) {
        return;
    }
    world.case(detention).watch.wakes = next;
    let id = timer_of(detention);
    world.act(match next {
        Some(at) => Action::SetTimer(Timer { id, at, detention: detention.clone() }),
        None => Action::ClearTimer(id),
    });
}

/// A message was withdrawn: no deadline rests any more on the dates that it stated, as far as nothing newer has stated others.
pub(super) fn take_back_dates(case: &mut Case, event: &str, received: Timestamp, now: Timestamp) {
    let newest = |is: fn(&FactValue) -> bool| case.facts.iter().rev().find(|fact| is(&fact.value)).map(|fact| fact.recorded);
    match event {
        "detention-started" if newest(|value| matches!(value, FactValue::Start(_))) == Some(received) => {
            case.record(FactValue::Retracted, now, now);
        }
        "release-date-set" | "release-date-changed" if newest(|value| matches!(value, FactValue::Release(_))) == Some(received) => {
            case.record(FactValue::Release(None), now, now);
        }
        _ => {}
    }
}

/// What was told, waits, and is no longer so: its term was met, moved or ended before anybody got it.
fn take_back(world: &mut World<'_>, detention: &DetentionRef, notices: &[Notice]) {
    let hub = &world.settings().source;
    let waits = |stage: &Stage| matches!(stage, Stage::Waiting { .. });
    let waiting: Vec<_> = world
        .deliveries_in(detention)
        .filter(|delivery| delivery.key.source == *hub && waits(&delivery.stage))
        .map(|delivery| (delivery.id, delivery.key.clone()))
        .collect();
    if waiting.is_empty() {
        return;
    }
    let current: BTreeSet<Told> = notices.iter().map(|notice| notice.told).collect();
    let told = world.known_case(detention).map(|case| case.watch.told.clone()).unwrap_or_default();
    let outdated: BTreeSet<MessageKey> = told.difference(&current).map(|told| key_of(world, detention, told)).collect();
    for (id, _) in waiting.iter().filter(|(_, key)| outdated.contains(key)) {
        world.cancel(*id, CancelReason::NoLongerDue);
    }
}

fn key_of(world: &World<'_>, detention: &DetentionRef, told: &Told) -> MessageKey {
    let id = hub_message_id(&["deadline", detention.as_str(), &told.to_string()]);
    MessageKey { source: world.settings().source.clone(), id }
}

/// Says it to whom it concerns; gives whether there is anybody.
fn tell(world: &mut World<'_>, detention: &DetentionRef, notice: &Notice) -> bool {
    let event = event_of(&notice.told);
    let Some(case) = world.known_case(detention).cloned() else { return false };
    let concerned = concerned(world, &case, event, &notice.told);
    let key = key_of(world, detention, &notice.told);
    let data = data_of(notice, LegalDay::of(world.now()));
    let Some(mut message) = hub_says::message(world, event, detention, key, data).filter(|_| !concerned.is_empty()) else { return false };
    let mut told = false;
    for candidate in &concerned {
        let has = world.deliveries_of(&message.key).any(|delivery| delivery.recipient == candidate.participant);
        told |= has || consider::decide_one(world, &message, detention, &case, candidate).is_some();
    }
    if !told {
        message.outcome = Outcome::Refused;
        message.payload = None;
    }
    world.save_message(message);
    true
}

/// Whom the rules name for this message of the hub; of a release that is near, only who is meant.
fn concerned(world: &World<'_>, case: &Case, event: &str, told: &Told) -> Vec<Candidate> {
    let meant = audience(told);
    let Ok(name) = event.parse() else { return Vec::new() };
    let rules = world.settings().rules.rules_for(&name).filter(|rule| rule.sender.contains(&Relation::Hub));
    let named: BTreeSet<Relation> = rules.flat_map(|rule| rule.to.iter().copied()).collect();
    let is_concerned = |candidate: &Candidate| {
        candidate.relations.iter().any(|relation| named.contains(relation) && meant.is_none_or(|meant| meant == *relation))
    };
    let who = Who { event, ..Who::default() };
    candidates(&who, case, world.registers(), world.at()).into_iter().filter(is_concerned).collect()
}

/// Who alone is meant; `None`: whom the rules name.
fn audience(told: &Told) -> Option<Relation> {
    match told.what {
        What::Imminent { to: Audience::Probation, .. } => Some(Relation::ResponsibleProbationUnit),
        What::Imminent { to: Audience::Municipality, .. } => Some(Relation::ResponsibleMunicipality),
        What::ShortStay | What::Collision { .. } | What::Near | What::Missed => None,
    }
}

/// Who alone is meant by a message that was told before and is decided again, for somebody new.
pub(super) fn meant(world: &World<'_>, message: &StoredMessage, detention: &DetentionRef) -> Option<Relation> {
    let case = world.known_case(detention).filter(|_| message.sender == world.settings().hub)?;
    case.watch.told.iter().find(|told| key_of(world, detention, told) == message.key).and_then(audience)
}

/// The event of a notice.
fn event_of(told: &Told) -> &'static str {
    match (told.what, told.about) {
        (What::Collision { .. }, _) => "tbo-collision-flagged",
        (What::ShortStay, _) => "tbo-outside-proposed",
        (What::Imminent { .. }, _) | (_, About::Release) => "release-imminent",
        (What::Near, About::Duty(Duty::FirstVisit)) => "first-visit-deadline-near",
        (What::Near, About::Duty(Duty::Tbo)) => "tbo-deadline-near",
        (What::Near, About::Duty(Duty::Screening)) => "screening-deadline-near",
        (What::Near, About::Duty(Duty::Plan)) => "plan-deadline-near",
        (What::Missed, About::Duty(Duty::FirstVisit)) => "first-visit-deadline-missed",
        (What::Missed, About::Duty(Duty::Tbo)) => "tbo-deadline-missed",
        (What::Missed, About::Duty(Duty::Screening)) => "screening-deadline-missed",
        (What::Missed, About::Duty(Duty::Plan)) => "plan-deadline-missed",
    }
}

/// Its payload.
fn data_of(notice: &Notice, today: LegalDay) -> Value {
    let Told { about, due, what } = notice.told;
    let kind = match about {
        About::Duty(Duty::FirstVisit) => "FIRST_VISIT",
        About::Duty(Duty::Tbo) => "TBO",
        About::Duty(Duty::Screening) => "SCREENING",
        About::Duty(Duty::Plan) => "PLAN",
        About::Release => "RELEASE",
    };
    let with_certainty = |mut object: Map<String, Value>| {
        object.extend(notice.certainty.map(|certainty| ("certainty".to_owned(), json!(certainty))));
        object
    };
    let mut deadline = with_certainty(Map::from_iter([("kind".to_owned(), json!(kind)), ("due".to_owned(), json!(due))]));
    match what {
        What::Collision { meeting } => json!({"tbo": {"at": meeting, "place": "INSIDE"}}),
        What::Imminent { .. } => {
            let release = with_certainty(Map::from_iter([("date".to_owned(), json!(due))]));
            json!({"release": release, "deadline": deadline})
        }
        What::Missed => {
            deadline.insert("daysLate".to_owned(), json!(today.days_since(due)));
            json!({"deadline": deadline})
        }
        What::ShortStay | What::Near => json!({"deadline": deadline}),
    }
}
