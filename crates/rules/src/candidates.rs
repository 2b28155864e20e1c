//! Candidates: the holders of a relation to the case. Recipients are derived here, never chosen by the sender.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schakelpunt_domain::{
    LegalDay, ParticipantId, Refusal,
    case::{Case, Choice, FactValue, ResidenceCandidate, ResidenceKind, ResidenceSource},
    pointer::Leaf,
    registers::{Agreement, At, Kind, Mandate, Participant, Registers, Scope},
    reorganisation::Current,
};

use crate::Relation;

/// The events that make another municipality responsible.
const SETTLES: [&str; 2] = ["settlement-municipality-set", "case-transferred-to-municipality"];
/// The event by which a municipality says that it is not the responsible one: for the triage desk.
const DISPUTES: &str = "municipality-disputed";

/// Somebody about whom `decide` is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub participant: ParticipantId,
    /// What it is.
    pub kind: Kind,
    /// What it is to the case; empty for somebody who has no relation.
    pub relations: Vec<Relation>,
    /// Under a mandate: for whom.
    pub on_behalf_of: Option<ParticipantId>,
    /// A gate that is closed already.
    pub closed: Option<Refusal>,
    /// Its very nature tells a health fact.
    pub tells_health: bool,
    /// What it had of the message that is corrected.
    pub had: Option<Vec<Leaf>>,
}

/// What a message says about who could be concerned, beside the case.
#[derive(Debug, Clone, Default)]
pub struct Who<'a> {
    /// The event's short name.
    pub event: &'a str,
    /// The sender, which is no recipient of its own message.
    pub sender: Option<&'a ParticipantId>,
    /// The care partner that the payload names: then no other one is concerned.
    pub partner: Option<&'a ParticipantId>,
    /// Who had the message that this one corrects or withdraws, with the leaves.
    pub earlier: Vec<(&'a ParticipantId, Vec<Leaf>)>,
    /// Care partners to whom something of this case was provided and who are to hear of this.
    pub informed: Vec<&'a ParticipantId>,
}

/// The municipality that answers for a case.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Responsible<'a> {
    Connected(&'a Participant),
    Triage,
}

/// The municipality that answers for a case, whoever acts for it; `None` while nobody knows.
pub fn responsible_municipality<'a>(case: &Case, registers: &'a Registers, at: At) -> Option<&'a Participant> {
    match responsible(case, registers, at) {
        Responsible::Connected(municipality) => Some(municipality),
        Responsible::Triage => None,
    }
}

/// All candidates for a message, each once, with all relations.
pub fn candidates(who: &Who<'_>, case: &Case, registers: &Registers, at: At) -> Vec<Candidate> {
    let prison = case.prison(at).map(|prison| registers.successor(prison, at));
    let mut found = Found { registers, at, prison, by_id: BTreeMap::new() };
    match responsible(case, registers, at) {
        Responsible::Connected(municipality) => found.municipality(municipality, who.event),
        Responsible::Triage => found.triage(),
    }
    if SETTLES.contains(&who.event) {
        found.settlement(case, who.event);
    }
    if who.event == DISPUTES {
        found.triage();
    }
    found.add(case.prison(at), Relation::HoldingPrison);
    found.add(probation_unit(case, registers, at), Relation::ResponsibleProbationUnit);
    if who.event == "transferred" {
        found.add(case.receiving_prison(at), Relation::ReceivingPrison);
        for prison in case.former_prisons(at) {
            found.add(Some(prison), Relation::FormerPrison);
        }
    }
    match who.partner {
        Some(partner) => found.partner(partner),
        None => case.consents.iter().for_each(|consent| found.partner(&consent.recipient)),
    }
    for partner in &who.informed {
        found.add(Some(partner), Relation::InformedPartner);
    }
    for (recipient, leaves) in &who.earlier {
        found.add(Some(recipient), Relation::EarlierRecipient);
        if let Some(candidate) = found.by_id.get_mut(registers.successor(recipient, at)) {
            candidate.had = Some(leaves.clone());
        }
    }
    let mut candidates: Vec<_> = found.by_id.into_values().filter(|candidate| Some(&candidate.participant) != who.sender).collect();
    candidates.sort_by(|a, b| a.relations.first().cmp(&b.relations.first()).then_with(|| a.participant.cmp(&b.participant)));
    candidates
}

/// One participant as a candidate, whether it has a relation or not: what a scenario or an explanation asks about.
pub fn candidate_for(id: &ParticipantId, who: &Who<'_>, case: &Case, registers: &Registers, at: At) -> Option<Candidate> {
    if let Some(candidate) = candidates(who, case, registers, at).into_iter().find(|candidate| candidate.participant == *id) {
        return Some(candidate);
    }
    let participant = registers.registered(id, at)?;
    let mut candidate = new(participant);
    // whose place another took, or who takes part no more, is nobody's partner
    let takes_part = registers.participant(registers.successor(id, at), at).is_some_and(|now| now.id == *id);
    if takes_part && participant.kind == Kind::CarePartner && who.partner.is_none_or(|partner| partner == id) {
        candidate.relations.push(Relation::CarePartner);
    } else {
        let mandator = responsible_municipality(case, registers, at);
        let mandated = mandator.is_some_and(|mandator| registers.ever_mandated(&mandator.id, id, at));
        candidate.closed = Some(if mandated { Refusal::MandateMissing } else { Refusal::NotResponsible });
    }
    Some(candidate)
}

/// What the sender is to the case. `receives` is set when the message announces a transfer to the sender itself (decision 18).
pub fn sender_relations(sender: &Participant, case: &Case, registers: &Registers, at: At, event: &str, receives: bool) -> Vec<Relation> {
    let mut relations = Vec::new();
    let mut add = |holds: bool, relation| relations.extend(holds.then_some(relation));
    // who stands in the place of a unit is what that unit was
    let is_sender = |id: &ParticipantId| registers.successor(id, at) == &sender.id;
    match sender.kind {
        Kind::Prison => {
            add(case.prison(at).is_some_and(is_sender) || (case.opened.is_none() && event == "detention-started"), Relation::HoldingPrison);
            add(case.receiving_prison(at).is_some_and(is_sender) || receives, Relation::ReceivingPrison);
            add(case.former_prisons(at).contains(&sender.id), Relation::FormerPrison);
        }
        Kind::Municipality => {
            if let Responsible::Connected(municipality) = responsible(case, registers, at) {
                let prison = case.prison(at).map(|prison| registers.successor(prison, at));
                let (acting, _) = acting_for(municipality, event, prison, registers, at);
                add(acting.id == sender.id, Relation::ResponsibleMunicipality);
            }
        }
        Kind::Probation => add(probation_unit(case, registers, at) == Some(&sender.id), Relation::ResponsibleProbationUnit),
        Kind::CarePartner => add(case.consents.iter().any(|consent| is_sender(&consent.recipient)), Relation::CarePartner),
        Kind::Triage => add(true, Relation::Triage),
        Kind::Hub => add(true, Relation::Hub),
    }
    relations
}

/// The agreement by which the terms of a case run: of who answers for it with the prison that took the person in, as it stood on the day of
/// entry. A transfer changes nothing about it.
pub fn agreement<'a>(case: &Case, registers: &'a Registers, at: At) -> Option<&'a Agreement> {
    let Responsible::Connected(municipality) = responsible(case, registers, at) else { return None };
    let entry = case.pi_entry(at).or_else(|| case.start(at))?;
    registers.agreement(&municipality.id, case.first_prison(at)?, At { valid: entry.begins(), known: at.known })
}

/// Since when the municipality that answers for a case has answered for it without a break, by what was recorded of the case; `None` while
/// nobody does.
pub fn answers_since(case: &Case, registers: &Registers, at: At) -> Option<Timestamp> {
    let now = responsible_municipality(case, registers, at)?;
    let decides = |value: &FactValue| {
        use FactValue::{Disputed, Residence, Responsible, Settlement, Start};
        matches!(value, Residence(_) | Responsible(_) | Settlement(_) | Disputed | Start(_))
    };
    let told = case.facts.iter().filter(|fact| fact.recorded <= at.known && fact.from <= at.valid && decides(&fact.value));
    let instants: BTreeSet<Timestamp> = told.map(|fact| fact.from.max(fact.recorded)).collect();
    let answered = |instant: &Timestamp| match responsible_by(case, At::now(*instant), registers, at) {
        Responsible::Connected(municipality) => municipality.id == now.id,
        Responsible::Triage => false,
    };
    instants.into_iter().rev().take_while(answered).last()
}

struct Found<'a> {
    registers: &'a Registers,
    at: At,
    /// Who holds the person.
    prison: Option<&'a ParticipantId>,
    by_id: BTreeMap<ParticipantId, Candidate>,
}

fn new(participant: &Participant) -> Candidate {
    Candidate {
        participant: participant.id.clone(),
        kind: participant.kind,
        relations: Vec::new(),
        on_behalf_of: None,
        closed: None,
        tells_health: participant.tells_health,
        had: None,
    }
}

impl Found<'_> {
    fn add(&mut self, id: Option<&ParticipantId>, relation: Relation) {
        let now = id.map(|id| self.registers.successor(id, self.at));
        let Some(participant) = now.and_then(|id| self.registers.participant(id, self.at)) else { return };
        let candidate = self.by_id.entry(participant.id.clone()).or_insert_with(|| new(participant));
        if !candidate.relations.contains(&relation) {
            candidate.relations.push(relation);
            candidate.relations.sort_unstable();
        }
    }

    fn partner(&mut self, id: &ParticipantId) {
        let now = self.registers.successor(id, self.at);
        if self.registers.participant(now, self.at).is_some_and(|participant| participant.kind == Kind::CarePartner) {
            self.add(Some(id), Relation::CarePartner);
        }
    }

    /// The responsible municipality, or who acts for it: the mandator gets no copy (decision 23).
    fn municipality(&mut self, municipality: &Participant, event: &str) {
        let (acting, on_behalf_of) = acting_for(municipality, event, self.prison, self.registers, self.at);
        self.add(Some(&acting.id), Relation::ResponsibleMunicipality);
        if let Some(candidate) = self.by_id.get_mut(&acting.id) {
            candidate.on_behalf_of = on_behalf_of;
        }
    }

    /// Who answered before hears that the case left, once (decision 8); the new one is named for what it is.
    fn settlement(&mut self, case: &Case, event: &str) {
        if let Responsible::Connected(new) = responsible(case, self.registers, self.at) {
            let (acting, _) = acting_for(new, event, self.prison, self.registers, self.at);
            self.add(Some(&acting.id), Relation::SettlementMunicipality);
        }
        if let Responsible::Connected(former) = responsible(&case.before_settlement(self.at), self.registers, self.at) {
            self.municipality(former, event);
        }
    }

    fn triage(&mut self) {
        let desk = self.registers.participants(self.at).find(|participant| participant.kind == Kind::Triage).map(|desk| desk.id.clone());
        self.add(desk.as_ref(), Relation::Triage);
    }
}

fn acting_for<'a>(
    mandator: &'a Participant,
    event: &str,
    prison: Option<&ParticipantId>,
    registers: &'a Registers,
    at: At,
) -> (&'a Participant, Option<ParticipantId>) {
    let mandate = registers.mandates(&mandator.id, at).filter(|mandate| covers(mandate, event) && mandate.covers_prison(prison)).last();
    match mandate.and_then(|mandate| registers.participant(registers.successor(&mandate.mandatary, at), at)) {
        Some(mandatary) => (mandatary, Some(mandator.id.clone())),
        None => (mandator, None),
    }
}

fn covers(mandate: &Mandate, event: &str) -> bool {
    match mandate.scope {
        Scope::All => true,
        Scope::Tbo => event.starts_with("tbo-"),
        Scope::Visit => event.starts_with("first-visit-") || event == "condition-status-updated",
        Scope::Aftercare => event.starts_with("aftercare-"),
    }
}

/// The municipality that answers for a case, and who acts for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Serves<'a> {
    pub(crate) municipality: &'a Participant,
    pub(crate) acting: &'a Participant,
}

/// Who serves a case, as it is known `of_case`, by the registers `at` another instant; `None` while nobody does.
pub(crate) fn serves<'a>(case: &Case, of_case: At, registers: &'a Registers, at: At, event: &str) -> Option<Serves<'a>> {
    let Responsible::Connected(municipality) = responsible_by(case, of_case, registers, at) else { return None };
    let prison = case.prison(of_case).map(|prison| registers.successor(prison, at));
    let (acting, _) = acting_for(municipality, event, prison, registers, at);
    Some(Serves { municipality, acting })
}

/// Who answers for the case: what was set or determined, else the order of domain 2.5; unknown goes to the triage desk, never to several.
fn responsible<'a>(case: &Case, registers: &'a Registers, at: At) -> Responsible<'a> {
    responsible_by(case, at, registers, at)
}

fn responsible_by<'a>(case: &Case, of_case: At, registers: &'a Registers, at: At) -> Responsible<'a> {
    let residence = || before_detention(case.residence(of_case)?, case.start(of_case));
    let code = match case.choice(of_case) {
        Some(Choice::Disputed) => return Responsible::Triage,
        Some(Choice::Municipality(code)) => Some((code, None)),
        None => residence().map(|candidate| (&candidate.municipality, candidate.postal_code.as_deref())),
    };
    let connected = code.and_then(|(code, postal_code)| match registers.current_code(code, postal_code, at) {
        Current::One(code) => registers.municipality(&code, at),
        Current::Split => None,
    });
    connected.map_or(Responsible::Triage, Responsible::Connected)
}

/// The residence that counts (decisions 20 and 31): at the start of detention, else the last one if it is recent, else the stated stay,
/// else an older last one, else the wish to settle. An institution is no home.
fn before_detention(candidates: &[ResidenceCandidate], start: Option<LegalDay>) -> Option<&ResidenceCandidate> {
    let of = |source| {
        let counts = |candidate: &&ResidenceCandidate| !matches!(candidate.kind, ResidenceKind::Institution | ResidenceKind::None);
        candidates.iter().filter(counts).find(move |candidate| candidate.source == source)
    };
    // where somebody stays or wants to settle there need be no address
    let stated = |source| candidates.iter().find(move |c| c.source == source && c.kind != ResidenceKind::Institution);
    let last = of(ResidenceSource::BrpLast);
    let recent = last.filter(|last| match (last.as_of, start) {
        (Some(as_of), Some(start)) => start.0.saturating_sub(jiff::Span::new().years(2)) <= as_of.0,
        _ => false,
    });
    of(ResidenceSource::BrpAtStart)
        .or(recent)
        .or_else(|| stated(ResidenceSource::Stayed))
        .or(last)
        .or_else(|| stated(ResidenceSource::Settle))
}

/// The responsible probation unit (decision 2): assigned, else of the agreement, else the one intake of the prison, else the only one.
fn probation_unit<'a>(case: &'a Case, registers: &'a Registers, at: At) -> Option<&'a ParticipantId> {
    if let Some(unit) = case.probation_unit(at) {
        return Some(registers.successor(unit, at));
    }
    let prison = registers.successor(case.prison(at)?, at);
    if let Responsible::Connected(municipality) = responsible(case, registers, at)
        && let Some(unit) = registers.agreement(&municipality.id, prison, at).and_then(|agreement| agreement.probation.as_ref())
    {
        return Some(registers.successor(unit, at));
    }
    let units = || registers.participants(at).filter(|participant| participant.kind == Kind::Probation);
    let takes_in = |unit: &&Participant| unit.intake_for.iter().any(|one| registers.successor(one, at) == prison);
    only(units().filter(takes_in)).or_else(|| only(units())).map(|unit| &unit.id)
}

fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests;
