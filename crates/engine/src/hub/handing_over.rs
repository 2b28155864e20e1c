//! What leaves on the bus: claims, receipts.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
};

use jiff::Timestamp;
use schakelpunt_domain::{
    DeliveryId, ParticipantId,
    registers::Registers,
    stage::{BlockReason, Stage},
};

use tokio::time::Instant;

use super::{
    Hub,
    calling::{Turn, by_bus},
    chain,
    inboxes::SetAside,
};
use crate::{
    claim::{Permitted, Reconsider, judge},
    event,
    leases::Lease,
    model::{ByConsent, Due, HandOver, Room, Timer, Verdict},
    ports::{Outgoing, Published, ReceiptsOf, StoreError},
    settings::Limits,
    step::{Input, Receipts, is_change},
};

impl Hub {
    /// Hands over what was claimed as it was decided. Gives how many.
    pub(crate) async fn hand_over_ready(&self) -> Result<usize, StoreError> {
        let ready = self.ready.take(self.settings.limits.claims);
        self.inboxes.done(ready.late.iter().map(Permitted::recipient));
        let count = ready.in_time.len();
        if let Some(deadline) = ready.deadline {
            let registers = self.registers().await;
            let (permitted, others): (Vec<_>, Vec<_>) = ready.in_time.into_iter().partition(|one| by_bus(&registers, one.recipient()));
            self.hand_over(&permitted, &BTreeSet::new(), deadline).await?;
            self.not_by_bus(&others, &BTreeSet::new()).await?;
        }
        Ok(count)
    }

    /// Whose channel is another since it was claimed: it is decided again, for that one.
    async fn not_by_bus(&self, others: &[Permitted], uncertain: &BTreeSet<DeliveryId>) -> Result<(), StoreError> {
        self.inboxes.done(others.iter().map(Permitted::recipient));
        self.settle_hand_overs(others, uncertain, vec![Published::NotNow; others.len()]).await
    }

    /// For how many deliveries of each inbox a batch may set aside room, so that they are claimed as they are decided. By the registers
    /// by which they are decided: whoever has another channel by them has no room here.
    pub(super) async fn room_at_once(&self, registers: &Registers) -> Option<SetAside<'_>> {
        // what cannot be handed over soon waits where it can be cancelled
        if !self.ready.fewer_than(self.settings.limits.claims).await {
            return None;
        }
        for recipient in self.inboxes.nearly_full(self.settings.limits.batch) {
            match self.bus.room(&recipient, self.settings.limits.window).await {
                Ok(room) => self.inboxes.asked(&recipient, room),
                Err(_) => break,
            }
        }
        let ours = |recipient: &ParticipantId| self.sharing.is_ours(recipient) && !self.is_down(recipient) && by_bus(registers, recipient);
        Some(self.inboxes.set_aside(self.settings.limits.batch, ours))
    }

    /// Claims what is due, hands it over, writes how it went. Gives how many deliveries moved.
    pub async fn dispatch(&self) -> Result<usize, StoreError> {
        let changes = self.sharing.changes();
        let fence = self.sharing.fence(None)?;
        // one at a time looks for empty inboxes: what another hands over meanwhile does not show there yet
        let turn = self.consent_turn.try_lock();
        let (aside, room) = self.room(turn.is_ok()).await?;
        if room.is_empty() {
            return Ok(0);
        }
        // leases that came meanwhile count for the room, and the fence does not know them
        if self.sharing.changes() != changes {
            return Ok(1);
        }
        let deadline = in_time(&self.settings.limits);
        let Some(Turn { permitted, uncertain, reconsider, moved, registers }) = self.claim_for(&fence, &room).await? else {
            return Ok(1);
        };
        let count = moved + reconsider.len();
        aside.used(permitted.iter().map(Permitted::recipient));
        let (permitted, others): (Vec<_>, Vec<_>) = permitted.into_iter().partition(|one| by_bus(&registers, one.recipient()));
        self.not_by_bus(&others, &uncertain).await?;
        self.hand_over(&permitted, &uncertain, deadline).await?;
        self.reconsider(reconsider).await?;
        Ok(count)
    }

    /// Claims what is due for these. `None`: the registers are older than the store's, or somebody else was faster; again.
    pub(super) async fn claim_for(&self, fence: &[Lease], room: &BTreeMap<ParticipantId, Room>) -> Result<Option<Turn>, StoreError> {
        let known = self.known().await;
        let mut turn = Turn::default();
        let mut stale = false;
        let mut law = None;
        let claimed = self
            .store
            .claim(fence, self.settings.limits.claims, room, &mut |context| {
                turn = Turn::default();
                let again = context.candidates.iter().filter(|candidate| matches!(candidate.delivery.stage, Stage::Claimed { .. }));
                turn.uncertain = again.map(|candidate| candidate.delivery.id).collect();
                stale = context.epoch != known.registers.epoch;
                if stale {
                    return None;
                }
                let law = (*law.insert(known.law(context.now))).ok()?;
                let verdicts = judge(law, &context, &mut turn.reconsider);
                // what was ended lets the next of its lane go, and a recall wants to be told
                turn.moved = verdicts.iter().filter(|verdict| !matches!(verdict, Verdict::Leave)).count();
                Some(verdicts)
            })
            .await;
        let law = law.transpose()?;
        match claimed {
            _ if stale => {
                self.reload().await?;
                Ok(None)
            }
            Ok(claimed) => {
                turn.registers = Arc::clone(&known.registers);
                // without a candidate nothing was asked
                let Some(law) = law else { return Ok(Some(turn)) };
                turn.permitted = claimed.into_iter().filter_map(|delivery| Permitted::from_claimed(delivery, law)).collect();
                Ok(Some(turn))
            }
            Err(StoreError::Conflict) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn reconsider(&self, reconsider: Reconsider) -> Result<(), StoreError> {
        for (key, detention) in reconsider {
            self.run(&[Input::Reconsider(key, detention)], Receipts::Answered).await?;
        }
        Ok(())
    }

    /// How much each recipient with something due can take now, set aside for this claim; by consent only when it is this loop's turn.
    async fn room(&self, turn: bool) -> Result<(SetAside<'_>, BTreeMap<ParticipantId, Room>), StoreError> {
        let mut aside = self.inboxes.none_aside();
        let mut room = BTreeMap::new();
        let registers = self.registers().await;
        // the order counts: what is claimed by consent shows in the store until it shows in the inbox
        let due = self.store.due_recipients().await?;
        if turn {
            self.inboxes.wanted_only(|recipient| due.iter().any(|due| due.recipient == *recipient && due.consent == ByConsent::Waits));
        }
        for Due { recipient, consent } in due {
            // who fetches has no inbox: its deliveries wait for it; and who is called has turns of its own
            if !by_bus(&registers, &recipient) {
                continue;
            }
            if self.is_down(&recipient) || !self.sharing.is_ours(&recipient) {
                continue;
            }
            // whatever comes of it now: it is asked for again when something has moved
            self.waits.store(true, Ordering::Relaxed);
            let before = self.inboxes.before(&recipient);
            match self.bus.room(&recipient, self.settings.limits.window).await {
                Ok(free) => {
                    let taken = aside.ask(&recipient, (before, free), self.settings.limits.claims, turn.then_some(consent));
                    room.extend(taken.map(|taken| (recipient, taken)));
                }
                Err(error) => tracing::warn!(recipient = %recipient, error = %chain(&error), "the inbox cannot be seen"),
            }
        }
        Ok((aside, room))
    }

    async fn hand_over(&self, permitted: &[Permitted], uncertain: &BTreeSet<DeliveryId>, deadline: Instant) -> Result<(), StoreError> {
        if permitted.is_empty() {
            return Ok(());
        }
        let batch: Vec<Outgoing<'_>> = permitted.iter().map(Outgoing::Delivery).collect();
        let published = tokio::select! {
            biased;
            // nobody knows how much of it left, and nothing more does
            () = tokio::time::sleep_until(deadline) => vec![Published::Uncertain; batch.len()],
            published = self.bus.publish(&batch) => published,
        };
        self.inboxes.done(permitted.iter().map(Permitted::recipient));
        self.settle_hand_overs(permitted, uncertain, published).await
    }

    /// Writes how it went.
    pub(super) async fn settle_hand_overs(
        &self,
        permitted: &[Permitted],
        uncertain: &BTreeSet<DeliveryId>,
        how: Vec<Published>,
    ) -> Result<(), StoreError> {
        if permitted.is_empty() {
            return Ok(());
        }
        let now = self.store.now().await?;
        let results = permitted.iter().zip(how).filter_map(|(one, how)| match how {
            Published::Refused if uncertain.contains(&one.id()) => {
                tracing::error!(recipient = %one.recipient(), delivery = %one.id(), "refused, and nobody knows whether it came before: its lane waits");
                None
            }
            // that this time it is not there, or has no inbox, says nothing of the time before: it stays claimed, is decided again, and
            // recalled where it is no longer lawful
            Published::NotNow | Published::Unroutable if uncertain.contains(&one.id()) => None,
            how => self.result(one, how, now),
        });
        let results: Vec<HandOver> = results.collect();
        self.store.settle(&results).await
    }

    /// The stage after a hand-over. One of which nobody knows stays claimed: its lease passes, and it is decided again.
    fn result(&self, one: &Permitted, how: Published, now: Timestamp) -> Option<HandOver> {
        let stage = match how {
            Published::Confirmed => Stage::HandedOver { at: now },
            Published::NotNow => {
                let wait = jiff::SignedDuration::try_from(self.settings.limits.backoff(one.attempts())).ok()?;
                Stage::Waiting { not_before: now.checked_add(wait).ok()?, attempts: one.attempts().saturating_add(1) }
            }
            Published::Unroutable => {
                tracing::error!(recipient = %one.recipient(), delivery = %one.id(), "no such inbox: the lane waits for a person");
                Stage::Blocked { at: now, why: BlockReason::Unroutable }
            }
            Published::Refused => {
                tracing::error!(recipient = %one.recipient(), delivery = %one.id(), "refused for good: the lane waits for a person");
                Stage::Blocked { at: now, why: BlockReason::Refused }
            }
            Published::Uncertain => return None,
        };
        Some(HandOver { id: one.id(), claimed_at: one.claimed_at(), stage })
    }

    /// Tells senders what became of their messages. Gives how many receipts were told.
    pub async fn tell_receipts(&self) -> Result<usize, StoreError> {
        let called = Self::called(&*self.registers().await);
        let receipts = self.store.receipts(self.settings.limits.claims, ReceiptsOf::Others(&called)).await?;
        if receipts.is_empty() {
            return Ok(0);
        }
        // no claim has compared the registers with the store's: another process may have changed a channel
        self.refresh().await?;
        let registers = self.registers().await;
        let receipts = receipts.iter().filter(|receipt| by_bus(&registers, &receipt.to));
        let events: Vec<_> = receipts.filter_map(|receipt| event::receipt(&self.settings, receipt)).collect();
        if events.is_empty() {
            return Ok(0);
        }
        let batch: Vec<Outgoing<'_>> = events.iter().map(Outgoing::Receipt).collect();
        let published = self.bus.publish(&batch).await;
        // a sender without an inbox finds its receipts in the trace of the message
        let told = events.iter().zip(published).filter(|(_, how)| matches!(how, Published::Confirmed | Published::Unroutable));
        let told: Vec<_> = told.map(|(event, _)| event.id.clone()).collect();
        self.store.receipts_told(&told).await?;
        Ok(told.len())
    }

    /// Fires due timers. Gives how many.
    pub async fn fire_timers(&self) -> Result<usize, StoreError> {
        let due = self.store.due_timers(self.settings.limits.batch).await?;
        // the changes for digests together: one list, not one each
        let (changes, others): (Vec<&Timer>, Vec<&Timer>) = due.iter().partition(|timer| is_change(timer));
        for timer in others {
            self.run(&[self.due(timer).await?], Receipts::Send).await?;
        }
        if !changes.is_empty() {
            let inputs: Vec<Input> = changes.into_iter().cloned().map(Input::Timer).collect();
            self.run(&inputs, Receipts::Send).await?;
        }
        Ok(due.len())
    }
}

/// Until when what is claimed from now on may be handed over. A claim that is older than half its life is not: the bus may take its time,
/// and when the claim has passed, the delivery is decided again (order-per-lane, no-claim-without-ground).
pub(super) fn in_time(limits: &Limits) -> Instant {
    Instant::now() + limits.claim / 2
}
