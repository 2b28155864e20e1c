//! A transaction on what an adapter keeps.

use jiff::Timestamp;
use redb::{ReadableTable as _, WriteTransaction};
use schakelpunt_domain::{DetentionRef, MessageId};
use serde::{Serialize, de::DeserializeOwned};

use super::{HANDED_ON, KeepError, Kept, NUMBER, NUMBERS, OPEN, OUTBOX, Progress, RECORDS, file, read, write};
use crate::event::Outgoing;

/// A transaction. Nothing of it counts before [`Change::commit`].
pub struct Change(pub(super) WriteTransaction);

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Change")
    }
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
    pub fn add(&self, message: &Outgoing, now: Timestamp) -> Result<(), KeepError> {
        let mut numbers = self.0.open_table(NUMBERS).map_err(file)?;
        if numbers.get(message.id.as_str()).map_err(file)?.is_some() {
            return Ok(());
        }
        let mut outbox = self.0.open_table(OUTBOX).map_err(file)?;
        let number = outbox.last().map_err(file)?.map_or(1, |(last, _)| last.value() + 1);
        let kept = Kept { message: message.clone(), progress: Progress::Waiting, since: now };
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

    /// Forgets what was handed on before an instant, and of the messages that `wanted` picks those that the hub has recorded before it.
    pub fn forget_before(&self, before: Timestamp, wanted: impl Fn(&Kept) -> bool) -> Result<(), KeepError> {
        let mut records = self.0.open_table(RECORDS).map_err(file)?;
        let mut past = Vec::new();
        for entry in records.range((HANDED_ON, "")..).map_err(file)? {
            let (key, value) = entry.map_err(file)?;
            if key.value().0 != HANDED_ON {
                break;
            }
            if read::<Timestamp>(value.value())? < before {
                past.push(key.value().1.to_owned());
            }
        }
        for name in past {
            records.remove((HANDED_ON, name.as_str())).map_err(file)?;
        }
        let (mut outbox, mut numbers) = (self.0.open_table(OUTBOX).map_err(file)?, self.0.open_table(NUMBERS).map_err(file)?);
        let mut past = Vec::new();
        for entry in outbox.iter().map_err(file)? {
            let (number, value) = entry.map_err(file)?;
            let kept: Kept = read(value.value())?;
            let recorded = matches!(kept.progress, Progress::Accepted | Progress::Refused);
            if recorded && kept.since < before && wanted(&kept) {
                past.push((number.value(), kept.message.id));
            }
        }
        for (number, id) in past {
            outbox.remove(number).map_err(file)?;
            numbers.remove(id.as_str()).map_err(file)?;
        }
        Ok(())
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
