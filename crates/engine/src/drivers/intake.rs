//! Reading one intake queue.
//!
//! A message that the broker hands out again may be what ended the process that had it before. So the store notes when work on such
//! messages begins and when it has ended: after one death the batch is tried again as a whole, after two each message goes alone, and
//! one that was alone in five deaths is set aside, and its sender is told.

use std::sync::Arc;

use super::{pause, report};
use crate::{
    Hub,
    hub::{self, chain},
    inspect::Offer,
    leases::LeaseName,
    ports::{Incoming, Intake, StoreError},
    step::Input,
};

/// Deaths of a message alone after which it is set aside. Fewer may be chance: a machine that is restarted again and again.
pub const ALONE_MAX: u32 = 5;

type Ended = Box<dyn std::error::Error + Send + Sync>;

/// Reads one queue for as long as this process holds its lease.
pub(super) async fn run(hub: Arc<Hub>, queue: String) {
    let lease = LeaseName::queue(&queue);
    let mut failures = 0;
    loop {
        hub.until_held(&lease, true).await;
        match hub.bus().open(&queue).await {
            Ok(mut opened) => {
                failures = 0;
                let mut noted = Vec::new();
                tokio::select! {
                    biased;
                    () = hub.until_held(&lease, false) => tracing::info!(queue, "intake goes to another process"),
                    error = consume(&hub, &lease, opened.as_mut(), &mut noted) => {
                        tracing::warn!(queue, error = %chain(error.as_ref()), "intake ended, opening again");
                    }
                }
                // it ended, but the process did not
                clear(&hub, &mut noted).await;
            }
            Err(error) => tracing::warn!(queue, error = %chain(&error), "intake cannot be opened"),
        }
        pause(&hub, &mut failures).await;
    }
}

/// Takes batches until the channel or the lease ends. `noted`: what work was noted for and has not ended.
async fn consume(hub: &Hub, lease: &LeaseName, intake: &mut dyn Intake, noted: &mut Vec<String>) -> Ended {
    let limits = hub.settings().limits;
    loop {
        let ended = match intake.next_batch(limits.batch).await {
            Ok(batch) => take_batch(hub, lease, intake, batch, noted).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = ended {
            return error;
        }
    }
}

async fn take_batch(
    hub: &Hub,
    lease: &LeaseName,
    intake: &mut dyn Intake,
    batch: Vec<Incoming>,
    noted: &mut Vec<String>,
) -> Result<(), Ended> {
    let digest = |incoming: &Incoming| hub.settings().key.digest(&[&incoming.raw.body]);
    let again: Vec<String> = batch.iter().filter(|incoming| incoming.redelivered).map(digest).collect();
    if again.is_empty() {
        return take_all(hub, lease, intake, &batch, false).await;
    }
    noted.extend(again.iter().cloned());
    // the death that made them come again is not counted: nobody noted anything then
    if note(hub, &again, false).await.iter().all(|deaths| *deaths == 0) {
        take_all(hub, lease, intake, &batch, false).await?;
    } else {
        for incoming in batch {
            let alone = digest(&incoming);
            noted.push(alone.clone());
            let deaths = note(hub, std::slice::from_ref(&alone), true).await.into_iter().max().unwrap_or_default();
            take_all(hub, lease, intake, &[incoming], deaths >= ALONE_MAX).await?;
        }
    }
    clear(hub, noted).await;
    Ok(())
}

/// Work on all that was noted has ended. What stays noted because the store cannot be reached counts as one death more.
async fn clear(hub: &Hub, noted: &mut Vec<String>) {
    let ended = std::mem::take(noted);
    if !ended.is_empty() {
        hub.store().unsuspect(&ended).await.unwrap_or_else(|error| report("intake", &error));
    }
}

/// Notes that work on these begins; gives in how many deaths each was at work before.
async fn note(hub: &Hub, digests: &[String], alone: bool) -> Vec<u32> {
    let mut failures = 0;
    loop {
        match hub.store().suspect(digests, alone).await {
            Ok(deaths) => return deaths,
            Err(error) => {
                report("intake", &error);
                pause(hub, &mut failures).await;
            }
        }
    }
}

/// Takes messages in until all are in the store. What is in the store is acknowledged, and nothing else.
async fn take_all(hub: &Hub, lease: &LeaseName, intake: &mut dyn Intake, batch: &[Incoming], poison: bool) -> Result<(), Ended> {
    let offers: Vec<Offer> = batch.iter().map(offer).collect();
    let mut inputs = if poison { offers.iter().map(|offer| hub.set_aside(offer)).collect() } else { hub.inspect(&offers).await };
    for (input, incoming) in inputs.iter_mut().zip(batch) {
        if incoming.dead {
            *input = hub::dead(input);
        }
    }
    let mut rest: &[Input] = &inputs;
    let mut tags = batch.iter().map(|incoming| incoming.tag);
    let mut failures = 0;
    while !rest.is_empty() {
        match hub.take_from(lease, rest).await {
            Ok((taken, _)) => {
                if let Some(tag) = taken.checked_sub(1).and_then(|last| tags.nth(last)) {
                    intake.settle(tag).await?;
                }
                rest = rest.get(taken..).unwrap_or_default();
            }
            Err(error @ StoreError::Fenced) => return Err(error.into()),
            Err(error) => {
                report("intake", &error);
                pause(hub, &mut failures).await;
            }
        }
    }
    Ok(())
}

fn offer(incoming: &Incoming) -> Offer {
    Offer { sender: incoming.sender.clone(), user_id: incoming.user_id.clone(), raw: incoming.raw.clone() }
}
