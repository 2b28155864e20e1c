//! Where the hub's messages go.

use std::sync::Arc;

use schakelpunt_domain::Clock;

use super::config::{MessageSettings, Unit};
use crate::{
    Error,
    delivered::Delivered,
    hub::{Sink, SinkError},
    post::Post,
    shelf::Shelf,
};

/// A unit's way into the organisation.
#[derive(Debug)]
pub enum System {
    /// A file for each message.
    Folder(Shelf),
    /// The organisation's system.
    Http(Box<Post>),
}

impl System {
    pub(super) fn open(settings: &MessageSettings, unit: &Unit, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        match settings {
            MessageSettings::Folder(folder) => {
                let path = folder.join(unit.id.as_str());
                Ok(Self::Folder(Shelf::open(&path).map_err(|source| Error::Folder { path, source })?))
            }
            MessageSettings::System(settings) => Ok(Self::Http(Box::new(Post::new("messages.system", settings, clock)?))),
        }
    }
}

impl Sink for System {
    async fn hand_on(&self, message: &Delivered) -> Result<(), SinkError> {
        match self {
            Self::Folder(shelf) => shelf.hand_on(message).await,
            Self::Http(post) => post.hand_on(message).await,
        }
    }
}
