//! "Why": the decision on a kept message for any participant and any moment, from recorded facts and signals, without the payload.

use schakelpunt_domain::{
    ParticipantId, Refusal,
    case::Case,
    consent::ConsentState,
    registers::{At, Kind},
};
use schakelpunt_rules::{Candidate, Decision, Relation, Who, candidate_for};

use crate::{asking, model::StoredMessage, step::Law};

/// What `decide` says of `recipient` at `at`; `None` for somebody whom the registers do not know. Nothing is recorded.
pub fn explain(law: Law<'_>, message: &StoredMessage, case: &Case, recipient: &ParticipantId, at: At) -> Option<(Candidate, Decision)> {
    let who = Who { event: message.event.as_str(), partner: message.partner.as_ref(), ..Who::default() };
    let candidate = candidate_for(recipient, &who, case, law.registers, at)?;
    let decision = asking::about(law, message, &message.leaves, case, &candidate, at)?;
    Some((candidate, decision))
}

/// Whether a worker may act for `capacity` in this case (decision 24), and if so whether that organisation has anything to do with it.
pub fn access(law: Law<'_>, worker: &str, capacity: &ParticipantId, case: &Case, at: At) -> Result<Vec<Relation>, Refusal> {
    if !law.registers.capacities(worker, at).any(|own| own.acting_for == *capacity) {
        return Err(Refusal::WrongCapacity);
    }
    let candidate = candidate_for(capacity, &Who::default(), case, law.registers, at).ok_or(Refusal::NotResponsible)?;
    match candidate.closed {
        Some(code) => Err(code),
        None if candidate.relations.is_empty() => Err(Refusal::NotResponsible),
        // outside the triad there is nothing to look at without consent
        None if candidate.kind == Kind::CarePartner => match case.consent_for(capacity, None, at, true).0 {
            ConsentState::Valid => Ok(candidate.relations),
            ConsentState::Missing => Err(Refusal::ConsentMissing),
            ConsentState::Expired => Err(Refusal::ConsentExpired),
            ConsentState::Withdrawn => Err(Refusal::ConsentWithdrawn),
        },
        None => Ok(candidate.relations),
    }
}
