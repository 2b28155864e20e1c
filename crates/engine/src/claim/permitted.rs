//! What a claim gives: the one thing that may leave.

use jiff::Timestamp;
use schakelpunt_domain::{
    DeliveryId, Environment, ParticipantId,
    registers::{At, Registers},
    stage::Stage,
};

use crate::{event, model::Delivery, step::Law};

/// A recipient of the hub's own environment. Nothing is made out to anybody else: what a rehearsal delivers cannot be addressed to a
/// participant of production, whatever the registers hold.
#[derive(Debug)]
pub(crate) struct Addressee(ParticipantId);

impl Addressee {
    /// The participant of that id, if the registers know it in that environment.
    pub(crate) fn of(id: ParticipantId, environment: Environment, registers: &Registers) -> Option<Self> {
        let latest = At { valid: Timestamp::MAX, known: Timestamp::MAX };
        let registered = registers.registered(&id, latest)?;
        (registered.environment == environment).then_some(Self(id))
    }

    /// Who it is.
    pub(crate) fn id(&self) -> &ParticipantId {
        &self.0
    }
}

/// A delivery that was claimed: the one thing that may leave. Made by a claim and by nothing else; it cannot be stored or copied.
#[derive(Debug)]
pub struct Permitted {
    id: DeliveryId,
    recipient: Addressee,
    ty: String,
    partition_key: String,
    claimed_at: Timestamp,
    attempts: u32,
    by_consent: bool,
    bytes: Vec<u8>,
}

impl Permitted {
    /// From what the store gave back as claimed, after the commit; `None` for anything else, and for a recipient of another environment.
    pub(crate) fn from_claimed(delivery: Delivery, law: Law<'_>) -> Option<Self> {
        let Stage::Claimed { at, attempts, .. } = delivery.stage else { return None };
        let partition_key = event::subject_for(&delivery).map(|subject| subject.to_string()).unwrap_or_default();
        Some(Self {
            id: delivery.id,
            ty: law.settings.catalogue.get(&delivery.event)?.ty.clone(),
            partition_key,
            claimed_at: at,
            attempts,
            by_consent: delivery.decision.permit()?.by_consent(),
            recipient: Addressee::of(delivery.recipient, law.settings.environment, law.registers)?,
            bytes: event::numbered(&delivery.bytes?, delivery.number?),
        })
    }

    /// The delivery.
    pub fn id(&self) -> DeliveryId {
        self.id
    }

    /// Who gets it.
    pub fn recipient(&self) -> &ParticipantId {
        self.recipient.id()
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

    /// Hand-overs that failed before.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Whether it rests on consent.
    pub fn by_consent(&self) -> bool {
        self.by_consent
    }

    /// The event, in structured mode, with the recipient's number.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
