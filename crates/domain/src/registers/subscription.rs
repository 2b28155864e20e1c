//! What a participant wants of what it may have, whether it pauses, and how it gets its messages.

use std::{fmt, str::FromStr};

use super::{At, Channel, Ended, Period, Registers, Row, Subscription, SubscriptionState, known};
use crate::ids::{EventName, ParticipantId};

/// What of its events a subscription wants; every part that is there has to hold. In a file: `sender=pi-zwolle urgent=true`.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Filter {
    /// Only what this participant sent.
    pub sender: Option<ParticipantId>,
    /// Only what it gets for this mandator.
    pub on_behalf_of: Option<ParticipantId>,
    /// Only what is urgent, or only what is not.
    pub urgent: Option<bool>,
}

/// A filter that cannot be read; it would let everything through or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected in `filter`: one or more of sender=ID, on-behalf-of=ID, urgent=true or urgent=false, each once, with a blank between")]
pub struct InvalidFilter;

/// What a filter looks at.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Who sent it.
    pub sender: &'a ParticipantId,
    /// For whom the recipient would get it.
    pub on_behalf_of: Option<&'a ParticipantId>,
    /// Whether it is urgent.
    pub urgent: bool,
}

impl Filter {
    fn lets(&self, told: Told<'_>) -> bool {
        self.sender.as_ref().is_none_or(|sender| sender == told.sender)
            && self.on_behalf_of.as_ref().is_none_or(|mandator| Some(mandator) == told.on_behalf_of)
            && self.urgent.is_none_or(|urgent| urgent == told.urgent)
    }
}

impl FromStr for Filter {
    type Err = InvalidFilter;

    fn from_str(text: &str) -> Result<Self, InvalidFilter> {
        let mut filter = Self::default();
        for part in text.split_ascii_whitespace() {
            let (word, value) = part.split_once('=').ok_or(InvalidFilter)?;
            let again = match word {
                "sender" => filter.sender.replace(value.parse().map_err(|_| InvalidFilter)?).is_some(),
                "on-behalf-of" => filter.on_behalf_of.replace(value.parse().map_err(|_| InvalidFilter)?).is_some(),
                "urgent" => filter.urgent.replace(value.parse().map_err(|_| InvalidFilter)?).is_some(),
                _ => return Err(InvalidFilter),
            };
            if again {
                return Err(InvalidFilter);
            }
        }
        if filter == Self::default() { Err(InvalidFilter) } else { Ok(filter) }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = [("sender", &self.sender), ("on-behalf-of", &self.on_behalf_of)];
        let ids = ids.into_iter().filter_map(|(word, id)| Some(format!("{word}={}", id.as_ref()?)));
        let parts: Vec<String> = ids.chain(self.urgent.map(|urgent| format!("urgent={urgent}"))).collect();
        f.write_str(&parts.join(" "))
    }
}

impl TryFrom<String> for Filter {
    type Error = InvalidFilter;

    fn try_from(text: String) -> Result<Self, InvalidFilter> {
        text.parse()
    }
}

impl From<Filter> for String {
    fn from(filter: Filter) -> Self {
        filter.to_string()
    }
}

/// What was said last of some events, and since when they were asked for.
struct Standing<'a> {
    last: &'a Subscription,
    /// The place of the first entry about the same events: an approval behind it counts for what was said since.
    asked: usize,
    /// It needs no approval: its owner entered it.
    active: bool,
    /// It began as a pause of a part of everything, or of all that was inherited: that much needs no approval, and of the rest it says
    /// nothing.
    of_everything: bool,
    /// What of the events it wants; a pause without one keeps that of what it pauses.
    filter: Option<&'a Filter>,
}

impl Standing<'_> {
    fn names(&self, event: &EventName) -> bool {
        self.last.events.iter().any(|name| name == "*" || name == event.as_str())
    }

    fn is_paused(&self) -> bool {
        self.last.state == SubscriptionState::Paused
    }
}

impl Registers {
    /// Whether `participant` wants `event` of the data that `owner` owns: without an entry, everything (decision 3). A request counts
    /// from the owner's approval. What is paused is wanted: it waits.
    pub fn is_subscribed(&self, participant: &ParticipantId, event: &EventName, owner: &str, at: At) -> bool {
        self.wants(participant, event, owner, None, at)
    }

    /// The same for one message, by the filters too.
    pub fn is_subscribed_to(&self, participant: &ParticipantId, event: &EventName, owner: &str, told: Told<'_>, at: At) -> bool {
        self.wants(participant, event, owner, Some(told), at)
    }

    /// Whether what `participant` gets of `event` waits at the hub, because it asked for that itself: a pause is of one's own system, and
    /// passes to nobody.
    pub fn is_paused(&self, participant: &ParticipantId, event: &EventName, at: At) -> bool {
        if !self.subscriptions.iter().any(|row| row.entry.state == SubscriptionState::Paused) {
            return false;
        }
        let own = self.standing(participant, at);
        let mut named = own.iter().filter(|one| one.names(event)).peekable();
        named.peek().is_some() && named.all(Standing::is_paused)
    }

    /// How a participant gets its messages; the bus where it is not registered.
    pub fn channel(&self, participant: &ParticipantId) -> Channel {
        self.channels.get(participant).copied().unwrap_or_default()
    }

    /// Everybody that the hub calls at its own address.
    pub fn called(&self) -> impl Iterator<Item = &ParticipantId> {
        self.channels.iter().filter(|(_, channel)| **channel == Channel::Webhook).map(|(id, _)| id)
    }

    /// What a participant says of an event itself goes before what it inherited, and needs no approval as far as that has one.
    fn wants(&self, participant: &ParticipantId, event: &EventName, owner: &str, told: Option<Told<'_>>, at: At) -> bool {
        if self.subscriptions.is_empty() {
            return true;
        }
        let own = self.standing(participant, at);
        let inherited = self.inherited(participant, at);
        let inherits = || inherited.iter().any(|id| self.wants_by_itself(id, event, owner, told, at));
        match (own.iter().any(|one| one.names(event)), inherited.is_empty()) {
            (false, true) => own.iter().all(|one| one.of_everything),
            (false, false) => inherits(),
            (true, nobody) => self.grants(&own, event, owner, told, |one| if nobody { one.of_everything } else { inherits() }, at),
        }
    }

    /// Whether one unit wants it by its own entries, or had everything before them. Who took a place had what it inherited: those answer
    /// for it.
    fn wants_by_itself(&self, id: &ParticipantId, event: &EventName, owner: &str, told: Option<Told<'_>>, at: At) -> bool {
        let own = self.standing(id, at);
        let everything = !self.took_a_place(id, at);
        let speaks = own.iter().any(|one| !one.of_everything || one.names(event));
        if speaks { self.grants(&own, event, owner, told, |one| one.of_everything && everything, at) } else { everything }
    }

    /// Whether one of these is about the event, lets it through, and has an approval or needs none.
    fn grants(
        &self,
        own: &[Standing<'_>],
        event: &EventName,
        owner: &str,
        told: Option<Told<'_>>,
        needs_none: impl Fn(&Standing<'_>) -> bool,
        at: At,
    ) -> bool {
        let lets = |one: &Standing<'_>| match (one.filter, told) {
            (Some(filter), Some(told)) => filter.lets(told),
            _ => true,
        };
        let wanted = own.iter().filter(|one| one.names(event) && lets(one));
        wanted.into_iter().any(|one| self.said(one, event, owner, at).unwrap_or_else(|| one.active || needs_none(one)))
    }

    /// Those whose place a participant took, and who took nobody's place themselves or said something of their own.
    fn inherited(&self, participant: &ParticipantId, at: At) -> Vec<ParticipantId> {
        let mut before = self.predecessors(participant, at);
        before.retain(|id| id != participant && (!self.standing(id, at).is_empty() || !self.took_a_place(id, at)));
        before
    }

    /// What is in force of one unit. The same events again take the place of what was said of them, and need no new approval unless they
    /// want more than the filter of before let through.
    fn standing(&self, id: &ParticipantId, at: At) -> Vec<Standing<'_>> {
        let mut own: Vec<Standing<'_>> = Vec::new();
        for row in known(&self.subscriptions, at).filter(|row| row.entry.participant == *id) {
            let ended = |what: &Ended| matches!(what, Ended::Subscription { participant } if participant == id);
            if !self.holds(row, Period { from: row.entry.from, until: row.entry.until }, ended, at) {
                continue;
            }
            let Row { place, entry, .. } = row;
            let before = own.iter().position(|other| other.last.events == entry.events).map(|index| own.remove(index));
            let (active, pauses) = (entry.state == SubscriptionState::Active, entry.state == SubscriptionState::Paused);
            let kept = before.as_ref().and_then(|before| before.filter).filter(|_| pauses);
            let filter = entry.filter.as_ref().or(kept);
            let is_new = before.is_none();
            own.push(match before.filter(|before| before.filter.is_none() || before.filter == filter) {
                Some(before) => Standing { last: entry, active: active || before.active, filter, ..before },
                None => Standing {
                    last: entry,
                    asked: *place,
                    active,
                    of_everything: pauses && is_new && own.iter().all(|one| one.of_everything),
                    filter,
                },
            });
        }
        own
    }

    /// What the owner said last, after it was asked for.
    fn said(&self, asked: &Standing<'_>, event: &EventName, owner: &str, at: At) -> Option<bool> {
        let names = |events: &[String]| events.iter().any(|name| name == "*" || name == event.as_str());
        let mut said = known(&self.approvals, at).filter(|row| {
            row.place > asked.asked
                && row.entry.participant == asked.last.participant
                && row.entry.owner == owner
                && names(&row.entry.events)
                && Period { from: row.entry.from, until: None }.contains(at.valid)
        });
        said.next_back().map(|row| row.entry.granted)
    }
}
