//! The consents of the person (decisions 9 and 10).

use jiff::Timestamp;

use super::Case;
use crate::{
    consent::{Consent, ConsentState},
    ids::{MessageKey, ParticipantId},
    registers::At,
};

/// A consent that was recorded anew under the same id.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Replaced {
    /// As it stood until then.
    pub consent: Consent,
    /// When the hub recorded the new one.
    pub until: Timestamp,
}

impl Case {
    /// How the person's consent for one unit and purpose stands, with the consents that count.
    ///
    /// `lapses` says whether the end of the detention ends it (decision 9); the notice of that end itself is told under it (decision 11).
    pub fn consent_for(&self, recipient: &ParticipantId, purpose: Option<&str>, at: At, lapses: bool) -> (ConsentState, Vec<&Consent>) {
        self.consent_for_any(std::slice::from_ref(recipient), purpose, at, lapses)
    }

    /// The same for a unit that took the place of others: what was consented to for them passes to it (decision 22).
    pub fn consent_for_any(
        &self,
        recipients: &[ParticipantId],
        purpose: Option<&str>,
        at: At,
        lapses: bool,
    ) -> (ConsentState, Vec<&Consent>) {
        let ended = lapses && self.plan_ends(at).is_some_and(|end| at.valid >= end);
        let own = self.all_consents(at.known).filter(|consent| recipients.contains(&consent.recipient));
        let own = own.filter(|consent| consent.given_at.is_none() || purpose.is_none_or(|purpose| consent.purpose == purpose));
        let mut state = ConsentState::Missing;
        let mut valid = Vec::new();
        for consent in own {
            let one = match consent.state(at.valid, at.known) {
                ConsentState::Valid if ended => ConsentState::Expired,
                other => other,
            };
            if one == ConsentState::Valid {
                valid.push(consent);
            }
            state = state.max(one);
        }
        (state, valid)
    }

    /// Every consent, those that were recorded anew since `known` as they stood then.
    fn all_consents(&self, known: Timestamp) -> impl Iterator<Item = &Consent> {
        let then = self.replaced.iter().filter(move |replaced| replaced.until > known).map(|replaced| &replaced.consent);
        self.consents.iter().chain(then)
    }

    /// The consents that were recorded by `known`.
    pub(super) fn known_consents(&self, known: Timestamp) -> impl Iterator<Item = &Consent> {
        self.all_consents(known).filter(move |consent| consent.recorded <= known)
    }

    /// Records a consent; a withdrawal that came first holds.
    pub fn give_consent(&mut self, mut consent: Consent) {
        if let Some(at) = self.tombstones.get(&consent.id) {
            consent.withdrawn_at = Some(*at);
            consent.withdrawal_recorded = Some(consent.recorded);
        }
        let until = consent.recorded;
        let anew = self.consents.extract_if(.., |other| other.id == consent.id && other.withdrawn_at.is_none() && *other != consent);
        self.replaced.extend(anew.map(|consent| Replaced { consent, until }));
        if !self.consents.iter().any(|other| other.id == consent.id) {
            self.consents.push(consent);
        }
    }

    /// Takes a consent back, known or not. Gives the unit that it named, if this is news.
    pub fn withdraw_consent(&mut self, id: &str, at: Timestamp, recorded: Timestamp) -> Option<ParticipantId> {
        let news = !self.tombstones.contains_key(id);
        self.tombstones.entry(id.to_owned()).or_insert(at);
        let consent = self.consents.iter_mut().find(|consent| consent.id == id)?;
        if consent.withdrawn_at.is_none() {
            consent.withdrawn_at = Some(at);
            consent.withdrawal_recorded = Some(recorded);
        }
        news.then(|| consent.recipient.clone())
    }

    /// Takes back what a withdrawn message had stated as consent.
    pub fn withdraw_consents_of(&mut self, message: &MessageKey, at: Timestamp) {
        let stated = self.consents.iter().filter(|consent| consent.message.as_ref() == Some(message));
        for id in stated.map(|consent| consent.id.clone()).collect::<Vec<_>>() {
            self.withdraw_consent(&id, at, at);
        }
    }
}
