//! A case that nobody has: made up by somebody who wants to know what the rules say, and decided by the very `decide`. No store, no
//! registers, nothing personal: relations instead of names.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schakelpunt_domain::{
    case::Title,
    catalogue::{Catalogue, EventSpec},
    pointer::Leaf,
    registers::{At, Kind},
};
use schakelpunt_rules::{Candidate, Question, Relation, RuleSet, Signal, Signals};

use crate::{
    signals::entry,
    space::{ROLES, Role, Standing, World},
};

/// What is so in it. What is not named is not so: no consent, no signals, no title, detained; and the message has every field.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MadeUp {
    event: String,
    sender: Relation,
    recipient: Relation,
    /// What the recipient is, where its relation does not say so: whoever had the message that is corrected.
    kind: Option<Kind>,
    /// Whether the recipient's very nature tells a health fact.
    #[serde(default, alias = "tellsHealth")]
    tells_health: bool,
    at: Option<Timestamp>,
    #[serde(default)]
    consent: Standing,
    #[serde(default)]
    signals: BTreeSet<Signal>,
    leaves: Option<Vec<Leaf>>,
    #[serde(default)]
    lacking: Vec<Leaf>,
    title: Option<Title>,
    #[serde(default)]
    ended: bool,
}

/// What is wrong with it, as what was expected. Never what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSuch {
    /// No such event.
    #[error("`event`: the short name of an event of the catalogue")]
    Event,
    /// Nobody sends as that.
    #[error("`sender`: a relation in which somebody sends: nobody does as `informed-partner` or `earlier-recipient`")]
    Sender,
    /// Nobody of that kind is that.
    #[error("`kind`: one that goes with the relation of the recipient; `earlier-recipient` needs one")]
    Kind,
    /// No such field.
    #[error("`leaves` or `lacking`: fields of the event, and not both")]
    Field,
    /// It is no word of a message.
    #[error("`signals`: care-needed, consulting, entry-not-in-order, isd-measure; the others follow from `ended` and `consent`")]
    Signal,
    /// It has another title.
    #[error("`title`: ISD where the signal `isd-measure` is given, or none")]
    Title,
    /// The fixed words of this program are no words of the domain.
    #[error("nothing: no case can be made up here")]
    World,
}

impl MadeUp {
    /// Asks about it at its own instant, or else at `now`; `told` has the question, and decides it.
    pub fn ask<T>(
        &self,
        rules: &RuleSet,
        catalogue: &Catalogue,
        now: Timestamp,
        told: impl FnOnce(&Question<'_>) -> T,
    ) -> Result<T, NotSuch> {
        let event = catalogue.named(&self.event).ok_or(NotSuch::Event)?;
        let world = World::new().ok_or(NotSuch::World)?;
        let (sender, recipient) = (self.sender()?, self.recipient()?);
        let leaves = self.leaves(event)?;
        let (signals, title) = (self.signals(&leaves)?, self.title()?);
        let at = self.at.unwrap_or(now);
        let candidate = Candidate {
            participant: world.recipient.clone(),
            kind: recipient.kind,
            relations: vec![recipient.relation],
            on_behalf_of: None,
            closed: None,
            tells_health: self.tells_health,
            had: (recipient.relation == Relation::EarlierRecipient).then(|| event.leaves.keys().cloned().collect()),
        };
        Ok(told(&Question {
            rules,
            event,
            giver: sender.kind,
            sender: &[sender.relation],
            case: &world.case(at, self.consent, self.ended, title),
            registers: &world.registers,
            signals: &signals,
            leaves: &leaves,
            candidate: &candidate,
            at: At::now(at),
        }))
    }

    fn sender(&self) -> Result<&'static Role, NotSuch> {
        let sends = !matches!(self.sender, Relation::EarlierRecipient | Relation::InformedPartner);
        ROLES.iter().find(|role| sends && role.relation == self.sender).ok_or(NotSuch::Sender)
    }

    fn recipient(&self) -> Result<&'static Role, NotSuch> {
        let mut roles = ROLES.iter().filter(|role| role.relation == self.recipient);
        match self.kind {
            Some(kind) => roles.find(|role| role.kind == kind).ok_or(NotSuch::Kind),
            None if self.recipient == Relation::EarlierRecipient => Err(NotSuch::Kind),
            None => roles.next().ok_or(NotSuch::Kind),
        }
    }

    /// The fields that the message has, sorted.
    fn leaves(&self, event: &EventSpec) -> Result<Vec<Leaf>, NotSuch> {
        let named: BTreeSet<&Leaf> = self.leaves.iter().flatten().chain(&self.lacking).collect();
        let known = named.iter().all(|leaf| event.leaves.contains_key(*leaf));
        if !known || (self.leaves.is_some() && !self.lacking.is_empty()) {
            return Err(NotSuch::Field);
        }
        match &self.leaves {
            Some(_) => Ok(named.into_iter().cloned().collect()),
            None => Ok(event.leaves.keys().filter(|leaf| !named.contains(leaf)).cloned().collect()),
        }
    }

    fn signals(&self, leaves: &[Leaf]) -> Result<Signals, NotSuch> {
        if self.signals.iter().any(|signal| matches!(signal, Signal::PlanRunning | Signal::ConsentNotEnded)) {
            return Err(NotSuch::Signal);
        }
        let whole = self.signals.iter().copied().filter(|signal| matches!(signal, Signal::CareNeeded | Signal::Consulting)).collect();
        let said: BTreeSet<Signal> = self.signals.get(&Signal::EntryNotInOrder).copied().into_iter().collect();
        let entries: BTreeMap<_, _> = leaves.iter().filter_map(|leaf| entry(leaf.as_str())).map(|entry| (entry, said.clone())).collect();
        Ok(Signals { whole, entries, ..Signals::default() })
    }

    fn title(&self) -> Result<Option<Title>, NotSuch> {
        match (self.signals.contains(&Signal::IsdMeasure), self.title) {
            (true, None | Some(Title::Isd)) => Ok(Some(Title::Isd)),
            (true, Some(_)) => Err(NotSuch::Title),
            (false, title) => Ok(title),
        }
    }
}

#[cfg(test)]
mod tests;
