//! Publishing with confirms.

use std::{collections::HashSet, time::Duration};

use futures::FutureExt as _;
use lapin::{
    Confirmation, PublisherConfirm,
    message::BasicReturnMessage,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::ShortString,
};

use crate::{Connection, Error, Message, connection::answered};

/// What became of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The broker has it.
    Confirmed,
    /// The broker could not route it and gave it back.
    Returned,
    /// The broker did not take it (a full queue).
    Nacked,
    /// It was never sent: the connection was blocked or gone.
    NotSent,
    /// Nobody knows: connection, channel or patience ended before the answer.
    Uncertain,
}

/// What became of a batch.
#[derive(Debug)]
pub struct Sent {
    /// One for each message, in order.
    pub answers: Vec<Answer>,
    /// What ended the channel, if something did.
    pub trouble: Option<Error>,
}

/// A channel that confirms.
#[derive(Debug)]
pub struct Publisher {
    channel: lapin::Channel,
    connection: Connection,
    /// Whether every message so far was answered. If not, a late return could be taken for one of the next batch.
    sound: bool,
}

impl Publisher {
    pub(crate) async fn open(connection: &Connection) -> Result<Self, Error> {
        let channel = connection.channel().await?;
        answered(channel.confirm_select(ConfirmSelectOptions { nowait: false })).await?;
        Ok(Self { channel, connection: connection.clone(), sound: true })
    }

    /// Whether another batch may be published; if not, open another.
    pub fn is_usable(&self) -> bool {
        self.sound && self.channel.status().connected() && self.connection.is_open()
    }

    /// Publishes all, in order and as mandatory, then waits for every confirm, in all at most `patience`.
    ///
    /// The error is [`Error::ConfirmsOff`] alone; everything else is told per message.
    pub async fn publish_batch(&mut self, batch: &[Message<'_>], patience: Duration) -> Result<Sent, Error> {
        if !self.is_usable() || self.connection.is_blocked() {
            return Ok(Sent { answers: vec![Answer::NotSent; batch.len()], trouble: None });
        }
        // stays so if the caller gives up meanwhile
        self.sound = false;
        let mut round = Round::default();
        if tokio::time::timeout(patience, round.run(&self.channel, batch)).await.is_err() {
            round.trouble = Some(Error::Silent);
            round.collect();
        }
        self.sound = round.is_complete(batch.len());
        round.answers(batch)
    }
}

/// One batch under way.
#[derive(Default)]
struct Round {
    begun: usize,
    confirms: Vec<PublisherConfirm>,
    results: Vec<Option<Confirmation>>,
    trouble: Option<Error>,
}

impl Round {
    async fn run(&mut self, channel: &lapin::Channel, batch: &[Message<'_>]) {
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        for message in batch {
            self.begun += 1;
            let Message { exchange, routing_key, properties, body } = message.clone();
            match channel.basic_publish(exchange, routing_key, options, body, properties).await {
                Ok(confirm) => self.confirms.push(confirm),
                Err(error) => {
                    self.trouble = Some(error.into());
                    break;
                }
            }
        }
        while let Some(confirm) = self.confirms.get_mut(self.results.len()) {
            let result = confirm.await;
            self.note(result);
        }
    }

    /// Takes the answers that came while an earlier one was still awaited.
    fn collect(&mut self) {
        while let Some(confirm) = self.confirms.get_mut(self.results.len()) {
            match confirm.now_or_never() {
                Some(result) => self.note(result),
                None => self.results.push(None),
            }
        }
    }

    fn note(&mut self, result: lapin::Result<Confirmation>) {
        match result {
            Ok(confirmation) => self.results.push(Some(confirmation)),
            Err(error) => {
                self.results.push(None);
                self.trouble.get_or_insert(error.into());
            }
        }
    }

    fn is_complete(&self, count: usize) -> bool {
        self.trouble.is_none() && self.results.len() == count && self.results.iter().all(Option::is_some)
    }

    fn answers(self, batch: &[Message<'_>]) -> Result<Sent, Error> {
        let mut returned = HashSet::new();
        for result in self.results.iter().flatten() {
            match result {
                Confirmation::Ack(Some(message)) | Confirmation::Nack(Some(message)) => returned.insert(returned_route(message)),
                Confirmation::Ack(None) | Confirmation::Nack(None) => false,
                Confirmation::NotRequested => return Err(Error::ConfirmsOff),
            };
        }
        // as long as an answer is missing, a return may still be attached to it: then no acknowledgement proves routing
        let proven = returned.is_empty() || self.is_complete(batch.len());
        let answers = batch.iter().enumerate().map(|(index, message)| match self.results.get(index) {
            _ if returned.contains(&route(message)) => Answer::Returned,
            Some(Some(Confirmation::Ack(_))) if proven => Answer::Confirmed,
            Some(Some(Confirmation::Nack(_))) => Answer::Nacked,
            None if index >= self.begun => Answer::NotSent,
            Some(Some(Confirmation::Ack(_) | Confirmation::NotRequested) | None) | None => Answer::Uncertain,
        });
        let answers = answers.collect();
        Ok(Sent { answers, trouble: self.trouble })
    }
}

/// What tells a returned message. Two messages of one batch that share it are both taken for returned: repeated, not lost.
type Route = (ShortString, ShortString, Option<ShortString>);

fn route(message: &Message<'_>) -> Route {
    (message.exchange.clone(), message.routing_key.clone(), message.properties.message_id().clone())
}

fn returned_route(message: &BasicReturnMessage) -> Route {
    let delivery = &message.delivery;
    (delivery.exchange.clone(), delivery.routing_key.clone(), delivery.properties.message_id().clone())
}
