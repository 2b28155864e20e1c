//! What leaves by being fetched: the answer itself is the hand-over.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use jiff::Timestamp;
use schakelpunt_domain::{MessageId, ParticipantId, stage::Stage};
use tokio::sync::Mutex;

use super::{CONFLICTS_MAX, Hub};
use crate::{
    claim::{PAUSE, Reconsider, judge},
    event,
    model::{Delivery, Pulled, Receipt, Verdict},
    ports::{Pull, ReceiptsOf, StoreError},
};

/// How often a fetch that found nothing but what has to wait looks behind it. After that it answers without a head: there may be more.
const LOOKS_MAX: usize = 64;
/// Most voids behind the cursor that one answer tells; while there are more it has no head.
const VOIDS_MAX: usize = 256;

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
        let mut told = turn.lock().await;
        let confirmed = told.in_answers.iter().filter(|(_, next)| **next <= pull.after);
        let confirmed: Vec<MessageId> = confirmed.map(|(id, _)| id.clone()).collect();
        self.store.receipts_told(&confirmed).await?;
        told.in_answers.retain(|_, next| *next > pull.after);
        let mut looks = 0;
        loop {
            let Looked { pulled, moved, now } = self.look_for(pull).await?;
            looks += 1;
            // what is paused or ends takes no room from what may go
            if pulled.full && pulled.given.is_empty() && moved && looks < LOOKS_MAX {
                continue;
            }
            let voids = self.store.receipts(VOIDS_MAX, ReceiptsOf::Voids(&pull.participant)).await?;
            return Ok(self.fetched(pull, pulled, &voids, &mut told, now));
        }
    }

    fn turn_to_fetch(&self, id: &ParticipantId) -> Arc<Mutex<Told>> {
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

    fn fetched(&self, pull: &Pull, pulled: Pulled, untold: &[Receipt], told: &mut Told, now: Timestamp) -> Fetched {
        let ranges = pulled.voids(pull.after);
        let last_void = ranges.last().map(|(_, last)| *last);
        let next = pulled.given.iter().filter_map(|delivery| delivery.number).chain(last_void).fold(pull.after, u64::max);
        let Passed { voids, head } = told.tell(untold, pull.after, next, &ranges, now);
        let ranges = ranges.into_iter().filter_map(|range| Receipt::void_range(&pull.participant, range, now));
        let voids = voids.into_iter().cloned().chain(ranges).filter_map(|void| Some(event::receipt(&self.settings, &void)?.bytes));
        let given = pulled.given.iter().filter_map(|delivery| Some(event::numbered(delivery.bytes.as_ref()?, delivery.number?)));
        let full = pulled.full || untold.len() >= VOIDS_MAX;
        let head = (!full).then(|| head.map_or(pulled.head, |head| head.min(pulled.head)));
        Fetched { events: given.chain(voids).collect(), next, head, given: pulled.given }
    }
}

/// Which voids somebody who fetches was told of, and not yet confirmed. What a process forgets of it is told again.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// In an answer with this cursor: when it comes, that answer came.
    in_answers: BTreeMap<MessageId, u64>,
    /// In one that did not move the cursor, so that nothing tells whether it came: again after this instant.
    again: BTreeMap<MessageId, Timestamp>,
}

/// What is told of numbers that the cursor has passed.
struct Passed<'a> {
    voids: Vec<&'a Receipt>,
    /// Below the first that is not told now.
    head: Option<u64>,
}

impl Told {
    /// What is told of these in an answer that tells `ranges` anyway, and with which the cursor goes from `after` to `next`.
    fn tell<'a>(&mut self, untold: &'a [Receipt], after: u64, next: u64, ranges: &[(u64, u64)], now: Timestamp) -> Passed<'a> {
        let mut passed = Passed { voids: Vec::new(), head: None };
        self.again.retain(|id, _| untold.iter().any(|void| void.id == *id));
        for void in untold {
            let number = |key: &str| void.data.pointer(key).and_then(serde_json::Value::as_u64);
            let (Some(from), Some(to)) = (number("/void/from"), number("/void/to")) else { continue };
            if to <= after {
                if next == after && self.again.get(&void.id).is_some_and(|until| now < *until) {
                    let head = from.saturating_sub(1);
                    passed.head = Some(passed.head.map_or(head, |least| least.min(head)));
                    continue;
                }
                passed.voids.push(void);
            } else if !ranges.iter().any(|(first, last)| *first <= from && to <= *last) {
                continue;
            }
            if next > after {
                self.in_answers.entry(void.id.clone()).or_insert(next);
            } else {
                self.again.insert(void.id.clone(), now.checked_add(PAUSE).unwrap_or(now));
            }
        }
        passed
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
