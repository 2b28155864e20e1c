//! The last day of a consent has passed (decision 9): who may rely on it hears that it ended, and a partner that had something is told once
//! (decision 10). What waits on it is refused at its claim. At the end of a detention the notice of that end says it (decision 11).

use schakelpunt_domain::{
    DetentionRef, LegalDay, ParticipantId,
    consent::Consent,
    ids::{MessageKey, hub_message_id},
    registers::Kind,
};
use schakelpunt_rules::{Relation, Who, candidates};
use serde_json::json;

use super::{hub_says, recalls, world::World};
use crate::model::{Action, Timer};

/// The event.
const EXPIRED: &str = "consent-expired";
/// Who may rely on a consent, beside the partner.
const TRIAD: [Relation; 3] = [Relation::HoldingPrison, Relation::ResponsibleMunicipality, Relation::ResponsibleProbationUnit];

/// The message that tells the end of a consent: another last day is another end.
fn key_of(world: &World<'_>, detention: &DetentionRef, id: &str, until: LegalDay) -> MessageKey {
    let id = hub_message_id(&[EXPIRED, detention.as_str(), id, &until.to_string()]);
    MessageKey { source: world.settings().source.clone(), id }
}

/// The message that a timer of this kind tells: the step needs to see whether it was told.
pub(super) fn message_of(timer: &Timer) -> Option<MessageKey> {
    timer.message(EXPIRED)
}

/// A consent was recorded: its end is told when it comes.
pub(super) fn watch(world: &mut World<'_>, detention: &DetentionRef, id: &str) {
    let consent = world.case(detention).consents.iter().find(|consent| consent.id == id);
    let Some(until) = consent.filter(|consent| consent.withdrawn_at.is_none()).and_then(|consent| consent.until) else { return };
    let timer = Timer::about(EXPIRED, &key_of(world, detention, id, until));
    world.act(Action::SetTimer(Timer { id: timer, at: until.ends(), detention: detention.clone() }));
}

/// Tells the end of a consent, if it is still that one. Gives whether the timer was of this kind.
pub(super) fn fired(world: &mut World<'_>, timer: &Timer) -> bool {
    let Some(key) = message_of(timer) else { return false };
    let (detention, at) = (&timer.detention, world.at());
    let Some(case) = world.known_case(detention).cloned() else { return true };
    let ended = case.plan_ends(at).is_some_and(|end| end <= at.valid) || case.left_scope(at);
    let is_over = |consent: &Consent| {
        let until = consent.until.filter(|until| until.ends() <= at.valid && consent.withdrawn_at.is_none());
        until.is_some_and(|until| key_of(world, detention, &consent.id, until) == key)
    };
    let Some(consent) = case.consents.iter().find(|consent| is_over(consent)).filter(|_| !ended) else { return true };
    let who = Who { event: EXPIRED, ..Who::default() };
    let all = candidates(&who, &case, world.registers(), at);
    let triad = all.into_iter().filter(|candidate| candidate.relations.iter().any(|relation| TRIAD.contains(relation)));
    let mut to: Vec<(ParticipantId, Vec<Relation>)> = triad.map(|candidate| (candidate.participant, candidate.relations)).collect();
    to.extend(had_something(world, detention, &consent.recipient).then(|| (consent.recipient.clone(), vec![Relation::InformedPartner])));
    let data = json!({"consent": {"id": consent.id, "recipient": consent.recipient, "until": consent.until}});
    hub_says::to(world, EXPIRED, detention, key.clone(), data, &to);
    if let Some(said) = world.message(&key).cloned() {
        recalls::begin(world, &said, detention);
    }
    true
}

/// Only a partner that had something is told; the others never learn that there was anything (decision 10).
fn had_something(world: &World<'_>, detention: &DetentionRef, partner: &ParticipantId) -> bool {
    world.deliveries_in(detention).any(|d| d.recipient == *partner && d.kind == Kind::CarePartner && d.stage.is_provided())
}
