//! Afterwards: what left and would not have, had the hub known then what it knows now (Wjsg art. 3 lid 5, AVG art. 33).
//!
//! A register entry that is recorded today may have effect in the past: a mandate that ended last week, a consent that was withdrawn on
//! paper. What was provided in good faith is then to be looked at, recalled, or reported.

use jiff::Timestamp;
use schakelpunt_domain::{Refusal, case::Case, pointer::Leaf, registers::At, stage::Stage};

use crate::{
    asking, claim,
    model::{Delivery, StoredMessage},
    step::Law,
};

/// Why a delivery would not leave, or not with all that it held.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Forbidden {
    /// Nothing of it.
    All(Refusal),
    /// These leaves.
    Leaves(Vec<Leaf>),
}

/// When it was provided, as far as the stage tells: the confirmation follows the claim by moments.
fn provided(delivery: &Delivery) -> Option<Timestamp> {
    match &delivery.stage {
        Stage::Claimed { at, .. } | Stage::HandedOver { at } | Stage::Received { at } => Some(*at),
        Stage::Waiting { .. } | Stage::Blocked { .. } | Stage::Cancelled { .. } | Stage::Void { .. } => None,
    }
}

/// Asks again about a delivery at the instant at which it was provided, with what is known at `known`. `None`: it was and stays lawful, it
/// was not provided, or it was provided before `since`.
pub fn forbidden(
    law: Law<'_>,
    delivery: &Delivery,
    message: &StoredMessage,
    case: &Case,
    since: Timestamp,
    known: Timestamp,
) -> Option<Forbidden> {
    let valid = provided(delivery).filter(|at| *at >= since)?;
    let at = At { valid, known };
    let gave = delivery.decision.permit()?;
    let Some(candidate) = claim::candidate_of(delivery, message, case, law.registers, at, &law.settings.hub) else {
        // the registers do not know the recipient at that instant
        return Some(Forbidden::All(Refusal::NotResponsible));
    };
    let decision = asking::about(law, message, &message.leaves, case, &candidate, at)?;
    match (decision.permit(), decision.refusal()) {
        (Some(permit), _) => {
            let too_much: Vec<Leaf> = gave.leaves().filter(|leaf| !permit.leaves().any(|given| given == *leaf)).cloned().collect();
            (!too_much.is_empty()).then_some(Forbidden::Leaves(too_much))
        }
        (None, code) => Some(Forbidden::All(code.unwrap_or(Refusal::NoBasis))),
    }
}
