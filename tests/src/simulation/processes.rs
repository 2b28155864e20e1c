//! The two hub processes, and whatever else runs: who is polled when is the scheduler's business.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use schakelpunt_engine::{Hub, Settings, drivers, leases::ProcessId};
use tokio::sync::oneshot;

use super::{bus::SimBus, store::SimStore, world::Sim};

pub(super) type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Something to run: by which process, or by nobody's; its name; and itself.
pub(super) type Start = (Option<usize>, &'static str, Running);

#[derive(Default)]
struct State {
    hubs: [Option<Arc<Hub>>; 2],
    starts: Vec<Start>,
}

/// What the processes are called.
pub(super) const NAMES: [&str; 2] = ["a", "b"];

/// The processes.
#[derive(Clone)]
pub(super) struct Processes(Arc<Mutex<State>>);

impl Processes {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn starts(&self) -> Vec<Start> {
        std::mem::take(&mut self.state().starts)
    }

    pub(super) fn start(&self, process: Option<usize>, name: &'static str, running: impl Future<Output = ()> + Send + 'static) {
        self.state().starts.push((process, name, Box::pin(running)));
    }

    /// What a process knows is gone.
    pub(super) fn crash(&self, process: usize) {
        let hub = {
            let mut state = self.state();
            state.starts.retain(|(of, ..)| *of != Some(process));
            state.hubs[process].take()
        };
        drop(hub);
    }

    /// Opens a hub anew; its loops start when it stands.
    pub(super) fn boot(&self, sim: &Sim, process: usize, settings: Settings) {
        let (sim, all) = (sim.clone(), self.clone());
        self.start(Some(process), "boot", async move {
            let store = Arc::new(SimStore { sim: sim.clone(), process });
            let bus = Arc::new(SimBus { sim: sim.clone(), process });
            let hub = loop {
                match Hub::open(settings.clone(), store.clone(), bus.clone()).await {
                    Ok(hub) => break Arc::new(hub),
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            };
            let run = sim.world().step.to_string();
            let me = ProcessId { name: NAMES[process].to_owned(), run };
            for (name, running) in drivers::loops(&hub, me) {
                all.state().starts.push((Some(process), name, running));
            }
            all.state().hubs[process] = Some(hub);
        });
    }

    /// Asks a process for something over the network; `None` if it is down or dies meanwhile.
    pub(super) async fn ask<T, F>(&self, process: usize, question: impl FnOnce(Arc<Hub>) -> F) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let hub = self.state().hubs[process].clone()?;
        let (tell, answer) = oneshot::channel();
        let asked = question(hub);
        self.start(Some(process), "door", async move {
            // who asked may have gone
            drop(tell.send(asked.await));
        });
        answer.await.ok()
    }
}
