//! A person is recognised again in another detention by a keyed pseudonym: HMAC over what identifies, with the hub's own key, so that the
//! store holds nothing that could be read or guessed back. The row of a person stands among the cases and is never opened.

use schakelpunt_domain::{DetentionRef, case::Stay, digest::DigestKey, facts};
use serde_json::Value;

use super::world::World;
use crate::model::{Action, StoredMessage, Timer};

/// The name of the timer that brings the end of a detention to the row of its person.
const KIND: &str = "person";
/// Events that say who somebody is.
pub(crate) const SAYING_WHO: [&str; 2] = ["detention-started", "identity-corrected"];
/// Events after which somebody is in no prison any more.
const LEAVING: [&str; 3] = ["detention-ended", "deceased", "left-scope"];

/// The row of the person whom the payload names; `None` if it does not say enough.
pub(crate) fn row_of(key: &DigestKey, data: &Value) -> Option<DetentionRef> {
    let words = facts::recognised_by(data)?;
    let parts: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
    format!("person.{}", key.digest(&[&[b"recognised".as_slice()], parts.as_slice()].concat())).parse().ok()
}

/// Whether the person is known to be in another prison.
pub(super) fn is_elsewhere(world: &World<'_>, message: &StoredMessage, detention: &DetentionRef) -> bool {
    let row = message.payload.as_ref().and_then(|data| row_of(&world.settings().key, data));
    let Some(person) = row.as_ref().and_then(|row| world.known_case(row)) else { return false };
    let elsewhere = |(other, stay): (&DetentionRef, &Stay)| other != detention && stay.ended.is_none() && stay.prison != message.sender;
    person.follow_up.stays.iter().any(elsewhere)
}

/// Somebody came in, or turned out to be somebody else: the row of the person knows of the detention, and no other row does.
pub(super) fn enters(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef) {
    let event = message.event.as_str();
    if !SAYING_WHO.contains(&event) {
        return;
    }
    let known = world.known_case(detention).and_then(|case| case.follow_up.person.clone());
    let row = message.payload.as_ref().and_then(|data| row_of(&world.settings().key, data));
    // the same admission again says nothing new of who it is
    let is_new = |row: &DetentionRef| known.as_ref().is_none_or(|known| known != row && event == "identity-corrected");
    let Some(row) = row.filter(is_new) else { return };
    let prison = match (event, world.known_case(detention).and_then(|case| case.prison(world.at()))) {
        ("identity-corrected", Some(holding)) => holding.clone(),
        _ => message.sender.clone(),
    };
    let stays = &mut world.case(&row).follow_up.stays;
    if !stays.contains_key(detention) {
        stays.insert(detention.clone(), Stay { prison, ended: None });
    }
    world.case(detention).follow_up.person = Some(row);
    if let Some(known) = known {
        ended(world, known, detention);
    }
}

/// The person left, or the admission was taken back: the row hears of it, at once if this step sees it, else by a timer.
pub(super) fn leaves(world: &mut World<'_>, message: &StoredMessage, detention: &DetentionRef) {
    let admission = |of: &_| world.message(of).is_some_and(|original| original.event.as_str() == "detention-started");
    let taken_back = message.event.as_str() == "message-withdrawn" && message.corrects.as_ref().is_some_and(admission);
    if !LEAVING.contains(&message.event.as_str()) && !taken_back {
        return;
    }
    let Some(row) = world.known_case(detention).and_then(|case| case.follow_up.person.clone()) else { return };
    if taken_back {
        world.case(detention).follow_up.person = None;
    }
    ended(world, row, detention);
}

/// The stay is over, or was none of this person's.
fn ended(world: &mut World<'_>, row: DetentionRef, detention: &DetentionRef) {
    if world.known_case(&row).is_some() {
        end(world, &row, detention);
    } else {
        let at = world.now();
        world.act(Action::SetTimer(Timer { id: format!("{KIND}\n{detention}"), at, detention: row }));
    }
}

fn end(world: &mut World<'_>, row: &DetentionRef, detention: &DetentionRef) {
    let now = world.now();
    if let Some(stay) = world.case(row).follow_up.stays.get_mut(detention) {
        stay.ended.get_or_insert(now);
    }
}

/// Gives whether the timer was of this kind.
pub(super) fn fired(world: &mut World<'_>, timer: &Timer) -> bool {
    let Some(detention) = timer.id.strip_prefix(KIND).and_then(|rest| rest.strip_prefix('\n')) else { return false };
    if let Ok(detention) = detention.parse() {
        end(world, &timer.detention, &detention);
    }
    true
}
