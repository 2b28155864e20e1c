//! A connection that its next use opens again.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use backon::{ExponentialBuilder, Retryable as _};
use schakelpunt_amqp::{Connection, Error};
use tokio::sync::Mutex;

/// In all less than two seconds: the caller has its own pace for what takes longer.
const BACKOFF: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(50))
    .with_max_delay(Duration::from_secs(1))
    .with_max_times(5)
    .with_jitter();
/// For all tries together, in a network that swallows everything.
const PATIENCE: Duration = Duration::from_secs(8);

pub(super) struct Link {
    url: String,
    name: String,
    state: Mutex<State>,
    /// Rounds that have failed; read before the lock is taken.
    failures: AtomicU64,
}

#[derive(Default)]
struct State {
    current: Option<Connection>,
    last: Option<Error>,
}

impl fmt::Debug for Link {
    /// Without the address: it holds a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Link {
    pub(super) fn new(url: &str, name: String) -> Self {
        Self { url: url.to_owned(), name, state: Mutex::default(), failures: AtomicU64::new(0) }
    }

    /// The connection, opened again if it is gone. Who waited while somebody else failed gets the same error.
    pub(super) async fn get(&self) -> Result<Connection, Error> {
        let failures = self.failures.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        if let Some(connection) = state.current.as_ref().filter(|connection| connection.is_open()) {
            return Ok(connection.clone());
        }
        state.current = None;
        if let Some(error) = state.last.as_ref().filter(|_| self.failures.load(Ordering::Acquire) > failures) {
            return Err(error.clone());
        }
        let opening = (|| Connection::open(&self.url, &self.name)).retry(BACKOFF).when(Error::is_passing);
        match tokio::time::timeout(PATIENCE, opening).await.unwrap_or(Err(Error::Silent)) {
            Ok(opened) => {
                tracing::info!(name = self.name, "connected to the broker");
                Ok(state.current.insert(opened).clone())
            }
            Err(error) => {
                tracing::warn!(name = self.name, error = &error as &dyn std::error::Error, "no connection to the broker");
                state.last = Some(error.clone());
                self.failures.fetch_add(1, Ordering::AcqRel);
                Err(error)
            }
        }
    }

    pub(super) async fn is_blocked(&self) -> bool {
        self.state.lock().await.current.as_ref().is_some_and(Connection::is_blocked)
    }
}
