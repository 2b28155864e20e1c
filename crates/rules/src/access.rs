//! What a worker may see of a case: in one capacity at a time, and never in two together (domain 6.0; decisions 23 and 24).

use schakelpunt_domain::{
    DetentionRef, ParticipantId, Refusal,
    case::{Case, Served},
    consent::ConsentState,
    pointer::Leaf,
    registers::{At, Capacity, Kind, Mandate, Registers, Scope, Stop},
};

use crate::{Relation, RuleSet, Who, candidate_for, candidates::responsible_municipality, ruleset::Sees};

/// Who must be known to whoever visits or invites somebody \[I\]: the name and the day of birth, no more.
const WHO: [&str; 3] = ["/person/identity/surname", "/person/identity/givenNames", "/person/identity/birthDate"];

/// Who looks.
#[derive(Debug, Clone, Copy)]
pub struct Looker<'a> {
    /// A pseudonym of the worker.
    pub worker: &'a str,
    /// The one organisation for which the worker acts now.
    pub acting_for: &'a ParticipantId,
    /// In which of several roles, if the worker says so.
    pub role: Option<&'a str>,
}

/// A worker who may look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Who employs the worker.
    pub employer: ParticipantId,
    /// As what the worker acts.
    pub role: String,
    /// What the organisation is to the case.
    pub relations: Vec<Relation>,
    /// Under a mandate: for whom.
    pub on_behalf_of: Option<ParticipantId>,
    /// What the mandate covers; `All` for what is the organisation's own.
    pub scope: Scope,
    /// What the desk of that role sees.
    pub sees: Sees,
}

impl Admission {
    /// Whether a field of what the organisation was given is shown: within the mandate, and within what the desk sees.
    pub fn shows(&self, leaf: &Leaf) -> bool {
        within(self.scope, leaf) && self.sees.shows(leaf.as_str())
    }
}

/// The capacity in which a worker sits at a desk, and what that desk sees. Without one the worker is in the wrong place, and a role
/// without a desk sees nothing. Of several roles for one organisation the one counts that the worker names, else the first: one at a time.
pub fn seat<'a>(
    rules: &'a RuleSet,
    registers: &'a Registers,
    looker: Looker<'a>,
    detention: Option<&'a DetentionRef>,
    at: At,
) -> Result<(&'a Capacity, &'a Sees), Refusal> {
    let Looker { worker, acting_for, role } = looker;
    let mut own = capacities(registers, worker, acting_for, detention, at).filter(|own| role.is_none_or(|role| own.role == role));
    own.find_map(|own| rules.desk(&own.role).map(|sees| (own, sees))).ok_or(Refusal::WrongCapacity)
}

/// Whether a worker who sends acts for `acting_for`, in this case if there is one (decision 24). Any role may send.
pub fn acts_for(registers: &Registers, worker: &str, acting_for: &ParticipantId, detention: Option<&DetentionRef>, at: At) -> bool {
    capacities(registers, worker, acting_for, detention, at).next().is_some()
}

/// The capacities of a worker in force for `acting_for` that cover the case.
fn capacities<'a>(
    registers: &'a Registers,
    worker: &'a str,
    acting_for: &'a ParticipantId,
    detention: Option<&'a DetentionRef>,
    at: At,
) -> impl Iterator<Item = &'a Capacity> {
    // a capacity does not pass to who takes the unit's place: nobody acts for an organisation that did not say so
    let covers = move |own: &&Capacity| own.acting_for == *acting_for && detention.is_none_or(|detention| own.covers_case(detention));
    let conflict = detention.is_some_and(|detention| registers.has_conflict(worker, acting_for, detention, at));
    registers.capacities(worker, at).filter(move |_| !conflict).filter(covers)
}

/// Whether a worker may look at a case in that capacity, and as what.
pub fn access(rules: &RuleSet, registers: &Registers, looker: Looker<'_>, case: &Case, at: At) -> Result<Admission, Refusal> {
    let admission = admit(rules, registers, looker, case, at)?;
    // said to those only who have to do with the case
    let kind = registers.participant(looker.acting_for, at).map(|participant| participant.kind);
    if kind.is_some_and(|kind| serves(case, kind, at)) { Ok(admission) } else { Err(Refusal::OutOfScopeTitle) }
}

fn admit(rules: &RuleSet, registers: &Registers, looker: Looker<'_>, case: &Case, at: At) -> Result<Admission, Refusal> {
    let (capacity, sees) = seat(rules, registers, looker, Some(&case.detention), at)?;
    let acting_for = looker.acting_for;
    let stopped = [Stop::Participant(acting_for.clone()), Stop::Detention(case.detention.clone())];
    if registers.stops(at).any(|stop| stopped.contains(stop)) {
        return Err(Refusal::Stopped);
    }
    let admitted = |relations: Vec<Relation>, on_behalf_of: Option<ParticipantId>, scope| Admission {
        employer: capacity.employer.clone(),
        role: capacity.role.clone(),
        relations,
        on_behalf_of,
        scope,
        sees: sees.clone(),
    };
    let candidate = candidate_for(acting_for, &Who::default(), case, registers, at).ok_or(Refusal::NotResponsible)?;
    match candidate.closed {
        Some(code) => {
            let municipality = responsible_municipality(case, registers, at).ok_or(code)?;
            if municipality.id == *acting_for {
                // another acts for it, and it stays responsible: it can see what was done in its name (decision 23)
                return Ok(admitted(vec![Relation::ResponsibleMunicipality], None, Scope::All));
            }
            let scope = mandated(registers, &municipality.id, acting_for, case, at).ok_or(code)?;
            Ok(admitted(vec![Relation::ResponsibleMunicipality], Some(municipality.id.clone()), scope))
        }
        None if candidate.relations.is_empty() => Err(Refusal::NotResponsible),
        // outside the triad there is nothing to look at without consent
        None if candidate.kind == Kind::CarePartner => {
            match case.consent_for_any(&registers.predecessors(acting_for, at), None, at, true).0 {
                ConsentState::Valid => Ok(admitted(candidate.relations, None, Scope::All)),
                ConsentState::Missing => Err(Refusal::ConsentMissing),
                ConsentState::Expired => Err(Refusal::ConsentExpired),
                ConsentState::Withdrawn => Err(Refusal::ConsentWithdrawn),
            }
        }
        None => Ok(admitted(candidate.relations, candidate.on_behalf_of, Scope::All)),
    }
}

/// What `mandatary` may do for `mandator` in this case; the widest mandate in force for the prison that holds the person.
pub(crate) fn mandated(registers: &Registers, mandator: &ParticipantId, mandatary: &ParticipantId, case: &Case, at: At) -> Option<Scope> {
    let mut scopes: Vec<Scope> = mandates(registers, mandator, mandatary, case, at).map(|mandate| mandate.scope).collect();
    scopes.sort_by_key(|scope| match scope {
        Scope::All => 0,
        Scope::Visit => 1,
        Scope::Tbo => 2,
        Scope::Aftercare => 3,
    });
    scopes.first().copied()
}

/// The mandates in force by which `mandatary` acts for `mandator` in the prison that holds the person.
pub(crate) fn mandates<'a>(
    registers: &'a Registers,
    mandator: &ParticipantId,
    mandatary: &'a ParticipantId,
    case: &'a Case,
    at: At,
) -> impl Iterator<Item = &'a Mandate> {
    let prison = case.prison(at).map(|prison| registers.successor(prison, at));
    let own = registers.mandates(mandator, at).filter(move |mandate| registers.successor(&mandate.mandatary, at) == mandatary);
    own.filter(move |mandate| mandate.covers_prison(prison))
}

/// Whether the hub serves this detention for an organisation of that kind (decision 16).
fn serves(case: &Case, kind: Kind, at: At) -> bool {
    match case.served(at) {
        Served::Nobody => false,
        Served::Justice => matches!(kind, Kind::Probation | Kind::Prison | Kind::Hub),
        Served::Everybody => true,
    }
}

/// Whether a leaf of what the organisation was given is within the scope of a mandate: who visits sees who it is and the conditions,
/// not the file of the aftercare (domain 6.2).
fn within(scope: Scope, leaf: &Leaf) -> bool {
    let below = |container: &str| leaf.as_str().strip_prefix(container).is_some_and(|rest| rest.starts_with('/'));
    let who = WHO.contains(&leaf.as_str());
    match scope {
        Scope::All => true,
        Scope::Visit => who || below("/conditions"),
        Scope::Tbo => who || below("/tbo"),
        Scope::Aftercare => who || below("/aftercare"),
    }
}

#[cfg(test)]
pub(crate) mod tests;
