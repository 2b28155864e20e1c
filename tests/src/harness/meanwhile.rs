//! A store in which something else happens at a moment that a test names.

use std::sync::{
    Arc, Mutex, OnceLock, PoisonError, Weak,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use schakelpunt_domain::registers::{Entry, Recorded};
use schakelpunt_engine::{
    Hub,
    model::{Due, Pulled},
    ports::{Decide, Pull, Store, StoreError},
};

use super::around::{Around, Hooks};

/// When.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before it is said who is due.
    Due,
    /// After the registers were read and before they are given.
    Registers,
}

/// Once, at a moment, another task of the same hub records an entry. Counts how many fetches are under way at once.
#[derive(Debug)]
pub(crate) struct Meanwhile {
    store: Arc<dyn Store>,
    hub: OnceLock<Weak<Hub>>,
    next: Mutex<Option<(Moment, Entry)>>,
    fetching: AtomicUsize,
    most: AtomicUsize,
}

/// The store that a hub gets, and the same to be told what happens.
#[derive(Debug, Clone)]
pub(crate) struct Shared(Arc<Meanwhile>);

impl Shared {
    pub(crate) fn over(store: Arc<dyn Store>) -> Self {
        let (fetching, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self(Arc::new(Meanwhile { store, hub: OnceLock::new(), next: Mutex::default(), fetching, most }))
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::new(Around(self.clone()))
    }

    /// At this moment that is recorded.
    pub(crate) fn records(&self, hub: &Arc<Hub>, at: Moment, entry: Entry) {
        self.0.hub.get_or_init(|| Arc::downgrade(hub));
        *self.0.next.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, entry));
    }

    pub(crate) fn most_fetches(&self) -> usize {
        self.0.most.load(Ordering::Relaxed)
    }

    async fn comes(&self, moment: Moment) -> Result<(), StoreError> {
        let next = self.0.next.lock().unwrap_or_else(PoisonError::into_inner).take_if(|(at, _)| *at == moment);
        match (next, self.0.hub.get().and_then(Weak::upgrade)) {
            (Some((_, entry)), Some(hub)) => hub.record(vec![entry]).await,
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Hooks for Shared {
    fn inner(&self) -> &dyn Store {
        self.0.store.as_ref()
    }

    async fn registers(&self) -> Result<(u64, Vec<Recorded<Entry>>), StoreError> {
        let read = self.0.store.registers().await?;
        self.comes(Moment::Registers).await?;
        Ok(read)
    }

    async fn due_recipients(&self) -> Result<Vec<Due>, StoreError> {
        self.comes(Moment::Due).await?;
        self.0.store.due_recipients().await
    }

    async fn pull(&self, pull: &Pull, decide: Decide<'_>) -> Result<Pulled, StoreError> {
        let under_way = self.0.fetching.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.most.fetch_max(under_way, Ordering::Relaxed);
        for _ in 0..9 {
            tokio::task::yield_now().await;
        }
        let pulled = self.0.store.pull(pull, decide).await;
        self.0.fetching.fetch_sub(1, Ordering::Relaxed);
        pulled
    }
}
