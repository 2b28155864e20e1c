//! One sender that publishes as fast as it can.

use std::sync::Arc;

use schakelpunt::{clock::SetClock, registers::Tables};
use schakelpunt_bus::InProcessBus;
use schakelpunt_domain::{MessageId, envelope::RawMessage};
use schakelpunt_engine::{Hub, drivers, leases::ProcessId, ports::Store as _};
use schakelpunt_store::SqliteStore;
use tokio_util::sync::CancellationToken;

use crate::harness::{MORNING, instant, messages::admission, settings, who};

/// Sends what cannot be read, for ever.
async fn flood(bus: &InProcessBus) {
    let broken = RawMessage { content_type: "application/cloudevents+json".to_owned(), headers: Vec::new(), body: b"{".to_vec() };
    loop {
        for _ in 0..50 {
            // a full queue refuses: that is the sender's own loss
            drop(bus.send(&who("pi-alphen"), broken.clone()));
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn anothers_message_is_decided_while_a_flood_runs() {
    let clock = Arc::new(SetClock::new(instant(MORNING)));
    let store = Arc::new(SqliteStore::in_memory(clock).await.unwrap());
    store.migrate().await.unwrap();
    let tables = Tables::parse("participants.toml", include_str!("../../../config/demo/participants.toml")).unwrap();
    store.record(tables.entries(instant(MORNING)).unwrap()).await.unwrap();
    let bus = InProcessBus::default();
    let hub = Arc::new(Hub::open(settings(), store.clone(), Arc::new(bus.clone())).await.unwrap());
    let stop = CancellationToken::new();
    let process = ProcessId { name: "hub-1".to_owned(), run: "1".to_owned() };
    let loops = drivers::start(&hub, process, &stop);
    // without a partition key both share one queue: the worst case
    let message = admission("d-1").by("pi-zwolle").of("0193").id("m-1").offer();
    let id: MessageId = "m-1".parse().unwrap();
    let decided = async {
        while store.rejections(1).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        bus.send(&who("pi-zwolle"), message.raw).unwrap();
        while store.trace(&id).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = flood(&bus) => unreachable!("a flood does not end"),
        () = decided => {}
    }
    assert!(!store.trace(&id).await.unwrap()[0].decisions.is_empty());
    stop.cancel();
    for ended in loops {
        ended.await.unwrap();
    }
}
