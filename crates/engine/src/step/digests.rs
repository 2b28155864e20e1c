//! A mass recalculation becomes a digest per recipient (domain 2.5): the changes go one by one, none is lost, and whoever got more than a
//! few within an hour gets one list of the references beside them.
//!
//! Each change leaves a timer at the end of its hour; when they fire they fill the row of the recipient, which stands among the cases and
//! is never opened.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use schakelpunt_domain::{
    DetentionRef, ParticipantId,
    ids::{MessageKey, hub_message_id},
    registers::Kind,
};
use schakelpunt_rules::Relation;
use serde_json::json;

use super::{hub_says, intake::later, world::World};
use crate::model::{Action, StoredMessage, Timer};

/// The name of the timers of changes.
const KIND: &str = "digest";
const HOUR: i64 = 3600;
/// As many references as the schema lets into one digest.
const REFERENCES_MAX: usize = 1000;

fn row_of(recipient: &ParticipantId) -> Option<DetentionRef> {
    format!("{KIND}.{recipient}").parse().ok()
}

/// Whether a timer is a change for a digest: those of one recipient are handled together.
pub(crate) fn is_change(timer: &Timer) -> bool {
    parts(timer).is_some()
}

fn parts(timer: &Timer) -> Option<(ParticipantId, DetentionRef)> {
    let mut words = timer.id.split('\n');
    let (kind, recipient, detention) = (words.next()?, words.next()?, words.next()?);
    (kind == KIND).then_some(())?;
    Some((recipient.parse().ok()?, detention.parse().ok()?))
}

/// The first instant after the hour in which `now` lies.
fn hour_ends(now: Timestamp) -> Timestamp {
    let begins = Timestamp::from_second(now.as_second().div_euclid(HOUR) * HOUR).unwrap_or(now);
    later(begins, Duration::from_secs(HOUR.unsigned_abs()))
}

/// Notes a recalculated date for everybody who gets it.
pub(super) fn note(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef) {
    let reason = message.payload.as_ref().and_then(|data| data.pointer("/release/reason")).and_then(|reason| reason.as_str());
    if message.event.as_str() != "release-date-changed" || reason != Some("RECALCULATED") {
        return;
    }
    let told: BTreeSet<ParticipantId> = world
        .deliveries_of(&message.key)
        .filter(|delivery| relation(delivery.kind).is_some())
        .map(|delivery| delivery.recipient.clone())
        .collect();
    let at = hour_ends(world.now());
    for recipient in told {
        let Some(row) = row_of(&recipient) else { continue };
        world.act(Action::SetTimer(Timer { id: format!("{KIND}\n{recipient}\n{detention}"), at, detention: row }));
    }
}

fn relation(kind: Kind) -> Option<Relation> {
    match kind {
        Kind::Prison => Some(Relation::HoldingPrison),
        Kind::Municipality => Some(Relation::ResponsibleMunicipality),
        Kind::Probation => Some(Relation::ResponsibleProbationUnit),
        Kind::CarePartner | Kind::Triage | Kind::Hub => None,
    }
}

/// One change goes into the row of its recipient. Gives whether the timer was of this kind.
pub(super) fn fired(world: &mut World<'_>, timer: &Timer) -> bool {
    let Some((_, detention)) = parts(timer) else { return false };
    let changes = &mut world.case(&timer.detention).follow_up.changes;
    if changes.until != Some(timer.at) {
        *changes = schakelpunt_domain::case::Changes { until: Some(timer.at), ..Default::default() };
    }
    changes.detentions.insert(detention);
    true
}

/// After the timers of a step: the row that has gathered enough is told, with all that is in it.
pub(super) fn say(world: &mut World<'_>, timers: &[&Timer]) {
    let recipients: BTreeSet<(ParticipantId, DetentionRef)> =
        timers.iter().filter_map(|timer| parts(timer).map(|(recipient, _)| (recipient, timer.detention.clone()))).collect();
    for (recipient, row) in recipients {
        let least = world.settings().limits.digest;
        let changes = &mut world.case(&row).follow_up.changes;
        if changes.detentions.is_empty() || (changes.detentions.len() <= least && !changes.said) {
            continue;
        }
        changes.said = true;
        let until = changes.until.unwrap_or_default();
        let gathered = std::mem::take(&mut changes.detentions);
        let all: Vec<DetentionRef> = gathered.into_iter().collect();
        for some in all.chunks(REFERENCES_MAX) {
            tell(world, &recipient, &row, until, some);
        }
    }
}

fn tell(world: &mut World<'_>, recipient: &ParticipantId, row: &DetentionRef, until: Timestamp, detentions: &[DetentionRef]) {
    let Some(relation) = world.registers().participant(recipient, world.at()).and_then(|participant| relation(participant.kind)) else {
        return;
    };
    let first = detentions.first().map(DetentionRef::as_str).unwrap_or_default();
    let id = hub_message_id(&["release-dates-digest", recipient.as_str(), &until.to_string(), first]);
    let key = MessageKey { source: world.settings().source.clone(), id };
    let from = until.checked_sub(jiff::SignedDuration::from_secs(HOUR)).unwrap_or(until);
    let data = json!({"digest": {"from": from, "until": until, "changes": detentions.len(), "detentions": detentions}});
    hub_says::to(world, "release-dates-digest", row, key, data, &[(recipient.clone(), vec![relation])]);
}
