//! A message in either mode.

use schakelpunt_domain::envelope::{Envelope, RawMessage, SIZE_MAX};
use schakelpunt_engine::{inspect::Offer, step::Input};

use super::{
    head_and_body, innocence,
    world::{same, world},
};

/// Lines `sender`, `user-id`, `content-type`, any other as a header; an empty line; the body.
pub fn envelope(bytes: &[u8]) {
    let (head, body) = head_and_body(bytes);
    let mut offer = Offer { sender: None, user_id: None, raw: RawMessage { body: body.to_vec(), ..RawMessage::default() } };
    for (name, value) in head {
        match name.as_str() {
            "sender" => offer.sender = value.parse().ok(),
            "user-id" => offer.user_id = Some(value),
            "content-type" => offer.raw.content_type = value,
            _ => offer.raw.headers.push((name, value)),
        }
    }
    check(&offer);
}

/// What holds for every message, whichever door it used.
pub(super) fn check(offer: &Offer) {
    let RawMessage { content_type: _, headers, body } = &offer.raw;
    match Envelope::parse(&offer.raw) {
        Ok(envelope) => {
            let size = body.len() + headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
            assert!(size <= SIZE_MAX, "too large and accepted");
            again(&envelope);
        }
        Err(why) => innocence::check(&why),
    }
    let Some(message) = world().inspect(offer) else { return };
    let spec = world().settings.catalogue.get(&message.envelope.event).unwrap();
    for leaf in &message.leaves {
        assert!(spec.leaves.contains_key(leaf), "{leaf} is not in the catalogue");
    }
    same(&message.signals);
    world().step(world().empty(), Input::Offer(Ok(Box::new(message))));
}

/// The canonical form in structured mode is the same event.
fn again(envelope: &Envelope) {
    let content_type = "application/cloudevents+json".to_owned();
    let raw = RawMessage { content_type, headers: Vec::new(), body: envelope.canonical.clone().into_bytes() };
    if raw.body.len() <= SIZE_MAX {
        assert_eq!(Envelope::parse(&raw).as_ref(), Ok(envelope));
    }
}
