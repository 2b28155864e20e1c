//! What the hub says. The number of a message is noted together with what became of it, so that nothing counts as here that is not.

use std::time::Duration;

use jiff::Timestamp;
use schakelpunt_amqp::{Consumer, topology};
use schakelpunt_domain::{DetentionRef, MessageId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    BATCH, Link, Sink, SinkError,
    numbers::{self, Numbers, Range},
    pauses,
};
use crate::{
    Error,
    alarm::Code,
    delivered::Delivered,
    event::{self, Outgoing},
    keep::{Change, HANDED_ON, Progress},
};

/// How long a batch is waited for after its first message.
const LINGER: Duration = Duration::from_millis(10);

/// The kind of the records of which numbers of a participant are accounted for.
const ACCOUNTED: &str = "accounted";
/// The kind of the records of what waits for the system here.
const WAITS: &str = "waits";
/// By which an adapter tells the hub what it has handed on.
const CONFIRMED: &str = "delivery-confirmed";

#[derive(Deserialize)]
struct Key {
    id: MessageId,
}

impl<S: Sink> Link<'_, S> {
    /// Receives, for ever.
    pub(super) async fn receive(&self) -> Result<(), Error> {
        let mut pauses = pauses();
        loop {
            let connection = self.connect("in").await?;
            match connection.consumer(&topology::inbox(&self.participant), u16::try_from(BATCH).unwrap_or(u16::MAX)).await {
                Ok(mut consumer) => {
                    if self.receive_from(&mut consumer).await? {
                        pauses = super::pauses();
                    }
                }
                Err(error) => tracing::warn!(participant = %self.participant, %error, "the inbox cannot be read"),
            }
            tokio::time::sleep(pauses.next().unwrap_or(super::PAUSE.1)).await;
        }
    }

    /// Receives until something fails; whether anything was received. What was not acknowledged comes again.
    async fn receive_from(&self, consumer: &mut Consumer) -> Result<bool, Error> {
        let mut some = false;
        loop {
            let batch = match consumer.next_batch(BATCH, LINGER).await {
                Ok(batch) => batch,
                Err(error) => {
                    tracing::warn!(participant = %self.participant, %error, "the inbox cannot be read for now");
                    return Ok(some);
                }
            };
            for received in &batch {
                if !self.take(Delivered::read(&received.message.body), received.message_id.as_deref()).await? {
                    return Ok(some);
                }
                if consumer.ack_up_to(received.tag).await.is_err() {
                    return Ok(some);
                }
                some = true;
            }
        }
    }

    /// Takes one message; `false` if it has to stay.
    pub(super) async fn take(&self, message: Option<Delivered>, id: Option<&str>) -> Result<bool, Error> {
        let Some(message) = message else {
            self.alarms.raise(self.now(), Code::Unreadable, id.unwrap_or("without id"), None);
            return Ok(true);
        };
        let change = match message.event.as_str() {
            "message-accepted" | "message-refused" | "message-rejected" => {
                let change = self.keep.change()?;
                self.receipt(&message, &change)?;
                change
            }
            "current-set-requested" => {
                let change = self.keep.change()?;
                self.offer_again(&message, &change)?;
                change
            }
            "heartbeat" => {
                let change = self.keep.change()?;
                change.put("heartbeat", self.participant.as_str(), &message.data)?;
                self.head(&message, &change)?;
                change
            }
            "delivery-void" => {
                let change = self.keep.change()?;
                self.account(Range::of_void(&message.data), &message, &change)?;
                change
            }
            _ => match self.hand_on(&message).await? {
                Some(change) => change,
                None => return Ok(false),
            },
        };
        if let Some(number) = message.whole.get("number") {
            self.account(Range::of_message(number), &message, &change)?;
        }
        change.commit()?;
        self.wake.notify_waiters();
        Ok(true)
    }

    /// Notes numbers that are accounted for. What cannot be a number is not: then it is missing, and a person is asked.
    fn account(&self, range: Option<Range>, message: &Delivered, change: &Change) -> Result<(), Error> {
        let Some(range) = range else {
            tracing::warn!(participant = %self.participant, message = %message.id, "what the hub says holds no number that can be one");
            return Ok(());
        };
        let mut numbers = change.record::<Numbers>(ACCOUNTED, self.participant.as_str())?.unwrap_or_default();
        self.ask_about(numbers.account(range));
        Ok(change.put(ACCOUNTED, self.participant.as_str(), &numbers)?)
    }

    fn head(&self, message: &Delivered, change: &Change) -> Result<(), Error> {
        match message.data.pointer("/heartbeat/head").and_then(Value::as_u64).and_then(numbers::believed) {
            Some(head) => self.complete_to(head, change),
            None => self.account(None, message, change),
        }
    }

    /// Everything up to `head` has come, or was told as void: a person is asked once about what did not.
    pub(super) fn complete_to(&self, head: u64, change: &Change) -> Result<(), Error> {
        let mut numbers = change.record::<Numbers>(ACCOUNTED, self.participant.as_str())?.unwrap_or_default();
        if numbers.reaches(head) {
            return Ok(());
        }
        self.ask_about(numbers.missing(head));
        Ok(change.put(ACCOUNTED, self.participant.as_str(), &numbers)?)
    }

    /// Whether there is nothing to do at this head.
    pub(super) fn is_complete_to(&self, head: u64) -> Result<bool, Error> {
        let numbers = self.keep.record::<Numbers>(ACCOUNTED, self.participant.as_str())?;
        Ok(numbers.is_some_and(|numbers| numbers.reaches(head)))
    }

    fn ask_about(&self, missing: impl IntoIterator<Item = Range>) {
        for range in missing {
            self.alarms.raise(self.now(), Code::MissingNumbers, format!("{} {range}", self.participant), None);
        }
    }

    /// Whether a message of ours says what was received: if its case was withdrawn there is nothing left to confirm.
    pub(super) fn is_confirmation(&self, id: &MessageId) -> Result<bool, Error> {
        Ok(self.keep.change()?.event_of(id)?.as_deref() == Some(CONFIRMED))
    }

    fn receipt(&self, message: &Delivered, change: &Change) -> Result<(), Error> {
        let keys = |value: Option<&Value>| value.cloned().and_then(|value| serde_json::from_value::<Vec<Key>>(value).ok());
        let one = message.data.get("message").map(|key| Value::Array(vec![key.clone()]));
        let about = keys(message.data.get("messages")).or_else(|| keys(one.as_ref())).unwrap_or_default();
        let text = |name: &str| message.data.get(name).and_then(Value::as_str).unwrap_or_default();
        for Key { id } in about {
            match message.event.as_str() {
                "message-accepted" => change.progress(&id, Progress::Accepted)?,
                // the law lets it go to nobody at present: that is recorded there, and nothing that a person here has to do
                "message-refused" => change.progress(&id, Progress::Refused)?,
                // a case that was withdrawn is nobody's: then there is nothing left to confirm
                _ if change.event_of(&id)?.as_deref() == Some(CONFIRMED) => change.progress(&id, Progress::Refused)?,
                _ => {
                    let detail = Some(format!("{} at {}", text("code"), text("pointer")));
                    self.alarms.raise(self.now(), Code::Rejected, id.as_str(), detail);
                    change.progress(&id, Progress::Rejected)?
                }
            };
        }
        Ok(())
    }

    /// Somebody new has become entitled: what was said about this detention is offered again, the same bytes under the same ids.
    fn offer_again(&self, message: &Delivered, change: &Change) -> Result<(), Error> {
        let events: Vec<&str> =
            message.data.get("events").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let asked = |kept: &Outgoing| {
            kept.participant == self.participant
                && Some(&kept.detention) == message.detention.as_ref()
                && events.contains(&kept.event.as_str())
        };
        for (_, kept) in self.keep.messages(|kept| asked(&kept.message) && kept.progress != Progress::Rejected)? {
            change.progress(&kept.message.id, Progress::Waiting)?;
        }
        Ok(())
    }

    /// Hands a message on, once, and confirms it to the hub. `None`: it has to wait.
    async fn hand_on(&self, message: &Delivered) -> Result<Option<Change>, Error> {
        if self.keep.record::<Timestamp>(HANDED_ON, &message.id)?.is_none() {
            match self.sink.hand_on(message).await {
                Ok(()) => {}
                Err(error @ SinkError::Later(_)) => {
                    self.waits(message, &error)?;
                    return Ok(None);
                }
                Err(error @ SinkError::Never(_)) => {
                    self.alarms.raise(self.now(), Code::NeverHandedOn, &message.id, Some(error.to_string()));
                    return Ok(Some(self.keep.change()?));
                }
            }
        }
        let change = self.keep.change()?;
        change.drop(WAITS, &message.id)?;
        change.put(HANDED_ON, &message.id, &self.now())?;
        if let Some(detention) = &message.detention {
            change.add(&self.confirmation(message, detention, change.number(detention)?), self.now())?;
        }
        Ok(Some(change))
    }

    /// A person is asked once for each message that waits, however often it is tried.
    fn waits(&self, message: &Delivered, error: &SinkError) -> Result<(), Error> {
        tracing::info!(participant = %self.participant, message = %message.id, %error, "not handed on for now");
        if self.keep.record::<Value>(WAITS, &message.id)?.is_none() {
            let change = self.keep.change()?;
            change.put(WAITS, &message.id, &json!({ "since": self.now() }))?;
            change.commit()?;
            self.alarms.raise(self.now(), Code::NotHandedOn, &message.id, Some(error.to_string()));
        }
        Ok(())
    }

    fn confirmation(&self, message: &Delivered, detention: &DetentionRef, sequence: u64) -> Outgoing {
        let id = event::derived_id(&[self.participant.as_str(), "received", &message.id]);
        let event = json!({
            "specversion": "1.0",
            "id": id,
            "source": self.source,
            "type": "nl.schakelpunt.housekeeping.delivery-confirmed.v1",
            "time": self.now(),
            "subject": detention,
            "partitionkey": detention,
            "sequence": format!("{sequence:020}"),
            "datacontenttype": "application/json",
            "data": { "receipt": { "delivery": message.id, "at": self.now() } },
        });
        Outgoing {
            participant: self.participant.clone(),
            id,
            event: CONFIRMED.to_owned(),
            detention: detention.clone(),
            body: event.to_string(),
        }
    }
}
