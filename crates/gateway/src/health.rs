//! `GET /healthz` and `GET /readyz`, for whoever starts and watches the process. Public, so they tell no numbers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Json, extract::State};
use schakelpunt_engine::hub::chain;
use serde_json::{Value, json};

use crate::{Shared, problem::Problem};

/// Where the process says that it lives.
pub(crate) const ALIVE: &str = "/healthz";
/// Where the hub says that it can work.
pub(crate) const READY: &str = "/readyz";
/// A store that needs longer than this to answer is not ready for more.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the process has started and is not ending. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// Says so: `true` when everything has started, `false` when it begins to end.
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The process lives.
pub(crate) async fn alive() -> Json<Value> {
    Json(json!({"status": "alive"}))
}

/// The process has started, and store and bus can be reached.
pub(crate) async fn ready(State(gateway): State<Shared>) -> Result<Json<Value>, Problem> {
    if !gateway.readiness.is_set() {
        return Err(Problem::unavailable("the process is starting or ending"));
    }
    let hub = &gateway.hub;
    let store = async { hub.store().load().await.map(drop).map_err(|error| chain(&error)) };
    let bus = async { hub.bus().room(&hub.settings().hub, 1).await.map(drop).map_err(|error| chain(&error)) };
    let (store, bus) = tokio::join!(tokio::time::timeout(PATIENCE, store), tokio::time::timeout(PATIENCE, bus));
    for (what, answer) in [("store", store), ("bus", bus)] {
        if let Err(error) = answer.unwrap_or_else(|_| Err("no answer in time".to_owned())) {
            tracing::warn!(what, error, "not ready");
            return Err(Problem::unavailable(if what == "store" { "the store cannot be reached" } else { "the bus cannot be reached" }));
        }
    }
    Ok(Json(json!({"status": "ready"})))
}
