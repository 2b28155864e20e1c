//! A bus that hands what is for one participant to a second bus: its inbox in the virtual host of rehearsals.

use std::sync::Arc;

use async_trait::async_trait;
use schakelpunt_domain::ParticipantId;
use schakelpunt_engine::{
    model::Room,
    ports::{Bus, BusError, Intake, Outgoing, Published},
};

#[derive(Debug)]
pub(super) struct Beside {
    own: ParticipantId,
    inbox: Arc<dyn Bus>,
    rest: Arc<dyn Bus>,
}

impl Beside {
    pub(super) fn new(own: ParticipantId, inbox: Arc<dyn Bus>, rest: Arc<dyn Bus>) -> Self {
        Self { own, inbox, rest }
    }

    fn is_own(&self, outgoing: &Outgoing<'_>) -> bool {
        match outgoing {
            Outgoing::Delivery(permitted) => *permitted.recipient() == self.own,
            Outgoing::Receipt(receipt) => receipt.to == self.own,
        }
    }
}

#[async_trait]
impl Bus for Beside {
    fn queues(&self) -> Vec<String> {
        self.rest.queues()
    }

    async fn open(&self, queue: &str) -> Result<Box<dyn Intake>, BusError> {
        self.rest.open(queue).await
    }

    async fn publish(&self, batch: &[Outgoing<'_>]) -> Vec<Published> {
        let (own, others): (Vec<Outgoing<'_>>, Vec<Outgoing<'_>>) = batch.iter().copied().partition(|outgoing| self.is_own(outgoing));
        let mut own = if own.is_empty() { Vec::new() } else { self.inbox.publish(&own).await }.into_iter();
        let mut others = if others.is_empty() { Vec::new() } else { self.rest.publish(&others).await }.into_iter();
        let next = |outgoing| if self.is_own(outgoing) { own.next() } else { others.next() };
        batch.iter().map(next).map(|answer| answer.unwrap_or(Published::Uncertain)).collect()
    }

    async fn room(&self, participant: &ParticipantId, window: usize) -> Result<Room, BusError> {
        self.rest.room(participant, window).await
    }
}
