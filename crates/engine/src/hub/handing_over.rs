//! What leaves: claims, receipts, fetches.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
};

use jiff::Timestamp;
use schakelpunt_domain::{
    DeliveryId, ParticipantId,
    registers::{At, Channel},
    stage::{BlockReason, Stage},
};

use tokio::time::Instant;

use super::{CONFLICTS_MAX, Hub, chain, inboxes::SetAside};
use crate::{
    claim::{Permitted, Reconsider, judge},
    event,
    model::{ByConsent, Delivery, Due, HandOver, Room, Timer, Verdict},
    ports::{Outgoing, Published, Pull, StoreError},
    settings::Limits,
    step::{Input, Law, Receipts, is_change},
};

impl Hub {
    /// Hands over what was claimed as it was decided. Gives how many.
    pub(crate) async fn hand_over_ready(&self) -> Result<usize, StoreError> {
        let ready = self.ready.take(self.settings.limits.claims);
        self.inboxes.done(ready.late.iter().map(Permitted::recipient));
        if let Some(deadline) = ready.deadline {
            self.hand_over(&ready.in_time, &BTreeSet::new(), deadline).await?;
        }
        Ok(ready.in_time.len())
    }

    /// For how many deliveries of each inbox a batch may set aside room, so that they are claimed as they are decided.
    pub(super) async fn room_at_once(&self) -> Option<SetAside<'_>> {
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
        let ours = |recipient: &ParticipantId| self.sharing.is_ours(recipient) && !self.is_down(recipient);
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
        let registers = self.registers().await;
        let law = Law { settings: &self.settings, registers: &registers };
        let deadline = in_time(&self.settings.limits);
        let mut reconsider: Reconsider = Vec::new();
        let mut uncertain: BTreeSet<DeliveryId> = BTreeSet::new();
        let mut moved = 0;
        let mut stale = false;
        let claimed = self
            .store
            .claim(&fence, self.settings.limits.claims, &room, &mut |context| {
                reconsider.clear();
                let again = context.candidates.iter().filter(|candidate| matches!(candidate.delivery.stage, Stage::Claimed { .. }));
                uncertain = again.map(|candidate| candidate.delivery.id).collect();
                stale = context.epoch != registers.epoch;
                let verdicts = (!stale).then(|| judge(law, &context, &mut reconsider))?;
                // what was ended lets the next of its lane go, and a recall wants to be told
                moved = verdicts.iter().filter(|verdict| !matches!(verdict, Verdict::Leave)).count();
                Some(verdicts)
            })
            .await;
        if stale {
            self.reload().await?;
            return Ok(1);
        }
        let claimed = match claimed {
            Ok(claimed) => claimed,
            Err(StoreError::Conflict) => return Ok(1),
            Err(error) => return Err(error),
        };
        let count = moved + reconsider.len();
        aside.used(claimed.iter().map(|delivery| &delivery.recipient));
        let permitted: Vec<Permitted> = claimed.into_iter().filter_map(|delivery| Permitted::from_claimed(delivery, law)).collect();
        self.hand_over(&permitted, &uncertain, deadline).await?;
        self.reconsider(reconsider).await?;
        Ok(count)
    }

    async fn reconsider(&self, reconsider: Reconsider) -> Result<(), StoreError> {
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
        let latest = At { valid: Timestamp::MAX, known: Timestamp::MAX };
        // the order counts: what is claimed by consent shows in the store until it shows in the inbox
        let due = self.store.due_recipients().await?;
        if turn {
            self.inboxes.wanted_only(|recipient| due.iter().any(|due| due.recipient == *recipient && due.consent == ByConsent::Waits));
        }
        for Due { recipient, consent } in due {
            // who fetches has no inbox: its deliveries wait for it
            if registers.registered(&recipient, latest).is_some_and(|participant| participant.channel == Channel::Pull) {
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
        let now = self.store.now().await?;
        let results = permitted.iter().zip(published).filter_map(|(one, how)| match how {
            // that this time it is not there, or has no inbox, says nothing of the time before
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
            Published::Uncertain => return None,
        };
        Some(HandOver { id: one.id(), claimed_at: one.claimed_at(), stage })
    }

    /// Tells senders what became of their messages. Gives how many receipts were told.
    pub async fn tell_receipts(&self) -> Result<usize, StoreError> {
        let receipts = self.store.receipts(self.settings.limits.claims).await?;
        let events: Vec<_> = receipts.iter().filter_map(|receipt| event::receipt(&self.settings, receipt)).collect();
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

    /// Provides to somebody who fetches: the answer itself is the hand-over.
    pub async fn pull(&self, pull: &Pull) -> Result<Vec<Delivery>, StoreError> {
        for _ in 0..CONFLICTS_MAX {
            let registers = self.registers().await;
            let law = Law { settings: &self.settings, registers: &registers };
            let mut reconsider: Reconsider = Vec::new();
            let mut stale = false;
            let pulled = self
                .store
                .pull(pull, &mut |context| {
                    reconsider.clear();
                    stale = context.epoch != registers.epoch;
                    let now = context.now;
                    (!stale).then(|| judge(law, &context, &mut reconsider).into_iter().map(|verdict| handed_over(verdict, now)).collect())
                })
                .await;
            match pulled {
                _ if stale => self.reload().await?,
                Ok(deliveries) => {
                    self.reconsider(reconsider).await?;
                    return Ok(deliveries);
                }
                Err(StoreError::Conflict) => tokio::task::yield_now().await,
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Conflict)
    }
}

/// Until when what is claimed from now on may be handed over. A claim that is older than half its life is not: the bus may take its time,
/// and when the claim has passed, the delivery is decided again (order-per-lane, no-claim-without-ground).
pub(super) fn in_time(limits: &Limits) -> Instant {
    Instant::now() + limits.claim / 2
}

fn handed_over(verdict: Verdict, now: Timestamp) -> Verdict {
    match verdict {
        Verdict::Claim(delivery, record) => {
            Verdict::Claim(Box::new(Delivery { stage: Stage::HandedOver { at: now }, ..*delivery }), record)
        }
        other => other,
    }
}
