//! What ends an adapter. Everything else passes, or is an alarm.

use std::path::PathBuf;

use crate::keep::KeepError;

/// What ends an adapter: a person has to put it right, and starts it again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A mistake in the configuration.
    #[error("{place}: {expected}")]
    Settings {
        /// File with line and column, or the key.
        place: String,
        /// What was expected there.
        expected: String,
    },
    /// The address of the hub is none.
    #[error("hub.url: amqp(s)://host:port/vhost or https://host, without user and password; http:// on this machine only")]
    Hub,
    /// A folder or file cannot be used.
    #[error("{} cannot be used", .path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The adapter's own file cannot be used.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// AMQP cannot carry a message: an error of this program.
    #[error("AMQP cannot carry a message")]
    Amqp(#[source] schakelpunt_amqp::Error),
    /// The catalogue of this build cannot be read: an error of this program.
    #[error("the catalogue of events cannot be read")]
    Catalogue(#[from] schakelpunt_domain::catalogue::InvalidCatalogue),
    /// The address for systems that fetch cannot be listened on.
    #[error("messages.door.listen: cannot listen there")]
    DoorListen(#[source] std::io::Error),
    /// The address for records cannot be listened on.
    #[error("push.listen: cannot listen there")]
    Listen(#[source] std::io::Error),
}

impl Error {
    /// A mistake in the configuration.
    pub fn settings(place: &str, expected: &str) -> Self {
        Self::Settings { place: place.to_owned(), expected: expected.trim().to_owned() }
    }
}
