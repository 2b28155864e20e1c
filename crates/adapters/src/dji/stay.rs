//! What a prison's registration system says of one detention: one row of a list, in the hub's words.

use jiff::{Timestamp, civil::Date};
use schakelpunt_domain::{DetentionRef, ParticipantId, ids::MessageKey};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// One person in one prison, as one list has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    /// The detention reference, which is in no other way personal.
    pub detention: DetentionRef,
    /// `person.identity`, as the schemas name it.
    pub identity: Map<String, Value>,
    /// `detention.start`: the deprivation of liberty.
    pub start: Date,
    /// `detention.piEntry`: since when in this prison; the clock of the plan runs from the first.
    pub entry: Option<Date>,
    /// `detention.title`.
    pub title: Option<String>,
    /// `residence.candidates`; `None` where the export says nothing of residence.
    pub residence: Option<Vec<Value>>,
    /// What is known of the end.
    pub release: Option<Release>,
    /// That and how the person left, where the export keeps those who did.
    pub departure: Option<Departure>,
}

/// When and how the detention will end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// `release.date`.
    pub date: Date,
    /// `release.kind`.
    pub kind: Ending,
    /// `release.certainty`.
    pub certainty: String,
    /// `release.reason`: why it changed, a category.
    pub reason: Option<String>,
}

/// That and how somebody left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departure {
    /// On which day.
    pub on: Date,
    /// How.
    pub how: Leaving,
}

/// Ways out of a prison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Leaving {
    /// To another prison.
    Transfer(ParticipantId),
    /// In one of the ways in which a detention ends or is interrupted.
    Released(Ending),
    /// Was never there: the entry was a mistake.
    EnteredInError,
}

/// The kinds of release (`release.kind`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the terms stand in schemas/parts.json")]
pub enum Ending {
    EndOfSentence,
    ConditionalRelease,
    PenitentiaryProgramme,
    EndLeave,
    Suspension,
    Lifted,
    Interruption,
    Payment,
    TransferOut,
    Expulsion,
    Escape,
    Death,
}

/// What the adapter knows of a detention: the last row, and what it has said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The prison that has the person.
    pub prison: ParticipantId,
    /// The last row.
    pub stay: Stay,
    /// As of when.
    pub as_of: Timestamp,
    /// Where the person is, as far as the lists say.
    pub place: Place,
    /// Whether the person came here from another prison: then the day of entry is that of the first.
    pub moved: bool,
    /// Another prison whose list has the person while this one's last list had it too.
    pub elsewhere: Option<Arrival>,
    /// How many notices were made of it.
    pub said: u64,
    /// The message that opened the case.
    pub opened: MessageKey,
    /// Whether a date of release was ever told.
    pub dated: bool,
}

/// Where somebody is, as far as the lists say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// On the last list.
    Inside,
    /// Out of the building, and that has been told.
    Out(Ending),
    /// Not on the lists since this one, and nothing says why.
    Missing(Timestamp),
    /// Gone for good, and that has been told.
    Gone,
}

/// A row of another prison that waits for this one to miss the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// The other prison.
    pub prison: ParticipantId,
    /// As of when.
    pub as_of: Timestamp,
    /// Its row.
    pub stay: Stay,
}

// === impl Stay ===

impl Stay {
    /// `detention`, with its title; with the day of entry where it is that of the first prison.
    pub fn detention_part(&self, with_entry: bool) -> Value {
        let mut part = json!({ "start": self.start });
        if let (Some(entry), Some(part)) = (self.entry.filter(|_| with_entry), part.as_object_mut()) {
            part.insert("piEntry".to_owned(), json!(entry));
        }
        if let (Some(title), Some(part)) = (&self.title, part.as_object_mut()) {
            part.insert("title".to_owned(), json!(title));
        }
        part
    }

    /// The payload of `detention-started`, against whose schema each row is checked.
    pub fn started(&self) -> Value {
        let mut data = json!({ "person": { "identity": self.identity }, "detention": self.detention_part(true) });
        if let (Some(candidates), Some(data)) = (&self.residence, data.as_object_mut()) {
            data.insert("residence".to_owned(), json!({ "candidates": candidates }));
        }
        data
    }
}

// === impl Release ===

impl Release {
    /// The part `release`, with the date before, if there was one.
    pub fn part(&self, previous: Option<Date>) -> Value {
        let mut part = json!({ "date": self.date, "kind": self.kind, "certainty": self.certainty });
        if let Some(part) = part.as_object_mut() {
            if let Some(previous) = previous {
                part.insert("previousDate".to_owned(), json!(previous));
            }
            if let Some(reason) = &self.reason {
                part.insert("reason".to_owned(), json!(reason));
            }
        }
        part
    }
}
