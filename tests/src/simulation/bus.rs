//! The bus port of one process over the shared broker.

use std::{collections::VecDeque, time::Duration};

use async_trait::async_trait;
use schakelpunt_domain::ParticipantId;
use schakelpunt_engine::{
    model::Room,
    ports::{Bus, BusError, Incoming, Intake, Outgoing, Published},
};

use super::{
    checks,
    world::{Sim, World},
};
use crate::mutants::Mutant;

/// The bus as one process sees it.
#[derive(Debug, Clone)]
pub(super) struct SimBus {
    pub(super) sim: Sim,
    pub(super) process: usize,
}

#[derive(Debug)]
struct SimIntake {
    sim: Sim,
    process: usize,
    queue: usize,
    consumer: u64,
    tag: u64,
    /// The connection is gone; the next call says so.
    broken: bool,
}

fn gone() -> BusError {
    BusError::Unavailable("the simulated connection is gone".into())
}

fn name(process: usize) -> char {
    ['A', 'B'][process]
}

#[async_trait]
impl Bus for SimBus {
    fn queues(&self) -> Vec<String> {
        (0..self.sim.world().broker.queues.len()).map(|queue| queue.to_string()).collect()
    }

    async fn open(&self, queue: &str) -> Result<Box<dyn Intake>, BusError> {
        self.sim.under_way().await;
        let queue: usize = queue.parse().unwrap();
        let consumer = {
            let mut world = self.sim.world();
            let odds = world.weather.bus;
            if world.chance(odds) {
                world.count("fault: bus unreachable");
                return Err(gone());
            }
            let broker = &mut world.broker;
            broker.opened += 1;
            let consumer = broker.opened;
            broker.queues[queue].consumers.push_back(consumer);
            world.note(format_args!("{}:open {queue}", name(self.process)));
            consumer
        };
        Ok(Box::new(SimIntake { sim: self.sim.clone(), process: self.process, queue, consumer, tag: 0, broken: false }))
    }

    async fn publish(&self, batch: &[Outgoing<'_>]) -> Vec<Published> {
        let mut answers = Vec::with_capacity(batch.len());
        for outgoing in batch {
            self.sim.under_way().await;
            self.sim.slow(30, 14_000).await;
            while self.sim.world().broker.alarm {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            answers.push(self.frame(outgoing));
        }
        self.sim.changed.notify_waiters();
        self.sim.under_way().await;
        answers
    }

    async fn room(&self, participant: &ParticipantId, window: usize) -> Result<Room, BusError> {
        self.sim.under_way().await;
        let mut world = self.sim.world();
        let odds = world.weather.bus;
        if world.chance(odds) {
            world.count("fault: inbox cannot be seen");
            return Err(gone());
        }
        if world.clock.see() < world.weather.room_from {
            world.count("fault: no inbox has room");
            return Ok(Room { count: 0, consent: false });
        }
        Ok(match world.broker.inboxes.get(participant).filter(|inbox| inbox.exists) {
            Some(inbox) => Room { count: window.saturating_sub(inbox.lying.len()), consent: inbox.lying.is_empty() && inbox.read },
            None => Room { count: 1, consent: false },
        })
    }
}

impl SimBus {
    /// One publication reaches the broker, or not, and is answered, or not.
    fn frame(&self, outgoing: &Outgoing<'_>) -> Published {
        let mut world = self.sim.world();
        let world = &mut *world;
        let (to, id) = match outgoing {
            Outgoing::Delivery(permitted) => (permitted.recipient(), permitted.id().to_string()),
            Outgoing::Receipt(receipt) => (&receipt.to, receipt.id.to_string()),
        };
        let odds = world.weather.bus;
        let fault = if world.chance(odds) { world.rng.below(3) } else { 9 };
        let exists = world.broker.inboxes.get(to).is_some_and(|inbox| inbox.exists);
        let (arrives, answer) = match fault {
            0 => (false, Published::NotNow),
            1 => (false, Published::Uncertain),
            2 if exists => (true, Published::Uncertain),
            _ if exists => (true, Published::Confirmed),
            _ => (false, Published::Unroutable),
        };
        world.count(match (arrives, answer) {
            (_, Published::NotNow) => "fault: publication refused for now",
            (false, Published::Uncertain) => "fault: publication lost, nobody knows",
            (true, Published::Uncertain) => "fault: confirm lost",
            (_, Published::Unroutable) => "fault: no such inbox",
            (_, Published::Confirmed) => "published",
            (_, Published::Refused) => "refused for good",
        });
        world.note(format_args!("{}:publish {id} to {to}: {arrives} {answer:?}", name(self.process)));
        checks::published(world, outgoing, arrives, self.process);
        if let (Outgoing::Receipt(receipt), Published::Unroutable) = (outgoing, answer) {
            // who has no inbox is told nothing; when it has one, it asks about the numbers that it misses
            checks::number(world, &receipt.to, &receipt.bytes);
        }
        if arrives && let Some(inbox) = world.broker.inboxes.get_mut(to) {
            inbox.lying.push_back(id);
        }
        answer
    }
}

impl SimIntake {
    fn take(&mut self, max: usize) -> Option<Vec<Incoming>> {
        let mut world = self.sim.world();
        let world = &mut *world;
        let queue = &world.broker.queues[self.queue];
        if queue.consumers.front() != Some(&self.consumer) || queue.ready.is_empty() {
            return None;
        }
        let most = max.min(queue.ready.len());
        let count = 1 + world.rng.index(most);
        let queue = &mut world.broker.queues[self.queue];
        let frames: Vec<_> = queue.ready.drain(..count).collect();
        let unsettled: &mut VecDeque<_> = queue.unsettled.entry(self.consumer).or_default();
        let mut batch = Vec::new();
        for frame in frames {
            self.tag += 1;
            unsettled.push_back((self.tag, frame.clone()));
            let super::broker::Frame { sender, raw, redelivered, .. } = frame;
            batch.push(Incoming { tag: self.tag, sender: Some(sender), user_id: None, raw, redelivered, dead: false });
        }
        world.note(format_args!("{}:batch of {count} from {}", name(self.process), self.queue));
        if world.is(Mutant::AcknowledgedBeforeTheCommit) {
            acknowledge(world, self.queue, self.consumer, self.tag);
        }
        Some(batch)
    }
}

/// Everything up to the tag is gone from the broker.
fn acknowledge(world: &mut World, queue: usize, consumer: u64, tag: u64) {
    let held = world.broker.queues[queue].unsettled.entry(consumer).or_default();
    let settled = held.iter().take_while(|(held, _)| *held <= tag).count();
    let settled: Vec<usize> = held.drain(..settled).map(|(_, frame)| frame.offer).collect();
    for offer in settled {
        checks::acknowledged(world, offer);
    }
}

#[async_trait]
impl Intake for SimIntake {
    async fn next_batch(&mut self, max: usize) -> Result<Vec<Incoming>, BusError> {
        self.sim.under_way().await;
        loop {
            let sim = self.sim.clone();
            let changed = sim.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.broken {
                return Err(gone());
            }
            if let Some(batch) = self.take(max) {
                self.sim.under_way().await;
                return Ok(batch);
            }
            changed.await;
            let mut world = self.sim.world();
            if world.chance(50) {
                world.count("fault: intake connection lost");
                self.broken = true;
            }
        }
    }

    async fn settle(&mut self, tag: u64) -> Result<(), BusError> {
        self.sim.under_way().await;
        let mut world = self.sim.world();
        let world = &mut *world;
        let odds = world.weather.bus;
        if self.broken || world.chance(odds) {
            // an acknowledgement has no answer: that it was lost shows when the connection is found dead
            world.count("fault: acknowledgement lost");
            world.note(format_args!("{}:ack {tag} of {} lost", name(self.process), self.queue));
            self.broken = true;
            return if world.rng.once_in(2) { Ok(()) } else { Err(gone()) };
        }
        let tag = if world.is(Mutant::AcknowledgedTooFar) { self.tag } else { tag };
        world.note(format_args!("{}:ack {tag} of {}", name(self.process), self.queue));
        acknowledge(world, self.queue, self.consumer, tag);
        Ok(())
    }
}

impl Drop for SimIntake {
    fn drop(&mut self) {
        let mut world = self.sim.world();
        let back = world.broker.queues[self.queue].give_back(self.consumer);
        if back > 0 {
            world.count("state: frames came again");
        }
        drop(world);
        self.sim.changed.notify_waiters();
    }
}
