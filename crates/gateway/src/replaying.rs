//! Recorded decisions asked again by several tasks at once, and counted.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use schakelpunt_engine::{
    hub::{Again, Replay, Rules},
    ports::StoreError,
    replay::Checked,
    spawn,
};
use schakelpunt_review::{Asked, Touched};
use tokio::task::JoinSet;

/// Detentions of one question to the store: some thousand decisions.
pub const TOGETHER: usize = 64;

/// Asks every decision of `replay` again with the rules that made it.
pub async fn check(replay: &Arc<Replay>, tasks: usize, done: impl Fn(usize) + Clone + Send + 'static) -> Result<Checked, StoreError> {
    let one = |checked: &mut Checked, case: Vec<Again>| {
        for Again { record, answers, .. } in &case {
            answers.iter().for_each(|answer| checked.add(record, answer));
        }
    };
    let all = each(replay, vec![Rules::Applied], tasks, done, one).await?;
    Ok(all.into_iter().fold(Checked::default(), Checked::join))
}

/// Counts what would have changed: between what was recorded and the first of `under`, or between the first and the second of them.
pub async fn count(
    replay: &Arc<Replay>,
    under: Vec<Rules>,
    tasks: usize,
    done: impl Fn(usize) + Clone + Send + 'static,
) -> Result<Touched, StoreError> {
    let all = each(replay, under, tasks, done, |touched: &mut Touched, case: Vec<Again>| touched.add(&asked(&case))).await?;
    Ok(all.into_iter().fold(Touched::default(), Touched::join))
}

fn asked(case: &[Again]) -> Vec<Asked<'_>> {
    let keys: BTreeSet<_> = case.iter().map(|again| &again.record.message).collect();
    let places: BTreeMap<_, usize> = keys.into_iter().zip(0..).collect();
    case.iter().map(|again| asked_of(again, places.get(&again.record.message).copied().unwrap_or_default())).collect()
}

fn asked_of(again: &Again, message: usize) -> Asked<'_> {
    let mut answers = again.answers.iter().map(|answer| answer.as_ref().map_err(|why| why.code()));
    let recorded = Ok(&again.record.decision);
    let (was, is) = match (answers.next(), answers.next()) {
        (Some(was), Some(is)) => (was, is),
        (is, _) => (recorded, is.unwrap_or(recorded)),
    };
    let (event, relations) = (again.record.event.as_str(), again.record.relations.as_slice());
    Asked { message, event, relations, organisation: &again.organisation, was, is }
}

/// Gives every detention to one of the tasks; gives what each of them made of its own. They end with whoever waits for them.
async fn each<T: Default + Send + 'static>(
    replay: &Arc<Replay>,
    under: Vec<Rules>,
    tasks: usize,
    done: impl Fn(usize) + Clone + Send + 'static,
    take: impl Fn(&mut T, Vec<Again>) + Copy + Send + 'static,
) -> Result<Vec<T>, StoreError> {
    let next = Arc::new(AtomicUsize::new(0));
    let under = Arc::new(under);
    let mut running = JoinSet::new();
    for _ in 0..tasks.max(1) {
        let (replay, under, next, done) = (Arc::clone(replay), Arc::clone(&under), Arc::clone(&next), done.clone());
        spawn::named_among(&mut running, "replay", async move {
            let mut made = T::default();
            while let Some(chunk) = replay.detentions().chunks(TOGETHER).nth(next.fetch_add(1, Ordering::Relaxed)) {
                for case in replay.ask(chunk, &under).await? {
                    take(&mut made, case);
                }
                done(chunk.len());
            }
            Ok::<T, StoreError>(made)
        });
    }
    let mut all = Vec::with_capacity(running.len());
    while let Some(made) = running.join_next().await {
        all.push(made.map_err(|error| StoreError::Unavailable(Box::new(error)))??);
    }
    Ok(all)
}
