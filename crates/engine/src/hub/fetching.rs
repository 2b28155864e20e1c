//! What leaves by being fetched: the answer itself is the hand-over.

use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use schakelpunt_domain::{ParticipantId, stage::Stage};
use tokio::sync::Mutex;

use super::{CONFLICTS_MAX, Hub};
use crate::{
    claim::{Reconsider, judge},
    event,
    model::{Delivery, Pulled, Receipt, Verdict},
    ports::{Pull, StoreError},
};

/// How often a fetch that found nothing but what has to wait looks behind it. After that it answers without a head: there may be more.
const LOOKS_MAX: usize = 64;

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
        // those who wait for their turn hold no connection to the store; between processes its lock stands
        let turn = self.turn_to_fetch(&pull.participant);
        let _turn = turn.lock().await;
        let mut passed = Vec::new();
        let mut looks = 0;
        loop {
            let Looked { mut pulled, moved, now } = self.look_for(pull).await?;
            passed.append(&mut pulled.passed);
            looks += 1;
            // what is paused or ends takes no room from what may go
            if pulled.full && pulled.given.is_empty() && moved && looks < LOOKS_MAX {
                continue;
            }
            return Ok(self.fetched(pull, Pulled { passed, ..pulled }, now));
        }
    }

    fn turn_to_fetch(&self, id: &ParticipantId) -> Arc<Mutex<()>> {
        Arc::clone(self.fetching.lock().unwrap_or_else(PoisonError::into_inner).entry(id.clone()).or_default())
    }

    /// One claim for somebody who fetches.
    async fn look_for(&self, pull: &Pull) -> Result<Looked, StoreError> {
        for _ in 0..CONFLICTS_MAX {
            let known = self.known().await;
            let mut law = None;
            let mut reconsider: Reconsider = Vec::new();
            let mut stale = false;
            let mut moved = false;
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
                    let verdicts = judge(law, &context, &mut reconsider);
                    moved = verdicts.iter().any(|verdict| !matches!(verdict, Verdict::Leave));
                    Some(verdicts.into_iter().map(|verdict| handed_over(verdict, now)).collect())
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
                    return Ok(Looked { pulled, moved, now });
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
        let voids = pulled.passed.iter().map(|number| (*number, *number)).chain(voids);
        let voids = voids.filter_map(|range| Receipt::void_range(&pull.participant, range, now));
        let voids = voids.filter_map(|void| Some(event::receipt(&self.settings, &void)?.bytes));
        let given = pulled.given.iter().filter_map(|delivery| Some(event::numbered(delivery.bytes.as_ref()?, delivery.number?)));
        Fetched { events: given.chain(voids).collect(), next, head: (!pulled.full).then_some(pulled.head), given: pulled.given }
    }
}

/// What one claim of a fetch found.
struct Looked {
    pulled: Pulled,
    /// Whether a verdict moved something.
    moved: bool,
    now: Timestamp,
}

fn handed_over(verdict: Verdict, now: Timestamp) -> Verdict {
    match verdict {
        Verdict::Claim(delivery, record) => {
            Verdict::Claim(Box::new(Delivery { stage: Stage::HandedOver { at: now }, ..*delivery }), record)
        }
        other => other,
    }
}
