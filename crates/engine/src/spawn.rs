//! Named tasks: one that dies says so.

use std::future::Future;

use tokio::task::{JoinHandle, JoinSet};
use tracing::Instrument as _;

/// Runs `future` as a task of that name.
pub fn named<T: Send + 'static>(name: &'static str, future: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
    tokio::spawn(future.instrument(tracing::info_span!("task", task.name = name)))
}

/// The same as one of `tasks`, which ends when they are dropped.
pub fn named_among<T: Send + 'static>(tasks: &mut JoinSet<T>, name: &'static str, future: impl Future<Output = T> + Send + 'static) {
    tasks.spawn(future.instrument(tracing::info_span!("task", task.name = name)));
}
