//! What must hold of every field that is given, in terms of the domain.

use schakelpunt_domain::{BasisId, catalogue::Class, pointer::Leaf, registers::Kind};
use schakelpunt_rules::{Basis as LegalBasis, BasisKind, Decision, Permit, Relation, Rule, RuleSet, Signal};

use crate::space::{Role, Standing};

/// Somebody, by what it is or by what it is to the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Party {
    Kind(Kind),
    Relation(Relation),
}

/// One basis, or all of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Basis {
    One(BasisId),
    Kind(BasisKind),
}

/// What must hold of a permit as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Structure {
    /// The basis is in force at this moment.
    InForce,
    /// The basis lets this giver tell this recipient.
    Between,
    /// The basis serves the purpose of the permit.
    Purpose,
    /// The field is given once, and so on one basis.
    Once,
    /// Somebody answers for it.
    Owner,
    /// The basis has its citation.
    Citation,
}

impl Structure {
    /// With their words in `invariants.toml`.
    pub(super) const WORDS: [(Self, &'static str); 6] = [
        (Self::InForce, "in-force"),
        (Self::Between, "between"),
        (Self::Purpose, "purpose"),
        (Self::Once, "once"),
        (Self::Owner, "owner"),
        (Self::Citation, "citation"),
    ];
}

/// How the person's consent to this recipient and this field stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Consent {
    /// It stands and covers the field. A consent lapses with the detention.
    Valid,
    /// It stands, whatever it covers.
    Stands,
    /// It covers the field, and stands or stood until the detention ended.
    UntilTheEnd,
}

/// What is enough to give a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requirement {
    pub(super) on: Vec<Basis>,
    pub(super) to: Vec<Party>,
    pub(super) signals: Vec<Signal>,
    pub(super) structure: Vec<Structure>,
    pub(super) consent: Option<Consent>,
    pub(super) detained: bool,
}

/// Where an invariant does not hold, and why it need not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Except {
    pub(super) event: Option<String>,
    pub(super) rule: Option<String>,
    pub(super) on: Option<Basis>,
    pub(super) consent: Option<Consent>,
    pub(super) why: String,
}

/// One invariant. An empty list narrows nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invariant {
    pub(super) id: String,
    pub(super) sentence: String,
    pub(super) events: Vec<String>,
    pub(super) from: Vec<Party>,
    pub(super) to: Vec<Party>,
    pub(super) fields: Vec<String>,
    pub(super) classes: Vec<Class>,
    pub(super) on: Vec<Basis>,
    /// One of them is enough; without any the field is never given.
    pub(super) requires: Vec<Requirement>,
    pub(super) except: Vec<Except>,
}

/// A field that is given in one cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) event: &'a str,
    pub(super) from: Role,
    pub(super) to: Role,
    pub(super) at: jiff::Timestamp,
    pub(super) ended: bool,
    pub(super) standing: Standing,
    pub(super) signals: &'a std::collections::BTreeSet<Signal>,
    pub(super) leaf: &'a Leaf,
    pub(super) class: Class,
    pub(super) basis: &'a LegalBasis,
    pub(super) rule: Option<&'a Rule>,
    pub(super) permit: &'a Permit,
}

impl Party {
    fn is(self, role: Role) -> bool {
        match self {
            Self::Kind(kind) => role.kind == kind,
            Self::Relation(relation) => role.relation == relation,
        }
    }
}

impl Basis {
    fn is(&self, basis: &LegalBasis) -> bool {
        match self {
            Self::One(id) => basis.id == *id,
            Self::Kind(kind) => basis.kind == *kind,
        }
    }
}

/// Whether a list narrows to what is asked about.
fn among<T>(list: &[T], is: impl FnMut(&T) -> bool) -> bool {
    list.is_empty() || list.iter().any(is)
}

impl Invariant {
    /// Whether it says anything of an event, a sender and a recipient.
    pub(super) fn concerns(&self, event: &str, from: Role, to: Role) -> bool {
        among(&self.events, |name| name == event) && among(&self.from, |party| party.is(from)) && among(&self.to, |party| party.is(to))
    }

    /// Whether it says anything of this field.
    pub(super) fn speaks_of(&self, given: &Given<'_>) -> bool {
        let field = |name: &String| given.leaf.as_str() == name || given.leaf.is_below(name);
        among(&self.classes, |class| *class == given.class) && among(&self.fields, field) && among(&self.on, |basis| basis.is(given.basis))
    }

    /// Whether it holds.
    pub(super) fn holds(&self, given: &Given<'_>) -> bool {
        self.requires.iter().any(|requirement| requirement.is_met(given))
    }

    /// The exception that is made for this field, by its place.
    pub(super) fn exception(&self, given: &Given<'_>) -> Option<usize> {
        self.except.iter().position(|except| except.is_for(given))
    }
}

impl Except {
    fn is_for(&self, given: &Given<'_>) -> bool {
        self.event.as_ref().is_none_or(|event| event == given.event)
            && self.rule.as_ref().is_none_or(|id| given.rule.is_some_and(|rule| rule.id.as_str() == id))
            && self.on.as_ref().is_none_or(|basis| basis.is(given.basis))
            && self.consent.is_none_or(|consent| consents(consent, given))
    }
}

impl Requirement {
    fn is_met(&self, given: &Given<'_>) -> bool {
        among(&self.on, |basis| basis.is(given.basis))
            && among(&self.to, |party| party.is(given.to))
            && self.signals.iter().all(|signal| given.signals.contains(signal))
            && self.structure.iter().all(|structure| structure.is_sound(given))
            && self.consent.is_none_or(|consent| consents(consent, given))
            && (!self.detained || !given.ended)
    }
}

impl Structure {
    fn is_sound(self, given: &Given<'_>) -> bool {
        let Given { basis, permit, .. } = given;
        match self {
            Self::InForce => basis.in_force.contains(given.at),
            Self::Between => basis.between.contains(&(given.from.kind, given.to.kind)),
            Self::Purpose => !permit.purpose.is_empty() && basis.purposes.contains(&permit.purpose),
            Self::Once => permit.leaves().filter(|leaf| *leaf == given.leaf).count() == 1,
            Self::Owner => given.rule.is_some_and(|rule| !rule.owner.trim().is_empty()),
            Self::Citation => !basis.citation.trim().is_empty(),
        }
    }
}

/// Whether the person consents to this. Said here once more, apart from `decide`: a proof by the same code would prove nothing.
fn consents(consent: Consent, given: &Given<'_>) -> bool {
    let below = |objects: [&str; 2]| objects.iter().any(|object| given.leaf.is_below(object));
    let (of_condition, of_care) = (below(["/conditions", "/plan/conditions"]), below(["/conditions/CARE", "/plan/conditions/CARE"]));
    let covers = match given.standing {
        Standing::Valid => true,
        // all conditions but care, all classes but health: a condition is covered by itself or by its class
        Standing::WithoutHealth if of_condition => !of_care || given.class != Class::Health,
        // whose patient somebody is tells of health
        Standing::WithoutHealth => given.class != Class::Health && !(given.to.tells_health && given.class == Class::Id),
        Standing::None | Standing::Expired | Standing::Withdrawn => false,
    };
    let any = matches!(given.standing, Standing::Valid | Standing::WithoutHealth);
    (covers || (any && consent == Consent::Stands)) && (!given.ended || consent == Consent::UntilTheEnd)
}

/// The rule that spoke.
pub(super) fn rule<'a>(rules: &'a RuleSet, decision: &Decision) -> Option<&'a Rule> {
    let id = decision.rule.as_ref()?;
    rules.rules().iter().find(|rule| rule.id == *id)
}

#[cfg(test)]
mod tests;
