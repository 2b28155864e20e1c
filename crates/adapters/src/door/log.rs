//! What the door keeps: messages, numbered without a gap, and subscriptions.

use jiff::{SignedDuration, Timestamp};
use schakelpunt_domain::DetentionRef;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::subscriptions::{SUBSCRIPTIONS_MAX, Subscription, attributes};
use crate::{
    delivered::Delivered,
    keep::{Change, Keep, KeepError},
};

/// After so long a person is asked about a message that nobody fetched.
pub const UNFETCHED: SignedDuration = SignedDuration::from_hours(24);

/// Messages by number, and numbers by message.
const ENTRY: &str = "entry";
const NUMBER: &str = "number-of";
/// Subscriptions by id.
const SUBSCRIPTION: &str = "subscription";
/// Single numbers: the last that was given, the last that was forgotten, the last that somebody confirmed, subscriptions so far.
const SINGLE: &str = "single";
const LAST: &str = "last";
const FORGOTTEN: &str = "forgotten";
const CONFIRMED: &str = "confirmed";
const TAKEN: &str = "taken";

/// A message of the door. `Debug` shows no data.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Its number: they rise by one.
    pub(super) number: u64,
    /// Its id.
    pub(super) id: String,
    /// The event's short name.
    pub(super) event: String,
    /// The event's category.
    pub(super) category: String,
    /// The detention.
    pub(super) detention: Option<DetentionRef>,
    /// Since when it can be fetched.
    pub(super) at: Timestamp,
    /// The event; `None` once it was withdrawn.
    whole: Option<Map<String, Value>>,
    /// Whether somebody has fetched it by its address.
    fetched: bool,
    /// Whether a person was asked about it.
    asked: bool,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.number, self.event, self.id)
    }
}

impl Entry {
    /// The event, if it was not withdrawn.
    pub(super) fn event(&self) -> Option<&Map<String, Value>> {
        self.whole.as_ref()
    }

    /// Whether a withdrawal means this message: by its own name, or by that of the producer's message from which it was made.
    fn is_meant(&self, source: &str, id: &str) -> bool {
        let Some(whole) = &self.whole else { return false };
        let says = |name: &str, expected: &str| whole.get(name).and_then(Value::as_str) == Some(expected);
        (says("source", source) && says("id", id)) || (says("producer", source) && says("causationid", id))
    }
}

fn name(number: u64) -> String {
    format!("{number:020}")
}

/// The door's own file.
#[derive(Debug)]
pub(super) struct Log(pub(super) Keep);

impl Log {
    /// Keeps a message under the next number; one that is known is left as it is. A withdrawal empties what it withdraws: the copy here is
    /// ours to delete.
    pub(super) fn add(&self, message: &Delivered, now: Timestamp) -> Result<(), KeepError> {
        let change = self.0.change()?;
        if change.record::<u64>(NUMBER, &message.id)?.is_some() {
            return Ok(());
        }
        let number = next(&change, LAST)?;
        let category = message.whole.get("type").and_then(Value::as_str).and_then(|ty| ty.split('.').nth(2));
        let entry = Entry {
            number,
            id: message.id.clone(),
            event: message.event.clone(),
            category: category.unwrap_or_default().to_owned(),
            detention: message.detention.clone(),
            at: now,
            whole: Some(message.whole.clone()),
            fetched: false,
            asked: false,
        };
        if message.event == "message-withdrawn" {
            let of = |name: &str| message.data.pointer(&format!("/correction/of/{name}")).and_then(Value::as_str).unwrap_or_default();
            for meant in self.entries(0, usize::MAX)?.into_iter().filter(|entry| entry.is_meant(of("source"), of("id"))) {
                change.put(ENTRY, &name(meant.number), &Entry { whole: None, ..meant })?;
            }
        }
        change.put(ENTRY, &name(number), &entry)?;
        change.put(NUMBER, &message.id, &number)?;
        change.commit()
    }

    /// Up to `limit` messages after a number, in order.
    pub(super) fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>, KeepError> {
        Ok(self.0.records_from(ENTRY, &name(after.saturating_add(1)), limit)?.into_iter().map(|(_, entry)| entry).collect())
    }

    /// The message of this id, which counts as fetched from now on.
    pub(super) fn fetch(&self, id: &str) -> Result<Option<Entry>, KeepError> {
        let Some(number) = self.0.record::<u64>(NUMBER, id)? else { return Ok(None) };
        let change = self.0.change()?;
        let Some(entry) = change.record::<Entry>(ENTRY, &name(number))? else { return Ok(None) };
        if !entry.fetched {
            change.put(ENTRY, &name(number), &Entry { fetched: true, ..entry.clone() })?;
            change.commit()?;
        }
        Ok(Some(entry))
    }

    /// Notes that somebody has everything up to a number.
    pub(super) fn confirm(&self, up_to: u64) -> Result<(), KeepError> {
        if up_to <= self.single(CONFIRMED)? {
            return Ok(());
        }
        let change = self.0.change()?;
        let before = change.record::<u64>(SINGLE, CONFIRMED)?.unwrap_or_default();
        let up_to = up_to.max(before);
        change.put(SINGLE, CONFIRMED, &up_to)?;
        change.commit()
    }

    /// The number of the newest message.
    pub(super) fn last(&self) -> Result<u64, KeepError> {
        self.single(LAST)
    }

    /// The number up to which messages were forgotten.
    pub(super) fn forgotten(&self) -> Result<u64, KeepError> {
        self.single(FORGOTTEN)
    }

    fn single(&self, name: &str) -> Result<u64, KeepError> {
        Ok(self.0.record(SINGLE, name)?.unwrap_or_default())
    }

    /// Forgets what can be fetched since before an instant.
    pub(super) fn forget_before(&self, before: Timestamp) -> Result<(), KeepError> {
        let past: Vec<Entry> = self.entries(0, usize::MAX)?.into_iter().take_while(|entry| entry.at < before).collect();
        let Some(last) = past.last() else { return Ok(()) };
        let change = self.0.change()?;
        change.put(SINGLE, FORGOTTEN, &last.number)?;
        for entry in &past {
            change.drop(ENTRY, &name(entry.number))?;
            change.drop(NUMBER, &entry.id)?;
        }
        change.commit()
    }

    /// The ids of messages that nobody has fetched for long, each told once: of those that a subscription wants, or, where nobody
    /// subscribes, of all.
    pub(super) fn newly_unfetched(&self, now: Timestamp) -> Result<Vec<String>, KeepError> {
        // nobody else writes until this ends: what is read beside it stays so
        let change = self.0.change()?;
        let (confirmed, subscriptions) = (self.single(CONFIRMED)?, self.subscriptions()?);
        let wanted = |entry: &Entry| subscriptions.is_empty() || subscriptions.iter().any(|(_, one)| one.wants(&attributes(entry)));
        let waits = |entry: &Entry| !entry.fetched && !entry.asked && entry.whole.is_some() && now.duration_since(entry.at) >= UNFETCHED;
        let waiting = self.entries(confirmed, usize::MAX)?.into_iter().filter(|entry| waits(entry) && wanted(entry));
        let waiting: Vec<Entry> = waiting.collect();
        if waiting.is_empty() {
            return Ok(Vec::new());
        }
        for entry in &waiting {
            change.put(ENTRY, &name(entry.number), &Entry { asked: true, ..entry.clone() })?;
        }
        change.commit()?;
        Ok(waiting.into_iter().map(|entry| entry.id).collect())
    }

    /// The subscriptions by id.
    pub(super) fn subscriptions(&self) -> Result<Vec<(String, Subscription)>, KeepError> {
        self.0.records(SUBSCRIPTION)
    }

    /// One of them.
    pub(super) fn subscription(&self, id: &str) -> Result<Option<Subscription>, KeepError> {
        self.0.record(SUBSCRIPTION, id)
    }

    /// Adds a subscription under the id that is made of its number. `None`: its application has enough.
    pub(super) fn subscribe(&self, id: impl FnOnce(u64) -> String, subscription: &Subscription) -> Result<Option<String>, KeepError> {
        let change = self.0.change()?;
        if self.subscriptions()?.iter().filter(|(_, one)| one.client == subscription.client).count() >= SUBSCRIPTIONS_MAX {
            return Ok(None);
        }
        let id = id(next(&change, TAKEN)?);
        change.put(SUBSCRIPTION, &id, subscription)?;
        change.commit()?;
        Ok(Some(id))
    }

    /// Changes one, as it is then; `None` if it has ended. `alter` gives `None` to end it.
    pub(super) fn alter(
        &self,
        id: &str,
        alter: impl FnOnce(Subscription) -> Option<Subscription>,
    ) -> Result<Option<Subscription>, KeepError> {
        let change = self.0.change()?;
        let Some(before) = change.record::<Subscription>(SUBSCRIPTION, id)? else { return Ok(None) };
        let after = alter(before);
        match &after {
            Some(subscription) => change.put(SUBSCRIPTION, id, subscription)?,
            None => change.drop(SUBSCRIPTION, id)?,
        }
        change.commit()?;
        Ok(after)
    }
}

fn next(change: &Change, single: &str) -> Result<u64, KeepError> {
    let number = change.record::<u64>(SINGLE, single)?.unwrap_or_default() + 1;
    change.put(SINGLE, single, &number)?;
    Ok(number)
}
