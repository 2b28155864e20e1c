//! What a bus does when its broker stops, dies or runs out of memory; on a node of its own.

use std::time::Duration;

use schakelpunt_amqp::topology::{self, Topology};
use schakelpunt_engine::ports::{BusError, Published};

use tokio::process::Command;

use super::rabbit_rig::RabbitRig;
use crate::{
    bus_contract::rig::{Rig as _, eventually, ids, municipality, prison, publish, receipts, sample_ids, samples, take},
    parts::rabbitmq::{Node, TestBroker, Version, variable},
};

pub(crate) async fn restarts_kills_and_alarms(version: Version) {
    let Some(node) = Node::prepare(version) else { return };
    let rig = RabbitRig::of(TestBroker::at(node.start().await, Topology::default()).await).await;
    // in good order first: only what was stopped once is sure to survive the kill (see tests/parts)
    restart(&node, &rig, false).await;
    restart(&node, &rig, true).await;
    alarm(&node, &rig).await;
}

/// A property that is not UTF-8 is fine for the broker and unreadable for lapin, which ends the connection over it.
pub(crate) async fn an_unreadable_message_stops_its_own_queue_alone(version: Version) {
    let Some(rig) = RabbitRig::fresh(version).await else { return };
    let python = variable("SCHAKELPUNT_TEST_PYTHON").expect("SCHAKELPUNT_TEST_PYTHON is not set: run this test through tests/run");
    let sent = Command::new(python).args(["-c", UNREADABLE]).arg(rig.broker.url_of(&prison())).output().await.unwrap();
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    let mut stopped = Vec::new();
    let mut opened = Vec::new();
    for queue in rig.bus().queues().into_iter().filter(|queue| queue.contains(".intake.")) {
        let mut intake = rig.bus().open(&queue).await.unwrap();
        // a message behind it is not read either; in the other queues it is
        let samples: Vec<_> = (0..32).flat_map(|lane| samples("detention-started", &format!("{queue}-{lane}"), 1)).collect();
        rig.send(&prison(), &samples).await;
        match intake.next_batch(1, Duration::ZERO).await {
            Ok(_) => opened.push(intake),
            Err(BusError::Unavailable(_)) => stopped.push(queue),
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!((stopped.len(), opened.len()), (1, 3), "{stopped:?}");
    for intake in &mut opened {
        intake.next_batch(1, Duration::ZERO).await.unwrap();
    }
}

const UNREADABLE: &str = "
import pika, sys
connection = pika.BlockingConnection(pika.URLParameters(sys.argv[1]))
properties = pika.BasicProperties(content_type=b'\\xff', headers={'partitionkey': 'd1'})
channel = connection.channel()
channel.confirm_delivery()
channel.basic_publish('schakelpunt.in', 'pi-alphen.detention-started', b'{}', properties)
connection.close()
";

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
    assert!(matches!(intake.next_batch(1, Duration::ZERO).await, Err(BusError::Unavailable(_))));
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
