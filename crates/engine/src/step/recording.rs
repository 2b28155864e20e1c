//! The record of a decision: the answer, and what it saw.

use schakelpunt_domain::{DetentionRef, case::Case};
use schakelpunt_rules::{Candidate, Decision};

use super::world::World;
use crate::{
    asking,
    model::{Action, DecisionRecord, StoredMessage},
};

/// Records a decision for a delivery. The relations are those of the candidate that was asked about, not those of an earlier question.
pub(super) fn decided(
    world: &mut World<'_>,
    message: &StoredMessage,
    detention: &DetentionRef,
    case: &Case,
    candidate: &Candidate,
    decision: Decision,
) {
    let saw = asking::saw(world.law(), message, world.message(&message.key), case, candidate, world.now());
    let record = DecisionRecord {
        message: message.key.clone(),
        event: message.event.clone(),
        detention: Some(detention.clone()),
        recipient: candidate.participant.clone(),
        on_behalf_of: candidate.on_behalf_of.clone(),
        relations: candidate.relations.clone(),
        decision,
        version: world.settings().rules.version.clone(),
        at: world.now(),
        saw: Some(saw),
    };
    world.act(Action::AddDecision(record));
}
