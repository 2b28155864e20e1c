//! What leaves by being fetched: the answer itself is the hand-over.

use jiff::Timestamp;
use schakelpunt_domain::stage::Stage;

use super::{CONFLICTS_MAX, Hub};
use crate::{
    claim::{Reconsider, judge},
    event,
    model::{Delivery, Pulled, Receipt, Verdict},
    ports::{Pull, StoreError},
};

/// What somebody fetched, as it leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetched {
    /// The events, by number; then the numbers that are void.
    pub events: Vec<Vec<u8>>,
    /// From where to go on: what was told up to there has been received when it is asked for.
    pub next: u64,
    /// Up to which number everything was handed over or is void, once this answer has been taken. `None`: there may be more at once.
    pub head: Option<u64>,
    /// What was provided.
    pub given: Vec<Delivery>,
}

impl Hub {
    /// Provides to somebody who fetches.
    pub async fn pull(&self, pull: &Pull) -> Result<Fetched, StoreError> {
        for _ in 0..CONFLICTS_MAX {
            let known = self.known().await;
            let mut law = None;
            let mut reconsider: Reconsider = Vec::new();
            let mut stale = false;
            let mut now = Timestamp::default();
            let pulled = self
                .store
                .pull(pull, &mut |context| {
                    reconsider.clear();
                    stale = context.epoch != known.registers.epoch;
                    now = context.now;
                    if stale {
                        return None;
                    }
                    let law = (*law.insert(known.law(now))).ok()?;
                    Some(judge(law, &context, &mut reconsider).into_iter().map(|verdict| handed_over(verdict, now)).collect())
                })
                .await;
            // with nothing to decide nobody was asked; that nothing is there is not said while nothing may leave
            if law.transpose()?.is_none() && !stale {
                known.law(self.store.now().await?)?;
            }
            match pulled {
                _ if stale => self.reload().await?,
                Ok(pulled) => {
                    self.reconsider(reconsider).await?;
                    let now = now.max(self.store.now().await?);
                    return Ok(self.fetched(pull, pulled, now));
                }
                Err(StoreError::Conflict) => tokio::task::yield_now().await,
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Conflict)
    }

    fn fetched(&self, pull: &Pull, pulled: Pulled, now: Timestamp) -> Fetched {
        let voids = pulled.voids(pull.after);
        let last_void = voids.last().map(|(_, last)| *last);
        let next = pulled.given.iter().filter_map(|delivery| delivery.number).chain(last_void).fold(pull.after, u64::max);
        let voids = pulled.renumbered.iter().map(|number| (*number, *number)).chain(voids);
        let voids = voids.filter_map(|range| Receipt::void_range(&pull.participant, range, now));
        let voids = voids.filter_map(|void| Some(event::receipt(&self.settings, &void)?.bytes));
        let given = pulled.given.iter().filter_map(|delivery| Some(event::numbered(delivery.bytes.as_ref()?, delivery.number?)));
        let full = pulled.given.len() >= pull.limit as usize;
        Fetched { events: given.chain(voids).collect(), next, head: (!full).then_some(pulled.head), given: pulled.given }
    }
}

fn handed_over(verdict: Verdict, now: Timestamp) -> Verdict {
    match verdict {
        Verdict::Claim(delivery, record) => {
            Verdict::Claim(Box::new(Delivery { stage: Stage::HandedOver { at: now }, ..*delivery }), record)
        }
        // it asks again by itself
        Verdict::Wait(..) => Verdict::Leave,
        other => other,
    }
}
