//! A rule set: what the files say, resolved. Made by [`RuleSet::load`](crate::RuleSet) only.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schakelpunt_domain::{BasisId, EventName, RuleId, calendar::Period, pointer::Leaf, registers::Kind};

use crate::{Relation, Signal};

/// What a basis is in law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BasisKind {
    /// A statute or decree.
    Statute,
    /// The consent of the person.
    Consent,
    /// A public task of the giver.
    OwnTask,
    /// Administration of the hub, without case content.
    Administrative,
    /// Putting right what was delivered.
    Rectification,
}

/// Whether the giver may or must tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Power {
    /// A duty: without a channel it waits with an alarm.
    Must,
    /// A power.
    May,
}

/// One article paragraph that can carry data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// Its id.
    pub id: BasisId,
    /// Where it stands.
    pub citation: String,
    /// What it is.
    pub kind: BasisKind,
    /// When it is in force.
    pub in_force: Period,
    /// The bases to which it is subsidiary.
    pub yields_to: Vec<BasisId>,
    /// Giver and receiver.
    pub between: Vec<(Kind, Kind)>,
    /// What for.
    pub purposes: Vec<String>,
    /// May or must.
    pub power: Power,
    /// What must hold all the while.
    pub while_: Vec<Signal>,
}

/// What one grant gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fields {
    /// These leaves, sorted.
    Leaves(Vec<Leaf>),
    /// These leaves of each entry of an object, decided entry by entry.
    Each {
        /// The object.
        container: String,
        /// Pointers below an entry.
        fields: Vec<String>,
    },
    /// The leaves that this recipient lawfully had of the corrected message.
    AsDelivered,
    /// Only which message is meant.
    ReferenceOnly,
}

/// A part of a rule: leaves on a basis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The basis, an index into the rule set.
    pub basis: usize,
    /// What must hold.
    pub when: Vec<Signal>,
    /// What it gives.
    pub fields: Fields,
}

/// Who may know what of which event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// The events.
    pub events: Vec<EventName>,
    /// What the sender is to the case.
    pub sender: Vec<Relation>,
    /// What the recipient is to the case.
    pub to: Vec<Relation>,
    /// What for.
    pub purpose: String,
    /// Who answers for it.
    pub owner: String,
    /// Without these leaves the rest means nothing.
    pub needs: Vec<Leaf>,
    /// Tried in order.
    pub grants: Vec<Grant>,
    /// What it rests on, for a lawyer.
    pub note: String,
}

/// What never goes to a kind of recipient, whatever was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Never {
    /// Its id.
    pub id: String,
    /// To whom.
    pub to: Vec<Kind>,
    /// What.
    pub fields: Vec<Leaf>,
}

/// How much of a case a desk sees of what its organisation was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sees {
    /// Who works with the whole case.
    All,
    /// An extract: these leaves, sorted.
    Fields(Vec<Leaf>),
}

impl Sees {
    /// Whether a field is among them.
    pub fn shows(&self, field: &str) -> bool {
        match self {
            Self::All => true,
            Self::Fields(fields) => fields.binary_search_by(|leaf| leaf.as_str().cmp(field)).is_ok(),
        }
    }
}

/// All rules of one version.
#[derive(Debug, Clone)]
pub struct RuleSet {
    /// SHA-256 over the files: what a decision names as its version.
    pub version: String,
    pub(crate) bases: Vec<Basis>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) never: Vec<Never>,
    pub(crate) desks: BTreeMap<String, Sees>,
    pub(crate) by_event: BTreeMap<EventName, Vec<usize>>,
}

impl RuleSet {
    /// The bases, in file order.
    pub fn bases(&self) -> &[Basis] {
        &self.bases
    }

    /// The rules, in file order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What never goes.
    pub fn never(&self) -> &[Never] {
        &self.never
    }

    /// What a role sees at its desk. A role that no file names sees nothing.
    pub fn desk(&self, role: &str) -> Option<&Sees> {
        self.desks.get(role)
    }

    /// The roles that have a desk.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.desks.keys().map(String::as_str)
    }

    /// The rules for an event, in file order.
    pub fn rules_for(&self, event: &EventName) -> impl Iterator<Item = &Rule> {
        self.by_event.get(event).into_iter().flatten().filter_map(|index| self.rules.get(*index))
    }

    /// The basis of a grant.
    pub fn basis(&self, grant: &Grant) -> Option<&Basis> {
        self.bases.get(grant.basis)
    }

    /// The same rules without one grant of a rule, or without all of them: what that changes is what it is for. Numbers are places from 0.
    #[must_use]
    pub fn without(&self, rule: usize, grant: Option<usize>) -> Self {
        let mut set = self.clone();
        if let Some(rule) = set.rules.get_mut(rule) {
            let mut index = 0..;
            rule.grants.retain(|_| grant.is_some() && index.next() != grant);
        }
        set
    }

    /// One rule alone; or one of its grants alone, which then needs nothing of what others give.
    #[must_use]
    pub fn only(&self, rule: usize, grant: Option<usize>) -> Self {
        let mut set = self.clone();
        for (place, other) in set.rules.iter_mut().enumerate() {
            let mut index = 0..;
            other.grants.retain(|_| place == rule && (index.next() == grant || grant.is_none()));
            if grant.is_some() {
                other.needs.clear();
            }
        }
        set
    }

    /// Whether anything that one kind tells another may rest on the consent of the person at this instant.
    pub fn may_rest_on_consent(&self, from: Kind, to: Kind, at: Timestamp) -> bool {
        let consents = self.bases.iter().filter(|basis| basis.kind == BasisKind::Consent && basis.in_force.contains(at));
        consents.into_iter().any(|basis| basis.between.contains(&(from, to)))
    }

    /// Whether any rule lets one of these senders produce this event.
    pub fn may_produce(&self, event: &EventName, senders: &[Relation]) -> bool {
        self.rules_for(event).any(|rule| rule.sender.iter().any(|sender| senders.contains(sender)))
    }

    /// The next instant at which a basis begins or ends.
    pub fn next_boundary(&self, after: Timestamp) -> Option<Timestamp> {
        self.bases.iter().flat_map(|basis| basis.in_force.boundaries_after(after)).min()
    }
}
