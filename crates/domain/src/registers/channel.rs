//! How a participant gets its messages.

use super::Entry;
use crate::ids::ParticipantId;

/// How a participant gets its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// An inbox on the bus.
    #[default]
    Amqp,
    /// It fetches over HTTP.
    Pull,
    /// The hub calls its address over HTTP.
    Webhook,
}

/// Where the hub calls a participant, and with which secrets it signs (Standard Webhooks).
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Webhook {
    /// The address.
    pub url: String,
    /// The data as body and the attributes as headers, instead of the whole event as body.
    #[serde(default)]
    pub binary: bool,
    /// The generations of its secret that are live, the newest first. Every live one signs: so it can be changed without a gap.
    #[serde(default = "first")]
    pub secrets: Vec<u32>,
}

fn first() -> Vec<u32> {
    vec![1]
}

impl std::fmt::Debug for Webhook {
    /// Without the address: its path or query may hold a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("binary", &self.binary).field("secrets", &self.secrets).finish_non_exhaustive()
    }
}

impl Entry {
    /// What it says about how somebody gets its messages.
    pub fn channel(&self) -> Option<(&ParticipantId, Channel)> {
        match self {
            Self::Participant(participant) => Some((&participant.id, participant.channel)),
            Self::Subscription(subscription) => Some((&subscription.participant, subscription.channel?)),
            _ => None,
        }
    }
}
