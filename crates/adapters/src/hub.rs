//! The hub's side of an adapter: one participant's messages out, and its inbox in.
//!
//! Out: what is kept goes in order, as the participant's own broker user, and counts as answered when the hub's receipt is there. What
//! got no receipt goes again: the same bytes under the same id, which the hub knows.
//! In: receipts are noted; `current-set-requested` makes what it names go again; everything else is handed on to the system here, is then
//! confirmed to the hub, and only then leaves the inbox. Messages have numbers: by `heartbeat`, which says how far they go, and
//! `delivery-void`, which says under which nothing comes, it shows that nothing is missing, and what is missing is an alarm.
//!
//! The way is AMQP, or HTTP where the broker cannot be reached: the address says which.

mod http;
mod inbox;
mod numbers;
mod outbox;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schakelpunt_amqp::Connection;
use schakelpunt_domain::{Clock, Hidden, ParticipantId, Source};
use tokio::sync::Notify;

use self::http::Http;
pub use self::http::LOOK;
use crate::{alarm::Alarms, delivered::Delivered, keep::Keep};

/// After so long without a receipt a message goes again: the hub answers within seconds, or is down.
pub const RECEIPT: SignedDuration = SignedDuration::from_mins(10);
/// Messages of one batch to the broker, and from it.
pub const BATCH: usize = 100;
/// Between two attempts to reach a broker or a system, at first and at most.
pub const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));
/// How long the broker may take to confirm a batch.
const CONFIRM: Duration = Duration::from_secs(10);
/// The kind of the records of messages that wait at the hub for the start of their detention: since when.
const PARKED: &str = "parked";
/// How often what waits is looked at without being woken.
const TICK: Duration = Duration::from_secs(1);

/// Why a message was not handed on.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The system cannot take it now.
    #[error("{0}: tried again later")]
    Later(String),
    /// The system will never take this one: a person has to look.
    #[error("{0}")]
    Never(String),
}

/// The system here, as it takes what the hub says.
pub trait Sink: Send + Sync {
    /// Hands one message on. May be asked again with the same message after a crash.
    fn hand_on(&self, message: &Delivered) -> impl Future<Output = Result<(), SinkError>> + Send;
}

/// One participant's way to the hub.
#[derive(Debug)]
pub struct Link<'a, S> {
    /// Who.
    pub participant: ParticipantId,
    /// Under which `source` it confirms what it received.
    pub source: Source,
    /// The broker, without user, or the hub's address for HTTP.
    pub hub: &'a str,
    /// The password of the participant's broker user, or its token.
    pub secret: &'a Hidden,
    /// What is kept.
    pub keep: &'a Keep,
    /// Who is woken when something waits.
    pub wake: &'a Notify,
    /// Where alarms go.
    pub alarms: &'a Alarms,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// The system here.
    pub sink: &'a S,
}

impl<S: Sink> Link<'_, S> {
    /// Sends and receives until it is dropped. Trouble with the broker passes; the adapter's own file does not.
    pub async fn run(&self) -> Result<(), crate::Error> {
        match Http::of(self.hub, self.secret) {
            Some(hub) => {
                let hub = hub?;
                tokio::try_join!(self.offer_over(&hub), self.fetch_over(&hub))?;
            }
            None => {
                tokio::try_join!(self.send(), self.receive())?;
            }
        }
        Ok(())
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A connection, as soon as there is one.
    async fn connect(&self, purpose: &str) -> Result<Connection, crate::Error> {
        let url = address(self.hub, &self.participant, self.secret)?;
        let mut pauses = pauses();
        loop {
            match Connection::open(&url, &format!("{} {purpose}", self.participant)).await {
                Ok(connection) => return Ok(connection),
                Err(error) => tracing::warn!(participant = %self.participant, %error, "the broker cannot be reached"),
            }
            tokio::time::sleep(pauses.next().unwrap_or(PAUSE.1)).await;
        }
    }
}

/// Growing pauses.
pub(crate) fn pauses() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(PAUSE.0), |pause| Some((*pause * 2).min(PAUSE.1)))
}

/// The broker's address with a participant as its user.
fn address(broker: &str, participant: &ParticipantId, secret: &Hidden) -> Result<String, crate::Error> {
    let (scheme, rest) = broker.split_once("://").filter(|(scheme, _)| ["amqp", "amqps"].contains(scheme)).ok_or(crate::Error::Hub)?;
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    Ok(format!("{scheme}://{participant}:{}@{host}", encoded(secret)))
}

/// A secret as part of an address.
fn encoded(secret: &Hidden) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let bytes = secret.reveal().bytes();
    bytes.map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests;
