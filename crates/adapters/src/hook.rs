//! A webhook at the organisation: the channel that the hub uses too, with its breaker, as a sink.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schakelpunt_domain::Clock;
use schakelpunt_webhook::{Admission, Breaker, BreakerSettings, Change, Channel, Outcome, Settings, SystemLookup, Target};

use crate::{
    Error,
    delivered::Delivered,
    hub::{Sink, SinkError},
};

/// The webhook, ready for use.
#[derive(Debug)]
pub struct Hook {
    channel: Channel,
    breaker: Mutex<Breaker>,
    clock: Arc<dyn Clock>,
}

impl Hook {
    /// Checks the settings; `place` is where they stand, for errors.
    pub fn new(place: &str, settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let target = Target::try_from(settings).map_err(|error| Error::settings(&format!("{place}.{}", error.key), &error.expected))?;
        let channel = Channel::new(target, Arc::new(SystemLookup)).map_err(|error| Error::settings(place, &error.to_string()))?;
        Ok(Self { channel, breaker: Mutex::new(Breaker::new(BreakerSettings::default())), clock })
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the target may be asked now.
    fn admit(&self) -> Result<(), SinkError> {
        let (admission, change) = self.breaker().admit(self.clock.now());
        self.log(change);
        match admission {
            Admission::Go | Admission::Probe => Ok(()),
            Admission::Wait(until) => Err(SinkError::Later(format!("the webhook is left alone until {until}"))),
        }
    }

    fn note(&self, outcome: &Outcome) {
        let now = self.clock.now();
        let change = match outcome {
            Outcome::Later { pause, .. } => self.breaker().failed(now, pause.map(|pause| pause.until(now))),
            other if other.is_trouble() => self.breaker().failed(now, None),
            _ => self.breaker().succeeded(),
        };
        self.log(change);
    }

    fn log(&self, change: Option<Change>) {
        match change {
            Some(change) if change.is_notice() => tracing::warn!(host = self.channel.target().host(), ?change, "the webhook's breaker"),
            Some(change) => tracing::info!(host = self.channel.target().host(), ?change, "the webhook's breaker"),
            None => {}
        }
    }
}

impl Sink for Hook {
    async fn hand_on(&self, message: &Delivered) -> Result<(), SinkError> {
        self.admit()?;
        let event = serde_json::to_vec(&message.whole).map_err(|_| SinkError::Never("no JSON".to_owned()))?;
        let outcome = self.channel.deliver(&event, self.clock.now()).await;
        self.note(&outcome);
        match outcome {
            Outcome::Delivered => Ok(()),
            Outcome::Later { trouble, .. } => Err(SinkError::Later(trouble.to_string())),
            Outcome::Never { status } => Err(SinkError::Never(format!("the webhook answers {status}"))),
            Outcome::Unfit(unfit) => Err(SinkError::Never(unfit.to_string())),
            Outcome::Gone => Err(SinkError::Later("the webhook is retired (410): change its address, or take it out".to_owned())),
            Outcome::Redirected { status } => Err(SinkError::Later(format!(
                "the webhook answers {status} and points elsewhere, which is not followed: change its address"
            ))),
            Outcome::Forbidden(forbidden) => {
                Err(SinkError::Later(format!("the webhook leads to an address that is not allowed: {forbidden}")))
            }
        }
    }
}
