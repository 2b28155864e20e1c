//! Who is called at its own address: one turn at a time for each recipient, so that one that hangs delays nobody else.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures::future::join_all;
use schakelpunt_domain::{
    DeliveryId, MessageId, ParticipantId,
    registers::{At, Channel, Participant, Registers, Stop},
};

use super::Hub;
use crate::{
    claim::{Permitted, Reconsider},
    event,
    model::Room,
    ports::{Hooks, Outgoing, Published, ReceiptsOf, StoreError},
};

impl Hub {
    /// Everybody that is called, so that what is handed over on the bus leaves them alone.
    pub(super) fn called(registers: &Registers) -> Vec<ParticipantId> {
        registers.called().cloned().collect()
    }

    /// Who is to be called now, with how many events: an inbox of this process's share with something for it, that is not `busy`.
    pub(crate) async fn to_call(&self, busy: &BTreeSet<ParticipantId>) -> Result<Vec<(Participant, usize)>, StoreError> {
        let (Some(hooks), registers) = (&self.hooks, self.registers().await) else { return Ok(Vec::new()) };
        let free = |id: &&ParticipantId| !busy.contains(*id) && self.sharing.is_ours(id) && !self.is_down(id);
        let free: Vec<&ParticipantId> = registers.called().filter(free).collect();
        if free.is_empty() {
            return Ok(Vec::new());
        }
        let due: BTreeSet<ParticipantId> = self.store.due_recipients().await?.into_iter().map(|due| due.recipient).collect();
        let now = self.store.now().await?;
        let at = At::now(now.max(registers.latest()));
        let mut wanted = Vec::new();
        for id in free {
            let Some(one) = registers.registered(id, at) else { continue };
            let told = !is_stopped(&registers, id, at) && !self.store.receipts(1, ReceiptsOf::One(id)).await?.is_empty();
            if due.contains(id) || told {
                let admitted = hooks.admits(one, now);
                wanted.extend((admitted > 0).then(|| (one.clone(), admitted)));
            }
        }
        Ok(wanted)
    }

    /// One turn: its receipts, then what is due. Gives how much moved.
    pub(crate) async fn call(&self, participant: &Participant, admitted: usize) -> Result<usize, StoreError> {
        let (Some(hooks), fence) = (self.hooks.clone(), self.sharing.fence(None)?) else { return Ok(0) };
        // the inboxes that are ours may have changed since it was looked for
        if !self.sharing.is_ours(&participant.id) {
            return Ok(0);
        }
        // what is due for whoever is suspended ends at the claim, and nothing is posted
        let registers = self.registers().await;
        let stopped = is_stopped(&registers, &participant.id, At::now(self.store.now().await?.max(registers.latest())));
        let (tried, told) = if stopped { (0, 0) } else { self.call_with_receipts(&hooks, participant, admitted).await? };
        let count = admitted.saturating_sub(tried);
        if count == 0 {
            return Ok(told);
        }
        let room = BTreeMap::from([(participant.id.clone(), Room { count, consent: true })]);
        let Some(Turn { permitted, uncertain, reconsider, moved }) = self.claim_for(&fence, &room).await? else { return Ok(told + 1) };
        let posts = permitted.iter().map(|one| self.post(&hooks, participant, Outgoing::Delivery(one)));
        let how = join_all(posts).await;
        self.settle_hand_overs(&permitted, &uncertain, how).await?;
        self.reconsider(reconsider).await?;
        Ok(told + moved)
    }

    /// Gives how many were tried, and how many of them were told.
    async fn call_with_receipts(
        &self,
        hooks: &Arc<dyn Hooks>,
        participant: &Participant,
        admitted: usize,
    ) -> Result<(usize, usize), StoreError> {
        let receipts = self.store.receipts(admitted, ReceiptsOf::One(&participant.id)).await?;
        let events: Vec<_> = receipts.iter().filter_map(|receipt| event::receipt(&self.settings, receipt)).collect();
        let how = join_all(events.iter().map(|event| self.post(hooks, participant, Outgoing::Receipt(event)))).await;
        let told = events.iter().zip(how).filter(|(_, how)| matches!(how, Published::Confirmed | Published::Refused));
        let told: Vec<MessageId> = told.map(|(event, _)| event.id.clone()).collect();
        if !told.is_empty() {
            self.store.receipts_told(&told).await?;
        }
        Ok((events.len(), told.len()))
    }

    async fn post(&self, hooks: &Arc<dyn Hooks>, to: &Participant, what: Outgoing<'_>) -> Published {
        let Ok(now) = self.store.now().await else { return Published::NotNow };
        let within = self.settings.limits.call();
        // whatever the channel does: after that the claim may be somebody else's
        tokio::time::timeout(within, hooks.post(to, what, now)).await.unwrap_or(Published::Uncertain)
    }
}

fn is_stopped(registers: &Registers, id: &ParticipantId, at: At) -> bool {
    registers.stops(at).any(|stop| matches!(stop, Stop::Participant(stopped) if stopped == id))
}

/// Whether what a recipient is due goes by the bus.
pub(super) fn by_bus(registers: &Registers, recipient: &ParticipantId) -> bool {
    registers.channel(recipient) == Channel::Amqp
}

/// What was claimed for one turn.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// What may leave.
    pub(super) permitted: Vec<Permitted>,
    /// Of these, what was claimed before and may have arrived.
    pub(super) uncertain: BTreeSet<DeliveryId>,
    /// What has to be decided for somebody else.
    pub(super) reconsider: Reconsider,
    /// How many verdicts moved something.
    pub(super) moved: usize,
}
