//! Offers that come one by one and at the same time share one transaction: a commit costs the same for one as for many.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::{Hub, chain};
use crate::{
    inspect::Offer,
    ports::StoreError,
    spawn,
    step::{Receipts, Report},
};

type Answer = oneshot::Sender<Result<Report, StoreError>>;

/// Offers that wait for the transaction under way to end.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    waiting: Mutex<Vec<(Offer, Answer)>>,
    turn: tokio::sync::Mutex<()>,
}

/// The transaction that this offer was part of did not come to be.
#[derive(Debug, thiserror::Error)]
#[error("the transaction failed: {0}")]
struct Failed(String);

impl Gathering {
    fn add(&self, offer: Offer, answer: Answer) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((offer, answer));
    }

    fn take(&self, max: usize) -> (Vec<Offer>, Vec<Answer>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.len().min(max);
        waiting.drain(..count).unzip()
    }
}

impl Hub {
    /// Takes one offer in, for a channel that answers by itself.
    pub async fn offer_one(self: &Arc<Self>, offer: Offer) -> Result<Report, StoreError> {
        let (tell, told) = oneshot::channel();
        self.gathering.add(offer, tell);
        // a task of its own: whoever waits for the others' answers may go away
        let hub = Arc::clone(self);
        drop(spawn::named("gathered", async move { hub.take_gathered().await }));
        told.await.unwrap_or_else(|gone| Err(StoreError::Unavailable(Box::new(gone))))
    }

    /// Takes everything that waits, unless another has taken it meanwhile.
    async fn take_gathered(&self) {
        let _turn = self.gathering.turn.lock().await;
        let (offers, answers) = self.gathering.take(self.settings.limits.batch);
        if offers.is_empty() {
            return;
        }
        let results: Vec<Result<Report, StoreError>> = match self.offer(&offers, Receipts::Answered).await {
            Ok(reports) => reports.into_iter().map(Ok).collect(),
            Err(StoreError::NoRules(halt)) => answers.iter().map(|_| Err(halt.into())).collect(),
            Err(error) => {
                let why = chain(&error);
                answers.iter().map(|_| Err(StoreError::Unavailable(Box::new(Failed(why.clone()))))).collect()
            }
        };
        for (answer, result) in answers.into_iter().zip(results) {
            // who does not wait for its answer any more finds the message in its trace
            drop(answer.send(result));
        }
    }
}
