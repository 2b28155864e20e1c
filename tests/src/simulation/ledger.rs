//! What the simulation knows by itself: grounds as the accepted messages and the registers state them, in the order of the commits.
//!
//! It reads payloads and register entries on its own and shares no code with the decision that it judges.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schakelpunt_domain::{
    DeliveryId, DetentionRef, LegalDay, ParticipantId,
    ids::MessageKey,
    registers::{Entry, Kind, Mandate, Participant, Recorded, Scope, Stop},
};
use schakelpunt_engine::model::{Outcome, StoredMessage};
use serde_json::Value;

/// What somebody offers.
#[derive(Debug, Clone)]
pub(super) struct Offered {
    pub(super) key: MessageKey,
    pub(super) event: &'static str,
    pub(super) detention: DetentionRef,
    pub(super) sequence: u64,
    pub(super) sender: ParticipantId,
    pub(super) data: Value,
    /// 0, or another number for other bytes under the same id.
    pub(super) variant: u64,
    /// The database refuses its row.
    pub(super) poison: bool,
}

#[derive(Debug, Clone)]
struct Consent {
    recipient: ParticipantId,
    until: LegalDay,
    message: MessageKey,
}

/// The grounds of one case.
#[derive(Debug, Default)]
pub(super) struct Grounds {
    consents: BTreeMap<String, Consent>,
    pub(super) withdrawn_consents: BTreeSet<String>,
    pub(super) withdrawn_messages: BTreeSet<MessageKey>,
    pub(super) ended: bool,
    pub(super) deceased: bool,
    residence: Option<String>,
    determined: Option<String>,
    settled: Option<String>,
    unit: Option<ParticipantId>,
    prisons: BTreeSet<ParticipantId>,
    heads: BTreeMap<&'static str, (String, u64)>,
}

/// What left the hub.
#[derive(Debug, Default)]
pub(super) struct Left {
    pub(super) bytes: BTreeMap<DeliveryId, Vec<u8>>,
    /// The running numbers that each recipient has met or was told are void.
    pub(super) numbers: BTreeMap<ParticipantId, BTreeSet<u64>>,
    /// Claims whose publication is over, however it ended.
    pub(super) over: BTreeSet<(DeliveryId, Timestamp)>,
    /// The furthest place in each lane.
    pub(super) lanes: BTreeMap<(ParticipantId, Option<DetentionRef>), (u64, u64)>,
    /// The newest number of each slot that somebody has.
    pub(super) slots: BTreeMap<(ParticipantId, DetentionRef, String, String), u64>,
}

/// The ledger.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) offers: Vec<Offered>,
    /// What was acknowledged to the broker or answered over HTTP, with the variants of its bytes.
    pub(super) acknowledged: BTreeMap<MessageKey, BTreeSet<u64>>,
    pub(super) cases: BTreeMap<DetentionRef, Grounds>,
    pub(super) stops: Vec<Stop>,
    mandates: Vec<Mandate>,
    participants: BTreeMap<ParticipantId, Participant>,
    pub(super) left: Left,
    /// Deliveries to who was found after their message was taken in.
    pub(super) late: BTreeSet<DeliveryId>,
    /// Deliveries that each process claimed last.
    pub(super) claimed_by: BTreeMap<DeliveryId, usize>,
}

/// How a consent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consented {
    Yes,
    No,
    Withdrawn,
}

impl Ledger {
    /// The message of that key, as it was offered first.
    pub(super) fn offered(&self, key: &MessageKey) -> Option<&Offered> {
        self.offers.iter().find(|offer| offer.key == *key && offer.variant == 0)
    }

    pub(super) fn record(&mut self, entries: &[Recorded<Entry>]) {
        for recorded in entries {
            match &recorded.entry {
                Entry::Stop(stop) => self.stops.push(stop.clone()),
                Entry::Mandate(mandate) => self.mandates.push(mandate.clone()),
                Entry::Participant(participant) => drop(self.participants.insert(participant.id.clone(), participant.clone())),
                Entry::Agreement(_) | Entry::Capacity(_) | Entry::Subscription(_) => {}
                Entry::Lift(_)
                | Entry::Ending(_)
                | Entry::Succession(_)
                | Entry::Approval(_)
                | Entry::Conflict(_)
                | Entry::Reorganisation(_) => {
                    panic!("the simulation enters nothing that this ledger does not follow")
                }
            }
        }
    }

    /// Reads what a committed transaction says of a message. `news`: it was not accepted before.
    pub(super) fn read(&mut self, message: &StoredMessage, news: bool) {
        let said = |offer: &&Offered| offer.key == message.key && offer.event == message.event.as_str();
        let Some(offered) = self.offers.iter().find(said).cloned() else { return };
        let corrects = offered.data.pointer("/correction/of/id").and_then(Value::as_str);
        let original = corrects.and_then(|id| self.offers.iter().find(|other| other.key.id.as_str() == id)).cloned();
        let grounds = self.cases.entry(offered.detention.clone()).or_default();
        let text = |pointer: &str| offered.data.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        if matches!(message.outcome, Outcome::Parked | Outcome::Lapsed) || (!news && offered.event != "consent-withdrawn") {
            return;
        }
        let nothing = grounds.withdrawn_messages.contains(&offered.key);
        let stale = grounds.fill(&offered, message.outcome == Outcome::Accepted);
        match offered.event {
            "consent-withdrawn" => grounds.withdrawn_consents.extend(text("/consent/id")),
            "message-withdrawn" => {
                let (Some(source), Some(id)) = (text("/correction/of/source"), text("/correction/of/id")) else { return };
                let of = MessageKey { source: source.parse().unwrap(), id: id.parse().unwrap() };
                let sequence = original.as_ref().map(|original| original.sequence);
                // what was taken back is nobody's newest value any more
                let taken_back = |place: &(ParticipantId, DetentionRef, String, String), newest: u64| {
                    place.1 == offered.detention && place.3 == of.source.as_str() && Some(newest) == sequence
                };
                self.left.slots.retain(|place, newest| !taken_back(place, *newest));
                grounds.heads.retain(|_, (source, head)| *source != of.source.as_str() || Some(*head) != sequence);
                let stated = grounds.consents.iter().filter(|(_, consent)| consent.message == of).map(|(id, _)| id.clone());
                grounds.withdrawn_consents.extend(stated.collect::<Vec<_>>());
                grounds.withdrawn_messages.insert(of);
            }
            // the case is opened all the same
            "detention-started" if nothing => drop(grounds.prisons.insert(offered.sender.clone())),
            _ if nothing => {}
            "consent-given" => {
                let (Some(id), Some(recipient), Some(until)) = (text("/consent/id"), text("/consent/recipient"), text("/consent/until"))
                else {
                    return;
                };
                let consent =
                    Consent { recipient: recipient.parse().unwrap(), until: until.parse().unwrap(), message: offered.key.clone() };
                grounds.consents.insert(id, consent);
            }
            "detention-started" => {
                grounds.prisons.insert(offered.sender.clone());
                if !stale {
                    grounds.residence = text("/residence/candidates/0/municipality");
                }
            }
            "transferred" => grounds.prisons.extend(text("/transfer/to").map(|to| to.parse().unwrap())),
            "responsible-municipality-determined" if !stale => grounds.determined = text("/residence/candidates/0/municipality"),
            // what is lawful to nobody moves nothing
            "settlement-municipality-set" if !stale && message.outcome == Outcome::Accepted => {
                grounds.settled = text("/residence/candidates/0/municipality");
            }
            "probation-unit-assigned" if !stale => grounds.unit = text("/supervision/unit").map(|unit| unit.parse().unwrap()),
            "detention-ended" => grounds.ended = true,
            "deceased" => grounds.deceased = true,
            _ => {}
        }
    }

    pub(super) fn grounds(&self, detention: &DetentionRef) -> Option<&Grounds> {
        self.cases.get(detention)
    }

    /// Whether the person consents, now, that this unit is told.
    pub(super) fn consented(&self, detention: &DetentionRef, recipient: &ParticipantId, now: Timestamp) -> Consented {
        let Some(grounds) = self.grounds(detention).filter(|grounds| !grounds.ended && !grounds.deceased) else { return Consented::No };
        let mut answer = Consented::No;
        for (id, consent) in grounds.consents.iter().filter(|(_, consent)| consent.recipient == *recipient) {
            match (grounds.withdrawn_consents.contains(id), now < consent.until.ends()) {
                (false, true) => return Consented::Yes,
                (true, _) => answer = Consented::Withdrawn,
                (false, false) => {}
            }
        }
        answer
    }

    /// Whether the last day of a consent for this unit has passed.
    pub(super) fn ran_out(&self, detention: &DetentionRef, recipient: &ParticipantId, now: Timestamp) -> bool {
        let consents = self.grounds(detention).into_iter().flat_map(|grounds| grounds.consents.values());
        consents.filter(|consent| consent.recipient == *recipient).any(|consent| consent.until.ends() <= now)
    }

    /// Who answers for a case; `None` while nobody knows.
    pub(super) fn municipality(&self, detention: &DetentionRef, now: Timestamp) -> Option<&ParticipantId> {
        let grounds = self.grounds(detention)?;
        let code = grounds.settled.as_ref().or(grounds.determined.as_ref()).or(grounds.residence.as_ref())?;
        let stands =
            |one: &&Participant| one.kind == Kind::Municipality && one.municipalities.iter().any(|place| place.code.as_str() == code);
        let responsible = &self.participants.values().find(stands)?.id;
        let in_force = |mandate: &&Mandate| {
            mandate.mandator == *responsible
                && mandate.scope == Scope::All
                && mandate.from.begins() <= now
                && mandate.until.is_none_or(|until| now < until.begins())
        };
        Some(self.mandates.iter().rfind(in_force).map_or(responsible, |mandate| &mandate.mandatary))
    }

    /// The probation unit that was assigned.
    pub(super) fn unit(&self, detention: &DetentionRef) -> Option<&ParticipantId> {
        self.grounds(detention)?.unit.as_ref()
    }

    pub(super) fn held_by(&self, detention: &DetentionRef, prison: &ParticipantId) -> bool {
        self.grounds(detention).is_some_and(|grounds| grounds.prisons.contains(prison))
    }

    pub(super) fn kind(&self, id: &ParticipantId) -> Option<Kind> {
        self.participants.get(id).map(|participant| participant.kind)
    }
}

impl Grounds {
    /// Whether a newer message of the same system has said it already; if not, and it is kept, this one has now.
    fn fill(&mut self, offered: &Offered, kept: bool) -> bool {
        let slot = if offered.data.get("residence").is_some() {
            "residence"
        } else if offered.data.get("supervision").is_some() {
            "supervision"
        } else {
            return false;
        };
        let source = offered.key.source.to_string();
        if self.heads.get(slot).is_some_and(|(head, sequence)| *head == source && *sequence > offered.sequence) {
            return true;
        }
        if kept {
            self.heads.insert(slot, (source, offered.sequence));
        }
        false
    }
}
