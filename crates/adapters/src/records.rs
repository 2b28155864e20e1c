//! What an organisation's own system says, one message at a time: a file in a folder, or a push. Unlike a list it says itself what
//! happened: `{ "event": ..., "detention": ..., "data": ... }`, with an `id` of its own if it has one. A mapping turns a system's own
//! words into that.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schakelpunt_domain::{DetentionRef, EventName, MessageId, ParticipantId, Source, catalogue::Catalogue};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    Error,
    alarm::{Alarms, Code},
    event::{self, Notice, Outgoing},
    expression::Expression,
    folder::{Folder, Shelf},
    keep::Keep,
    push::{self, Answer},
};

/// Most messages in one file.
pub const RECORDS_MAX: usize = 1000;

/// A message as the system says it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    event: EventName,
    detention: DetentionRef,
    data: Value,
    #[serde(default)]
    id: Option<MessageId>,
    #[serde(default)]
    time: Option<Timestamp>,
}

/// Why a record was not taken. Repeats nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadRecord(pub String);

/// Takes what one unit's system says.
#[derive(Debug)]
pub struct Records<'a> {
    /// Who speaks.
    pub participant: &'a ParticipantId,
    /// Under which `source`.
    pub source: &'a Source,
    /// What this adapter sends; anything else is a mistake here, before the hub sees it.
    pub events: &'a BTreeSet<EventName>,
    /// From the system's own words.
    pub mapping: Option<&'a Expression>,
    /// The catalogue of events.
    pub catalogue: &'a Catalogue,
    /// What is kept.
    pub keep: &'a Keep,
    /// Where alarms go.
    pub alarms: &'a Alarms,
}

impl Records<'_> {
    /// Takes one record, or an array of them: all are kept, or none. Taken again, it makes the same messages.
    pub fn take(&self, said: &Value, now: Timestamp) -> Result<Result<Vec<Outgoing>, BadRecord>, Error> {
        let said = match said {
            Value::Array(several) if several.len() > RECORDS_MAX => return Ok(Err(BadRecord("at most 1000 messages at once".to_owned()))),
            Value::Array(several) => several.as_slice(),
            one => std::slice::from_ref(one),
        };
        let change = self.keep.change()?;
        let mut outgoing = Vec::with_capacity(said.len());
        for (number, said) in (1..).zip(said) {
            match self.read(said, now) {
                Ok(notice) => {
                    if change.knows(&notice.id)? {
                        continue;
                    }
                    match notice.outgoing(self.catalogue, change.number(&notice.detention)?) {
                        Ok(message) => {
                            change.add(&message, now)?;
                            outgoing.push(message);
                        }
                        Err(rejection) => {
                            return Ok(Err(BadRecord(format!("message {number}: {}: {}", rejection.pointer, rejection.detail))));
                        }
                    }
                }
                Err(BadRecord(detail)) => return Ok(Err(BadRecord(format!("message {number}: {detail}")))),
            }
        }
        change.commit()?;
        Ok(Ok(outgoing))
    }

    /// Takes what was pushed, and says what came of it.
    pub fn push(&self, body: &[u8], now: Timestamp) -> Result<Answer, Error> {
        let Ok(said) = serde_json::from_slice::<Value>(body) else {
            return Ok(push::problem(400, "MALFORMED", "a message, or an array of them, as JSON", &[]));
        };
        Ok(match self.take(&said, now)? {
            Ok(outgoing) => push::taken(&outgoing),
            Err(bad) => push::problem(400, "BAD_RECORD", "messages that this adapter sends", &[bad.0]),
        })
    }

    fn read(&self, said: &Value, now: Timestamp) -> Result<Notice, BadRecord> {
        let mapped = match self.mapping {
            Some(mapping) => mapping.of(said).map_err(|error| BadRecord(format!("mapping: {error}")))?,
            None => said.clone(),
        };
        let shape = "event, detention, data, and perhaps id and time; nothing else";
        // of an array serde would take the values without their names
        let named = Some(mapped.clone()).filter(Value::is_object).and_then(|mapped| serde_json::from_value(mapped).ok());
        let record: Record = named.ok_or_else(|| BadRecord(shape.to_owned()))?;
        if !self.events.contains(&record.event) {
            return Err(BadRecord("event: one that this adapter sends".to_owned()));
        }
        let digest = || Sha256::digest(mapped.to_string()).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        let id = record.id.unwrap_or_else(|| event::derived_id(&[self.participant.as_str(), "record", &digest()]));
        Ok(Notice {
            participant: self.participant.clone(),
            source: self.source.clone(),
            id,
            event: record.event.to_string().into(),
            detention: record.detention,
            time: record.time.unwrap_or(now),
            data: record.data,
        })
    }

    /// Takes every file that has settled, by name. Whether any was taken.
    pub fn take_all(&self, folder: &mut Folder, now: Timestamp) -> Result<bool, Error> {
        let mut some = false;
        for found in folder.look(now).map_err(|source| folder.trouble(source))? {
            let bytes = match folder.read(&found) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => Vec::new(),
                Err(error) => {
                    tracing::warn!(file = %found.name, %error, "a file cannot be read for now");
                    continue;
                }
            };
            let taken = match serde_json::from_slice(&bytes) {
                Ok(said) => self.take(&said, now)?.map_err(|bad| (Code::BadRecord, bad.0)),
                Err(error) => Err((Code::Garbled, format!("line {}: JSON", error.line()))),
            };
            let shelf = match taken {
                Ok(_) => Shelf::Done,
                Err((code, detail)) => {
                    self.alarms.raise(now, code, &found.name, Some(detail));
                    Shelf::Held
                }
            };
            folder.put_away(&found, shelf).map_err(|source| folder.trouble(source))?;
            some = true;
        }
        Ok(some)
    }
}

#[cfg(test)]
mod tests;
