//! Running cases that pass to another municipality by the registers alone: a reorganisation, a succession, the begin or end of a mandate
//! (decisions 7, 22 and 23).

use schakelpunt_domain::{
    ParticipantId,
    case::{Case, Served},
    registers::{At, Kind, Mandate, Participant, Registers},
};

use crate::candidates::serves;

/// The event by which the hub says so; only a mandate for everything takes it over.
pub const PASSED_ON: &str = "case-passed-on";

/// Why a case passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassedBy {
    /// Another municipality took the place of the one that answered.
    Reorganisation,
    /// Another one acts for it from now on.
    MandateBegan,
    /// Nobody acts for it any more.
    MandateEnded,
}

impl PassedBy {
    /// The code, as in `passedOn.reason`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Reorganisation => "REORGANISATION",
            Self::MandateBegan => "MANDATE_BEGAN",
            Self::MandateEnded => "MANDATE_ENDED",
        }
    }
}

/// A case that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// Who gets its messages from now on.
    pub to: ParticipantId,
    /// Why.
    pub by: PassedBy,
}

/// The registers, and the instant at which they are asked.
#[derive(Debug, Clone, Copy)]
pub struct Then<'a> {
    /// As they were known.
    pub registers: &'a Registers,
    /// The instant.
    pub at: At,
}

/// To whom a running case passed between two instants of the registers. What the case itself says counts as it is known now: a settlement
/// is told by its own message. `None` also where nobody answered before, or nobody does now: that is for the triage desk.
pub fn passed_on(case: &Case, before: Then<'_>, now: Then<'_>) -> Option<Passed> {
    let at = now.at;
    let ended = case.plan_ends(at).is_some_and(|end| end <= at.valid) || case.left_scope(at);
    if ended || case.opened.is_none() || case.served(at) != Served::Everybody {
        return None;
    }
    let was = serves(case, at, before.registers, before.at, PASSED_ON)?;
    let is = serves(case, at, now.registers, at, PASSED_ON)?;
    if was.acting.id == is.acting.id {
        return None;
    }
    let by = if was.municipality.id != is.municipality.id {
        PassedBy::Reorganisation
    } else if is.acting.id == is.municipality.id {
        PassedBy::MandateEnded
    } else {
        PassedBy::MandateBegan
    };
    Some(Passed { to: is.acting.id.clone(), by })
}

/// Whether any case can have passed between two instants: cheap beside a look at every case.
pub fn may_have_passed(before: Then<'_>, now: Then<'_>) -> bool {
    fn mandates(then: Then<'_>) -> Vec<&Mandate> {
        then.registers.mandates_in_force(then.at).collect()
    }
    fn municipalities(then: Then<'_>) -> impl Iterator<Item = &Participant> {
        then.registers.participants(then.at).filter(|participant| participant.kind == Kind::Municipality)
    }
    let codes = |then| municipalities(then).flat_map(|one| one.municipalities.iter().map(|territory| &territory.code)).collect::<Vec<_>>();
    let stands_for = |code, then: Then<'_>| {
        (then.registers.current_code(code, None, then.at), then.registers.municipality(code, then.at).map(|one| one.id.clone()))
    };
    let successor = |id, then: Then<'_>| then.registers.successor(id, then.at).clone();
    mandates(before) != mandates(now)
        || codes(before).into_iter().chain(codes(now)).any(|code| stands_for(code, before) != stands_for(code, now))
        || municipalities(before).any(|one| successor(&one.id, before) != successor(&one.id, now))
}

#[cfg(test)]
mod tests;
