//! Who is called at its own address: one turn at a time for each recipient, so that one that hangs delays nobody else.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError},
};

use futures::future::join_all;
use jiff::Timestamp;
use schakelpunt_domain::{
    DeliveryId, MessageId, ParticipantId,
    registers::{At, Channel, Participant, Registers, Stop},
};

use super::Hub;
use crate::{
    claim::{PAUSE, Permitted, Reconsider},
    event,
    model::Room,
    ports::{Hooks, Outgoing, Published, ReceiptEvent, ReceiptsOf, StoreError},
};

impl Hub {
    /// Everybody that is called, so that what is handed over on the bus leaves them alone.
    pub(super) fn called(registers: &Registers) -> Vec<ParticipantId> {
        registers.called().cloned().collect()
    }

    /// Who is to be called now, with how many events: an inbox of this process's share with something for it, that is not `busy`.
    pub(crate) async fn to_call(&self, busy: &BTreeSet<ParticipantId>) -> Result<Vec<(ParticipantId, usize)>, StoreError> {
        let (Some(hooks), registers) = (&self.hooks, self.registers().await) else { return Ok(Vec::new()) };
        let free = |id: &&ParticipantId| !busy.contains(*id) && self.sharing.is_ours(id) && !self.is_down(id);
        let free: Vec<&ParticipantId> = registers.called().filter(free).collect();
        if free.is_empty() {
            return Ok(Vec::new());
        }
        let due: BTreeSet<ParticipantId> = self.store.due_recipients().await?.into_iter().map(|due| due.recipient).collect();
        let now = self.store.now().await?;
        let at = At::now(now.max(registers.latest()));
        let told = |id: &ParticipantId| may_be_told(&registers, id, at).is_some() && !self.receipts_rest(id, now);
        let told: Vec<ParticipantId> = free.iter().filter(|id| told(id)).map(|id| (*id).clone()).collect();
        let untold = self.store.untold(&told).await?;
        let mut wanted = Vec::new();
        for id in free {
            let Some(one) = registers.registered(id, at) else { continue };
            if due.contains(id) || untold.contains(id) {
                let admitted = hooks.admits(one, now);
                wanted.extend((admitted > 0).then(|| (id.clone(), admitted)));
            }
        }
        Ok(wanted)
    }

    /// One turn: what is due, then receipts as far as there is room. Gives how much moved.
    pub(crate) async fn call(&self, id: &ParticipantId, admitted: usize) -> Result<usize, StoreError> {
        let (Some(hooks), fence) = (self.hooks.clone(), self.sharing.fence(None)?) else { return Ok(0) };
        // the inboxes that are ours may have changed since it was looked for
        if !self.sharing.is_ours(id) {
            return Ok(0);
        }
        let room = BTreeMap::from([(id.clone(), Room { count: admitted, consent: true })]);
        let mut moved = 0;
        let turn = loop {
            let Some(turn) = self.claim_for(&fence, &room).await? else { return Ok(moved + 1) };
            moved += turn.moved;
            // what is paused or ends takes no room from what may go
            if !turn.permitted.is_empty() || turn.moved == 0 {
                break turn;
            }
            self.reconsider(turn.reconsider).await?;
        };
        let Turn { registers, permitted, uncertain, reconsider, moved: _ } = turn;
        let now = self.store.now().await?;
        // where the registers of this very claim say, and nowhere if they say another channel by now: then it is decided again
        let to = registers.registered(id, At::now(now.max(registers.latest()))).filter(|_| registers.channel(id) == Channel::Webhook);
        let how = match to {
            Some(to) => join_all(permitted.iter().map(|one| self.post(&hooks, to, Outgoing::Delivery(one), now))).await,
            None => vec![Published::Uncertain; permitted.len()],
        };
        self.settle_hand_overs(&permitted, &uncertain, how).await?;
        self.reconsider(reconsider).await?;
        Ok(moved + self.call_with_receipts(&hooks, id, admitted.saturating_sub(permitted.len()), now).await?)
    }

    /// Gives how many were told.
    async fn call_with_receipts(
        &self,
        hooks: &Arc<dyn Hooks>,
        id: &ParticipantId,
        room: usize,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        if room == 0 || self.receipts_rest(id, now) {
            return Ok(0);
        }
        let receipts = self.store.receipts(room, ReceiptsOf::One(id)).await?;
        if receipts.is_empty() {
            return Ok(0);
        }
        // no claim has compared the registers with the store's
        self.reload().await?;
        let registers = self.registers().await;
        let Some(to) = may_be_told(&registers, id, At::now(now.max(registers.latest()))) else { return Ok(0) };
        let events: Vec<_> = receipts.iter().filter_map(|receipt| event::receipt(&self.settings, receipt)).collect();
        let how = join_all(events.iter().map(|event| self.post(hooks, to, Outgoing::Receipt(event), now))).await;
        // a gap that nobody heard of would stay one
        let is_void = |event: &ReceiptEvent| event.ty.contains(".delivery-void.");
        let is_told = |(event, how): &(&ReceiptEvent, Published)| match how {
            Published::Confirmed => true,
            Published::Refused => !is_void(event),
            Published::NotNow | Published::Unroutable | Published::Uncertain => false,
        };
        let told: Vec<MessageId> = events.iter().zip(how).filter(is_told).map(|(event, _)| event.id.clone()).collect();
        if told.len() < events.len() {
            self.rest_receipts(id, now);
        }
        self.store.receipts_told(&told).await?;
        Ok(told.len())
    }

    async fn post(&self, hooks: &Arc<dyn Hooks>, to: &Participant, what: Outgoing<'_>, now: Timestamp) -> Published {
        // the call has a shorter limit of its own, and says what it met; after this one the claim may be somebody else's
        let claimed = self.settings.limits.claim / 2;
        tokio::time::timeout(claimed, hooks.post(to, what, now)).await.unwrap_or(Published::Uncertain)
    }

    fn receipts_rest(&self, id: &ParticipantId, now: Timestamp) -> bool {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner).get(id).is_some_and(|until| now < *until)
    }

    /// One that failed is tried again later: deliveries go on meanwhile.
    fn rest_receipts(&self, id: &ParticipantId, now: Timestamp) {
        let until = now.checked_add(PAUSE).unwrap_or(now);
        self.resting.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), until);
    }
}

/// Who is called and takes part, and does not stand still.
fn may_be_told<'a>(registers: &'a Registers, id: &ParticipantId, at: At) -> Option<&'a Participant> {
    let stopped = registers.stops(at).any(|stop| matches!(stop, Stop::Participant(stopped) if stopped == id));
    registers.participant(id, at).filter(|_| !stopped && registers.channel(id) == Channel::Webhook)
}

/// Whether what a recipient is due goes by the bus.
pub(super) fn by_bus(registers: &Registers, recipient: &ParticipantId) -> bool {
    registers.channel(recipient) == Channel::Amqp
}

/// What was claimed for one turn.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// By which it was claimed.
    pub(super) registers: Arc<Registers>,
    /// What may leave.
    pub(super) permitted: Vec<Permitted>,
    /// Of these, what was claimed before and may have arrived.
    pub(super) uncertain: BTreeSet<DeliveryId>,
    /// What has to be decided for somebody else.
    pub(super) reconsider: Reconsider,
    /// How many verdicts moved something.
    pub(super) moved: usize,
}
