//! How much of a case a decision saw: the fold of a batch records several things at one instant, which instants alone do not part.

use std::borrow::Cow;

use jiff::Timestamp;

use super::Case;
use crate::consent::Consent;

/// How much was recorded of a case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Facts.
    pub facts: usize,
    /// Times that a consent was recorded or taken back.
    pub consents: usize,
}

impl Case {
    /// How much is recorded now.
    pub fn extent(&self) -> Extent {
        Extent { facts: self.facts.len(), consents: self.changes().count() }
    }

    /// The case as it stood at an instant, when so much of it was recorded. `None`: consents were recorded at that very instant before
    /// and after it, and which of them came first is not kept.
    pub fn with_extent(&self, known: Timestamp, extent: Extent) -> Option<Cow<'_, Self>> {
        let facts = self.facts.iter().filter(|fact| fact.recorded <= known).count();
        let by = self.changes().filter(|at| *at <= known).count();
        let before = self.changes().filter(|at| *at < known).count();
        let earlier = by != extent.consents;
        if earlier && before != extent.consents {
            return None;
        }
        if facts <= extent.facts && !earlier {
            return Some(Cow::Borrowed(self));
        }
        let mut then = self.clone();
        then.facts.retain(|fact| fact.recorded <= known);
        then.facts.truncate(extent.facts);
        if earlier {
            then.forget_consents_since(known);
        }
        Some(Cow::Owned(then))
    }

    /// The instants at which consents were recorded or taken back.
    fn changes(&self) -> impl Iterator<Item = Timestamp> {
        let of = |consent: &Consent| [Some(consent.recorded), consent.withdrawal_recorded].into_iter().flatten();
        let current = self.consents.iter().flat_map(of);
        current.chain(self.replaced.iter().flat_map(move |replaced| of(&replaced.consent)))
    }

    /// Takes back what was recorded of consents at `instant` and later.
    fn forget_consents_since(&mut self, instant: Timestamp) {
        self.consents.retain(|consent| consent.recorded < instant);
        let stood = self.replaced.extract_if(.., |replaced| replaced.until >= instant).map(|replaced| replaced.consent);
        self.consents.extend(stood.filter(|consent| consent.recorded < instant));
        for consent in &mut self.consents {
            if consent.withdrawal_recorded.is_some_and(|recorded| recorded >= instant) {
                (consent.withdrawn_at, consent.withdrawal_recorded) = (None, None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{case::FactValue, consent::ConsentState, ids::ParticipantId, registers::At};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn consent(id: &str, recorded: Timestamp) -> Consent {
        Consent {
            id: id.to_owned(),
            recipient: "ggz-zwolle".parse().unwrap(),
            categories: Vec::new(),
            purpose: "reintegration".to_owned(),
            given_at: Some(recorded),
            until: None,
            withdrawn_at: None,
            recorded,
            withdrawal_recorded: None,
            message: None,
        }
    }

    #[test]
    fn what_was_recorded_later_in_the_same_instant_was_not_seen() {
        let (first, second) = (at("2024-09-03T10:00:00Z"), at("2024-09-04T10:00:00Z"));
        let mut case = Case::new("d-1".parse().unwrap());
        case.record(FactValue::CareNeeded(false), first, first);
        case.record(FactValue::CareNeeded(true), second, second);
        let seen = case.extent();
        case.record(FactValue::Ended, second, second);
        let then = case.with_extent(second, seen).unwrap();
        assert_eq!((then.care_needed(At::now(second)), then.plan_ends(At::now(second))), (true, None));
        assert!(matches!(case.with_extent(second, case.extent()), Some(Cow::Borrowed(_))), "nothing is copied where all was seen");
    }

    #[test]
    fn a_consent_that_was_taken_back_in_the_same_instant_stood_before() {
        let (first, second) = (at("2024-09-03T10:00:00Z"), at("2024-09-04T10:00:00Z"));
        let ggz: ParticipantId = "ggz-zwolle".parse().unwrap();
        let mut case = Case::new("d-1".parse().unwrap());
        case.give_consent(consent("c-1", first));
        let seen = case.extent();
        case.withdraw_consent("c-1", second, second);
        let state = |case: &Case| case.consent_for(&ggz, Some("reintegration"), At::now(second), true).0;
        assert_eq!(state(&case.with_extent(second, seen).unwrap()), ConsentState::Valid);
        assert_eq!(state(&case.with_extent(second, case.extent()).unwrap()), ConsentState::Withdrawn);
        let between = case.extent();
        case.give_consent(consent("c-2", second));
        assert_eq!(case.with_extent(second, between), None, "which of two at one instant came first is not kept");
    }
}
