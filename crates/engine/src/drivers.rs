//! The loops of a running hub. Each survives an unreachable store or bus: it waits, longer each time, and goes on where it was.

use std::{future::Future, sync::Arc, time::Duration};

use jiff::SignedDuration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    Hub,
    hub::{self, chain},
    inspect::Offer,
    ports::{BusError, Incoming, Intake, StoreError},
    spawn,
    step::Receipts,
};

/// How long an idle loop sleeps before it looks again: leases pass and pauses end without anybody saying so.
const IDLE: Duration = Duration::from_millis(100);
/// Timers are meant in minutes and days.
const TIMERS: Duration = Duration::from_secs(1);
/// Payloads that nothing needs any more may wait this long to be forgotten.
const FORGET: Duration = Duration::from_secs(600);
/// Two loops hand over: while one waits for confirms the other claims.
const DISPATCHERS: usize = 2;

/// Starts all loops. They end when `stop` is cancelled.
pub fn start(hub: &Arc<Hub>, stop: &CancellationToken) -> Vec<JoinHandle<()>> {
    let mut tasks = Vec::new();
    for queue in hub.bus().queues() {
        tasks.push(spawn::named("intake", until(stop, intake(Arc::clone(hub), queue))));
    }
    for _ in 0..DISPATCHERS {
        tasks.push(spawn::named("dispatch", until(stop, dispatch(Arc::clone(hub)))));
    }
    tasks.push(spawn::named("receipts", until(stop, receipts(Arc::clone(hub)))));
    tasks.push(spawn::named("timers", until(stop, timers(Arc::clone(hub)))));
    tasks.push(spawn::named("forget", until(stop, forget(Arc::clone(hub)))));
    tasks
}

fn until(stop: &CancellationToken, work: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send + 'static {
    let stop = stop.clone();
    async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = work => {}
        }
    }
}

async fn intake(hub: Arc<Hub>, queue: String) {
    let mut failures = 0;
    loop {
        match hub.bus().open(&queue).await {
            Ok(mut opened) => {
                failures = 0;
                if let Err(error) = consume(&hub, opened.as_mut()).await {
                    tracing::warn!(queue, error = %chain(&error), "intake ended, opening again");
                }
            }
            Err(error) => tracing::warn!(queue, error = %chain(&error), "intake cannot be opened"),
        }
        pause(&hub, &mut failures).await;
    }
}

/// Takes batches until the channel ends. What is in the store is acknowledged, and nothing else.
async fn consume(hub: &Hub, intake: &mut dyn Intake) -> Result<(), BusError> {
    let limits = hub.settings().limits;
    loop {
        let batch = intake.next_batch(limits.batch, limits.linger).await?;
        let mut inputs = hub.inspect(&batch.iter().map(offer).collect::<Vec<_>>()).await;
        for (input, incoming) in inputs.iter_mut().zip(&batch) {
            if incoming.dead {
                *input = hub::dead(input);
            }
        }
        let mut tags: Vec<u64> = batch.iter().map(|incoming| incoming.tag).collect();
        let mut failures = 0;
        while !inputs.is_empty() {
            match hub.take(&inputs, Receipts::Send).await {
                Ok((taken, _)) => {
                    if let Some(tag) = taken.checked_sub(1).and_then(|last| tags.get(last)) {
                        intake.settle(*tag).await?;
                    }
                    inputs.drain(..taken);
                    tags.drain(..taken);
                }
                Err(error) => {
                    report("intake", &error);
                    pause(hub, &mut failures).await;
                }
            }
        }
    }
}

fn offer(incoming: &Incoming) -> Offer {
    Offer { sender: incoming.sender.clone(), user_id: incoming.user_id.clone(), raw: incoming.raw.clone() }
}

async fn dispatch(hub: Arc<Hub>) {
    let mut failures = 0;
    loop {
        match hub.dispatch().await {
            Ok(0) => {
                failures = 0;
                tokio::select! {
                    () = hub.woken() => {}
                    () = tokio::time::sleep(IDLE) => {}
                }
            }
            Ok(_) => failures = 0,
            Err(error) => {
                report("dispatch", &error);
                pause(&hub, &mut failures).await;
            }
        }
    }
}

async fn receipts(hub: Arc<Hub>) {
    let mut failures = 0;
    loop {
        match hub.tell_receipts().await {
            Ok(0) => tokio::time::sleep(IDLE).await,
            Ok(_) => failures = 0,
            Err(error) => {
                report("receipts", &error);
                pause(&hub, &mut failures).await;
            }
        }
    }
}

async fn timers(hub: Arc<Hub>) {
    loop {
        if let Err(error) = hub.fire_timers().await {
            report("timers", &error);
        }
        tokio::time::sleep(TIMERS).await;
    }
}

async fn forget(hub: Arc<Hub>) {
    loop {
        let before = match (hub.store().now().await, SignedDuration::try_from(hub.settings().limits.retention)) {
            (Ok(now), Ok(retention)) => now.checked_sub(retention).ok(),
            _ => None,
        };
        if let Some(before) = before {
            match hub.store().forget(before).await {
                Ok(count) => tracing::info!(messages = count, "payloads forgotten"),
                Err(error) => report("forget", &error),
            }
        }
        tokio::time::sleep(FORGET).await;
    }
}

fn report(task: &str, error: &StoreError) {
    tracing::warn!(task, error = %chain(error), "the store did not do it, trying again");
}

async fn pause(hub: &Hub, failures: &mut u32) {
    tokio::time::sleep(hub.settings().limits.backoff(*failures)).await;
    *failures = failures.saturating_add(1).min(16);
}
