//! A message that ends the process which works on it goes alone, then is set aside; all others are taken in.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use schakelpunt_bus::in_process::InProcessBus;
use schakelpunt_domain::RejectionCode;
use schakelpunt_engine::{
    Hub, drivers,
    leases::{Lease, ProcessId},
    model::{Action, Delivery, SnapshotKeys},
    ports::{Step, Store, StoreError},
};

use crate::harness::{
    MORNING, Rig,
    around::{Around, Hooks},
    bus::Between,
    messages::admission,
    settings, who,
};

/// Deciding this message ends the process.
const DEADLY: &str = "d-3-detention-started";

#[derive(Debug)]
struct Deadly(Arc<dyn Store>);

#[async_trait]
impl Hooks for Deadly {
    fn inner(&self) -> &dyn Store {
        self.0.as_ref()
    }

    async fn intake(&self, fence: &[Lease], keys: &SnapshotKeys, step: Step<'_>) -> Result<Option<Vec<Delivery>>, StoreError> {
        let mut step = |snapshot| {
            let actions = step(snapshot)?;
            let deadly = |action: &Action| matches!(action, Action::SaveMessage(message) if message.key.id.as_str() == DEADLY);
            assert!(!actions.iter().any(deadly), "this message is deadly");
            Some(actions)
        };
        self.0.intake(fence, keys, &mut step).await
    }
}

/// Runs the loops of one process until one of them dies, or all five messages have their outcome. Gives whether it died.
async fn run(hub: &Arc<Hub>, run: u32) -> bool {
    let process = ProcessId { name: "hub-1".to_owned(), run: run.to_string() };
    let loops = drivers::loops(hub, process).into_iter().map(|(_, work)| std::panic::AssertUnwindSafe(work).catch_unwind());
    let mut loops: FuturesUnordered<_> = loops.collect();
    let look = async {
        while !is_done(hub).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        _ = loops.next() => true,
        done = tokio::time::timeout(Duration::from_secs(60), look) => { done.unwrap(); false }
    }
}

async fn is_done(hub: &Hub) -> bool {
    let store = hub.store();
    let mut known = store.rejections(9).await.unwrap().len();
    for number in 1..=5 {
        known += store.trace(&format!("d-{number}-detention-started").parse().unwrap()).await.unwrap().len();
    }
    known == 5 && store.load().await.unwrap() == schakelpunt_engine::ports::Load::default()
}

#[tokio::test]
async fn a_message_that_kills_goes_alone_and_is_then_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::on_file(&folder.path().join("hub.db"), MORNING).await;
    let store: Arc<dyn Store> = Arc::new(Around(Deadly(Arc::clone(&rig.store))));
    let bus = Arc::new(Between { way_in: InProcessBus::new(1), way_out: Arc::clone(&rig.bus) });
    for number in 1..=5 {
        bus.way_in.send(&who("pi-zwolle"), admission(&format!("d-{number}")).offer().raw).unwrap();
    }
    let mut deaths = 0;
    for number in 0..9 {
        let hub = Arc::new(Hub::open(settings(), Arc::clone(&store), bus.clone()).await.unwrap());
        if !run(&hub, number).await {
            break;
        }
        deaths += 1;
    }
    assert_eq!(deaths, 7, "with others, with others again, and five times alone");
    let rejected = rig.store.rejections(9).await.unwrap();
    assert_eq!(rejected.iter().map(|rejection| rejection.code).collect::<Vec<_>>(), [RejectionCode::Malformed]);
    for number in [1, 2, 4, 5] {
        assert_eq!(rig.stages(&format!("d-{number}-detention-started"), "gemeente-zwolle").await, ["handed-over"]);
    }
}
