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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

    use axum::{Router, extract::State, http::StatusCode, routing::post};
    use jiff::{SignedDuration, Timestamp};
    use serde_json::json;
    use tokio::task::JoinSet;

    use super::*;

    #[derive(Debug)]
    struct SetClock(Mutex<Timestamp>);

    impl Clock for SetClock {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }
    }

    /// A sink that answers what it is told to, and counts.
    #[derive(Debug)]
    struct Desk {
        status: AtomicU16,
        asked: AtomicUsize,
    }

    struct Rig {
        desk: Arc<Desk>,
        clock: Arc<SetClock>,
        hook: Hook,
        _server: JoinSet<()>,
    }

    impl Rig {
        async fn new() -> Self {
            let desk = Arc::new(Desk { status: AtomicU16::new(204), asked: AtomicUsize::new(0) });
            let answer = |State(desk): State<Arc<Desk>>| async move {
                desk.asked.fetch_add(1, Ordering::SeqCst);
                StatusCode::from_u16(desk.status.load(Ordering::SeqCst)).unwrap()
            };
            let router = Router::new().route("/in", post(answer)).with_state(Arc::clone(&desk));
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let settings = format!(
                "url = \"http://{}/in\"\norigin = \"adapter.gemeente.example\"\nsecrets = [\"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD\"]\n\
                 [[allow]]\nhost = \"127.0.0.1\"\nnetworks = [\"127.0.0.0/8\"]\nplain-http = true\n",
                listener.local_addr().unwrap()
            );
            let mut server = JoinSet::new();
            server.spawn(async move { axum::serve(listener, router).await.unwrap() });
            let clock = Arc::new(SetClock(Mutex::new("2024-09-04T08:30:00Z".parse().unwrap())));
            let hook = Hook::new("messages.webhook", &toml::from_str(&settings).unwrap(), Arc::<SetClock>::clone(&clock)).unwrap();
            Self { desk, clock, hook, _server: server }
        }

        /// Hands on under this answer: whether it has to wait, or why not.
        async fn hand_on(&self, status: u16) -> Result<(), String> {
            self.desk.status.store(status, Ordering::SeqCst);
            let event = json!({
                "specversion": "1.0", "id": "5f0c", "source": "urn:nld:oin:00000099000000000000:systeem:schakelpunt",
                "type": "nl.schakelpunt.detentions.detention-started.v1", "time": "2024-09-04T06:30:00Z", "data": {}
            });
            let message = Delivered::read(event.to_string().as_bytes()).unwrap();
            self.hook.hand_on(&message).await.map_err(|error| match error {
                SinkError::Later(why) => format!("later: {why}"),
                SinkError::Never(why) => format!("never: {why}"),
            })
        }
    }

    #[tokio::test]
    async fn an_answer_says_whether_a_message_was_handed_on() {
        let rig = Rig::new().await;
        assert_eq!(rig.hand_on(204).await, Ok(()));
        assert_eq!(rig.hand_on(400).await, Err("never: the webhook answers 400".to_owned()));
        assert_eq!(rig.hand_on(503).await, Err("later: the target answers with status 503".to_owned()));
        assert_eq!(rig.hand_on(410).await, Err("later: the webhook is retired (410): change its address, or take it out".to_owned()));
        assert!(rig.hand_on(302).await.unwrap_err().starts_with("later: the webhook answers 302 and points elsewhere"));
    }

    #[tokio::test]
    async fn a_webhook_that_fails_in_a_row_is_left_alone_for_a_while() {
        let rig = Rig::new().await;
        for _ in 0..5 {
            rig.hand_on(500).await.unwrap_err();
        }
        let asked = rig.desk.asked.load(Ordering::SeqCst);
        assert!(rig.hand_on(204).await.unwrap_err().starts_with("later: the webhook is left alone until"));
        assert_eq!(rig.desk.asked.load(Ordering::SeqCst), asked, "nobody was asked");
        let later = rig.clock.now() + SignedDuration::from_mins(1);
        *rig.clock.0.lock().unwrap() = later;
        assert_eq!(rig.hand_on(204).await, Ok(()));
    }

    #[test]
    fn an_address_that_is_not_allowed_is_refused_with_its_key() {
        let settings = "url = \"http://127.0.0.1/in\"\norigin = \"adapter.gemeente.example\"\nsecrets = [\"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD\"]\n";
        let clock = Arc::new(SetClock(Mutex::new(Timestamp::UNIX_EPOCH)));
        let error = Hook::new("messages.webhook", &toml::from_str(settings).unwrap(), clock).unwrap_err();
        assert!(error.to_string().starts_with("messages.webhook.url: https"), "{error}");
    }
}
