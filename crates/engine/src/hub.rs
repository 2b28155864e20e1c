//! One hub: calls the store with the pure parts, the bus with what was permitted.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use schakelpunt_domain::{
    DetentionRef, LegalDay, ParticipantId,
    consent::Consent,
    registers::{Entry, Recorded, Registers},
};
use tokio::{
    sync::{Notify, RwLock},
    time::Instant,
};

use crate::{
    Settings,
    model::Seen,
    ports::{Bus, Hooks, Store, StoreError},
    step::{Input, Receipts},
};

mod beating;
mod calling;
mod checking;
mod citing;
mod desk;
mod explaining;
mod fetching;
mod gathering;
mod handing_over;
mod inboxes;
mod known;
mod passing;
mod ready;
mod replaying;
mod rules;
mod sharing;
mod taking_in;
mod unread;

use known::{Known, seed};

pub use beating::Tested;
pub use citing::Citations;
pub use explaining::{answer, answer_with};
pub use fetching::Fetched;
pub use replaying::{Again, Replay, Rules};
pub use rules::Doer;
pub(crate) use taking_in::dead;

/// How often a transaction that lost to another is tried again before the caller hears of it.
const CONFLICTS_MAX: u32 = 64;

/// One hub over a store and a bus.
#[derive(Debug)]
pub struct Hub {
    settings: Settings,
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    /// How participants are called at their own address, where that is configured.
    hooks: Option<Arc<dyn Hooks>>,
    known: RwLock<Arc<Known>>,
    /// Recipients whose link is held down by hand.
    down: Mutex<BTreeSet<ParticipantId>>,
    /// Held by the one dispatch that may claim by consent.
    consent_turn: tokio::sync::Mutex<()>,
    /// Up to where this process has looked which cases pass by the registers.
    passed: tokio::sync::Mutex<Option<Seen>>,
    /// For which day and which registers heartbeats were written.
    beaten: Mutex<Option<(LegalDay, u64)>>,
    /// Whose receipts were not taken.
    resting: Mutex<BTreeMap<ParticipantId, calling::Resting>>,
    /// One turn after the other for each that fetches.
    fetching: Mutex<BTreeMap<ParticipantId, Arc<tokio::sync::Mutex<fetching::Told>>>>,
    /// What this process knows of the inboxes.
    inboxes: inboxes::Inboxes,
    /// What was claimed as it was decided and is to be handed over.
    ready: ready::Ready,
    /// Offers that come one by one at the same time.
    gathering: gathering::Gathering,
    /// Which part of the work is this process's.
    sharing: sharing::Sharing,
    /// Whether something may wait in the store that this process can hand over.
    waits: AtomicBool,
    /// When the store was last asked without a reason.
    looked: Mutex<Option<Instant>>,
    /// Raised when there may be something to hand over.
    wake: Notify,
}

impl Hub {
    /// Opens a hub over a migrated store, which keeps the law that is applied from now on.
    pub async fn open(settings: Settings, store: Arc<dyn Store>, bus: Arc<dyn Bus>) -> Result<Self, StoreError> {
        store.apply_law(&settings.law).await?;
        seed(&settings, &*store).await?;
        Self::beside(settings, store, bus).await
    }

    /// Opens one for a command, beside the hub itself: by the rules that are in force, whatever the files say, and it keeps no law and
    /// brings none into force. Over a store whose hub never ran it decides nothing.
    pub async fn beside(settings: Settings, store: Arc<dyn Store>, bus: Arc<dyn Bus>) -> Result<Self, StoreError> {
        let known = RwLock::new(Arc::new(Known::read(&settings, &*store, None).await?));
        Ok(Self {
            settings,
            store,
            bus,
            hooks: None,
            known,
            down: Mutex::default(),
            consent_turn: tokio::sync::Mutex::default(),
            passed: tokio::sync::Mutex::default(),
            beaten: Mutex::default(),
            resting: Mutex::default(),
            fetching: Mutex::default(),
            inboxes: inboxes::Inboxes::default(),
            ready: ready::Ready::default(),
            gathering: gathering::Gathering::default(),
            sharing: sharing::Sharing::default(),
            waits: AtomicBool::new(true),
            looked: Mutex::default(),
            wake: Notify::new(),
        })
    }

    /// The same hub, which calls participants at their address.
    #[must_use]
    pub fn with_hooks(self, hooks: Arc<dyn Hooks>) -> Self {
        Self { hooks: Some(hooks), ..self }
    }

    /// How participants are called at their own address, where that is configured.
    pub fn hooks(&self) -> Option<&Arc<dyn Hooks>> {
        self.hooks.as_ref()
    }

    fn beaten(&self) -> Option<(LegalDay, u64)> {
        *self.beaten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_beaten(&self, of: (LegalDay, u64)) {
        *self.beaten.lock().unwrap_or_else(PoisonError::into_inner) = Some(of);
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
        Arc::clone(&self.known.read().await.registers)
    }

    /// Registers and rules as last read.
    pub(crate) async fn known(&self) -> Arc<Known> {
        Arc::clone(&*self.known.read().await)
    }

    /// The settings with the rules that are in force now, whichever process has brought them there.
    pub async fn in_force(&self) -> Result<Arc<Settings>, StoreError> {
        self.refresh().await?;
        let now = self.store.now().await?;
        Ok(Arc::clone(self.known().await.laws.at(now)?))
    }

    /// Waits until there may be something to hand over.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// There may be something in the store to hand over.
    pub(crate) fn look_again(&self) {
        self.waits.store(true, Ordering::Relaxed);
        self.wake.notify_one();
    }

    /// There may be, if that was not asked for so long.
    pub(crate) fn look_again_after(&self, pause: Duration) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_none_or(|looked| looked.elapsed() >= pause) {
            *looked = Some(Instant::now());
            self.waits.store(true, Ordering::Relaxed);
        }
    }

    /// Hands over what was claimed as it was decided, then claims what waits in the store. Gives how many deliveries moved.
    pub(crate) async fn move_on(&self) -> Result<usize, StoreError> {
        let ready = self.hand_over_ready().await?;
        // raised again where something is due that could not go
        let waiting = if self.waits.swap(false, Ordering::Relaxed) { self.dispatch().await? } else { 0 };
        Ok(ready + waiting)
    }

    async fn reload(&self) -> Result<(), StoreError> {
        let before = self.known().await;
        let known = Known::read(&self.settings, &*self.store, Some(&before)).await?;
        let mut held = self.known.write().await;
        // another may have read later and been faster
        if known.registers.epoch >= held.registers.epoch {
            *held = Arc::new(known);
        }
        Ok(())
    }

    /// Reads registers and rules again if there are others by now: a look at the epoch costs next to nothing.
    async fn refresh(&self) -> Result<(), StoreError> {
        if self.store.epoch().await? == self.known().await.registers.epoch { Ok(()) } else { self.reload().await }
    }

    /// Records register entries. What rests on them is decided again at the claim: the epoch is part of every stamp.
    pub async fn record(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        let recorded = self.store.now().await?;
        self.store.record(entries.iter().cloned().map(|entry| Recorded { entry, recorded }).collect()).await?;
        self.reload().await?;
        self.look_again();
        self.say_of_capacities(&entries, recorded).await
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
        self.look_again();
    }

    fn is_down(&self, recipient: &ParticipantId) -> bool {
        self.down.lock().unwrap_or_else(PoisonError::into_inner).contains(recipient)
    }

    /// Does everything that can be done now, until nothing is left: timers, hand-overs, receipts. For scenarios and demos.
    pub async fn settle(&self) -> Result<(), StoreError> {
        loop {
            let fired = self.fire_timers().await? + self.pass_cases_on().await?;
            self.hand_over_ready().await?;
            let claimed = self.dispatch().await?;
            let told = self.tell_receipts().await?;
            if fired + claimed + told == 0 {
                return Ok(());
            }
        }
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
