//! One hub: calls the store with the pure parts, the bus with what was permitted.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use schakelpunt_domain::{
    DeliveryId, DetentionRef, ParticipantId, Rejection, RejectionCode,
    consent::Consent,
    registers::{At, Channel, Entry, Recorded, Registers},
    stage::{BlockReason, Stage},
};
use tokio::sync::{Notify, RwLock};

use crate::{
    Settings,
    claim::{Permitted, Reconsider, judge},
    event,
    inspect::{Offer, Rejected, inspect},
    model::{Delivery, HandOver, Room, Verdict},
    ports::{Bus, Outgoing, Published, Pull, Store, StoreError},
    step::{self, Input, Law, Receipts, Report},
};

/// How often a transaction that lost to another is tried again before the caller hears of it.
const CONFLICTS_MAX: u32 = 64;

/// One hub over a store and a bus.
#[derive(Debug)]
pub struct Hub {
    settings: Settings,
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    registers: RwLock<Arc<Registers>>,
    /// Recipients whose link is held down by hand.
    down: Mutex<BTreeSet<ParticipantId>>,
    /// Raised when there may be something to hand over.
    wake: Notify,
}

impl Hub {
    /// Opens a hub over a migrated store.
    pub async fn open(settings: Settings, store: Arc<dyn Store>, bus: Arc<dyn Bus>) -> Result<Self, StoreError> {
        let (epoch, entries) = store.registers().await?;
        let registers = RwLock::new(Arc::new(Registers::new(epoch, entries)));
        Ok(Self { settings, store, bus, registers, down: Mutex::default(), wake: Notify::new() })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The bus.
    pub fn bus(&self) -> &Arc<dyn Bus> {
        &self.bus
    }

    /// The registers as last read.
    pub async fn registers(&self) -> Arc<Registers> {
        Arc::clone(&*self.registers.read().await)
    }

    /// Waits until there may be something to hand over.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    async fn reload(&self) -> Result<(), StoreError> {
        let (epoch, entries) = self.store.registers().await?;
        *self.registers.write().await = Arc::new(Registers::new(epoch, entries));
        Ok(())
    }

    /// Records register entries. What rests on them is decided again at the claim: the epoch is part of every stamp.
    pub async fn record(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        let recorded = self.store.now().await?;
        self.store.record(entries.into_iter().map(|entry| Recorded { entry, recorded }).collect()).await?;
        self.reload().await?;
        self.wake.notify_waiters();
        Ok(())
    }

    /// Records a consent by hand.
    pub async fn record_consent(&self, detention: DetentionRef, consent: Consent) -> Result<(), StoreError> {
        self.run(&[Input::Consent(detention, consent)], Receipts::Answered).await.map(|_| ())
    }

    /// Holds a recipient's link down, or lets it up again.
    pub fn link(&self, recipient: &ParticipantId, up: bool) {
        let mut down = self.down.lock().unwrap_or_else(PoisonError::into_inner);
        if up {
            down.remove(recipient);
        } else {
            down.insert(recipient.clone());
        }
        drop(down);
        self.wake.notify_waiters();
    }

    /// Inspects messages against the registers as last read.
    pub async fn inspect(&self, offers: &[Offer]) -> Vec<Input> {
        let registers = self.registers().await;
        let latest = At { valid: Timestamp::MAX, known: Timestamp::MAX };
        offers.iter().map(|offer| Input::Offer(inspect(offer, &self.settings, &registers, latest).map(Box::new))).collect()
    }

    /// Takes messages in: one transaction, one report each. A row that the store refuses is found by halving and quarantined.
    pub async fn offer(&self, offers: &[Offer], receipts: Receipts) -> Result<Vec<Report>, StoreError> {
        let inputs = self.inspect(offers).await;
        let mut reports = Vec::with_capacity(inputs.len());
        let mut rest = inputs.as_slice();
        while !rest.is_empty() {
            let (taken, mut made) = self.take(rest, receipts).await?;
            reports.append(&mut made);
            rest = rest.get(taken..).unwrap_or_default();
        }
        Ok(reports)
    }

    /// Takes in as long a prefix of `inputs` as goes in one transaction; gives its length and reports.
    pub async fn take(&self, inputs: &[Input], receipts: Receipts) -> Result<(usize, Vec<Report>), StoreError> {
        let mut length = inputs.len();
        loop {
            let Some(part) = inputs.get(..length) else { return Ok((0, Vec::new())) };
            match self.run(part, receipts).await {
                Ok(reports) => return Ok((length, reports)),
                Err(StoreError::Data(error)) if length > 1 => {
                    tracing::warn!(messages = length, error = %chain(error.as_ref()), "the store refused a row: halving");
                    length /= 2;
                }
                Err(StoreError::Data(error)) => {
                    tracing::error!(error = %chain(error.as_ref()), "the store refused a message: quarantined");
                    let quarantined: Vec<Input> = part.iter().map(quarantine).collect();
                    return self.run(&quarantined, receipts).await.map(|reports| (length, reports));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// One intake transaction, again when it lost to another or when the registers are older than the store's.
    pub async fn run(&self, inputs: &[Input], receipts: Receipts) -> Result<Vec<Report>, StoreError> {
        let keys = step::keys(inputs);
        for _ in 0..CONFLICTS_MAX {
            let registers = self.registers().await;
            let mut reports = Vec::new();
            let done = self
                .store
                .intake(&keys, &mut |snapshot| {
                    if snapshot.epoch != registers.epoch {
                        return None;
                    }
                    let law = Law { settings: &self.settings, registers: &registers };
                    let (actions, made) = step::step(law, snapshot, inputs, receipts);
                    reports = made;
                    Some(actions)
                })
                .await;
            match done {
                Ok(true) => {
                    self.wake.notify_one();
                    return Ok(reports);
                }
                Ok(false) => self.reload().await?,
                Err(StoreError::Conflict) => tokio::task::yield_now().await,
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Claims what is due, hands it over, writes how it went. Gives how many deliveries moved.
    pub async fn dispatch(&self) -> Result<usize, StoreError> {
        let room = self.room().await?;
        if room.is_empty() {
            return Ok(0);
        }
        let registers = self.registers().await;
        let law = Law { settings: &self.settings, registers: &registers };
        let mut reconsider: Reconsider = Vec::new();
        let mut uncertain: BTreeSet<DeliveryId> = BTreeSet::new();
        let mut moved = 0;
        let mut stale = false;
        let claimed = self
            .store
            .claim(self.settings.limits.claims, &room, &mut |context| {
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
        let permitted: Vec<Permitted> = claimed.into_iter().filter_map(|delivery| Permitted::from_claimed(delivery, law)).collect();
        self.hand_over(&permitted, &uncertain).await?;
        self.reconsider(reconsider).await?;
        Ok(count)
    }

    async fn reconsider(&self, reconsider: Reconsider) -> Result<(), StoreError> {
        for (key, detention) in reconsider {
            self.run(&[Input::Reconsider(key, detention)], Receipts::Answered).await?;
        }
        Ok(())
    }

    /// How much each recipient with something due can take now.
    async fn room(&self) -> Result<BTreeMap<ParticipantId, Room>, StoreError> {
        let mut room = BTreeMap::new();
        let registers = self.registers().await;
        let latest = At { valid: Timestamp::MAX, known: Timestamp::MAX };
        for recipient in self.store.due_recipients().await? {
            // who fetches has no inbox: its deliveries wait for it
            if registers.participant(&recipient, latest).is_some_and(|participant| participant.channel == Channel::Pull) {
                continue;
            }
            if self.down.lock().unwrap_or_else(PoisonError::into_inner).contains(&recipient) {
                continue;
            }
            match self.bus.room(&recipient, self.settings.limits.window).await {
                Ok(free) if free.count > 0 => {
                    room.insert(recipient, free);
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(recipient = %recipient, error = %chain(&error), "the inbox cannot be seen"),
            }
        }
        Ok(room)
    }

    async fn hand_over(&self, permitted: &[Permitted], uncertain: &BTreeSet<DeliveryId>) -> Result<(), StoreError> {
        if permitted.is_empty() {
            return Ok(());
        }
        let batch: Vec<Outgoing<'_>> = permitted.iter().map(Outgoing::Delivery).collect();
        let published = self.bus.publish(&batch).await;
        let now = self.store.now().await?;
        let results = permitted.iter().zip(published).filter_map(|(one, how)| match how {
            // that this time it is not there says nothing of the time before
            Published::NotNow if uncertain.contains(&one.id()) => None,
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
        for timer in &due {
            self.run(&[Input::Timer(timer.clone())], Receipts::Send).await?;
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

    /// Does everything that can be done now, until nothing is left: timers, hand-overs, receipts. For scenarios and demos.
    pub async fn settle(&self) -> Result<(), StoreError> {
        loop {
            let fired = self.fire_timers().await?;
            let claimed = self.dispatch().await?;
            let told = self.tell_receipts().await?;
            if fired + claimed + told == 0 {
                return Ok(());
            }
        }
    }
}

fn handed_over(verdict: Verdict, now: Timestamp) -> Verdict {
    match verdict {
        Verdict::Claim(delivery, record) => {
            Verdict::Claim(Box::new(Delivery { stage: Stage::HandedOver { at: now }, ..*delivery }), record)
        }
        other => other,
    }
}

/// A message that the store refuses, as a rejection that keeps no content.
fn quarantine(input: &Input) -> Input {
    late(input, Rejection::new(RejectionCode::SchemaInvalid, "/data", "text that can be stored"))
}

/// A message that the broker gave up on: its sender hears of it and offers it again.
pub(crate) fn dead(input: &Input) -> Input {
    late(input, Rejection::new(RejectionCode::Malformed, "", "a message that the broker could deliver; offer it again"))
}

fn late(input: &Input, why: Rejection) -> Input {
    match input {
        Input::Offer(Ok(message)) => Input::Offer(Err(Box::new(Rejected::late(message, why)))),
        other => other.clone(),
    }
}

/// An error with its causes in one line, for the log.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
