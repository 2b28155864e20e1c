//! A notice on its way to the hub: what an adapter says, and the CloudEvent that says it (contracts 1).

use std::borrow::Cow;

use jiff::Timestamp;
use schakelpunt_domain::{
    DetentionRef, MessageId, ParticipantId, Rejection, RejectionCode, Source,
    catalogue::Catalogue,
    envelope::{Envelope, RawMessage},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The content type of an event in structured mode.
pub const CONTENT_TYPE: &str = "application/cloudevents+json; charset=utf-8";

/// The name space of the ids that adapters derive.
const NAMESPACE: uuid::Uuid = uuid::uuid!("b3c1f5a0-6d0e-5e7b-8b5d-2d8e0c7a4f13");

/// What an adapter has to say. `Debug` shows no data.
#[derive(Clone, PartialEq)]
pub struct Notice {
    /// Who says it.
    pub participant: ParticipantId,
    /// Through which system.
    pub source: Source,
    /// Its id, the same whenever it is made again.
    pub id: MessageId,
    /// The event's short name.
    pub event: Cow<'static, str>,
    /// The detention.
    pub detention: DetentionRef,
    /// When the registration system had it.
    pub time: Timestamp,
    /// The payload.
    pub data: Value,
}

impl std::fmt::Debug for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.participant, self.event, self.detention)
    }
}

/// A message as it goes out, and comes back as a file of the adapter's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Who sends it.
    pub participant: ParticipantId,
    /// Its id.
    pub id: MessageId,
    /// The event's short name.
    pub event: String,
    /// The detention, which orders messages.
    pub detention: DetentionRef,
    /// The event as text: these bytes go whenever it goes.
    pub body: String,
}

/// The id of the n-th message of a system about a detention.
pub fn message_id(source: &Source, detention: &DetentionRef, sequence: u64) -> MessageId {
    derived_id(&[source.as_str(), detention.as_str(), &sequence.to_string()])
}

/// An id that is made of what makes the message, so that it is the same whenever it is made again.
///
/// # Panics
///
/// Never: a UUID is a message id, whatever it is made of.
#[expect(clippy::expect_used, reason = "a UUID has 36 characters and no blanks, whatever it is made of")]
pub fn derived_id(parts: &[&str]) -> MessageId {
    uuid::Uuid::new_v5(&NAMESPACE, parts.join("\n").as_bytes()).to_string().parse().expect("a UUID")
}

impl Notice {
    /// The event, if its data fit the schema and the hub can read it; `sequence` is its number among this adapter's messages about the
    /// detention.
    pub fn outgoing(&self, catalogue: &Catalogue, sequence: u64) -> Result<Outgoing, Rejection> {
        let spec =
            catalogue.named(&self.event).ok_or_else(|| Rejection::new(RejectionCode::UnknownType, "/type", "an event of the catalogue"))?;
        spec.validate(&self.data)?;
        let event = json!({
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": spec.ty,
            "time": self.time,
            "subject": self.detention,
            "partitionkey": self.detention,
            "sequence": format!("{sequence:020}"),
            "datacontenttype": "application/json",
            "data": self.data,
        });
        let body = event.to_string();
        // what is too large, too deep or has a BSN for a reference is a mistake here, and not only where it arrives
        Envelope::parse(&RawMessage { content_type: CONTENT_TYPE.to_owned(), headers: Vec::new(), body: body.clone().into_bytes() })?;
        Ok(Outgoing {
            participant: self.participant.clone(),
            id: self.id.clone(),
            event: self.event.clone().into_owned(),
            detention: self.detention.clone(),
            body,
        })
    }
}
