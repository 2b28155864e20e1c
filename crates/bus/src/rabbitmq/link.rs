//! A connection that its next use opens again.

use std::{fmt, time::Duration};

use backon::{ExponentialBuilder, Retryable as _};
use schakelpunt_amqp::{Connection, Error};
use tokio::sync::Mutex;

/// In all less than two seconds: the caller has its own pace for what takes longer.
const BACKOFF: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(50))
    .with_max_delay(Duration::from_secs(1))
    .with_max_times(5)
    .with_jitter();

pub(super) struct Link {
    url: String,
    name: String,
    current: Mutex<Option<Connection>>,
}

impl fmt::Debug for Link {
    /// Without the address: it holds a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Link {
    pub(super) fn new(url: &str, name: String) -> Self {
        Self { url: url.to_owned(), name, current: Mutex::new(None) }
    }

    /// The connection, opened again if it is gone.
    pub(super) async fn get(&self) -> Result<Connection, Error> {
        let mut current = self.current.lock().await;
        if let Some(connection) = current.as_ref().filter(|connection| connection.is_open()) {
            return Ok(connection.clone());
        }
        *current = None;
        let opened = (|| Connection::open(&self.url, &self.name)).retry(BACKOFF).when(Error::is_passing).await?;
        tracing::info!(name = self.name, "connected to the broker");
        Ok(current.insert(opened).clone())
    }

    pub(super) async fn is_blocked(&self) -> bool {
        self.current.lock().await.as_ref().is_some_and(Connection::is_blocked)
    }
}
