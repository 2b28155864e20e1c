//! A door inside the organisation, for systems that fetch: what came from the hub is kept for some days and can be fetched over HTTP, and
//! whoever wants to be woken takes a subscription by the Notificaties API (1.0), the interface that municipalities' systems know already.
//!
//! | path | what it is |
//! |---|---|
//! | `v1/events?since=CURSOR&limit=N` | what came after the cursor, as a CloudEvents batch; the next `since` confirms what came before |
//! | `v1/events/ID` | one message: the `resourceUrl` of its notification |
//! | `v1/detentions/REF` | where the messages about a detention are: the `hoofdObject` |
//! | `notificaties/api/v1/kanaal`, `abonnement` | the Notificaties API |
//!
//! A notification says that there is something and where, never what. Every caller shows a token that it signs with its own secret
//! (JWT, as in the ZGW APIs).

mod answers;
mod events;
mod log;
mod notifying;
mod request;
mod subscriptions;

use std::{collections::BTreeSet, net::SocketAddr, path::Path, sync::Arc};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::HeaderValue,
    middleware,
    response::Response,
    routing::{get, post},
};
use jiff::{SignedDuration, Timestamp};
use schakelpunt_domain::{Clock, Hidden};
use schakelpunt_webhook::{Address as Judged, Allow, Lookup, SystemLookup};
use serde::Deserialize;
use tokio::sync::Notify;

use self::{answers::Problem, log::Log};
pub use self::{
    events::LIMIT_MAX,
    log::UNFETCHED,
    subscriptions::{SUBSCRIPTIONS_MAX, would_tell},
};
use crate::{
    Error,
    alarm::{Alarms, Code},
    delivered::Delivered,
    hub::{Sink, SinkError},
    keep::{HOUR, Keep},
    settings::Address,
};

/// Shortest secret of an application in bytes: as long as what HS256 makes of it (RFC 7518, 3.2).
pub const SECRET_MIN: usize = 32;
/// Largest body of a request in bytes: a subscription with every channel and filter has a few hundred.
pub const BODY_MAX: usize = 16 * 1024;
/// The version of the Notificaties API.
const API_VERSION: HeaderValue = HeaderValue::from_static("1.0.1");

/// The door, as the configuration names it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DoorSettings {
    /// Address and port, inside the organisation's own network.
    pub listen: SocketAddr,
    /// The address under which the systems here reach it, with a slash at its end: what notifications point to begins so.
    pub address: Address,
    /// For how long a message can be fetched.
    #[serde(default = "days")]
    pub days: u32,
    /// Who may fetch and subscribe.
    #[serde(rename = "application")]
    pub applications: Vec<Application>,
    /// Where callbacks may lead although it is forbidden to webhooks in general, host by host.
    #[serde(default)]
    pub allow: Vec<Allow>,
}

/// A system here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Application {
    /// Its client id.
    pub client_id: String,
    /// The secret with which it signs its tokens.
    pub secret: Hidden,
}

fn days() -> u32 {
    30
}

/// The door, ready for use.
#[derive(Debug, Clone)]
pub struct Door(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: DoorSettings,
    log: Log,
    clock: Arc<dyn Clock>,
    lookup: Arc<dyn Lookup>,
    /// Woken when a message came, or a subscription changed.
    changed: Notify,
}

impl Door {
    /// Checks the settings and opens what the door keeps in the adapter's own folder; `place` is where they stand, for errors.
    pub fn open(place: &str, settings: &DoorSettings, own: &Path, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let wrong = |key: &str, expected: &str| Err(Error::settings(&format!("{place}.{key}"), expected));
        if !settings.address.url().path().ends_with('/') {
            return wrong("address", "an address that ends in a slash");
        }
        if settings.days == 0 {
            return wrong("days", "at least 1");
        }
        let clients: BTreeSet<&str> = settings.applications.iter().map(|application| application.client_id.as_str()).collect();
        if clients.is_empty() || clients.len() != settings.applications.len() || clients.contains("") {
            return wrong("application", "at least one, each with a client-id of its own");
        }
        if settings.applications.iter().any(|application| application.secret.reveal().len() < SECRET_MIN) {
            return wrong("application.secret", "at least 32 bytes");
        }
        // a mistake in `allow` shows here and not when somebody subscribes
        if let Err(error) = Judged::new(&Hidden::from("https://callback.example/"), &settings.allow) {
            return wrong(&error.key, &error.expected);
        }
        std::fs::create_dir_all(own).map_err(|source| Error::Folder { path: own.to_owned(), source })?;
        let log = Log(Keep::open(&own.join("door.redb"))?);
        let inner = Inner { settings: settings.clone(), log, clock, lookup: Arc::new(SystemLookup), changed: Notify::new() };
        Ok(Self(Arc::new(inner)))
    }

    /// Serves and notifies until it is dropped.
    pub async fn serve(&self, alarms: &Alarms) -> Result<(), Error> {
        let listener = tokio::net::TcpListener::bind(self.0.settings.listen).await.map_err(Error::DoorListen)?;
        tracing::info!(listen = %self.0.settings.listen, "the door is open");
        let server = async { axum::serve(listener, self.router()).await.map_err(Error::DoorListen) };
        tokio::try_join!(server, self.0.notifying(alarms), self.0.looking_after(alarms))?;
        Ok(())
    }

    /// What is served, without a listener.
    pub fn router(&self) -> Router {
        let channels = get(subscriptions::channels).post(subscriptions::publish);
        let channel = get(subscriptions::channel).put(subscriptions::publish).patch(subscriptions::publish);
        let one = get(subscriptions::read).put(subscriptions::replace).patch(subscriptions::alter).delete(subscriptions::end);
        let api = Router::new()
            .route("/kanaal", channels)
            .route("/kanaal/{uuid}", channel)
            .route("/abonnement", get(subscriptions::list).post(subscriptions::take))
            .route("/abonnement/{uuid}", one)
            .route("/notificaties", post(subscriptions::publish))
            .method_not_allowed_fallback(not_so)
            .layer(middleware::map_response(versioned));
        Router::new()
            .route("/v1/events", get(events::since))
            .route("/v1/events/{id}", get(events::one))
            .route("/v1/detentions/{reference}", get(events::of_detention))
            .method_not_allowed_fallback(not_so)
            .nest("/notificaties/api/v1", api)
            .fallback(nowhere)
            .layer(DefaultBodyLimit::max(BODY_MAX))
            .with_state(self.clone())
    }
}

async fn nowhere() -> Problem {
    Problem::nothing()
}

async fn not_so() -> Problem {
    Problem::not_so()
}

async fn versioned(mut response: Response) -> Response {
    response.headers_mut().insert("api-version", API_VERSION);
    response
}

impl Inner {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// An address behind this door.
    fn at(&self, segments: &[&str]) -> String {
        let mut url = self.settings.address.url().clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url.into()
    }

    /// Every hour: forgets what was kept long enough, and asks a person about what nobody fetches.
    async fn looking_after(&self, alarms: &Alarms) -> Result<(), Error> {
        loop {
            let now = self.now();
            let kept = SignedDuration::from_hours(24 * i64::from(self.settings.days));
            self.log.forget_before(now.saturating_sub(kept).unwrap_or(Timestamp::MIN))?;
            let unfetched = self.log.newly_unfetched(now)?;
            if let Some(first) = unfetched.first() {
                let more = Some(unfetched.len() - 1).filter(|more| *more > 0).map(|more| format!("and {more} after it"));
                alarms.raise(now, Code::NotFetched, first, more);
            }
            tokio::time::sleep(HOUR).await;
        }
    }
}

impl Sink for Door {
    async fn hand_on(&self, message: &Delivered) -> Result<(), SinkError> {
        let kept = self.0.log.add(message, self.0.now());
        kept.map_err(|error| SinkError::Later(error.to_string()))?;
        self.0.changed.notify_waiters();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
