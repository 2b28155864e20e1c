//! Everybody outside the hub: producers, recipients, who fetches, and the environment.

use std::time::Duration;

use jiff::SignedDuration;
use schakelpunt_domain::{
    ParticipantId,
    registers::{Entry, Form, Mandate, Recorded, Scope, Stop},
    stage::Stage,
};
use schakelpunt_engine::{
    inspect::Offer,
    ports::{Pull, Store as _},
    step::{Input, Receipts},
};

use super::{
    broker::Frame,
    checks,
    processes::Processes,
    store::SimStore,
    workload::Sending,
    world::{Sim, World},
};
use crate::harness::who;

async fn sleep(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

/// Sends everything in order; what was not confirmed is sent again.
pub(super) async fn producer(sim: Sim, processes: Processes, sendings: Vec<Sending>) {
    for sending in sendings {
        sleep(sending.wait).await;
        if sending.posted {
            post(&sim, &processes, &sending).await;
        } else {
            publish(&sim, &sending).await;
        }
    }
    sim.world().sent += 1;
}

async fn publish(sim: &Sim, sending: &Sending) {
    loop {
        sim.under_way().await;
        let confirmed = {
            let mut world = sim.world();
            let world = &mut *world;
            let frame = Frame { offer: sending.offer, sender: sending.sender.clone(), raw: sending.raw.clone(), redelivered: false };
            let (name, event) = (world.ledger.offers[sending.offer].key.id.clone(), world.ledger.offers[sending.offer].event);
            let about = world.ledger.offers[sending.offer].data.pointer("/correction/of/id").map(ToString::to_string).unwrap_or_default();
            world.note(format_args!("sent {name} {event} {about}"));
            if sending.stop {
                enqueue(world, 0, frame.clone());
            }
            enqueue(world, sending.queue, frame);
            !world.chance(12)
        };
        sim.changed.notify_waiters();
        if confirmed {
            return;
        }
        sim.world().count("fault: a producer sends again");
        sleep(20).await;
    }
}

/// Mostly at the end; over another partition's connection, a few places earlier.
fn enqueue(world: &mut World, queue: usize, frame: Frame) {
    let early = if world.chance(10) { world.rng.index(3) } else { 0 };
    let ready = &mut world.broker.queues[queue].ready;
    let place = ready.len().saturating_sub(early);
    ready.insert(place, frame);
    if early > 0 {
        world.count("fault: frames reordered");
    }
}

/// Posts to one process or the other, until there is an answer.
async fn post(sim: &Sim, processes: &Processes, sending: &Sending) {
    let offer = Offer { sender: Some(sending.sender.clone()), user_id: None, raw: sending.raw.clone() };
    loop {
        let process = sim.world().rng.index(2);
        let offers = vec![offer.clone()];
        let answer = processes.ask(process, move |hub| async move { hub.offer(&offers, Receipts::Answered).await }).await;
        if let Some(Ok(_)) = answer {
            let mut world = sim.world();
            world.note(format_args!("answered {}", sending.offer));
            checks::acknowledged(&mut world, sending.offer);
            return;
        }
        sim.world().count("fault: a producer posts again");
        sleep(50).await;
    }
}

/// Reads an inbox: quickly, slowly, not at all for a while.
pub(super) async fn recipient(sim: Sim, id: ParticipantId) {
    loop {
        sleep(25).await;
        let pause = {
            let mut world = sim.world();
            let world = &mut *world;
            let (dead, gone, few) = (world.chance(60), world.chance(150), world.chance(3));
            let inbox = world.broker.inboxes.get_mut(&id).unwrap();
            inbox.read = !dead;
            inbox.exists = !gone;
            let count = if dead || gone {
                0
            } else if few {
                1
            } else {
                inbox.lying.len()
            };
            inbox.lying.drain(..count.min(inbox.lying.len()));
            if dead {
                world.count("fault: a recipient stops reading");
            }
            if gone {
                world.count("fault: an inbox is gone");
            }
            if dead || gone { world.rng.between(200, 3000) } else { 0 }
        };
        sleep(pause).await;
    }
}

/// Fetches with its cursor, from one process or the other; an answer may get lost.
pub(super) async fn fetcher(sim: Sim, processes: Processes, id: ParticipantId) {
    let mut after = 0;
    loop {
        let (process, wait, limit) = {
            let mut world = sim.world();
            (world.rng.index(2), world.rng.between(20, 300), world.rng.between(1, 6))
        };
        sleep(wait).await;
        let pull = Pull { participant: id.clone(), after, limit: u32::try_from(limit).unwrap() };
        let Some(Ok(given)) = processes.ask(process, move |hub| async move { hub.pull(&pull).await }).await else { continue };
        let mut world = sim.world();
        let world = &mut *world;
        if world.chance(6) {
            world.count("fault: an answer to a fetch lost");
            continue;
        }
        for delivery in &given.given {
            world.note(format_args!("{id} fetched {}", delivery.id));
            checks::fetched(world, delivery);
        }
        checks::numbers_fetched(world, &id, &given);
        after = given.next;
    }
}

/// Clocks, registers, persons, alarms.
pub(super) async fn environment(sim: Sim, processes: Processes) {
    let store = SimStore { sim: sim.clone(), process: 0 };
    loop {
        let wait = sim.world().rng.between(10, 250);
        sleep(wait).await;
        if sim.world().calm {
            calm(&sim, &store).await;
            continue;
        }
        let what = sim.world().rng.below(16);
        match what {
            0..=2 => set_clock(&sim),
            3 => alarm(&sim).await,
            4 | 5 => forget(&sim, &store).await,
            6..=8 => person(&sim, &processes, &store).await,
            9 => register(&sim, &processes).await,
            _ => {}
        }
    }
}

/// Everything comes to its end: persons help, and time passes.
async fn calm(sim: &Sim, store: &SimStore) {
    let blocked: Vec<_> = {
        let mut world = sim.world();
        // twice as fast as the processes count: leases have to live until they are renewed
        if world.rng.once_in(8) {
            world.clock.step(SignedDuration::from_secs(1));
        }
        let rows = world.tables.deliveries.values();
        rows.filter(|row| matches!(row.delivery.stage, Stage::Blocked { .. })).map(|row| row.delivery.id).collect()
    };
    for id in blocked {
        let now = sim.world().clock.see();
        drop(store.change_stage(&id, &mut |delivery| delivery.stage.clone().retry(now).ok()).await);
    }
}

fn set_clock(sim: &Sim) {
    let mut world = sim.world();
    let by = match world.rng.below(5) {
        0 if world.rng.once_in(2) => world.rng.between(3600, 40 * 3600).cast_signed(),
        0 | 1 => world.rng.between(10, 60).cast_signed(),
        2 | 3 => -world.rng.between(1, 9).cast_signed(),
        _ => -world.rng.between(30, 120).cast_signed(),
    };
    world.clock.step(SignedDuration::from_secs(by));
    world.count(if by > 0 { "fault: clock set on" } else { "fault: clock set back" });
    world.note(format_args!("clock {by:+} s"));
}

async fn alarm(sim: &Sim) {
    sim.world().broker.alarm = true;
    sim.world().count("fault: publishing is blocked");
    let millis = sim.world().rng.between(100, 12_000);
    sleep(millis).await;
    sim.world().broker.alarm = false;
}

async fn forget(sim: &Sim, store: &SimStore) {
    let before = sim.world().clock.see() - SignedDuration::from_secs(600);
    sim.world().count("fault: forgetting runs early");
    drop(store.forget(before).await);
}

/// A person lets a blocked lane go on, or gives a delivery up.
async fn person(sim: &Sim, processes: &Processes, store: &SimStore) {
    let (found, now, retry) = {
        let mut world = sim.world();
        let rows = world.tables.deliveries.values();
        let found = rows.map(|row| &row.delivery).find(|delivery| matches!(delivery.stage, Stage::Blocked { .. })).cloned();
        (found, world.clock.see(), world.rng.once_in(2))
    };
    let Some(delivery) = found else { return };
    if retry {
        drop(store.change_stage(&delivery.id, &mut |delivery| delivery.stage.clone().retry(now).ok()).await);
    } else if let Some(detention) = delivery.detention.clone() {
        sim.world().count("state: a person skips a delivery");
        let input = [Input::Skip(delivery.id, detention)];
        drop(processes.ask(1, move |hub| async move { hub.run(&input, Receipts::Answered).await }).await);
    }
}

/// A register change, through one process: the other does not hear of it.
async fn register(sim: &Sim, processes: &Processes) {
    let (entry, process) = {
        let mut world = sim.world();
        (change(&mut world), world.rng.index(2))
    };
    sim.world().count("fault: register change");
    drop(processes.ask(process, move |hub| async move { hub.record(vec![entry]).await }).await);
}

/// Right behind a claim, before anything of it is on its way, another process ends a ground.
pub(super) fn worst_moment(world: &mut World, now: jiff::Timestamp) {
    world.count("fault: register change right behind a claim");
    let entries = vec![Recorded { entry: change(world), recorded: now }];
    world.note(format_args!("recorded elsewhere: {:?}", entries[0].entry));
    checks::recording(world, &entries);
    world.tables.record(entries);
}

/// What changes in the registers, mostly what ends a ground.
pub(super) fn change(world: &mut World) -> Entry {
    match world.rng.below(6) {
        0 => Entry::Stop(Stop::Participant(who(world.rng.word(&["ggz-zwolle", "rn-zwolle", "gemeente-zwolle"])))),
        1 => Entry::Stop(Stop::Detention((world.rng.word(&["d-1", "d-2", "d-3"])).parse().unwrap())),
        2 => Entry::Stop(Stop::Rule(
            world.rng.pick(&["release-date-to-municipality", "screening-completed-to-care-partner"]).parse().unwrap(),
        )),
        _ => {
            let until = *world.rng.pick(&[None, Some("2024-09-05"), Some("2024-09-04")]);
            Entry::Mandate(Mandate {
                mandator: who("gemeente-zwolle"),
                mandatary: who("gemeente-heerde"),
                scope: Scope::All,
                from: "2020-01-01".parse().unwrap(),
                until: until.map(|day| day.parse().unwrap()),
                prisons: Vec::new(),
                visit_days: Vec::new(),
                form: Form::Mandate,
            })
        }
    }
}
