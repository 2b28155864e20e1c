//! What an adapter keeps, in one file that survives a crash: the messages that the hub has not yet answered, those that it may ask for
//! again, and what was last known. What belongs together is one transaction, so a list is either read with everything that it says, or
//! not at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use jiff::Timestamp;
use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition, WriteTransaction};
use schakelpunt_domain::{DetentionRef, MessageId, ParticipantId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{event::Outgoing, settings::OwnSettings};

/// Messages in the order in which they must go.
const OUTBOX: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("outbox");
/// Their numbers by id.
const NUMBERS: TableDefinition<'_, &str, u64> = TableDefinition::new("numbers");
/// The numbers of those that the hub has not answered.
const OPEN: TableDefinition<'_, u64, ()> = TableDefinition::new("open");
/// What the adapter knows, by kind and name.
const RECORDS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("records");

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
}

/// The file.
#[derive(Debug)]
pub struct Keep(Database);

/// A transaction. Nothing of it counts before [`Change::commit`].
pub struct Change(WriteTransaction);

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Change")
    }
}

fn file(error: impl Into<redb::Error>) -> KeepError {
    KeepError::File(Box::new(error.into()))
}

impl Keep {
    /// Opens the file, or makes it. One program at a time has it open.
    pub fn open(path: &Path) -> Result<Self, KeepError> {
        let database = Database::create(path).map_err(file)?;
        let keep = Self(database);
        // reading wants the tables to be there
        let change = keep.change()?;
        change.0.open_table(OUTBOX).map_err(file)?;
        change.0.open_table(NUMBERS).map_err(file)?;
        change.0.open_table(OPEN).map_err(file)?;
        change.0.open_table(RECORDS).map_err(file)?;
        change.commit()?;
        Ok(keep)
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
        let reading = self.0.begin_read().map_err(file)?;
        let table = reading.open_table(RECORDS).map_err(file)?;
        let mut found = Vec::new();
        for entry in table.range((kind, "")..).map_err(file)? {
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

/// What of the open messages may go now for a participant: in order, and nothing that another participant's unanswered message about the
/// same detention must come before. Messages of one participant keep their order on the way; those of two do not.
pub fn ready(open: &[(u64, Kept)], participant: &ParticipantId) -> Vec<Outgoing> {
    let mut before: BTreeMap<&DetentionRef, BTreeSet<&ParticipantId>> = BTreeMap::new();
    let mut ready = Vec::new();
    for (_, Kept { message, progress }) in open {
        let senders = before.entry(&message.detention).or_default();
        let held = senders.iter().any(|sender| **sender != message.participant);
        if message.participant == *participant && *progress == Progress::Waiting && !held {
            ready.push(message.clone());
        }
        senders.insert(&message.participant);
    }
    ready
}

impl Change {
    /// The event of a kept message.
    pub fn event_of(&self, id: &MessageId) -> Result<Option<String>, KeepError> {
        let numbers = self.0.open_table(NUMBERS).map_err(file)?;
        let Some(number) = numbers.get(id.as_str()).map_err(file)?.map(|number| number.value()) else { return Ok(None) };
        let outbox = self.0.open_table(OUTBOX).map_err(file)?;
        let kept = outbox.get(number).map_err(file)?.map(|found| read::<Kept>(found.value())).transpose()?;
        Ok(kept.map(|kept| kept.message.event))
    }

    /// Whether a message of this id is kept.
    pub fn knows(&self, id: &MessageId) -> Result<bool, KeepError> {
        let numbers = self.0.open_table(NUMBERS).map_err(file)?;
        Ok(numbers.get(id.as_str()).map_err(file)?.is_some())
    }

    /// The record of a kind and name, as this transaction has it.
    pub fn record<T: DeserializeOwned>(&self, kind: &str, name: &str) -> Result<Option<T>, KeepError> {
        let table = self.0.open_table(RECORDS).map_err(file)?;
        table.get((kind, name)).map_err(file)?.map(|found| read(found.value())).transpose()
    }

    /// The next number of a message about a detention: they rise, whoever of this adapter speaks.
    pub fn number(&self, detention: &DetentionRef) -> Result<u64, KeepError> {
        let number = self.record::<u64>(NUMBER, detention.as_str())?.unwrap_or_default() + 1;
        self.put(NUMBER, detention.as_str(), &number)?;
        Ok(number)
    }

    /// Adds a message at the end. One with a known id is left as it is.
    pub fn add(&self, message: &Outgoing) -> Result<(), KeepError> {
        let mut numbers = self.0.open_table(NUMBERS).map_err(file)?;
        if numbers.get(message.id.as_str()).map_err(file)?.is_some() {
            return Ok(());
        }
        let mut outbox = self.0.open_table(OUTBOX).map_err(file)?;
        let number = outbox.last().map_err(file)?.map_or(1, |(last, _)| last.value() + 1);
        let kept = Kept { message: message.clone(), progress: Progress::Waiting };
        outbox.insert(number, write(&kept)?.as_slice()).map_err(file)?;
        numbers.insert(message.id.as_str(), number).map_err(file)?;
        self.0.open_table(OPEN).map_err(file)?.insert(number, ()).map_err(file)?;
        Ok(())
    }

    /// Notes how far a message is; `false` if it is not kept here. The hub's answer may come before the broker's confirm is noted: it
    /// stands.
    pub fn progress(&self, id: &MessageId, progress: Progress) -> Result<bool, KeepError> {
        let numbers = self.0.open_table(NUMBERS).map_err(file)?;
        let Some(number) = numbers.get(id.as_str()).map_err(file)?.map(|number| number.value()) else { return Ok(false) };
        let mut outbox = self.0.open_table(OUTBOX).map_err(file)?;
        let Some(mut kept) = outbox.get(number).map_err(file)?.map(|found| read::<Kept>(found.value())).transpose()? else {
            return Ok(false);
        };
        if matches!(progress, Progress::Sent(_)) && kept.progress != Progress::Waiting {
            return Ok(true);
        }
        kept.progress = progress;
        outbox.insert(number, write(&kept)?.as_slice()).map_err(file)?;
        let mut open = self.0.open_table(OPEN).map_err(file)?;
        match progress {
            Progress::Waiting | Progress::Sent(_) => open.insert(number, ()).map_err(file)?,
            Progress::Accepted | Progress::Refused | Progress::Rejected => open.remove(number).map_err(file)?,
        };
        Ok(true)
    }

    /// Forgets the messages about a detention.
    pub fn forget(&self, detention: &DetentionRef) -> Result<(), KeepError> {
        self.drop(NUMBER, detention.as_str())?;
        let mut outbox = self.0.open_table(OUTBOX).map_err(file)?;
        let mut numbers = self.0.open_table(NUMBERS).map_err(file)?;
        let mut about = Vec::new();
        for entry in outbox.iter().map_err(file)? {
            let (number, value) = entry.map_err(file)?;
            let kept: Kept = read(value.value())?;
            if kept.message.detention == *detention {
                about.push((number.value(), kept.message.id));
            }
        }
        let mut open = self.0.open_table(OPEN).map_err(file)?;
        for (number, id) in about {
            open.remove(number).map_err(file)?;
            outbox.remove(number).map_err(file)?;
            numbers.remove(id.as_str()).map_err(file)?;
        }
        Ok(())
    }

    /// Writes a record.
    pub fn put<T: Serialize>(&self, kind: &str, name: &str, record: &T) -> Result<(), KeepError> {
        let mut table = self.0.open_table(RECORDS).map_err(file)?;
        table.insert((kind, name), write(record)?.as_slice()).map_err(file)?;
        Ok(())
    }

    /// Takes a record away.
    pub fn drop(&self, kind: &str, name: &str) -> Result<(), KeepError> {
        let mut table = self.0.open_table(RECORDS).map_err(file)?;
        table.remove((kind, name)).map_err(file)?;
        Ok(())
    }

    /// Makes it count; it is on the disk when this returns.
    pub fn commit(self) -> Result<(), KeepError> {
        self.0.commit().map_err(file)
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, KeepError> {
    serde_json::from_slice(bytes).map_err(KeepError::Record)
}

fn write<T: Serialize>(record: &T) -> Result<Vec<u8>, KeepError> {
    serde_json::to_vec(record).map_err(KeepError::Record)
}

#[cfg(test)]
mod tests;
