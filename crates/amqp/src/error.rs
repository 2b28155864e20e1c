//! Why the broker did not do it.

use lapin::ErrorKind;

/// Why the broker did not do it. Carries no address and no content.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The address does not parse. It may hold a password and is not repeated.
    #[error("the address of the broker is not an AMQP URL")]
    Address,
    /// The connection or channel is gone, or cannot be made: later.
    #[error("the broker cannot be reached")]
    Unavailable(#[source] lapin::Error),
    /// The broker did not answer in time.
    #[error("the broker does not answer")]
    Silent,
    /// The broker has told that it takes nothing for now (memory or disk alarm).
    #[error("the broker takes nothing for now")]
    Blocked,
    /// The broker ended the consumer, as it does when the queue is deleted.
    #[error("the broker ended the consumer")]
    Cancelled,
    /// The broker refuses for good: a right or a name is missing, or an argument differs.
    #[error("the broker refuses with code {code}")]
    Refused {
        /// The reply code (403 no right, 404 no such name, 406 other arguments).
        code: u16,
        /// What it said.
        #[source]
        source: lapin::Error,
    },
    /// A confirm was awaited on a channel that does not confirm: an error of this crate.
    #[error("the channel does not confirm")]
    ConfirmsOff,
    /// AMQP holds at most 255 bytes there.
    #[error("{0} has more than 255 bytes")]
    TooLong(&'static str),
    /// A tag that this consumer has not handed out.
    #[error("the tag was not handed out")]
    UnknownTag,
}

/// Reply codes that say "not now": no consumers, connection forced, no route, locked, out of resources, internal error.
const PASSING: [u16; 6] = [313, 320, 312, 405, 506, 541];

impl From<lapin::Error> for Error {
    fn from(error: lapin::Error) -> Self {
        match error.kind() {
            ErrorKind::ProtocolError(protocol) if !PASSING.contains(&protocol.get_id()) => {
                Self::Refused { code: protocol.get_id(), source: error }
            }
            _ => Self::Unavailable(error),
        }
    }
}

impl Error {
    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Silent | Self::Blocked | Self::Cancelled)
    }

    /// The reply code of a refusal.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }
}
