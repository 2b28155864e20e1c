//! Messages out and in.

use std::time::Duration;

use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldArray, FieldTable, ShortString},
};
use schakelpunt_domain::{ParticipantId, envelope::RawMessage};

use crate::{Error, guard::is_readable};

/// A header's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Header {
    /// Text.
    Text(String),
    /// A list of texts, as `CC` wants it.
    List(Vec<String>),
}

/// The properties of a message that is published. Always persistent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    /// `content_type`.
    pub content_type: String,
    /// `message_id`.
    pub message_id: Option<String>,
    /// `type`.
    pub ty: Option<String>,
    /// `timestamp`, seconds since 1970.
    pub timestamp: Option<u64>,
    /// `app_id`.
    pub app_id: Option<String>,
    /// `user_id`; the broker refuses any but the connection's own.
    pub user_id: Option<String>,
    /// `expiration`: how long a queue keeps it.
    pub expiration: Option<Duration>,
    /// `headers`.
    pub headers: Vec<(String, Header)>,
}

/// A message that AMQP can carry.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    pub(crate) exchange: ShortString,
    pub(crate) routing_key: ShortString,
    pub(crate) properties: BasicProperties,
    pub(crate) body: &'a [u8],
}

/// The guard let it through and lapin could not read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("properties that the guard takes for readable and lapin does not")]
pub struct Unread;

/// A message from a queue.
#[derive(Debug, Clone)]
pub struct Received {
    /// Rises within one consumer.
    pub tag: u64,
    /// The delivered routing key, which the broker's topic permission has checked.
    pub routing_key: String,
    /// Whether it was handed out before.
    pub redelivered: bool,
    /// `user_id`, which the broker has checked.
    pub user_id: Option<String>,
    /// `message_id`.
    pub message_id: Option<String>,
    /// `type`.
    pub ty: Option<String>,
    /// Content type, headers and body.
    pub message: RawMessage,
}

// === impl Message ===

impl<'a> Message<'a> {
    /// Refuses what AMQP cannot carry.
    pub fn new(exchange: &str, routing_key: &str, properties: &Properties, body: &'a [u8]) -> Result<Self, Error> {
        let Properties { content_type, message_id, ty, timestamp, app_id, user_id, expiration, headers } = properties;
        let mut table = FieldTable::default();
        for (name, value) in headers {
            table.insert(short(name, "a header's name")?, value.to_amqp());
        }
        let mut basic = BasicProperties::default().with_delivery_mode(2).with_headers(table);
        basic = basic.with_content_type(short(content_type, "content_type")?);
        if let Some(id) = message_id {
            basic = basic.with_message_id(short(id, "message_id")?);
        }
        if let Some(ty) = ty {
            basic = basic.with_type(short(ty, "type")?);
        }
        if let Some(timestamp) = timestamp {
            basic = basic.with_timestamp(*timestamp);
        }
        if let Some(app) = app_id {
            basic = basic.with_app_id(short(app, "app_id")?);
        }
        if let Some(user) = user_id {
            basic = basic.with_user_id(short(user, "user_id")?);
        }
        if let Some(expiration) = expiration {
            basic = basic.with_expiration(short(&expiration.as_millis().to_string(), "expiration")?);
        }
        let (exchange, routing_key) = (short(exchange, "exchange")?, short(routing_key, "routing key")?);
        Ok(Self { exchange, routing_key, properties: basic, body })
    }
}

/// lapin's own conversion panics over 255 bytes.
pub(crate) fn short(text: &str, what: &'static str) -> Result<ShortString, Error> {
    ShortString::try_new(text).map_err(|_| Error::TooLong(what))
}

// === impl Header ===

impl Header {
    fn to_amqp(&self) -> AMQPValue {
        match self {
            Self::Text(text) => AMQPValue::LongString(text.as_str().into()),
            Self::List(texts) => {
                let values = texts.iter().map(|text| AMQPValue::LongString(text.as_str().into()));
                AMQPValue::FieldArray(FieldArray::from(values.collect::<Vec<_>>()))
            }
        }
    }
}

// === impl Received ===

impl Received {
    /// Who sent it: the first word of the delivered routing key.
    pub fn sender(&self) -> Option<ParticipantId> {
        self.routing_key.split('.').next().and_then(|word| word.parse().ok())
    }

    /// A message as lapin would hand it out: `properties` as they stand on the wire. `None` if they cannot be read; what the guard
    /// lets through and lapin does not read after all is an error of this crate.
    pub fn decode(routing_key: &str, properties: &[u8], body: Vec<u8>) -> Option<Result<Self, Unread>> {
        is_readable(properties).then(|| Self::read(routing_key, properties, body).ok_or(Unread))
    }

    fn read(routing_key: &str, properties: &[u8], body: Vec<u8>) -> Option<Self> {
        let (_, properties) = lapin::protocol::basic::parse_properties(properties).ok()?;
        let key = short(routing_key, "routing key").ok()?;
        let mut delivery = lapin::message::Delivery::mock(1, ShortString::default(), key, false, body);
        delivery.properties = properties;
        Some(delivery.into())
    }
}

impl From<lapin::message::Delivery> for Received {
    fn from(delivery: lapin::message::Delivery) -> Self {
        let properties = delivery.properties;
        let text = |value: &Option<ShortString>| value.as_ref().map(ToString::to_string);
        let headers = properties.headers().iter().flat_map(FieldTable::inner);
        let message = RawMessage {
            content_type: text(properties.content_type()).unwrap_or_default(),
            headers: headers.filter_map(|(name, value)| Some((name.to_string(), as_text(value)?))).collect(),
            body: delivery.data,
        };
        Self {
            tag: delivery.delivery_tag,
            routing_key: delivery.routing_key.to_string(),
            redelivered: delivery.redelivered,
            user_id: text(properties.user_id()),
            message_id: text(properties.message_id()),
            ty: text(properties.kind()),
            message,
        }
    }
}

/// Texts, numbers and booleans; a table or a list is no attribute of an event.
fn as_text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::Boolean(value) => Some(value.to_string()),
        AMQPValue::ShortShortInt(value) => Some(value.to_string()),
        AMQPValue::ShortShortUInt(value) => Some(value.to_string()),
        AMQPValue::ShortInt(value) => Some(value.to_string()),
        AMQPValue::ShortUInt(value) => Some(value.to_string()),
        AMQPValue::LongInt(value) => Some(value.to_string()),
        AMQPValue::LongUInt(value) => Some(value.to_string()),
        AMQPValue::LongLongInt(value) => Some(value.to_string()),
        AMQPValue::ShortString(value) => Some(value.to_string()),
        AMQPValue::LongString(value) => String::from_utf8(value.as_bytes().to_vec()).ok(),
        AMQPValue::Float(_)
        | AMQPValue::Double(_)
        | AMQPValue::DecimalValue(_)
        | AMQPValue::FieldArray(_)
        | AMQPValue::Timestamp(_)
        | AMQPValue::FieldTable(_)
        | AMQPValue::ByteArray(_)
        | AMQPValue::Void => None,
    }
}
