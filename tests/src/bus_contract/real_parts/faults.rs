//! What a bus does when its broker stops, dies or runs out of memory; on a node of its own.

use schakelpunt_amqp::topology::{self, Topology};
use schakelpunt_engine::ports::{BusError, Published};

use super::rabbit_rig::RabbitRig;
use crate::{
    bus_contract::rig::{Rig as _, eventually, ids, municipality, prison, publish, receipts, sample_ids, samples, take},
    parts::rabbitmq::{Node, TestBroker, Version},
};

pub(crate) async fn restarts_kills_and_alarms(version: Version) {
    let Some(node) = Node::prepare(version) else { return };
    let rig = RabbitRig::of(TestBroker::at(node.start().await, Topology::default()).await).await;
    // in good order first: only what was stopped once is sure to survive the kill (see tests/parts)
    restart(&node, &rig, false).await;
    restart(&node, &rig, true).await;
    alarm(&node, &rig).await;
}

async fn restart(node: &Node, rig: &RabbitRig, kill: bool) {
    let bus = rig.bus();
    let sent = samples("deceased", if kill { "killed" } else { "stopped" }, 10);
    rig.send(&prison(), &sent).await;
    let mut intake = bus.open(topology::STOP).await.unwrap();
    let batch = take(&mut *intake, 10).await;
    if kill {
        node.kill().await;
    } else {
        intake.settle(batch[3].tag).await.unwrap();
        node.stop().await;
    }
    // everything says that it cannot, nothing hangs, nothing claims success
    assert!(matches!(intake.next_batch(1, std::time::Duration::ZERO).await, Err(BusError::Unavailable(_))));
    assert!(matches!(intake.settle(batch[9].tag).await, Err(BusError::Unavailable(_))));
    assert!(matches!(bus.open(topology::STOP).await, Err(BusError::Unavailable(_))));
    assert!(matches!(bus.room(&municipality(), 1).await, Err(BusError::Unavailable(_))));
    assert_eq!(publish(bus, &receipts(&municipality(), 2)).await, [Published::NotNow; 2]);
    drop(intake);
    node.start().await;
    // a leader may still be chosen
    eventually(true, async || bus.open(topology::STOP).await.is_ok()).await;
    let mut intake = bus.open(topology::STOP).await.unwrap();
    let kept = if kill { 0 } else { 4 };
    let again = take(&mut *intake, 10 - kept).await;
    assert_eq!(ids(&again), sample_ids(&sent[kept..]));
    intake.settle(again[again.len() - 1].tag).await.unwrap();
    eventually(vec![Published::Confirmed; 2], async || publish(bus, &receipts(&municipality(), 2)).await).await;
}

async fn alarm(node: &Node, rig: &RabbitRig) {
    let bus = rig.bus();
    node.ctl(&["set_vm_memory_high_watermark", "absolute", "1MB"]).await;
    // the broker tells a connection only when it publishes: until then nobody knows, from then on it is not for now
    eventually(vec![Published::NotNow], async || publish(bus, &receipts(&municipality(), 1)).await).await;
    // questions and the intake go on meanwhile
    bus.room(&municipality(), 1).await.unwrap();
    bus.open(topology::STOP).await.unwrap();
    node.ctl(&["set_vm_memory_high_watermark", "0.8"]).await;
    eventually(vec![Published::Confirmed], async || publish(bus, &receipts(&municipality(), 1)).await).await;
}
