//! The bus inside one process: the suite, and what is its own.

use std::time::Duration;

use async_trait::async_trait;
use schakelpunt_bus::{InProcessBus, in_process::InboxConsumer};
use schakelpunt_domain::ParticipantId;
use schakelpunt_engine::ports::{Bus, Published};

use super::{
    contract,
    rig::{Read, Reader, Rig, Sample, municipality, publish, receipt, receipts},
};

#[async_trait]
impl Rig for InProcessBus {
    fn bus(&self) -> &dyn Bus {
        self
    }

    async fn send(&self, from: &ParticipantId, messages: &[Sample]) {
        for message in messages {
            InProcessBus::send(self, from, message.raw()).unwrap();
        }
    }

    async fn read(&self, participant: &ParticipantId) -> Box<dyn Reader> {
        Box::new(self.subscribe(participant))
    }

    fn keeps_inboxes(&self) -> bool {
        false
    }
}

#[async_trait]
impl Reader for InboxConsumer {
    async fn next(&mut self) -> Read {
        let message = InboxConsumer::next(self).await;
        Read { id: message.id, ty: message.ty, bytes: message.bytes, redelivered: message.redelivered }
    }

    async fn ack(&mut self) {
        InboxConsumer::ack(self);
    }
}

fn rig() -> std::future::Ready<Option<InProcessBus>> {
    let bus = InProcessBus::default();
    bus.add_inbox(&municipality());
    std::future::ready(Some(bus))
}

contract!(rig());

#[tokio::test]
async fn what_nobody_was_handed_is_not_for_now() {
    let bus = InProcessBus::default();
    let mut reader = bus.subscribe(&municipality());
    let sent = receipts(&municipality(), 2);
    let (published, ()) = tokio::join!(publish(&bus, &sent), async {
        reader.next().await;
        drop(reader);
        let mut next = bus.subscribe(&municipality());
        assert!(next.next().await.redelivered);
        next.ack();
    });
    assert_eq!(published, [Published::Confirmed, Published::NotNow]);
}

#[tokio::test]
async fn a_publisher_without_patience_takes_back_what_was_not_handed_out() {
    let bus = InProcessBus::default().with_patience(Duration::from_millis(50));
    let mut reader = bus.subscribe(&municipality());
    let sent = receipts(&municipality(), 2);
    let (published, read) = tokio::join!(publish(&bus, &sent), reader.next());
    assert_eq!(read.id, "r-0000");
    assert_eq!(published, [Published::Uncertain, Published::NotNow]);
    // what its publisher has given up is not handed to anybody else
    drop(reader);
    let mut next = bus.subscribe(&municipality());
    let sent = [receipt(&municipality(), "later")];
    let (published, read) = tokio::join!(publish(&bus, &sent), async {
        let read = next.next().await;
        next.ack();
        read
    });
    assert_eq!((published, read.id.as_str()), (vec![Published::Confirmed], "later"));
}
