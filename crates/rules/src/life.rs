//! The life of a rule set: draft, checked, submitted, approved, scheduled, in force, superseded. It is told by a record to which deeds are
//! only added, so that everybody involved is on it; what a draft is now follows from its deeds.
//!
//! Nobody alone starts a rule: who drafted, edited or submitted it approves nothing of it, and what was approved counts for the very text
//! that was approved, behind the very text that comes before it: a draft is scheduled behind all that is scheduled. One person may stop all
//! of them at once; whatever was approved or scheduled before that has to be approved again.

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

mod deed;
mod draft;
mod refusal;

pub use deed::{Deed, ExpectedChange, What};
pub use draft::{Draft, State};
pub use refusal::Refused;

/// Longest title of a draft and longest reason of a deed, in characters: a sentence or two, and not the paper itself.
pub const WORDS_MAX: usize = 1000;

/// The number of a draft, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DraftId(pub u32);

impl fmt::Display for DraftId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for DraftId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// What somebody may do for the rules.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Drafts, edits, checks, submits.
    Author,
    /// Says whether the law allows it.
    LegalReviewer,
    /// Answers for what an owner of data gives, by its name in the rules.
    Owner(String),
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Author => f.write_str("author"),
            Self::LegalReviewer => f.write_str("legal-reviewer"),
            Self::Owner(owner) => write!(f, "owner:{owner}"),
        }
    }
}

/// Which rules are in force at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InForce<'a> {
    /// None ever was.
    Nothing,
    /// These: the version of the kept files, and the draft that they were.
    Law(&'a str, DraftId),
    /// Somebody has stopped all of them.
    Stopped,
}

/// From when something is in force; `None`: from when everything is stopped.
pub type Turn<'a> = (Timestamp, Option<(&'a str, DraftId)>);

/// The whole record, in order.
#[derive(Debug, Clone, Default)]
pub struct Record(Vec<Deed>);

impl Record {
    /// The record that these deeds make.
    pub fn new(deeds: Vec<Deed>) -> Self {
        Self(deeds)
    }

    /// As far as it was known then.
    #[must_use]
    pub fn known(&self, at: Timestamp) -> Self {
        Self(self.0.iter().take_while(|deed| deed.at <= at).cloned().collect())
    }

    /// All deeds.
    pub fn deeds(&self) -> &[Deed] {
        &self.0
    }

    /// The number of the next draft.
    pub fn next(&self) -> DraftId {
        DraftId(self.0.iter().filter_map(|deed| deed.draft).map(|draft| draft.0).max().unwrap_or_default().saturating_add(1))
    }

    /// What a draft is by its deeds.
    pub fn draft(&self, id: DraftId) -> Option<Draft<'_>> {
        Draft::of(id, &self.0)
    }

    /// All of them.
    pub fn drafts(&self) -> impl Iterator<Item = Draft<'_>> {
        (1..self.next().0).filter_map(|id| self.draft(DraftId(id)))
    }

    /// Which text comes into force when, by the instant; of two of one instant the later word counts, and stands later.
    pub fn turns(&self) -> Vec<Turn<'_>> {
        let mut turns: Vec<Turn<'_>> = Vec::new();
        for deed in &self.0 {
            match (&deed.what, deed.draft) {
                // whoever moves a beginning takes the one of before back
                (What::Scheduled { law, from, .. }, Some(draft)) => {
                    turns.retain(|turn| !is_ahead(turn, draft, deed.at));
                    turns.push((*from, Some((law, draft))));
                }
                (What::Seeded { law }, Some(draft)) => turns.push((deed.at, Some((law, draft)))),
                (What::Withdrawn, Some(draft)) => turns.retain(|turn| !is_ahead(turn, draft, deed.at)),
                (What::Stopped, _) => {
                    turns.retain(|(from, _)| *from <= deed.at);
                    turns.push((deed.at, None));
                }
                _ => {}
            }
        }
        turns.sort_by_key(|(from, _)| *from);
        turns
    }

    /// Which rules are in force at an instant. Before the first ones begin it is them: no time is without.
    pub fn in_force(&self, at: Timestamp) -> InForce<'_> {
        let turns = self.turns();
        match turns.iter().rfind(|(from, _)| *from <= at).or_else(|| turns.first()) {
            None => InForce::Nothing,
            Some((_, None)) => InForce::Stopped,
            Some((_, Some((law, draft)))) => InForce::Law(law, *draft),
        }
    }

    /// What a draft would come behind, and from when that is: the last text that is in force or scheduled, stopped or not, apart from what
    /// is yet to come of the draft itself.
    pub fn base(&self, id: DraftId, now: Timestamp) -> Option<(Timestamp, &str, DraftId)> {
        let mut others = self.turns().into_iter().rev().filter(|turn| !is_ahead(turn, id, now));
        others.find_map(|(from, of)| of.map(|(law, draft)| (from, law, draft)))
    }

    /// Whether this deed may be done now by somebody with these roles. `ahead`: how long before it comes into force a text is scheduled at
    /// the least, so that whatever was claimed on the one before has ended by then.
    pub fn may(&self, deed: &Deed, roles: &[Role], ahead: SignedDuration) -> Result<(), Refused> {
        if deed.why.trim().is_empty() || deed.why.chars().count() > WORDS_MAX {
            return Err(Refused::NoReason);
        }
        match (&deed.what, deed.draft) {
            // one person alone, whoever keeps the registers
            (What::Stopped, None) => Ok(()),
            (What::Seeded { .. }, Some(_)) => {
                if self.turns().is_empty() {
                    Ok(())
                } else {
                    Err(Refused::Closed)
                }
            }
            (What::Drafted { title, .. }, Some(id)) => {
                needs(roles, &Role::Author)?;
                let is_right = id == self.next() && !title.trim().is_empty() && title.chars().count() <= WORDS_MAX;
                if is_right { Ok(()) } else { Err(Refused::NoTitle) }
            }
            (what, Some(id)) => {
                let draft = self.draft(id).ok_or(Refused::NoSuchDraft)?;
                draft.may(what, deed, roles, ahead)?;
                self.keeps_order(&draft, deed)
            }
            (_, None) => Err(Refused::NoSuchDraft),
        }
    }

    /// What is approved against a text comes behind that text, and nothing comes between or goes away before it.
    fn keeps_order(&self, draft: &Draft<'_>, deed: &Deed) -> Result<(), Refused> {
        let base = self.base(draft.id, deed.at);
        let is_base = |said: Option<&str>| if said == base.map(|(_, law, _)| law) { Ok(()) } else { Err(Refused::OtherBase) };
        match &deed.what {
            What::Submitted { base: said, .. } => is_base(said.as_deref()),
            What::Scheduled { from, .. } => {
                self.is_last(draft, deed.at)?;
                is_base(draft.base)?;
                match base {
                    Some((last, _, other)) if *from <= last => Err(Refused::NotBehind(other, last)),
                    _ => Ok(()),
                }
            }
            What::Withdrawn => self.is_last(draft, deed.at),
            _ => Ok(()),
        }
    }

    /// Whether nothing is scheduled behind a draft that has yet to begin.
    fn is_last(&self, draft: &Draft<'_>, now: Timestamp) -> Result<(), Refused> {
        let last = self.turns().into_iter().rev().find_map(|(_, of)| of);
        match (draft.from, last) {
            (Some(from), Some((_, other))) if from > now && other != draft.id => Err(Refused::OtherBehind(other)),
            _ => Ok(()),
        }
    }
}

/// Whether with this turn the draft has yet to begin.
fn is_ahead((from, of): &Turn<'_>, draft: DraftId, now: Timestamp) -> bool {
    *from > now && of.is_some_and(|(_, id)| id == draft)
}

fn needs(roles: &[Role], role: &Role) -> Result<(), Refused> {
    if roles.contains(role) { Ok(()) } else { Err(Refused::RoleMissing(role.clone())) }
}

#[cfg(test)]
mod tests;
