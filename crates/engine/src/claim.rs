//! The moment of provision: the claim (design 4).

use jiff::Timestamp;
use schakelpunt_domain::{DeliveryId, ParticipantId};

/// A delivery that was claimed: the one thing that may leave. Made by a claim and by nothing else; it cannot be stored or copied.
#[derive(Debug)]
pub struct Permitted {
    id: DeliveryId,
    recipient: ParticipantId,
    ty: String,
    partition_key: String,
    claimed_at: Timestamp,
    by_consent: bool,
    bytes: Vec<u8>,
}

impl Permitted {
    /// The delivery.
    pub fn id(&self) -> DeliveryId {
        self.id
    }

    /// Who gets it.
    pub fn recipient(&self) -> &ParticipantId {
        &self.recipient
    }

    /// The full type of the event.
    pub fn ty(&self) -> &str {
        &self.ty
    }

    /// What the header `partitionkey` says.
    pub fn partition_key(&self) -> &str {
        &self.partition_key
    }

    /// The claim.
    pub fn claimed_at(&self) -> Timestamp {
        self.claimed_at
    }

    /// Whether it rests on consent.
    pub fn by_consent(&self) -> bool {
        self.by_consent
    }

    /// The event, in structured mode.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
