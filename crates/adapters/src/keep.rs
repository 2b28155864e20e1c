//! What an adapter keeps, in one file that survives a crash: the messages that the hub has not yet answered, those that it may ask for
//! again, and what was last known. What belongs together is one transaction, so a list is either read with everything that it says, or
//! not at all.

mod change;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use schakelpunt_domain::{Clock, DetentionRef, ParticipantId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use self::change::Change;
use crate::{event::Outgoing, settings::OwnSettings};

/// Messages in the order in which they must go.
const OUTBOX: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("outbox");
/// Their numbers by id.
const NUMBERS: TableDefinition<'_, &str, u64> = TableDefinition::new("numbers");
/// The numbers of those that the hub has not answered.
const OPEN: TableDefinition<'_, u64, ()> = TableDefinition::new("open");
/// What the adapter knows, by kind and name.
const RECORDS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("records");

/// How often it is looked what may be forgotten.
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);
/// The kind of the records of what was handed on: when.
pub(crate) const HANDED_ON: &str = "handed-on";
/// The kind of the records that number the messages about a detention.
const NUMBER: &str = "number";

/// The file cannot be used. Nothing of its content is told.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The file system or the file's structure.
    #[error("the adapter's own file cannot be read or written")]
    File(#[source] Box<redb::Error>),
    /// Something in it is not what this version wrote.
    #[error("the adapter's own file holds a record that this version does not understand")]
    Record(#[source] serde_json::Error),
}

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Progress {
    /// Not yet confirmed by the broker.
    Waiting,
    /// Confirmed by the broker at this instant; the hub has not answered.
    Sent(Timestamp),
    /// The hub has recorded it.
    Accepted,
    /// The hub has recorded it, and the law lets it go to nobody.
    Refused,
    /// The hub did not take it. Offered again at the next start.
    Rejected,
}

/// A kept message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The message.
    pub message: Outgoing,
    /// How far it is.
    pub progress: Progress,
    /// Since when it is kept.
    pub since: Timestamp,
}

/// The file.
#[derive(Debug)]
pub struct Keep(Database);

fn file(error: impl Into<redb::Error>) -> KeepError {
    KeepError::File(Box::new(error.into()))
}

impl Keep {
    /// Opens the file, or makes it. One program at a time has it open.
    pub fn open(path: &Path) -> Result<Self, KeepError> {
        if !path.exists() {
            make(path)?;
        }
        Database::open(path).map(Self).map_err(file)
    }

    /// Opens the file of an adapter in its own folder, which is made if it is not there, and lets go again what the hub rejected.
    pub fn open_in(own: &OwnSettings) -> Result<Self, crate::Error> {
        std::fs::create_dir_all(&own.folder).map_err(|source| crate::Error::Folder { path: own.folder.clone(), source })?;
        let keep = Self::open(&own.keep())?;
        keep.retry_rejected()?;
        Ok(keep)
    }

    /// Begins a transaction; others wait for its end.
    pub fn change(&self) -> Result<Change, KeepError> {
        self.0.begin_write().map(Change).map_err(file)
    }

    /// The record of a kind and name.
    pub fn record<T: DeserializeOwned>(&self, kind: &str, name: &str) -> Result<Option<T>, KeepError> {
        let reading = self.0.begin_read().map_err(file)?;
        let table = reading.open_table(RECORDS).map_err(file)?;
        table.get((kind, name)).map_err(file)?.map(|found| read(found.value())).transpose()
    }

    /// All records of a kind, by name.
    pub fn records<T: DeserializeOwned>(&self, kind: &str) -> Result<Vec<(String, T)>, KeepError> {
        self.records_from(kind, "", usize::MAX)
    }

    /// Up to `limit` records of a kind, by name, from this name on.
    pub fn records_from<T: DeserializeOwned>(&self, kind: &str, from: &str, limit: usize) -> Result<Vec<(String, T)>, KeepError> {
        let reading = self.0.begin_read().map_err(file)?;
        let table = reading.open_table(RECORDS).map_err(file)?;
        let mut found = Vec::new();
        for entry in table.range((kind, from)..).map_err(file)?.take(limit) {
            let (key, value) = entry.map_err(file)?;
            if key.value().0 != kind {
                break;
            }
            found.push((key.value().1.to_owned(), read(value.value())?));
        }
        Ok(found)
    }

    /// The messages that `wanted` picks, in order.
    pub fn messages(&self, wanted: impl Fn(&Kept) -> bool) -> Result<Vec<(u64, Kept)>, KeepError> {
        let reading = self.0.begin_read().map_err(file)?;
        let table = reading.open_table(OUTBOX).map_err(file)?;
        let mut found = Vec::new();
        for entry in table.iter().map_err(file)? {
            let (number, value) = entry.map_err(file)?;
            let kept: Kept = read(value.value())?;
            if wanted(&kept) {
                found.push((number.value(), kept));
            }
        }
        Ok(found)
    }

    /// Lets what the hub rejected go again: what was wrong may have been put right on the other side.
    pub fn retry_rejected(&self) -> Result<(), KeepError> {
        let rejected = self.messages(|kept| kept.progress == Progress::Rejected)?;
        if rejected.is_empty() {
            return Ok(());
        }
        let change = self.change()?;
        for (_, kept) in rejected {
            change.progress(&kept.message.id, Progress::Waiting)?;
        }
        change.commit()
    }

    /// The messages that the hub has not answered, in order.
    pub fn open_messages(&self) -> Result<Vec<(u64, Kept)>, KeepError> {
        let reading = self.0.begin_read().map_err(file)?;
        let (outbox, open) = (reading.open_table(OUTBOX).map_err(file)?, reading.open_table(OPEN).map_err(file)?);
        let mut found = Vec::new();
        for entry in open.iter().map_err(file)? {
            let number = entry.map_err(file)?.0.value();
            if let Some(value) = outbox.get(number).map_err(file)? {
                found.push((number, read(value.value())?));
            }
        }
        Ok(found)
    }
}

/// Forgets, every hour, what is older than the organisation keeps it: what was handed on, and of the messages that `wanted` picks those
/// that the hub has recorded.
pub async fn forgetting(keep: &Keep, clock: &dyn Clock, days: u32, wanted: impl Fn(&Kept) -> bool) -> Result<(), crate::Error> {
    loop {
        let before = clock.now().saturating_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN);
        let change = keep.change()?;
        change.forget_before(before, &wanted)?;
        change.commit()?;
        tokio::time::sleep(HOUR).await;
    }
}

/// What of the open messages may go now for a participant: in order, and nothing that another participant's unanswered message about the
/// same detention must come before. Messages of one participant keep their order on the way; those of two do not.
pub fn ready(open: &[(u64, Kept)], participant: &ParticipantId) -> Vec<Outgoing> {
    let mut before: BTreeMap<&DetentionRef, BTreeSet<&ParticipantId>> = BTreeMap::new();
    let mut ready = Vec::new();
    for (_, Kept { message, progress, .. }) in open {
        let senders = before.entry(&message.detention).or_default();
        let held = senders.iter().any(|sender| **sender != message.participant);
        if message.participant == *participant && *progress == Progress::Waiting && !held {
            ready.push(message.clone());
        }
        senders.insert(&message.participant);
    }
    ready
}

/// Makes an empty file under another name and gives it its own when it is whole: a crash in between leaves nothing that looks like it.
fn make(path: &Path) -> Result<(), KeepError> {
    let unfinished = path.with_extension("unfinished");
    let io = |error: std::io::Error| KeepError::File(Box::new(redb::Error::Io(error)));
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    let keep = Keep(Database::create(&unfinished).map_err(file)?);
    // reading wants the tables to be there
    let change = keep.change()?;
    change.0.open_table(OUTBOX).map_err(file)?;
    change.0.open_table(NUMBERS).map_err(file)?;
    change.0.open_table(OPEN).map_err(file)?;
    change.0.open_table(RECORDS).map_err(file)?;
    change.commit()?;
    drop(keep);
    // unlike a renaming this never replaces what another program has made meanwhile
    match std::fs::hard_link(&unfinished, path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(io(error)),
        _ => {}
    }
    std::fs::remove_file(&unfinished).map_err(io)?;
    // the name is on the disk only when the folder is
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, KeepError> {
    serde_json::from_slice(bytes).map_err(KeepError::Record)
}

fn write<T: Serialize>(record: &T) -> Result<Vec<u8>, KeepError> {
    serde_json::to_vec(record).map_err(KeepError::Record)
}

#[cfg(test)]
mod tests;
