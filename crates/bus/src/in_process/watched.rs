//! A value whose changes can be waited for.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

#[derive(Debug, Default)]
pub(super) struct Watched<T> {
    value: Mutex<T>,
    changed: Notify,
}

impl<T> Watched<T> {
    /// Changes it and wakes everybody who waits.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = self.see(change);
        self.changed.notify_waiters();
        result
    }

    /// Looks at it, or changes what nobody waits for.
    pub(super) fn see<R>(&self, look: impl FnOnce(&mut T) -> R) -> R {
        look(&mut self.value.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until `question` has an answer. May be given up at any time.
    pub(super) async fn when<R>(&self, mut question: impl FnMut(&mut T) -> Option<R>) -> R {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // before the question, or a change in between would be missed
            changed.as_mut().enable();
            if let Some(answer) = self.see(&mut question) {
                return answer;
            }
            changed.await;
        }
    }
}
