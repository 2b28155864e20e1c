//! Time and ids are passed in, never read from the machine here.

use jiff::Timestamp;
use uuid::Uuid;

/// Tells the time. The hub's claims use the database's clock; this one serves intake, timers and scenarios.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present instant (UTC).
    fn now(&self) -> Timestamp;
}

/// Gives fresh ids to what the hub itself creates.
pub trait IdSource: Send + Sync + std::fmt::Debug {
    /// A new unique id.
    fn next(&self) -> Uuid;
}
