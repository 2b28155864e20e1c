//! AMQP 0-9-1 over lapin: connect, publish with confirm, consume, declare the topology. Nothing else in the house knows lapin.
//!
//! What lapin leaves open is closed here:
//!
//! - lapin hands a returned message to whichever confirm is answered first, which need not be the one of that message.
//!   [`Publisher::publish_batch`] matches returns by exchange, routing key and message id instead.
//! - `basic.ack multiple` with tag 0 acknowledges everything. [`Consumer::ack_up_to`] accepts only tags that it has handed out.
//! - A batch that is given up half-way leaves nothing behind: its messages come with the next [`Consumer::next_batch`].
//! - While the broker blocks a connection (memory or disk alarm), *everything* on that connection stands still. Publish and
//!   consume on connections of their own.
//! - A message that lapin cannot read ends its connection, or the process. `guard` puts it right before lapin sees it.
//! - lapin logs every returned message with its body. Whoever installs a log subscriber adds [`LOG_DIRECTIVE`].

mod connection;
mod consumer;
mod error;
mod guard;
pub mod limits;
mod message;
mod publisher;
pub mod topology;

pub use connection::{Connection, Depth};
pub use consumer::Consumer;
pub use error::Error;
pub use message::{Header, Message, Properties, Received, Unread};
pub use publisher::{Answer, Publisher, Sent};

/// Silences the log lines of lapin that hold message bodies; a directive for `tracing_subscriber::EnvFilter`.
pub const LOG_DIRECTIVE: &str = "lapin::returned_messages=off";
