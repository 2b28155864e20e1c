//! A message as lapin reads it from the wire.

use schakelpunt_amqp::Received;
use schakelpunt_domain::envelope::RawMessage;
use schakelpunt_engine::inspect::Offer;

use super::envelope::check;

/// The length of the routing key, the key, the length of the properties (two bytes), the properties, the body.
pub fn amqp(bytes: &[u8]) {
    let Some((&[length], rest)) = bytes.split_first_chunk() else { return };
    let Some((key, rest)) = rest.split_at_checked(length.into()) else { return };
    let Some((length, rest)) = rest.split_first_chunk() else { return };
    let Some((properties, body)) = rest.split_at_checked(u16::from_be_bytes(*length).into()) else { return };
    let Ok(key) = std::str::from_utf8(key) else { return };
    let Some(received) = Received::decode(key, properties, body.to_vec()) else { return };
    let received = received.unwrap();
    let sender = received.sender();
    if let Some(sender) = &sender {
        assert_eq!(key.split('.').next(), Some(sender.as_str()), "the sender is the first word and nothing else");
    }
    let RawMessage { headers, .. } = &received.message;
    // a header takes at least its name's length, its type and one byte in the frame
    assert!(headers.len() * 3 <= properties.len(), "more headers than there were");
    check(&Offer { sender, user_id: received.user_id, raw: received.message });
}
