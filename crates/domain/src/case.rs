//! What the hub knows of one detention: a small, named, bitemporal set of facts, consents and lanes (design 3, "case facts").

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    calendar::LegalDay,
    consent::Consent,
    deadlines::Watch,
    ids::{DetentionRef, MessageKey, MunicipalityCode, ParticipantId},
    registers::At,
};

mod consents;
mod extent;
mod fact;
mod follow_up;
mod slots;

pub use consents::Replaced;
pub use extent::Extent;
pub use fact::{Certainty, Duty, Fact, FactValue, Meeting, ResidenceCandidate, ResidenceKind, ResidenceSource, Served, Title};
pub use follow_up::{Awaited, Changes, Doubted, FollowUp, Recall, Stay};
pub use slots::{SlotHead, slot_of};

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
    /// Consents that were recorded anew under their id, each until then: for questions about an instant that has passed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<Replaced>,
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
            replaced: Vec::new(),
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

    /// For whom this hub works in this case. Without a title it counts as ordinary detention.
    pub fn served(&self, at: At) -> Served {
        self.title(at).map_or(Served::Everybody, Title::served)
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

    /// Whether contact with the outside is restricted: nobody visits (domain 2.5).
    pub fn contact_restricted(&self, at: At) -> bool {
        let until = self.latest(at, |value| if let FactValue::ContactRestricted(until) = value { Some(*until) } else { None });
        until.is_some_and(|until| until.is_none_or(|day| at.valid < day.ends()))
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

    /// The next instant after `at` at which something that was known of this case begins or ends by itself.
    pub fn next_boundary(&self, at: At) -> Option<Timestamp> {
        let facts = self.facts.iter().filter(|fact| fact.recorded <= at.known).map(|fact| fact.from);
        let taken_back =
            |consent: &Consent| consent.withdrawn_at.filter(|_| consent.withdrawal_recorded.is_none_or(|then| then <= at.known));
        let consents = self.known_consents(at.known);
        let consents =
            consents.flat_map(move |consent| [consent.given_at, consent.until.map(LegalDay::ends), taken_back(consent)]).flatten();
        facts.chain(consents).chain(self.plan_ends(at)).filter(|instant| *instant > at.valid).min()
    }

    /// The next sequence in the lane of `recipient`.
    pub fn next_in_lane(&mut self, recipient: &ParticipantId) -> u64 {
        let last = self.lanes.entry(recipient.clone()).or_insert(0);
        *last += 1;
        *last
    }
}

#[cfg(test)]
mod tests;
