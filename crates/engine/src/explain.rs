//! "Why": the decision on a kept message for any participant and any moment, from recorded facts and signals, without the payload.

use schakelpunt_domain::{ParticipantId, case::Case, registers::At};
use schakelpunt_rules::{Candidate, Decision, Who, candidate_for};

use crate::{asking, model::StoredMessage, step::Law};

/// What `decide` says of `recipient` at `at`; `None` for somebody whom the registers do not know. Nothing is recorded.
pub fn explain(law: Law<'_>, message: &StoredMessage, case: &Case, recipient: &ParticipantId, at: At) -> Option<(Candidate, Decision)> {
    let who = Who { event: message.event.as_str(), partner: message.partner.as_ref(), ..Who::default() };
    let candidate = candidate_for(recipient, &who, case, law.registers, at)?;
    let decision = asking::about(law, message, &message.leaves, case, &candidate, at)?;
    Some((candidate, decision))
}
