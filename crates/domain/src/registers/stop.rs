//! What stands still, at once and by one person, and how it goes on.

use std::collections::BTreeSet;

use super::{At, Registers, Row, known};
use crate::ids::{DetentionRef, ParticipantId, RuleId};

/// Something that a person stopped at once (design 4).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(missing_docs, reason = "each names what stands still")]
pub enum Stop {
    Participant(ParticipantId),
    Detention(DetentionRef),
    Rule(RuleId),
}

/// Says that what was stopped goes on. A rule goes on when two different people have said so since it was stopped: one person may
/// always stop a rule, and nobody alone may start one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "LiftFile", into = "LiftFile")]
pub struct Lift {
    /// What goes on.
    pub what: Stop,
    /// Who says so; at a running hub the caller, whatever is sent.
    pub by: Option<ParticipantId>,
}

/// A lift as it stands in a file: the key of what was stopped, and who says so.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct LiftFile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    participant: Option<ParticipantId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detention: Option<DetentionRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rule: Option<RuleId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<ParticipantId>,
}

impl TryFrom<LiftFile> for Lift {
    type Error = &'static str;

    fn try_from(file: LiftFile) -> Result<Self, Self::Error> {
        let what = match (file.participant, file.detention, file.rule) {
            (Some(participant), None, None) => Stop::Participant(participant),
            (None, Some(detention), None) => Stop::Detention(detention),
            (None, None, Some(rule)) => Stop::Rule(rule),
            _ => return Err("expected one of `participant`, `detention`, `rule`"),
        };
        Ok(Self { what, by: file.by })
    }
}

impl From<Lift> for LiftFile {
    fn from(Lift { what, by }: Lift) -> Self {
        let (mut participant, mut detention, mut rule) = (None, None, None);
        match what {
            Stop::Participant(id) => participant = Some(id),
            Stop::Detention(reference) => detention = Some(reference),
            Stop::Rule(id) => rule = Some(id),
        }
        Self { participant, detention, rule, by }
    }
}

impl Registers {
    /// What stands still: stopped, and not lifted since.
    pub fn stops(&self, at: At) -> impl Iterator<Item = &Stop> {
        known(&self.stops, at).filter(move |row| !self.is_lifted(row, at)).map(|row| &row.entry)
    }

    pub(super) fn is_lifted(&self, row: &Row<Stop>, at: At) -> bool {
        let mut lifts = known(&self.lifts, at).filter(|lift| lift.place > row.place && lift.entry.what == row.entry).peekable();
        match row.entry {
            Stop::Participant(_) | Stop::Detention(_) => lifts.peek().is_some(),
            Stop::Rule(_) => lifts.filter_map(|lift| lift.entry.by.as_ref()).collect::<BTreeSet<_>>().len() > 1,
        }
    }

    /// Whether this person has said that a rule goes on which still waits for somebody else to say so too.
    pub(super) fn waits_for_another_than(&self, by: Option<&ParticipantId>, rule: &Stop, at: At) -> bool {
        let stopped = known(&self.stops, at).rfind(|row| row.entry == *rule);
        let since = |lift: &Row<Lift>| lift.entry.what == *rule && stopped.is_some_and(|stop| stop.place < lift.place);
        matches!(rule, Stop::Rule(_)) && known(&self.lifts, at).any(|lift| since(lift) && lift.entry.by.as_ref() == by)
    }
}
