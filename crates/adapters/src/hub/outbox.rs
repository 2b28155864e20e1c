//! What waits goes to the broker.

use jiff::Timestamp;
use schakelpunt_amqp::{Answer, Header, Message, Properties, Publisher, topology};
use schakelpunt_domain::MessageId;

use super::{BATCH, CONFIRM, Link, PARKED, RECEIPT, Sink, TICK, pauses};
use crate::{
    Error,
    alarm::Code,
    event::{CONTENT_TYPE, Outgoing},
    keep::{self, Progress},
};

impl<S: Sink> Link<'_, S> {
    /// Sends what waits, for ever.
    pub(super) async fn send(&self) -> Result<(), Error> {
        let mut pauses = pauses();
        loop {
            let connection = self.connect("out").await?;
            match connection.publisher().await {
                Ok(mut publisher) => {
                    if self.send_over(&mut publisher).await? {
                        pauses = super::pauses();
                    }
                }
                Err(error) => tracing::warn!(participant = %self.participant, %error, "the broker takes nothing for now"),
            }
            tokio::time::sleep(pauses.next().unwrap_or(super::PAUSE.1)).await;
        }
    }

    /// Sends until something does not get through; whether anything did.
    async fn send_over(&self, publisher: &mut Publisher) -> Result<bool, Error> {
        let mut some = false;
        loop {
            // asked for before looking, so that nothing that comes in between is slept through
            let woken = self.wake.notified();
            let ready = self.look()?;
            if ready.is_empty() {
                // the answer to neither matters: it is looked again
                drop(tokio::time::timeout(TICK, woken).await);
                if !publisher.is_usable() {
                    return Ok(some);
                }
                continue;
            }
            let answers = publish(publisher, &ready).await?;
            let change = self.keep.change()?;
            for (message, answer) in ready.iter().zip(&answers) {
                if *answer == Answer::Confirmed {
                    change.progress(&message.id, Progress::Sent(self.now()))?;
                    some = true;
                }
            }
            change.commit()?;
            if let Some(other) = answers.iter().find(|answer| **answer != Answer::Confirmed) {
                tracing::warn!(participant = %self.participant, answer = ?other, "the broker did not take a message; it goes again");
                return Ok(some);
            }
        }
    }

    /// What may go now. What has waited too long for its receipt goes again.
    pub(super) fn look(&self) -> Result<Vec<Outgoing>, Error> {
        let open = self.keep.open_messages()?;
        let is_late = |progress| matches!(progress, Progress::Sent(at) if self.now().duration_since(at) > RECEIPT);
        let late: Vec<&MessageId> = open
            .iter()
            .filter(|(_, kept)| kept.message.participant == self.participant && is_late(kept.progress))
            .map(|(_, kept)| &kept.message.id)
            .collect();
        if !late.is_empty() {
            let change = self.keep.change()?;
            for id in &late {
                change.progress(id, Progress::Waiting)?;
                // one that waits for the start of its detention was answered
                if self.keep.record::<Timestamp>(PARKED, id.as_str())?.is_none() {
                    self.alarms.raise(self.now(), Code::NoReceipt, id.as_str(), None);
                }
            }
            change.commit()?;
            return self.look();
        }
        Ok(keep::ready(&open, &self.participant).into_iter().take(BATCH).collect())
    }
}

async fn publish(publisher: &mut Publisher, ready: &[Outgoing]) -> Result<Vec<Answer>, Error> {
    let mut batch = Vec::with_capacity(ready.len());
    for Outgoing { participant, id, event, detention, body } in ready {
        let properties = Properties {
            content_type: CONTENT_TYPE.to_owned(),
            message_id: Some(id.to_string()),
            user_id: Some(participant.to_string()),
            headers: vec![(topology::PARTITION_KEY.to_owned(), Header::Text(detention.to_string()))],
            ..Properties::default()
        };
        batch.push(Message::new(topology::IN, &format!("{participant}.{event}"), &properties, body.as_bytes()).map_err(Error::Amqp)?);
    }
    let sent = publisher.publish_batch(&batch, CONFIRM).await.map_err(Error::Amqp)?;
    Ok(sent.answers)
}
