//! Who is to be visited in a prison on a day, and how many there are: for a municipality and those that gave it a mandate (domain 6.2).

use std::collections::{BTreeMap, BTreeSet};

use schakelpunt_domain::{
    DetentionRef, LegalDay, ParticipantId, Refusal,
    case::{Case, FactValue},
    consent::Condition,
    registers::{At, Kind, Mandate, Registers, Stop},
};

use crate::{
    RuleSet,
    access::{Looker, mandates, seat},
    candidates::responsible_municipality,
};

/// Counts below this are not shown: they could tell who it is.
pub const SMALL: usize = 10;
/// All conditions, so that what is not shown cannot be told from what is not there.
const CONDITIONS: [Condition; 6] =
    [Condition::Id, Condition::Housing, Condition::Income, Condition::Debt, Condition::Care, Condition::Network];
/// Statuses of a condition about which nothing is to be done (decision 15).
const DONE: [&str; 2] = ["IN_ORDER", "NOT_APPLICABLE"];

/// What the list says of a person besides the reference.
const START: &str = "/detention/start";

/// One person on the list of a day.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Visit {
    /// Whose detention.
    pub detention: DetentionRef,
    /// Under a mandate: for whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<ParticipantId>,
    /// Since when the person is detained: the first visit is due in the first week. Not for a desk that does not see it.
    pub start: Option<LegalDay>,
}

/// The people that a worker may visit in `prison`: those of the own municipality and of those that gave it a mandate for visits there,
/// on the days that the mandate names.
/// Whoever was moved, released or died, or may have no contact, is not among them from that moment on.
pub fn visit_list<'a>(
    rules: &RuleSet,
    registers: &Registers,
    looker: Looker<'_>,
    prison: &ParticipantId,
    cases: impl IntoIterator<Item = &'a Case>,
    at: At,
) -> Result<Vec<Visit>, Refusal> {
    seat(rules, registers, looker, None, at)?;
    visits_for(registers, looker.acting_for, at)?;
    let stopped = |case: &Case| registers.stops(at).any(|stop| *stop == Stop::Detention(case.detention.clone()));
    let day = LegalDay::of(at.valid);
    let mut visits = Vec::new();
    for case in cases {
        let Ok((_, sees)) = seat(rules, registers, looker, Some(&case.detention), at) else { continue };
        if stopped(case) || !is_inside(registers, case, prison, at) || case.contact_restricted(at) {
            continue;
        }
        let on_behalf_of = match visitor(registers, looker.acting_for, case, Some(day), at) {
            Visitor::Own => None,
            Visitor::For(mandator) => Some(mandator.clone()),
            Visitor::Nobody => continue,
        };
        visits.push(Visit { detention: case.detention.clone(), on_behalf_of, start: case.start(at).filter(|_| sees.shows(START)) });
    }
    visits.sort_by(|a, b| a.detention.as_str().cmp(b.detention.as_str()));
    Ok(visits)
}

/// Only a municipality visits, and not while it is stopped.
fn visits_for(registers: &Registers, acting_for: &ParticipantId, at: At) -> Result<(), Refusal> {
    if registers.stops(at).any(|stop| *stop == Stop::Participant(acting_for.clone())) {
        return Err(Refusal::Stopped);
    }
    let municipality = registers.participant(acting_for, at).is_some_and(|participant| participant.kind == Kind::Municipality);
    if municipality { Ok(()) } else { Err(Refusal::NotResponsible) }
}

/// For whom a municipality visits somebody.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Visitor<'a> {
    Own,
    For(&'a ParticipantId),
    Nobody,
}

/// On a day, or on any.
fn visitor<'a>(registers: &'a Registers, acting_for: &ParticipantId, case: &Case, on: Option<LegalDay>, at: At) -> Visitor<'a> {
    let Some(municipality) = responsible_municipality(case, registers, at) else { return Visitor::Nobody };
    if municipality.id == *acting_for {
        return Visitor::Own;
    }
    let visits = |mandate: &Mandate| on.map_or(mandate.is_to_visit(), |day| mandate.visits_on(day));
    if mandates(registers, &municipality.id, acting_for, case, at).any(visits) { Visitor::For(&municipality.id) } else { Visitor::Nobody }
}

/// Whether the person is in the building.
fn is_inside(registers: &Registers, case: &Case, prison: &ParticipantId, at: At) -> bool {
    let here = case.prison(at).is_some_and(|held| registers.successor(held, at) == registers.successor(prison, at));
    let known = |wanted: fn(&FactValue) -> bool| {
        case.facts.iter().any(|fact| fact.recorded <= at.known && fact.from <= at.valid && wanted(&fact.value))
    };
    let left = |value: &FactValue| matches!(value, FactValue::Ended | FactValue::Deceased | FactValue::LeftScope | FactValue::Suspended);
    let departed = case.facts.iter().filter(|fact| fact.recorded <= at.known).any(|fact| match fact.value {
        FactValue::Departure(day) => day.begins() <= at.valid,
        _ => false,
    });
    here && case.opened.is_some() && !known(left) && !departed && !case.at_large(at)
}

/// The latest status of each condition, as far as something is to be done.
fn missing(case: &Case, at: At) -> Vec<Condition> {
    let mut latest: BTreeMap<Condition, &str> = BTreeMap::new();
    for fact in case.facts.iter().filter(|fact| fact.recorded <= at.known && fact.from <= at.valid) {
        if let FactValue::ConditionStatus(condition, status) = &fact.value {
            latest.insert(*condition, status);
        }
    }
    latest.into_iter().filter(|(_, status)| !DONE.contains(status)).map(|(condition, _)| condition).collect()
}

/// A number that may be shown, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// At least [`SMALL`].
    Count(usize),
    /// Fewer, or one that would give a small one away.
    Suppressed,
}

impl serde::Serialize for Cell {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => count.serialize(serializer),
            Self::Suppressed => serializer.serialize_none(),
        }
    }
}

/// How long somebody is detained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each names its length")]
pub enum Length {
    UnderOneMonth,
    OneToThreeMonths,
    ThreeToTwelveMonths,
    OverOneYear,
}

const LENGTHS: [Length; 4] = [Length::UnderOneMonth, Length::OneToThreeMonths, Length::ThreeToTwelveMonths, Length::OverOneYear];

/// Counts of who is inside, without any person (domain 6.2). No totals: with them a suppressed cell could be computed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Statistics {
    /// By prison.
    pub by_prison: BTreeMap<ParticipantId, Cell>,
    /// By condition that is missing.
    pub by_condition: BTreeMap<Condition, Cell>,
    /// By how long somebody is detained.
    pub by_length: BTreeMap<Length, Cell>,
}

/// Counts for a municipality and those that gave it a mandate.
pub fn statistics<'a>(
    rules: &RuleSet,
    registers: &Registers,
    looker: Looker<'_>,
    cases: impl IntoIterator<Item = &'a Case>,
    at: At,
) -> Result<Statistics, Refusal> {
    seat(rules, registers, looker, None, at)?;
    visits_for(registers, looker.acting_for, at)?;
    let prisons: BTreeSet<&ParticipantId> =
        registers.participants(at).filter(|participant| participant.kind == Kind::Prison).map(|prison| &prison.id).collect();
    let mut by_prison: BTreeMap<ParticipantId, usize> = prisons.iter().map(|prison| ((*prison).clone(), 0)).collect();
    let mut by_condition: BTreeMap<Condition, usize> = CONDITIONS.into_iter().map(|condition| (condition, 0)).collect();
    let mut by_length: BTreeMap<Length, usize> = LENGTHS.into_iter().map(|length| (length, 0)).collect();
    for case in cases {
        let Some(prison) = case.prison(at).map(|prison| registers.successor(prison, at)) else { continue };
        if !is_inside(registers, case, prison, at) || visitor(registers, looker.acting_for, case, None, at) == Visitor::Nobody {
            continue;
        }
        *by_prison.entry(prison.clone()).or_default() += 1;
        missing(case, at).into_iter().for_each(|condition| *by_condition.entry(condition).or_default() += 1);
        if let Some(length) = case.start(at).map(|start| length(start, at)) {
            *by_length.entry(length).or_default() += 1;
        }
    }
    Ok(Statistics { by_prison: suppressed(by_prison), by_condition: suppressed(by_condition), by_length: suppressed(by_length) })
}

fn length(start: LegalDay, at: At) -> Length {
    let after = |months: i32| LegalDay(start.0.saturating_add(jiff::Span::new().months(months))).begins();
    if at.valid < after(1) {
        Length::UnderOneMonth
    } else if at.valid < after(3) {
        Length::OneToThreeMonths
    } else if at.valid < after(12) {
        Length::ThreeToTwelveMonths
    } else {
        Length::OverOneYear
    }
}

/// Hides small counts, and where only one would be hidden the next smallest too: the other tables count the same people.
fn suppressed<K: Ord>(counts: BTreeMap<K, usize>) -> BTreeMap<K, Cell> {
    let small = counts.values().filter(|count| **count < SMALL).count();
    let next = counts.values().copied().filter(|count| *count >= SMALL).min().filter(|_| small == 1);
    let cell = |count: usize| if count < SMALL || Some(count) == next { Cell::Suppressed } else { Cell::Count(count) };
    counts.into_iter().map(|(key, count)| (key, cell(count))).collect()
}

#[cfg(test)]
mod tests;
