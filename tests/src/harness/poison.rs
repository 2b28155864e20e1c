//! A store that refuses one message, as a database refuses a row that it cannot write.

use std::sync::Arc;

use async_trait::async_trait;
use schakelpunt_engine::{
    leases::Lease,
    model::{Action, Delivery, SnapshotKeys},
    ports::{Step, Store, StoreError},
};

use super::around::Hooks;

/// Every transaction that would save the message of this id fails with [`StoreError::Data`].
#[derive(Debug)]
pub(crate) struct Poisoned {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) id: &'static str,
}

#[async_trait]
impl Hooks for Poisoned {
    fn inner(&self) -> &dyn Store {
        self.store.as_ref()
    }

    async fn intake(&self, fence: &[Lease], keys: &SnapshotKeys, step: Step<'_>) -> Result<Option<Vec<Delivery>>, StoreError> {
        let mut poisoned = false;
        let done = self
            .store
            .intake(fence, keys, &mut |snapshot| {
                let actions = step(snapshot)?;
                poisoned =
                    actions.iter().any(|action| matches!(action, Action::SaveMessage(message) if message.key.id.as_str() == self.id));
                (!poisoned).then_some(actions)
            })
            .await?;
        if poisoned { Err(StoreError::Data("a row that cannot be written".into())) } else { Ok(done) }
    }
}
