//! What the hub decides from its facts, and apart from it what is true.

use super::world::{BASIC, Case, Delivery, EXTRA, Kind, Leaves, Permit, REFERENCE, Recipient, Store, Tick, World};
use crate::mutants::Mutant;

/// What is true, apart from what the hub believes.
pub(super) enum Ground {
    /// These leaves may be provided.
    Leaves(Leaves),
    /// Nothing may.
    None,
    /// It was withdrawn: nothing ever will.
    Withdrawn,
}

impl World {
    /// The hub's decision: from the case, the registers and the instant. `had`: the recipient had what this message takes back.
    pub(super) fn decide(&self, case: &Case, kind: Kind, to: Recipient, epoch: u8, now: Tick, had: bool) -> Option<Permit> {
        let permit = |leaves, by_consent, until| Some(Permit { leaves, by_consent, until });
        match (kind, to) {
            (Kind::Notice, _) if case.retracted => None,
            (Kind::Notice | Kind::Newer, Recipient::Municipality) if case.moved => None,
            (Kind::Notice | Kind::Newer, Recipient::Municipality) => permit(self.granted(epoch), false, None),
            (Kind::Notice | Kind::Newer, Recipient::Partner) if self.consents(case, now) => permit(BASIC, true, self.scope.consent_until),
            (Kind::Retraction, _) if had => permit(REFERENCE, false, None),
            _ => None,
        }
    }

    /// The agreement on the second leaf ends with the first change of the registers.
    fn granted(&self, epoch: u8) -> Leaves {
        let _ = self;
        if epoch == 0 { BASIC | EXTRA } else { BASIC }
    }

    fn consents(&self, case: &Case, now: Tick) -> bool {
        // what is recorded stays known, even if the clock has gone back since
        let known = if self.has(Mutant::ClockStepBack) { now } else { now.max(case.given.unwrap_or(0)).max(case.withdrawn.unwrap_or(0)) };
        let given = case.given.is_some_and(|recorded| recorded <= known);
        let withdrawn = case.withdrawn.is_some_and(|recorded| recorded <= known);
        given && !withdrawn && self.scope.consent_until.is_none_or(|until| now < until)
    }

    /// What may really be provided at `now`, by what is on record.
    pub(super) fn lawful(&self, store: &Store, delivery: &Delivery, now: Tick) -> Ground {
        let recorded = |kind| self.knows(store, kind, delivery.detention);
        let (kind, _) = self.catalogue[delivery.message];
        let ground = |holds: bool, leaves| if holds { Ground::Leaves(leaves) } else { Ground::None };
        match (kind, delivery.to) {
            _ if delivery.recall => Ground::Leaves(REFERENCE),
            (Kind::Notice, _) if recorded(Kind::Retraction) => Ground::Withdrawn,
            (Kind::Notice | Kind::Newer, Recipient::Municipality) => ground(!recorded(Kind::Move), self.granted(store.epoch)),
            (Kind::Notice | Kind::Newer, Recipient::Partner) if recorded(Kind::Withdrawal) => Ground::Withdrawn,
            (Kind::Notice | Kind::Newer, Recipient::Partner) => {
                ground(recorded(Kind::Consent) && self.scope.consent_until.is_none_or(|until| now < until), BASIC)
            }
            (Kind::Retraction, _) => ground(self.had(store, delivery.detention, delivery.to), REFERENCE),
            (Kind::Consent | Kind::Withdrawal | Kind::Move, _) => Ground::None,
        }
    }

    /// Whether the notice was provided to that recipient.
    pub(super) fn had(&self, store: &Store, detention: usize, to: Recipient) -> bool {
        let notices = store.deliveries.iter().filter(|one| self.catalogue[one.message] == (Kind::Notice, detention));
        notices.filter(|one| one.to == to && !one.recall).any(|one| one.stage.is_provided())
    }
}
