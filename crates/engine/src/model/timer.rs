//! What the hub must do at an instant.

use jiff::Timestamp;
use schakelpunt_domain::{DetentionRef, ids::MessageKey};
use serde::{Deserialize, Serialize};

/// Something that the hub must do at an instant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timer {
    /// Unique; setting it again moves it.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// The case.
    pub detention: DetentionRef,
}

impl Timer {
    /// The name of a timer of this kind about a message.
    pub(crate) fn about(kind: &str, key: &MessageKey) -> String {
        format!("{kind}\n{}\n{}", key.source, key.id)
    }

    /// The message that it is about, if it is of this kind.
    pub(crate) fn message(&self, kind: &str) -> Option<MessageKey> {
        let mut words = self.id.split('\n');
        (words.next()? == kind).then_some(())?;
        let (source, id) = (words.next()?, words.next()?);
        Some(MessageKey { source: source.parse().ok()?, id: id.parse().ok()? })
    }
}
