//! Who and what (design 3, steps 2 and 3): from a raw message to one that may be decided on, or a rejection that keeps no content.

use schakelpunt_domain::{
    DetentionRef, EventName, MessageId, ParticipantId, Rejection, RejectionCode, Source,
    catalogue::{CaseNeed, Emitter},
    envelope::{Envelope, RawMessage},
    pointer::{Leaf, leaves_of},
    registers::{At, Registers},
};
use schakelpunt_rules::{Signals, derive};

use crate::{Settings, step::persons};

/// A message at the door.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Who the door has proved it to come from.
    pub sender: Option<ParticipantId>,
    /// Another statement of the same, that must agree if present.
    pub user_id: Option<String>,
    /// The message.
    pub raw: RawMessage,
}

/// A message whose envelope, sender and schema are in order.
#[derive(Debug, Clone)]
pub struct Inspected {
    /// The envelope with its data.
    pub envelope: Envelope,
    /// Who sent it.
    pub sender: ParticipantId,
    /// Keyed digest of the whole event.
    pub digest: String,
    /// Bytes.
    pub size: u64,
    /// Signals of the payload.
    pub signals: Signals,
    /// Leaves that are present.
    pub leaves: Vec<Leaf>,
    /// Of an admission: the row of the person, a keyed pseudonym.
    pub person: Option<DetentionRef>,
}

/// A message that was rejected at the door.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// Who sent it, if known.
    pub sender: Option<ParticipantId>,
    /// The source, if it is well formed.
    pub source: Option<Source>,
    /// The id, if it is well formed and holds no personal number.
    pub id: Option<MessageId>,
    /// The event's short name, if it is one of the catalogue.
    pub event: Option<EventName>,
    /// Bytes.
    pub size: u64,
    /// Keyed digest of the bytes.
    pub digest: String,
    /// Why.
    pub why: Rejection,
}

impl Rejected {
    /// What may be kept of a message that passed the door and is rejected after all.
    pub fn late(message: &Inspected, why: Rejection) -> Self {
        let Inspected { envelope, sender, digest, size, signals: _, leaves: _, person: _ } = message;
        Self {
            sender: Some(sender.clone()),
            source: Some(envelope.source.clone()),
            id: Some(envelope.id.clone()),
            event: Some(envelope.event.clone()),
            size: *size,
            digest: digest.clone(),
            why,
        }
    }
}

/// Inspects one message.
pub fn inspect(offer: &Offer, settings: &Settings, registers: &Registers, at: At) -> Result<Inspected, Box<Rejected>> {
    let size = offer.raw.body.len() as u64;
    let mut rejected = Rejected {
        sender: offer.sender.clone().filter(|sender| registers.registered(sender, at).is_some()),
        source: None,
        id: None,
        event: None,
        size,
        digest: String::new(),
        why: Rejection::new(RejectionCode::Malformed, "", ""),
    };
    let envelope = match Envelope::parse(&offer.raw) {
        Ok(envelope) => envelope,
        Err(why) => {
            rejected.id = readable_id(&offer.raw, &why);
            rejected.digest = settings.key.digest(&[&offer.raw.body]);
            return Err(Box::new(Rejected { why, ..rejected }));
        }
    };
    rejected.source = Some(envelope.source.clone());
    rejected.id = Some(envelope.id.clone());
    let says_who = persons::SAYING_WHO.contains(&envelope.event.as_str());
    match check(&envelope, offer, settings, registers, at) {
        Ok(sender) => Ok(Inspected {
            digest: settings.key.digest(&[envelope.canonical.as_bytes()]),
            signals: derive(&envelope.data),
            leaves: leaves_of(&envelope.data),
            person: says_who.then(|| persons::row_of(&settings.key, &envelope.data)).flatten(),
            sender,
            size,
            envelope,
        }),
        Err(why) => {
            rejected.digest = settings.key.digest(&[&offer.raw.body]);
            rejected.event = settings.catalogue.get(&envelope.event).map(|spec| spec.name.clone());
            Err(Box::new(Rejected { why, ..rejected }))
        }
    }
}

fn check(envelope: &Envelope, offer: &Offer, settings: &Settings, registers: &Registers, at: At) -> Result<ParticipantId, Rejection> {
    let reject = |code, pointer: &str, detail: &str| Rejection::new(code, pointer, detail);
    let sender = offer.sender.as_ref().and_then(|sender| registers.registered(sender, at));
    let sender = sender.ok_or_else(|| reject(RejectionCode::UnknownSender, "", "a registered participant"))?;
    if offer.user_id.as_deref().is_some_and(|user| user != sender.id.as_str()) {
        return Err(reject(RejectionCode::SenderMismatch, "", "the connection's own user"));
    }
    let spec = settings.catalogue.expect(&envelope.event, &envelope.ty)?;
    if !sender.may_use(&envelope.source) {
        return Err(reject(RejectionCode::SenderMismatch, "/source", "a source that is registered for the sender"));
    }
    if spec.emitter == Emitter::Hub {
        return Err(reject(RejectionCode::NotAllowedToProduce, "/type", "an event that participants emit"));
    }
    if spec.case != CaseNeed::None {
        if envelope.subject.is_none() {
            return Err(reject(RejectionCode::Malformed, "/subject", "required: the detention reference"));
        }
        if envelope.sequence.is_none() {
            return Err(reject(RejectionCode::Malformed, "/sequence", "required: 20 digits, padded with zeros"));
        }
    }
    spec.validate(&envelope.data)?;
    Ok(sender.id.clone())
}

/// The id of a message that could not be read as a whole: only if the JSON stands and the id itself is not what is wrong.
fn readable_id(raw: &RawMessage, why: &Rejection) -> Option<MessageId> {
    if why.pointer == "/id" || why.code == RejectionCode::TooLarge {
        return None;
    }
    let event = schakelpunt_domain::json::parse(&raw.body).ok()?;
    let text = event.get("id")?.as_str()?;
    let personal = text.split(|c: char| !c.is_ascii_alphanumeric()).any(schakelpunt_domain::ids::passes_elfproef);
    if personal { None } else { text.parse().ok() }
}
