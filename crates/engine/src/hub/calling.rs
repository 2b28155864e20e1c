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

use tokio::time::Instant;

use super::{Hub, handing_over::in_time};
use crate::{
    claim::{PAUSE, Permitted, Reconsider},
    event,
    model::{Receipt, Room},
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
        let takes_receipts = |id: &ParticipantId| registers.registered(id, at).is_some_and(|one| hooks.takes_receipts(one, now));
        let told = |id: &ParticipantId| may_be_told(&registers, id, at).is_some() && !self.receipts_rest(id, now) && takes_receipts(id);
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
        let (turn, deadline) = loop {
            let deadline = in_time(&self.settings.limits);
            let Some(turn) = self.claim_for(&fence, &room).await? else { return Ok(moved + 1) };
            moved += turn.moved;
            // what is paused or ends takes no room from what may go
            if !turn.permitted.is_empty() || turn.moved == 0 {
                break (turn, deadline);
            }
            self.reconsider(turn.reconsider).await?;
        };
        let Turn { registers, permitted, uncertain, reconsider, moved: _ } = turn;
        let now = self.store.now().await?;
        // where the registers of this very claim say, and nowhere if they say another channel by now: then it is decided again
        let to = registers.registered(id, At::now(now.max(registers.latest()))).filter(|_| registers.channel(id) == Channel::Webhook);
        let how = match to {
            Some(to) => join_all(permitted.iter().map(|one| post(&hooks, to, Outgoing::Delivery(one), now, deadline))).await,
            None => vec![Published::NotNow; permitted.len()],
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
        let receipts = self.receipts_for(id, room, now).await?;
        if receipts.is_empty() {
            return Ok(0);
        }
        let deadline = in_time(&self.settings.limits);
        // no claim has compared the registers with the store's
        self.refresh().await?;
        let registers = self.registers().await;
        let Some(to) = may_be_told(&registers, id, At::now(now.max(registers.latest()))) else { return Ok(0) };
        if !hooks.takes_receipts(to, now) {
            return Ok(0);
        }
        let events: Vec<_> = receipts.iter().filter_map(|receipt| event::receipt(&self.settings, receipt)).collect();
        let how = join_all(events.iter().map(|event| post(hooks, to, Outgoing::Receipt(event), now, deadline))).await;
        // a gap that nobody heard of would stay one
        let is_void = |event: &ReceiptEvent| event.ty.contains(".delivery-void.");
        let is_told = |(event, how): &(&ReceiptEvent, Published)| match how {
            Published::Confirmed => true,
            Published::Refused => !is_void(event),
            Published::NotNow | Published::Unroutable | Published::Uncertain => false,
        };
        let (told, left): (Vec<_>, Vec<_>) = events.iter().zip(how).partition(is_told);
        self.rest_receipts(id, &left, now);
        let told: Vec<MessageId> = told.into_iter().map(|(event, _)| event.id.clone()).collect();
        self.store.receipts_told(&told).await?;
        Ok(told.len())
    }

    /// The next receipts for one: first those that were not tried, so that none that is never taken stands before the others.
    async fn receipts_for(&self, id: &ParticipantId, room: usize, now: Timestamp) -> Result<Vec<Receipt>, StoreError> {
        let failed = self.resting.lock().unwrap_or_else(PoisonError::into_inner).get(id).map_or(0, |resting| resting.failed.len());
        let limit = room.saturating_add(failed);
        let receipts = self.store.receipts(limit, ReceiptsOf::One(id)).await?;
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(resting) = resting.get_mut(id) else { return Ok(receipts) };
        if receipts.len() < limit {
            // all there are: what is not among them was told
            resting.failed.retain(|failed, _| receipts.iter().any(|receipt| receipt.id == *failed));
        }
        let (again, mut next): (Vec<_>, Vec<_>) = receipts.into_iter().partition(|receipt| resting.failed.contains_key(&receipt.id));
        next.extend(again.into_iter().filter(|receipt| resting.failed.get(&receipt.id).is_none_or(|until| *until <= now)));
        next.truncate(room);
        // nothing but those: nobody has to look until the first of them may go
        if let (true, Some(first)) = (next.is_empty(), resting.failed.values().min()) {
            resting.until = *first;
        }
        Ok(next)
    }

    fn receipts_rest(&self, id: &ParticipantId, now: Timestamp) -> bool {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner).get(id).is_some_and(|resting| now < resting.until)
    }

    /// Those that were not taken are tried again later, behind the others: deliveries go on meanwhile.
    fn rest_receipts(&self, id: &ParticipantId, left: &[(&ReceiptEvent, Published)], now: Timestamp) {
        if left.is_empty() {
            return;
        }
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        let resting = resting.entry(id.clone()).or_default();
        let until = now.checked_add(PAUSE).unwrap_or(now);
        // a refusal is of that one; anything else would meet all of them
        if left.iter().any(|(_, how)| *how != Published::Refused) {
            resting.until = until;
        }
        resting.failed.extend(left.iter().map(|(event, _)| (event.id.clone(), until)));
    }
}

/// Receipts to an address that did not take one.
#[derive(Debug, Default)]
pub(super) struct Resting {
    /// Until when all of them are left alone.
    until: Timestamp,
    /// Which were not taken, and until when each rests: they come after those that were not tried.
    failed: BTreeMap<MessageId, Timestamp>,
}

/// One call, unless it is too late for it: the claim may soon be somebody else's. The call has a shorter limit of its own, and says what it
/// met.
async fn post(hooks: &Arc<dyn Hooks>, to: &Participant, what: Outgoing<'_>, now: Timestamp, deadline: Instant) -> Published {
    if Instant::now() >= deadline {
        // nothing left
        return Published::NotNow;
    }
    tokio::time::timeout_at(deadline, hooks.post(to, what, now)).await.unwrap_or(Published::Uncertain)
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
