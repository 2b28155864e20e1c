//! What the hub knows of one detention: a small, named, bitemporal set of facts, consents and lanes (design 3, "case facts").

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    calendar::LegalDay,
    consent::{Consent, ConsentState},
    deadlines::Watch,
    ids::{DetentionRef, MessageKey, MunicipalityCode, ParticipantId, Source},
    pointer::Leaf,
    registers::At,
};

mod fact;
mod follow_up;

pub use fact::{Certainty, Duty, Fact, FactValue, Meeting, ResidenceCandidate, ResidenceKind, ResidenceSource, Title};
pub use follow_up::{Awaited, Changes, Doubted, FollowUp, Recall, Stay};

/// The newest message of one slot of the payload, and who has it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SlotHead {
    /// The system that counts.
    pub source: Source,
    /// Its number.
    pub sequence: u64,
    /// Who has a value of this system, or will get it: the number of the newest one.
    pub holders: BTreeMap<ParticipantId, u64>,
}

impl SlotHead {
    /// Whether somebody has, or will get, something newer than this message says.
    pub fn has_newer(&self, recipient: &ParticipantId, source: &Source, sequence: u64) -> bool {
        self.holders.get(recipient).is_some_and(|held| self.source != *source || *held > sequence)
    }

    /// Somebody has, or will get, what a message of this number says.
    pub fn give(&mut self, recipient: ParticipantId, sequence: u64) {
        let held = self.holders.entry(recipient).or_default();
        *held = sequence.max(*held);
    }

    /// What was taken back is nobody's newest value any more; `None` if nothing is left.
    #[must_use]
    pub fn without(mut self, source: &Source, sequence: u64) -> Option<Self> {
        if self.source != *source {
            return Some(self);
        }
        self.holders.retain(|_, held| *held != sequence);
        if self.sequence == sequence {
            self.sequence = self.holders.values().copied().max()?;
        }
        Some(self)
    }
}

/// What was said of who is responsible, beside the candidates of residence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice<'a> {
    /// This one.
    Municipality(&'a MunicipalityCode),
    /// The one that was told says that it is not: the triage desk decides.
    Disputed,
}

/// Who made the case known: the reference belongs to this producer and person.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Opened {
    /// The producer.
    pub by: ParticipantId,
    /// A keyed digest of the person, to compare only.
    pub person: String,
    /// When.
    pub at: Timestamp,
}

/// A message that waits with its payload for something about the case to be known.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Held {
    /// Which.
    pub key: MessageKey,
    /// Until when it waits.
    pub until: Option<Timestamp>,
}

/// One detention.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Case {
    /// The reference.
    pub detention: DetentionRef,
    /// Who opened it; `None` while only tombstones or parked messages are known.
    pub opened: Option<Opened>,
    /// All facts ever recorded, oldest first.
    pub facts: Vec<Fact>,
    /// All consents and tombstones.
    pub consents: Vec<Consent>,
    /// The last sequence that the hub gave in each recipient's lane.
    pub lanes: BTreeMap<ParticipantId, u64>,
    /// Per slot of the payload: the newest message.
    pub slots: BTreeMap<String, SlotHead>,
    /// Messages that came before the case was known (decision 19).
    #[serde(default)]
    pub parked: Vec<Held>,
    /// Messages that wait until the responsible municipality is known (decision 20).
    #[serde(default)]
    pub pending: Vec<Held>,
    /// Withdrawals of consents, by the consent's id: tombstones that no later `consent-given` revives.
    #[serde(default)]
    pub tombstones: BTreeMap<String, Timestamp>,
    /// Messages that were withdrawn before they came.
    #[serde(default)]
    pub withdrawn: BTreeSet<MessageKey>,
    /// What the hub has to see to.
    #[serde(default, skip_serializing_if = "FollowUp::is_empty")]
    pub follow_up: FollowUp,
    /// When it was last written: for this case, it is never earlier than that.
    #[serde(default)]
    pub written: Option<Timestamp>,
    /// What the hub has told of its deadlines, and when it looks again.
    #[serde(default)]
    pub watch: Watch,
}

impl Case {
    /// A case of which nothing is known.
    pub fn new(detention: DetentionRef) -> Self {
        Self {
            detention,
            opened: None,
            facts: Vec::new(),
            consents: Vec::new(),
            lanes: BTreeMap::new(),
            slots: BTreeMap::new(),
            parked: Vec::new(),
            pending: Vec::new(),
            tombstones: BTreeMap::new(),
            withdrawn: BTreeSet::new(),
            written: None,
            watch: Watch::default(),
            follow_up: FollowUp::default(),
        }
    }

    /// Records a fact.
    pub fn record(&mut self, value: FactValue, from: Timestamp, recorded: Timestamp) {
        self.facts.push(Fact { value, from, recorded });
    }

    /// The latest fact that `pick` recognises, by the instant from which it holds.
    pub(crate) fn latest<'a, T>(&'a self, at: At, pick: impl Fn(&'a FactValue) -> Option<T>) -> Option<T> {
        let holding = self.facts.iter().filter(|fact| fact.recorded <= at.known && fact.from <= at.valid);
        let (_, value) =
            holding.filter_map(|fact| pick(&fact.value).map(|value| (fact.from, value))).fold(None, |best, next| match best {
                Some((from, _)) if from > next.0 => best,
                _ => Some(next),
            })?;
        Some(value)
    }

    /// The prison that holds the person.
    pub fn prison(&self, at: At) -> Option<&ParticipantId> {
        self.latest(at, |value| if let FactValue::Prison(prison) = value { Some(prison) } else { None })
    }

    /// The prison that an announced transfer leads to, while it lies ahead.
    pub fn receiving_prison(&self, at: At) -> Option<&ParticipantId> {
        let ahead = self.facts.iter().filter(|fact| fact.recorded <= at.known && fact.from > at.valid);
        ahead.filter_map(|fact| if let FactValue::Prison(prison) = &fact.value { Some(prison) } else { None }).next_back()
    }

    /// The prison that took the person in.
    pub fn first_prison(&self, at: At) -> Option<&ParticipantId> {
        let prisons = self.facts.iter().filter(|fact| fact.recorded <= at.known).filter_map(|fact| match &fact.value {
            FactValue::Prison(prison) => Some((fact.from, prison)),
            _ => None,
        });
        prisons.min_by_key(|(from, _)| *from).map(|(_, prison)| prison)
    }

    /// Every prison that held the person before.
    pub fn former_prisons(&self, at: At) -> BTreeSet<&ParticipantId> {
        let now = self.prison(at);
        let all = self.facts.iter().filter(|fact| fact.recorded <= at.known && fact.from <= at.valid);
        all.filter_map(|fact| if let FactValue::Prison(prison) = &fact.value { Some(prison) } else { None })
            .filter(|prison| Some(*prison) != now)
            .collect()
    }

    /// The probation unit that was assigned.
    pub fn probation_unit(&self, at: At) -> Option<&ParticipantId> {
        self.latest(at, |value| if let FactValue::ProbationUnit(unit) = value { Some(unit) } else { None })
    }

    /// The municipality that triage or a dispute determined.
    pub fn determined(&self, at: At) -> Option<&MunicipalityCode> {
        self.latest(at, |value| if let FactValue::Responsible(code) = value { Some(code) } else { None })
    }

    /// What was said of who is responsible: the wish to settle, else the word of the desk; after a dispute only what came after it.
    pub fn choice(&self, at: At) -> Option<Choice<'_>> {
        let counts = |fact: &Fact| fact.recorded <= at.known && fact.from <= at.valid;
        let dispute = self.facts.iter().rposition(|fact| counts(fact) && fact.value == FactValue::Disputed);
        let Some(dispute) = dispute else { return self.settlement(at).or_else(|| self.determined(at)).map(Choice::Municipality) };
        let since = || self.facts.iter().skip(dispute).filter(|fact| counts(fact)).map(|fact| &fact.value);
        let settled = since().filter_map(|value| if let FactValue::Settlement(code) = value { Some(code) } else { None }).next_back();
        let determined =
            || since().filter_map(|value| if let FactValue::Responsible(code) = value { Some(code) } else { None }).next_back();
        Some(settled.or_else(determined).map_or(Choice::Disputed, Choice::Municipality))
    }

    /// The municipality where the person wants to settle.
    pub fn settlement(&self, at: At) -> Option<&MunicipalityCode> {
        self.latest(at, |value| if let FactValue::Settlement(code) = value { Some(code) } else { None })
    }

    /// The case as it stood before the last wish to settle was known.
    #[must_use]
    pub fn before_settlement(&self, at: At) -> Self {
        let mut before = self.clone();
        let is_one = |fact: &Fact| fact.recorded <= at.known && matches!(fact.value, FactValue::Settlement(_));
        if let Some(last) = before.facts.iter().rposition(is_one) {
            before.facts.remove(last);
        }
        before
    }

    /// The day on which the person is released, as last announced.
    pub fn release(&self, at: At) -> Option<LegalDay> {
        self.latest(at, |value| if let FactValue::Release(day) = value { Some(*day) } else { None }).flatten()
    }

    /// The candidates of residence.
    pub fn residence(&self, at: At) -> Option<&[ResidenceCandidate]> {
        self.latest(at, |value| if let FactValue::Residence(candidates) = value { Some(candidates.as_slice()) } else { None })
    }

    /// The first day of the deprivation of liberty.
    pub fn start(&self, at: At) -> Option<LegalDay> {
        self.latest(at, |value| if let FactValue::Start(day) = value { Some(*day) } else { None })
    }

    /// The day on which the person came into a prison; it may lie after the start of the deprivation of liberty.
    pub fn pi_entry(&self, at: At) -> Option<LegalDay> {
        self.latest(at, |value| if let FactValue::PiEntry(day) = value { Some(*day) } else { None })
    }

    /// The title of the detention.
    pub fn title(&self, at: At) -> Option<Title> {
        self.latest(at, |value| if let FactValue::Title(title) = value { Some(*title) } else { None })
    }

    /// Whether care is needed, as last said.
    pub fn care_needed(&self, at: At) -> bool {
        self.latest(at, |value| if let FactValue::CareNeeded(needed) = value { Some(*needed) } else { None }).unwrap_or(false)
    }

    /// Whether the person died or left for a regime outside this hub.
    pub fn left_scope(&self, at: At) -> bool {
        self.latest(at, |value| matches!(value, FactValue::LeftScope).then_some(())).is_some()
    }

    /// Whether the person has escaped and is not back (domain 2.5): what was planned stands still.
    pub fn at_large(&self, at: At) -> bool {
        self.latest(at, |value| if let FactValue::AtLarge(at_large) = value { Some(*at_large) } else { None }).unwrap_or(false)
    }

    /// The instant at which the plan basis stops (decision 14): the end of the legal end date or the arrival of `detention-ended`,
    /// whichever is later; `None` while no end has arrived.
    pub fn plan_ends(&self, at: At) -> Option<Timestamp> {
        let arrived = self
            .facts
            .iter()
            .filter(|fact| fact.recorded <= at.known && fact.value == FactValue::Ended)
            .map(|fact| fact.recorded)
            .next_back()?;
        let end = self.latest(at, |value| if let FactValue::LegalEnd(day) = value { Some(day.ends()) } else { None });
        Some(end.map_or(arrived, |end| end.max(arrived)))
    }

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
        let own = self.consents.iter().filter(|consent| recipients.contains(&consent.recipient));
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

    /// Records a consent; a withdrawal that came first holds.
    pub fn give_consent(&mut self, mut consent: Consent) {
        if let Some(at) = self.tombstones.get(&consent.id) {
            consent.withdrawn_at = Some(*at);
            consent.withdrawal_recorded = Some(consent.recorded);
        }
        self.consents.retain(|other| other.id != consent.id || other.withdrawn_at.is_some());
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

    /// The next instant at which something of this case begins or ends by itself.
    pub fn next_boundary(&self, after: Timestamp) -> Option<Timestamp> {
        let facts = self.facts.iter().map(|fact| fact.from);
        let consents = self.consents.iter().flat_map(|consent| [consent.given_at, consent.until.map(LegalDay::ends), consent.withdrawn_at]);
        let end = self.plan_ends(At::now(after));
        facts.chain(consents.flatten()).chain(end).filter(|at| *at > after).min()
    }

    /// The next sequence in the lane of `recipient`.
    pub fn next_in_lane(&mut self, recipient: &ParticipantId) -> u64 {
        let last = self.lanes.entry(recipient.clone()).or_insert(0);
        *last += 1;
        *last
    }

    /// Whether a newer message of the same system has filled `slot`.
    pub fn is_stale(&self, slot: &str, source: &Source, sequence: u64) -> Option<&SlotHead> {
        if SEVERAL.contains(&slot) {
            return None;
        }
        self.slots.get(slot).filter(|head| head.source == *source && head.sequence > sequence)
    }
}

/// Slots of which a detention can have several at once, each a matter of its own: a late one is news, and never stale.
const SEVERAL: [&str; 8] = ["accessRequest", "action", "breach", "careEnded", "deletion", "objection", "receipt", "status"];

/// The slot of the payload to which a leaf belongs: what one newer message replaces as a whole.
pub fn slot_of(leaf: &Leaf) -> String {
    let mut parts = leaf.as_str().split('/').skip(1);
    let first = parts.next().unwrap_or_default();
    match (first, parts.next()) {
        ("conditions" | "detention", Some(second)) => format!("{first}/{second}"),
        _ => first.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_announced_transfer_counts_from_its_moment() {
        let mut case = Case::new("d-1".parse().unwrap());
        let zwolle: ParticipantId = "pi-zwolle".parse().unwrap();
        let lelystad: ParticipantId = "pi-lelystad".parse().unwrap();
        case.record(FactValue::Prison(zwolle.clone()), at("2024-09-03T10:00:00Z"), at("2024-09-04T08:00:00Z"));
        case.record(FactValue::Prison(lelystad.clone()), at("2024-09-11T10:00:00Z"), at("2024-09-09T08:00:00Z"));
        let before = At::now(at("2024-09-10T10:00:00Z"));
        let after = At::now(at("2024-09-11T10:00:00Z"));
        assert_eq!((case.prison(before), case.receiving_prison(before)), (Some(&zwolle), Some(&lelystad)));
        assert_eq!((case.prison(after), case.receiving_prison(after)), (Some(&lelystad), None));
        assert!(case.former_prisons(after).contains(&zwolle));
        let as_known_then = At { valid: at("2024-09-12T10:00:00Z"), known: at("2024-09-08T10:00:00Z") };
        assert_eq!(case.prison(as_known_then), Some(&zwolle), "what was not recorded then was not known then");
    }

    #[test]
    fn after_a_dispute_only_what_comes_after_it_counts() {
        let mut case = Case::new("d-1".parse().unwrap());
        let (kampen, zwolle): (MunicipalityCode, MunicipalityCode) = ("0166".parse().unwrap(), "0193".parse().unwrap());
        let hour = |hour: u8| at(&format!("2024-09-03T{hour:02}:00:00Z"));
        let now = At::now(hour(20));
        case.record(FactValue::Settlement(zwolle.clone()), hour(10), hour(10));
        case.record(FactValue::Responsible(kampen.clone()), hour(11), hour(11));
        assert_eq!(case.choice(now), Some(Choice::Municipality(&zwolle)), "the wish to settle goes first");
        case.record(FactValue::Disputed, hour(12), hour(12));
        assert_eq!(case.choice(now), Some(Choice::Disputed));
        case.record(FactValue::Responsible(kampen.clone()), hour(13), hour(13));
        assert_eq!(case.choice(now), Some(Choice::Municipality(&kampen)));
    }

    #[test]
    fn a_withdrawal_is_never_revived() {
        let mut case = Case::new("d-1".parse().unwrap());
        let ggz: ParticipantId = "ggz-zwolle".parse().unwrap();
        let now = at("2024-09-06T10:00:00Z");
        case.consents.push(Consent {
            id: "c-1".to_owned(),
            recipient: ggz.clone(),
            categories: Vec::new(),
            purpose: "reintegration".to_owned(),
            given_at: Some(now),
            until: None,
            withdrawn_at: Some(now),
            recorded: now,
            withdrawal_recorded: Some(now),
            message: None,
        });
        assert_eq!(case.consent_for(&ggz, Some("reintegration"), At::now(now), true).0, ConsentState::Withdrawn);
    }

    #[test]
    fn slots_are_conditions_dates_and_parts() {
        let slot = |leaf: &str| slot_of(&leaf.parse().unwrap());
        assert_eq!(slot("/conditions/HOUSING/status"), "conditions/HOUSING");
        assert_eq!(slot("/detention/start"), "detention/start");
        assert_eq!(slot("/release/date"), "release");
    }

    #[test]
    fn a_matter_of_its_own_is_never_stale() {
        let mut case = Case::new("d-1".parse().unwrap());
        let source: Source = "urn:nld:oin:00000099PI0000025000:systeem:registratie".parse().unwrap();
        for slot in ["release", "breach"] {
            case.slots.insert(slot.to_owned(), SlotHead { source: source.clone(), sequence: 7, holders: BTreeMap::new() });
        }
        assert!(case.is_stale("release", &source, 6).is_some());
        assert!(case.is_stale("breach", &source, 6).is_none(), "two breaches are two");
    }
}
