//! What a bus does when its broker stops, dies or runs out of memory; on a node of its own.

use schakelpunt_amqp::{
    limits::BODY_MAX,
    topology::{self, Topology},
};
use schakelpunt_domain::envelope::Envelope;
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

/// The broker passes on what its client library cannot read: a text that is no UTF-8, headers nested without end, a body of megabytes.
/// Each comes through as a message that the hub can reject, from the sender that the routing key proves.
pub(crate) async fn a_message_that_cannot_be_read_stops_nothing(version: Version) {
    let Some(rig) = RabbitRig::fresh(version).await else { return };
    let python = variable("SCHAKELPUNT_TEST_PYTHON").expect("SCHAKELPUNT_TEST_PYTHON is not set: run this test through tests/run");
    let sent = Command::new(python).args(["-c", UNREADABLE]).arg(rig.broker.url_of(&prison())).output().await.unwrap();
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    let mut intake = rig.bus().open(topology::STOP).await.unwrap();
    let received = take(&mut *intake, UNREADABLE_COUNT).await;
    for incoming in &received {
        assert_eq!(incoming.sender, Some(prison()), "{:?}", incoming.raw.content_type);
        assert!(incoming.raw.body.len() <= BODY_MAX, "only as much as shows that it is too large");
        assert_eq!(Envelope::parse(&incoming.raw).map_err(|why| why.detail.len() > 10), Err(true), "the hub can say why not");
    }
    assert!(received.iter().any(|incoming| incoming.raw.body.len() == BODY_MAX));
    // what comes behind is read
    let behind = samples("deceased", "behind", 1);
    rig.send(&prison(), &behind).await;
    assert_eq!(ids(&take(&mut *intake, 1).await), sample_ids(&behind));
    intake.settle(received[UNREADABLE_COUNT - 1].tag).await.unwrap();
}

const UNREADABLE_COUNT: usize = 4;
const UNREADABLE: &str = "
import pika, sys
sys.setrecursionlimit(100000)
connection = pika.BlockingConnection(pika.URLParameters(sys.argv[1]))
channel = connection.channel()
channel.confirm_delivery()
nested = 'x'
for _ in range(20000):
    nested = [nested]
def send(key='pi-alphen.deceased', body=b'{}', **properties):
    channel.basic_publish('schakelpunt.in', key, body, pika.BasicProperties(**properties))
send(content_type=b'\\xff')
send(headers={'partitionkey': 'd1', 'nested': nested})
send(body=b'x' * 5000000)
send(message_id=b'\\xc3')
connection.close()
";

/// The routing key itself: its first word is checked by the broker, the rest may be anything.
pub(crate) async fn a_routing_key_that_is_no_text_stops_nothing(version: Version) {
    let Some(rig) = RabbitRig::fresh(version).await else { return };
    let python = variable("SCHAKELPUNT_TEST_PYTHON").expect("SCHAKELPUNT_TEST_PYTHON is not set: run this test through tests/run");
    let sent = Command::new(python).args(["-c", UNREADABLE_KEY]).arg(rig.broker.url_of(&prison())).output().await.unwrap();
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    // whichever queue the broker chose
    let mut senders = Vec::new();
    for queue in rig.bus().queues().into_iter().filter(|queue| queue.contains(".intake.")) {
        let mut intake = rig.bus().open(&queue).await.unwrap();
        rig.send(&prison(), &(0..32).flat_map(|lane| samples("detention-started", &format!("{queue}-{lane}"), 1)).collect::<Vec<_>>())
            .await;
        senders.extend(intake.next_batch(100).await.unwrap().into_iter().map(|incoming| incoming.sender));
    }
    assert!(senders.len() >= 4 && senders.iter().all(|sender| *sender == Some(prison())), "{senders:?}");
}

const UNREADABLE_KEY: &str = "
import pika, sys
connection = pika.BlockingConnection(pika.URLParameters(sys.argv[1]))
channel = connection.channel()
channel.confirm_delivery()
for lane in range(16):
    headers = {'partitionkey': 'd-%d' % lane}
    channel.basic_publish('schakelpunt.in', b'pi-alphen.\\xff', b'{}', pika.BasicProperties(headers=headers))
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
    assert!(matches!(intake.next_batch(1).await, Err(BusError::Unavailable(_))));
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
