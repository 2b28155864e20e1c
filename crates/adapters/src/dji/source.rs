//! Lists and records become notices: read, map, compare, ask the guard, and keep everything in one transaction.

use jiff::Timestamp;
use schakelpunt_domain::{DetentionRef, Rejection};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    compare::{self, Knowledge, List, Outcome},
    config::{Prison, Ready},
    export::{self, Row, Rows, Unreadable},
    mapping::{BadRow, Mapped},
    stay::Place,
};
use crate::{
    Error,
    alarm::{Alarms, Code},
    event::Outgoing,
    folder::{Folder, Found, Shelf},
    keep::{Change, Keep, KeepError},
    push::{self, Answer},
};

/// Kinds of records.
const STAYS: &str = "stay";
const FILES: &str = "file";
const LAST: &str = "last-list";

/// A file that was read.
#[derive(Debug, Serialize, Deserialize)]
struct Read {
    name: String,
    at: Timestamp,
}

/// What became of a list.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// What it says is kept, and goes to the hub.
    Kept(Vec<Outgoing>),
    /// It was read before, and is the same file.
    SameFile,
    /// It says nothing, and a person was told why.
    Held(Code),
    /// It is nobody's.
    Nobodys,
}

/// Reads lists and records.
#[derive(Debug)]
pub struct Source<'a> {
    /// The configuration.
    pub ready: &'a Ready,
    /// What is kept.
    pub keep: &'a Keep,
    /// Where alarms go.
    pub alarms: &'a Alarms,
}

/// A file on its way.
struct File<'a> {
    found: &'a Found,
    prison: &'a Prison,
    as_of: Timestamp,
    digest: String,
}

impl Source<'_> {
    /// Takes every file that has settled, in the order of the instants in their names. Whether any was taken.
    pub fn take_all(&self, folder: &mut Folder, now: Timestamp) -> Result<bool, Error> {
        let mut found = folder.look(now).map_err(|source| folder.trouble(source))?;
        found.sort_by_key(|found| (self.ready.list_of(&found.name).map(|(_, as_of)| as_of), found.name.clone()));
        let mut some = false;
        for found in found {
            let bytes = match folder.read(&found) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => Vec::new(),
                // fetched back in the meantime, or not readable yet
                Err(error) => {
                    tracing::warn!(file = %found.name, %error, "a list cannot be read for now");
                    continue;
                }
            };
            let shelf = match self.take(&found, &bytes, now)? {
                Verdict::Kept(_) | Verdict::SameFile => Shelf::Done,
                Verdict::Held(_) => Shelf::Held,
                Verdict::Nobodys => continue,
            };
            folder.put_away(&found, shelf).map_err(|source| folder.trouble(source))?;
            some = true;
        }
        Ok(some)
    }

    /// Takes one file: keeps what it says, or tells a person why it says nothing.
    pub fn take(&self, found: &Found, bytes: &[u8], now: Timestamp) -> Result<Verdict, Error> {
        let Some((prison, as_of)) = self.ready.list_of(&found.name) else {
            return self.nobodys(found, now);
        };
        let file = File { found, prison, as_of, digest: digest(prison, bytes) };
        let before = self.keep.record::<Read>(FILES, &file.digest)?;
        // a crash between keeping and moving away
        if before.as_ref().is_some_and(|before| before.name == found.name) {
            return Ok(Verdict::SameFile);
        }
        let last: Option<Timestamp> = self.keep.record(LAST, prison.id.as_str())?;
        if last.is_some_and(|last| as_of <= last) {
            return Ok(self.held(&file, Code::OutOfOrder, None, now));
        }
        if let Some(before) = before {
            // a quiet night, or an export that stands still: it says nothing new, and somebody should know
            self.alarms.raise(now, Code::Duplicate, &found.name, Some(format!("the same as {}", before.name)));
        }
        let Some(export) = self.ready.config.export.get(&prison.export) else { return Ok(Verdict::Nobodys) };
        match export::read(bytes, &export.file, export.encoding) {
            Ok(rows) => self.rows(&file, &rows, now),
            Err(error @ Unreadable::Garbled { .. }) => Ok(self.held(&file, Code::Garbled, Some(error.to_string()), now)),
            Err(error @ Unreadable::Truncated(_)) => Ok(self.held(&file, Code::Truncated, Some(error.to_string()), now)),
        }
    }

    /// Takes one record of a prison, as of now.
    pub fn record(&self, prison: &Prison, values: Value, now: Timestamp) -> Result<Result<Vec<Outgoing>, Vec<BadRow>>, Error> {
        let Some(mapping) = self.ready.mappings.get(&prison.export) else { return Ok(Ok(Vec::new())) };
        let mapped = mapping.read(&Rows(vec![Row { line: 1, values }]), &self.ready.catalogue);
        if !mapped.bad.is_empty() {
            return Ok(Err(mapped.bad));
        }
        let list = list_of(prison, now, mapped, false);
        let outcome = compare::compare(&self.knowledge()?, &list, &self.ready.voices);
        let change = self.keep.change()?;
        match self.write(&change, &outcome, now)? {
            Ok(outgoing) => {
                change.commit()?;
                self.doubts(&outcome, now);
                Ok(Ok(outgoing))
            }
            Err((_, rejection)) => {
                Ok(Err(vec![BadRow { line: 1, code: Code::NotAMessage, detail: format!("{}: {}", rejection.pointer, rejection.detail) }]))
            }
        }
    }

    /// Takes what is pushed for a prison, and says what came of it.
    pub fn pushed(&self, prison: &str, body: &[u8], now: Timestamp) -> Result<Answer, Error> {
        let Some(prison) = self.ready.config.prisons.iter().find(|one| one.id.as_str() == prison) else {
            return Ok(push::problem(404, "UNKNOWN_PRISON", "a prison for which this adapter speaks", &[]));
        };
        let Ok(values @ Value::Object(_)) = serde_json::from_slice(body) else {
            return Ok(push::problem(400, "MALFORMED", "one record as a JSON object", &[]));
        };
        Ok(match self.record(prison, values, now)? {
            Ok(outgoing) => push::taken(&outgoing),
            Err(bad) => {
                let places: Vec<String> = bad.into_iter().map(|row| row.detail).collect();
                push::problem(400, "BAD_RECORD", "a record that the configured columns can read", &places)
            }
        })
    }

    fn rows(&self, file: &File<'_>, rows: &Rows, now: Timestamp) -> Result<Verdict, Error> {
        let Some(mapping) = self.ready.mappings.get(&file.prison.export) else { return Ok(Verdict::Nobodys) };
        let guard = &self.ready.config.guard;
        let unguarded = file.found.accepted;
        let mapped = mapping.read(rows, &self.ready.catalogue);
        let bad = mapped.bad.clone();
        let list = list_of(file.prison, file.as_of, mapped, true);
        let outcome = compare::compare(&self.knowledge()?, &list, &self.ready.voices);
        let held = if rows.0.is_empty() && !unguarded {
            Some(Code::Empty)
        } else if guard.stops(bad.len(), rows.0.len(), guard.bad_rows_percent) {
            Some(Code::TooManyBadRows)
        } else if guard.stops(outcome.vanished, outcome.before, guard.gone_percent) && !unguarded {
            Some(Code::TooManyGone)
        } else if guard.stops(outcome.corrected, outcome.before, guard.corrected_percent) && !unguarded {
            Some(Code::TooManyCorrected)
        } else {
            None
        };
        if let Some(code) = held {
            let detail =
                bad.first().filter(|_| code == Code::TooManyBadRows).map(|row| format!("first at line {}: {}", row.line, row.detail));
            return Ok(self.held(file, code, detail, now));
        }
        let change = self.keep.change()?;
        let outgoing = match self.write(&change, &outcome, now)? {
            Ok(outgoing) => outgoing,
            Err((event, rejection)) => {
                let detail = format!("{event} at {}: {}", rejection.pointer, rejection.detail);
                return Ok(self.held(file, Code::NotAMessage, Some(detail), now));
            }
        };
        change.put(FILES, &file.digest, &Read { name: file.found.name.clone(), at: now })?;
        change.put(LAST, file.prison.id.as_str(), &file.as_of)?;
        change.commit()?;
        for BadRow { line, code, detail } in bad {
            self.alarms.raise(now, code, format!("{}:{line}", file.found.name), Some(detail));
        }
        self.doubts(&outcome, now);
        Ok(Verdict::Kept(outgoing))
    }

    /// Writes what a comparison says; the first notice that makes no valid message is told, and then nothing may be committed.
    fn write(&self, change: &Change, outcome: &Outcome, now: Timestamp) -> Result<Result<Vec<Outgoing>, (String, Rejection)>, KeepError> {
        let mut outgoing = Vec::with_capacity(outcome.notices.len());
        for notice in &outcome.notices {
            match notice.outgoing(&self.ready.catalogue, change.number(&notice.detention)?) {
                Ok(message) => {
                    change.add(&message, now)?;
                    outgoing.push(message);
                }
                Err(rejection) => return Ok(Err((notice.event.to_string(), rejection))),
            }
        }
        for (detention, known) in &outcome.known {
            change.put(STAYS, detention.as_str(), known)?;
        }
        Ok(Ok(outgoing))
    }

    /// What is known of everybody.
    pub fn knowledge(&self) -> Result<Knowledge, KeepError> {
        let all = self.keep.records(STAYS)?.into_iter();
        Ok(all.filter_map(|(name, known)| Some((name.parse().ok()?, known))).collect())
    }

    /// Forgets who left long ago, with everything that was said.
    pub fn forget(&self, now: Timestamp) -> Result<(), Error> {
        let days = jiff::SignedDuration::from_hours(24) * i32::try_from(self.ready.config.guard.keep_days).unwrap_or(i32::MAX);
        let knowledge = self.knowledge()?;
        let past = knowledge.iter().filter(|(_, known)| known.place == Place::Gone && now.duration_since(known.as_of) > days);
        let past: Vec<&DetentionRef> = past.map(|(detention, _)| detention).collect();
        if past.is_empty() {
            return Ok(());
        }
        let change = self.keep.change()?;
        for detention in past {
            change.drop(STAYS, detention.as_str())?;
            change.forget(detention)?;
        }
        Ok(change.commit()?)
    }

    fn doubts(&self, outcome: &Outcome, now: Timestamp) {
        for (code, detention) in &outcome.doubts {
            self.alarms.raise(now, *code, detention.as_str(), None);
        }
    }

    fn held(&self, file: &File<'_>, code: Code, detail: Option<String>, now: Timestamp) -> Verdict {
        self.alarms.raise(now, code, &file.found.name, detail);
        Verdict::Held(code)
    }

    /// A name that fits no prison stays where it is; it is told of once.
    fn nobodys(&self, found: &Found, now: Timestamp) -> Result<Verdict, Error> {
        let name = hex(&Sha256::digest(found.name.as_bytes()));
        if self.keep.record::<Read>("unknown-file", &name)?.is_none() {
            let change = self.keep.change()?;
            change.put("unknown-file", &name, &Read { name: String::new(), at: now })?;
            change.commit()?;
            self.alarms.raise(now, Code::UnknownFile, &found.name, None);
        }
        Ok(Verdict::Nobodys)
    }
}

fn list_of(prison: &Prison, as_of: Timestamp, mapped: Mapped, whole: bool) -> List {
    List { prison: prison.id.clone(), as_of, stays: mapped.stays, unread: mapped.unread, whole }
}

/// The same bytes for another prison are another list.
fn digest(prison: &Prison, bytes: &[u8]) -> String {
    hex(&Sha256::new().chain_update(prison.id.as_str()).chain_update([0]).chain_update(bytes).finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests;
