//! The daily heartbeat: up to which of its running numbers a participant has everything. It says nothing else, so that silence means
//! something (design 4). Pure.

use jiff::Timestamp;
use schakelpunt_domain::{
    DetentionRef, LegalDay, Refusal,
    case::Case,
    ids::hub_message_id,
    pointer::leaves_of,
    registers::{At, Kind, Participant},
};
use schakelpunt_rules::{Answer, Candidate, Question, Relation, decide, derive};
use serde_json::json;

use crate::{model::Receipt, step::Law};

const EVENT: &str = "heartbeat";
/// From this hour on: when the first desk opens, the night's work is done.
const HOUR: i8 = 6;

/// The day whose heartbeat is due at `now`.
pub(crate) fn day(now: Timestamp) -> LegalDay {
    let today = LegalDay::of(now);
    if now < today.at_hour(HOUR) { today.yesterday() } else { today }
}

/// The heartbeat of one participant: the same again has the same id. `None`: it may have none, because it stands still.
pub(crate) fn of(law: Law<'_>, to: &Participant, head: u64, word: &str, now: Timestamp) -> Option<Receipt> {
    let data = json!({"heartbeat": {"at": now, "head": head}});
    let row: DetentionRef = format!("{EVENT}.{}", to.id).parse().ok()?;
    let candidate = Candidate {
        participant: to.id.clone(),
        kind: to.kind,
        relations: vec![relation(to.kind)?],
        on_behalf_of: None,
        closed: None,
        tells_health: to.tells_health,
        had: None,
    };
    let question = Question {
        rules: &law.settings.rules,
        event: law.settings.catalogue.get(&EVENT.parse().ok()?)?,
        giver: Kind::Hub,
        sender: &[Relation::Hub],
        case: &Case::new(row),
        registers: law.registers,
        signals: &derive(&data),
        leaves: &leaves_of(&data),
        candidate: &candidate,
        at: At::now(now),
    };
    // it belongs to a subscription and is none that anybody asks for
    match decide(&question).answer {
        Answer::Permit(_) | Answer::Refuse(Refusal::NotSubscribed) => {}
        Answer::Refuse(_) => return None,
    }
    let id = hub_message_id(&[EVENT, to.id.as_str(), word]);
    Some(Receipt { id, to: to.id.clone(), event: EVENT.parse().ok()?, data, at: now })
}

/// What a participant of that kind is where nothing is about a case.
pub(crate) fn relation(kind: Kind) -> Option<Relation> {
    match kind {
        Kind::Prison => Some(Relation::HoldingPrison),
        Kind::Municipality => Some(Relation::ResponsibleMunicipality),
        Kind::Probation => Some(Relation::ResponsibleProbationUnit),
        Kind::CarePartner => Some(Relation::CarePartner),
        Kind::Triage => Some(Relation::Triage),
        Kind::Hub => None,
    }
}
