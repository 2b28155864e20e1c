//! The loops of a running hub. Each survives an unreachable store or bus: it waits, longer each time, and goes on where it was.

use std::{
    collections::BTreeSet,
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use futures::{StreamExt as _, stream::FuturesUnordered};
use jiff::SignedDuration;
use schakelpunt_domain::ParticipantId;
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    Hub,
    hub::chain,
    leases::{LeaseName, ProcessId},
    ports::StoreError,
    spawn,
};

mod intake;

pub use intake::ALONE_MAX;

/// How long an idle loop sleeps before it looks again: leases pass and pauses end without anybody saying so.
const IDLE: Duration = Duration::from_millis(100);
/// Timers are meant in minutes and days.
const TIMERS: Duration = Duration::from_secs(1);
/// Payloads that nothing needs any more may wait this long to be forgotten.
const FORGET: Duration = Duration::from_secs(600);
/// So many loops hand over: while one waits for confirms, another publishes what was claimed meanwhile.
const DISPATCHERS: usize = 3;

/// How long a lease lives: a process that died is replaced after that, one that stands still longer writes nothing any more.
pub const LEASE: Duration = Duration::from_secs(6);
/// How often leases are renewed: twice it may fail.
const RENEW: Duration = Duration::from_secs(2);

/// One loop of a running hub. It never ends by itself.
pub type Loop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Starts all loops. They end when `stop` is cancelled; then the process gives its leases back.
pub fn start(hub: &Arc<Hub>, process: ProcessId, stop: &CancellationToken) -> Vec<JoinHandle<()>> {
    let (hub_left, leaving) = (Arc::clone(hub), process.clone());
    let stopped = stop.clone();
    let goodbye = async move {
        stopped.cancelled().await;
        if let Err(error) = hub_left.share(&leaving, &[], LEASE).await {
            report("leases", &error);
        }
    };
    let loops = loops(hub, process).into_iter().map(|(name, work)| spawn::named(name, until(stop.clone(), work)));
    let check = spawn::named("self-check", until(stop.clone(), Box::pin(check(Arc::clone(hub)))));
    loops.chain([check, spawn::named("goodbye", goodbye)]).collect()
}

/// The loops, with their names. Whoever polls them decides who goes on when.
pub fn loops(hub: &Arc<Hub>, process: ProcessId) -> Vec<(&'static str, Loop)> {
    // before any of them is polled: until the first answer nothing is ours
    hub.lose_share();
    let mut loops: Vec<(&'static str, Loop)> = vec![("leases", Box::pin(leases(Arc::clone(hub), process)))];
    for queue in hub.bus().queues() {
        loops.push(("intake", Box::pin(intake::run(Arc::clone(hub), queue))));
    }
    for _ in 0..DISPATCHERS {
        loops.push(("dispatch", Box::pin(dispatch(Arc::clone(hub)))));
    }
    loops.push(("calls", Box::pin(calls(Arc::clone(hub)))));
    loops.push(("receipts", Box::pin(receipts(Arc::clone(hub)))));
    loops.push(("timers", Box::pin(timers(Arc::clone(hub)))));
    loops.push(("forget", Box::pin(forget(Arc::clone(hub)))));
    loops
}

async fn until(stop: CancellationToken, work: Loop) {
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = work => {}
    }
}

fn receipts_duty() -> LeaseName {
    LeaseName::duty("receipts")
}

fn timers_duty() -> LeaseName {
    LeaseName::duty("timers")
}

fn forget_duty() -> LeaseName {
    LeaseName::duty("forget")
}

/// Keeps this process's share of the work.
async fn leases(hub: Arc<Hub>, process: ProcessId) {
    let queues = hub.bus().queues();
    let mut wanted: Vec<LeaseName> = queues.iter().map(|queue| LeaseName::queue(queue)).collect();
    wanted.extend(LeaseName::all_inboxes());
    wanted.extend([receipts_duty(), timers_duty(), forget_duty()]);
    let mut passes = Instant::now();
    loop {
        let asked = Instant::now();
        match hub.share(&process, &wanted, LEASE).await {
            Ok(()) => passes = asked + LEASE,
            Err(error) => {
                report("leases", &error);
                if Instant::now() >= passes {
                    hub.lose_share();
                }
            }
        }
        tokio::time::sleep(RENEW).await;
    }
}

/// What was claimed as it was decided goes first; then what waits in the store, if anything may.
async fn dispatch(hub: Arc<Hub>) {
    let mut failures = 0;
    loop {
        // pauses end and leases pass without anybody saying so, however much there is to do
        hub.look_again_after(IDLE);
        match hub.move_on().await {
            Ok(0) => {
                failures = 0;
                tokio::select! {
                    biased;
                    () = hub.woken() => {}
                    () = tokio::time::sleep(IDLE) => {}
                }
            }
            Ok(_) => failures = 0,
            Err(error) => {
                report("dispatch", &error);
                pause(&hub, &mut failures).await;
                hub.look_again();
            }
        }
    }
}

/// Turns of those who are called go on side by side: one that hangs delays nobody. While it is looked for more, the turns go on: each may
/// hold what the look waits for.
async fn calls(hub: Arc<Hub>) {
    let mut turns = FuturesUnordered::new();
    let mut busy = BTreeSet::new();
    loop {
        let before = busy.clone();
        let mut looking = pin!(hub.to_call(&before));
        let wanted = loop {
            tokio::select! {
                wanted = &mut looking => break wanted,
                Some(ended) = turns.next() => drop(busy.remove(&ended)),
            }
        };
        match wanted {
            Ok(wanted) => {
                for (one, admitted) in wanted {
                    busy.insert(one.clone());
                    turns.push(turn(&hub, one, admitted));
                }
            }
            Err(error) => report("calls", &error),
        }
        tokio::select! {
            Some(ended) = turns.next() => drop(busy.remove(&ended)),
            () = tokio::time::sleep(IDLE) => {}
        }
    }
}

/// One turn, with a pause behind it where nothing moved. Gives whose it was.
async fn turn(hub: &Hub, one: ParticipantId, admitted: usize) -> ParticipantId {
    match hub.call(&one, admitted).await {
        Ok(1..) => {}
        Ok(0) => tokio::time::sleep(IDLE).await,
        Err(error) => {
            report("calls", &error);
            tokio::time::sleep(IDLE).await;
        }
    }
    one
}

async fn receipts(hub: Arc<Hub>) {
    let mut failures = 0;
    loop {
        hub.until_held(&receipts_duty(), true).await;
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
        hub.until_held(&timers_duty(), true).await;
        if let Err(error) = hub.fire_timers().await {
            report("timers", &error);
        }
        if let Err(error) = hub.beat().await {
            report("heartbeats", &error);
        }
        if let Err(error) = hub.pass_cases_on().await {
            report("passing", &error);
        }
        tokio::time::sleep(TIMERS).await;
    }
}

async fn forget(hub: Arc<Hub>) {
    loop {
        hub.until_held(&forget_duty(), true).await;
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

/// Once a night, and after a start, asks again what was decided on the day before. It only reads, so it stands outside the loops that take
/// turns; who forgets checks.
async fn check(hub: Arc<Hub>) {
    let mut checked = None;
    loop {
        hub.until_held(&forget_duty(), true).await;
        match hub.day_to_check().await {
            Ok(day) if checked == Some(day) => {}
            Ok(day) => match hub.check_day(day).await {
                Ok(_) => checked = Some(day),
                Err(error) => report("self-check", &error),
            },
            Err(error) => report("self-check", &error),
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
