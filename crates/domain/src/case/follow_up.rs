//! What the hub still has to see to in a case: recalls without an answer, messages that are not plausible, decisions that rest on a date.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    dependents::Topic,
    ids::{DetentionRef, EventName, MessageKey, ParticipantId},
    plausibility::Doubt,
};

/// What an answer is awaited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Awaited {
    /// A recall: the recipient confirms that it deleted the message. Reminded of, and told to the producer after the term.
    Deletion,
    /// The end of a consent: told once, the answer is recorded, nobody is reminded (decision 10).
    Stop,
}

/// A recall, or the end of a consent, and who has answered it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Recall {
    /// The message that said so.
    pub by: MessageKey,
    /// The message that is to be deleted.
    pub of: MessageKey,
    /// What is awaited.
    pub awaited: Awaited,
    /// Why, as the withdrawal says it.
    pub reason: String,
    /// Who is told when a recipient does not answer.
    pub producer: ParticipantId,
    /// When it was said.
    pub since: Timestamp,
    /// Who has not answered.
    pub open: BTreeSet<ParticipantId>,
    /// Who has, and when.
    pub answered: BTreeMap<ParticipantId, Timestamp>,
    /// Whether who has not answered was reminded.
    pub reminded: bool,
    /// Whether the producer was told.
    pub escalated: bool,
}

/// A message that is held because something about it is not plausible.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Doubted {
    /// Which.
    pub key: MessageKey,
    /// Why.
    pub doubt: Doubt,
}

/// One detention of a person, as the row of that person knows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stay {
    /// The prison that took the person in.
    pub prison: ParticipantId,
    /// When it ended, as far as known.
    pub ended: Option<Timestamp>,
}

/// Changed dates of release of one recipient's cases, for its digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Changes {
    /// The end of the window that they belong to.
    pub until: Option<Timestamp>,
    /// The detentions.
    pub detentions: BTreeSet<DetentionRef>,
    /// Whether a digest of this window was sent: then the rest of it gets one too.
    pub said: bool,
}

/// What the hub has to see to.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct FollowUp {
    /// Recalls and stops, oldest first.
    pub recalls: Vec<Recall>,
    /// Messages that are held for the triage desk, oldest first.
    pub held: Vec<Doubted>,
    /// Decisions that rest on the date of release: the last event of each.
    pub dependents: BTreeMap<Topic, EventName>,
    /// The municipality that says that it is not the responsible one.
    pub disputed_by: Option<ParticipantId>,
    /// The row of the person: a keyed pseudonym.
    pub person: Option<DetentionRef>,
    /// In the row of a person: its detentions.
    pub stays: BTreeMap<DetentionRef, Stay>,
    /// In the row of a recipient: what its digest will name.
    pub changes: Changes,
}

impl FollowUp {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The doubt about the admission itself: then the whole case waits.
    pub fn doubt_of_case(&self) -> Option<Doubt> {
        self.held.iter().map(|held| held.doubt).find(|doubt| doubt.is_of_admission())
    }

    /// Records that `who` has answered to what was said of `of`. Gives whether anything awaited it.
    pub fn answer(&mut self, of: &MessageKey, who: &ParticipantId, at: Timestamp) -> bool {
        let mut awaited = false;
        for recall in self.recalls.iter_mut().filter(|recall| recall.of == *of || recall.by == *of) {
            if recall.open.remove(who) {
                recall.answered.insert(who.clone(), at);
                awaited = true;
            }
        }
        awaited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str) -> MessageKey {
        let source = "urn:nld:oin:00000099PI0000025000:systeem:registratie".parse().unwrap();
        MessageKey { source, id: id.parse().unwrap() }
    }

    #[test]
    fn an_answer_counts_for_who_gave_it_and_once() {
        let zwolle: ParticipantId = "gemeente-zwolle".parse().unwrap();
        let unit: ParticipantId = "rn-zwolle".parse().unwrap();
        let now: Timestamp = "2024-09-06T10:00:00Z".parse().unwrap();
        let mut follow_up = FollowUp::default();
        follow_up.recalls.push(Recall {
            by: key("w-1"),
            of: key("m-1"),
            awaited: Awaited::Deletion,
            reason: "WRONG_DATA".to_owned(),
            producer: "pi-zwolle".parse().unwrap(),
            since: now,
            open: [zwolle.clone(), unit.clone()].into(),
            answered: BTreeMap::new(),
            reminded: false,
            escalated: false,
        });
        assert!(!follow_up.answer(&key("m-2"), &zwolle, now), "of another message");
        assert!(follow_up.answer(&key("m-1"), &zwolle, now));
        assert!(!follow_up.answer(&key("m-1"), &zwolle, now), "answered before");
        assert_eq!(follow_up.recalls.first().unwrap().open, [unit].into());
    }
}
