//! What desks see, before and after.

use std::collections::BTreeSet;

use schakelpunt_domain::{catalogue::Catalogue, pointer::Leaf};
use schakelpunt_rules::RuleSet;

/// What a desk sees now and did not, or the other way round.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DeskLine {
    /// The role.
    pub role: String,
    /// Fields that it sees from now on, of what its organisation was given.
    pub sees: Vec<String>,
    /// Fields that it sees no more.
    pub hidden: Vec<String>,
    /// Whether the desk is new, or gone: who has the role may look at cases at all, or no more.
    pub desk: Option<Existence>,
}

/// What became of a desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Existence {
    /// It was not there.
    New,
    /// It is there no more.
    Gone,
}

/// Field by field of the whole catalogue.
pub(super) fn lines(before: &RuleSet, after: &RuleSet, catalogue: &Catalogue) -> Vec<DeskLine> {
    let fields: BTreeSet<&str> = catalogue.iter().flat_map(|event| event.leaves.keys()).map(Leaf::as_str).collect();
    let line = |role: &&str| {
        let shows = |set: &RuleSet, field: &str| set.desk(role).is_some_and(|sees| sees.shows(field));
        let only = |one: &RuleSet, other: &RuleSet| {
            fields.iter().filter(|field| shows(one, field) && !shows(other, field)).map(|field| (*field).to_owned()).collect::<Vec<_>>()
        };
        let desk = match (before.desk(role), after.desk(role)) {
            (None, Some(_)) => Some(Existence::New),
            (Some(_), None) => Some(Existence::Gone),
            _ => None,
        };
        let line = DeskLine { role: (*role).to_owned(), sees: only(after, before), hidden: only(before, after), desk };
        (line.desk.is_some() || !line.sees.is_empty() || !line.hidden.is_empty()).then_some(line)
    };
    let roles: BTreeSet<&str> = before.roles().chain(after.roles()).collect();
    roles.iter().filter_map(line).collect()
}
