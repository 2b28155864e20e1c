//! The Notificaties API (1.0): one channel, and the subscriptions of the applications here.
//!
//! A filter that names what a channel does not have is refused when the subscription is taken; one that names what a notification lacks,
//! or has another value, keeps it away. Before a subscription counts its callback is asked twice: with the authorisation that the
//! subscriber gave it has to take a test notification, without it has to refuse one.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use schakelpunt_domain::Hidden;
use schakelpunt_webhook::{Address as Judged, Line, Outcome, Trouble};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Door, Inner,
    answers::Problem,
    log::Entry,
    request::{Caller, Named, Said},
};
use crate::event::derived_id;

/// Most subscriptions of one application: each is a call for every message.
pub const SUBSCRIPTIONS_MAX: usize = 20;
/// Longest callback URL and longest authorisation, as the standard has them.
const URL_MAX: usize = 200;
const AUTH_MAX: usize = 1000;
/// The one channel.
const CHANNEL: &str = "schakelpunt";
/// What a notification says of itself, and a filter may ask for.
const ATTRIBUTES: [&str; 2] = ["event", "categorie"];
/// What a filter says that takes every value.
const ANY: &str = "*";

/// What an application wants to be told of, and where. `Debug` shows neither.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Subscription {
    /// Whose it is.
    pub(super) client: String,
    callback: String,
    auth: String,
    channels: Vec<Channel>,
    /// The number up to which it was told.
    pub(super) told: u64,
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription").field("client", &self.client).field("told", &self.told).finish_non_exhaustive()
    }
}

/// A channel with filters on what its notifications say of themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Channel {
    naam: String,
    #[serde(default)]
    filters: BTreeMap<String, String>,
}

/// A subscription as it is asked for, or a part of one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    callback_url: Option<String>,
    auth: Option<String>,
    kanalen: Option<Vec<Channel>>,
}

impl Subscription {
    /// Whether a notification with these attributes is for it.
    pub(super) fn wants(&self, attributes: &[(&str, &str)]) -> bool {
        let has =
            |(key, wanted): (&String, &String)| attributes.iter().any(|(name, value)| name == key && (wanted == ANY || wanted == value));
        self.channels.iter().any(|channel| channel.naam == CHANNEL && channel.filters.iter().all(has))
    }

    /// Whether its callback is the same as before.
    pub(super) fn goes_where_it_went(&self, other: &Self) -> bool {
        self.callback == other.callback
    }

    /// The way to its callback, judged by what the configuration allows today.
    pub(super) fn line(&self, door: &Inner) -> Result<Line, String> {
        let address = Judged::new(&Hidden::from(self.callback.as_str()), &door.settings.allow).map_err(|error| error.expected)?;
        Line::new(address, Arc::clone(&door.lookup)).map_err(|error| error.to_string())
    }

    /// The headers of a notification.
    pub(super) fn headers(&self) -> HeaderMap {
        let auth = HeaderValue::from_str(&self.auth).ok().map(|value| (header::AUTHORIZATION, value));
        let mut headers: HeaderMap = auth.into_iter().collect();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers
    }

    fn shown(&self, door: &Inner, id: &str) -> Value {
        json!({ "url": door.at(&["notificaties", "api", "v1", "abonnement", id]), "callbackUrl": self.callback, "kanalen": self.channels })
    }

    /// What does not fit, before anybody is asked.
    fn check(&self) -> Result<(), Problem> {
        if self.callback.len() > URL_MAX {
            return Err(Problem::invalid("callbackUrl", "max_length", "at most 200 characters"));
        }
        if self.auth.is_empty() || self.auth.len() > AUTH_MAX || HeaderValue::from_str(&self.auth).is_err() {
            return Err(Problem::invalid("auth", "invalid", "a value for the header Authorization, of at most 1000 characters"));
        }
        if self.channels.is_empty() {
            return Err(Problem::invalid("kanalen", "required", "at least one channel"));
        }
        for channel in &self.channels {
            if channel.naam != CHANNEL {
                return Err(Problem::invalid("naam", "kanaal_naam", "a channel of the list `kanaal`"));
            }
            if channel.filters.iter().any(|(key, value)| !ATTRIBUTES.contains(&key.as_str()) || value.is_empty()) {
                let reason = "only what the channel has as `filters`, each with a value or `*`";
                return Err(Problem::invalid("filters", "inconsistent-abonnement-filters", reason));
            }
        }
        Ok(())
    }

    /// Asks the callback twice.
    async fn test(&self, door: &Inner) -> Result<(), Problem> {
        let cannot = |why: &str| Problem::invalid("callbackUrl", "invalid-callback-url", why);
        let line = self.line(door).map_err(|why| cannot(&why))?;
        let root = door.at(&["v1", "events"]);
        let test = json!({
            "kanaal": "test", "hoofdObject": root, "resource": "test", "resourceUrl": root, "actie": "test",
            "aanmaakdatum": door.now(), "kenmerken": {},
        });
        let body = test.to_string().into_bytes();
        let headers = self.headers();
        let open = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        match line.post(open, body.clone()).await {
            Outcome::Later { trouble: Trouble::Status(401 | 403), .. } => {}
            Outcome::Forbidden(forbidden) => return Err(cannot(&forbidden.to_string())),
            Outcome::Later { trouble, .. } if !matches!(trouble, Trouble::Status(_)) => return Err(cannot(&trouble.to_string())),
            _ => {
                let reason = "a callback that refuses what comes without the authorisation (401 or 403)";
                return Err(Problem::invalid("callbackUrl", "no-auth-on-callback-url", reason));
            }
        }
        match line.post(headers, body).await {
            Outcome::Delivered => Ok(()),
            _ => Err(cannot("a callback that takes a notification with this authorisation (204)")),
        }
    }
}

/// The notification of a message, with what it says of itself.
pub(super) fn notification(door: &Inner, entry: &Entry) -> Value {
    let resource = door.at(&["v1", "events", &entry.id]);
    let main = entry.detention.as_ref().map(|detention| door.at(&["v1", "detentions", detention.as_str()]));
    let main = main.unwrap_or_else(|| resource.clone());
    json!({
        "kanaal": CHANNEL,
        "hoofdObject": main,
        "resource": "event",
        "resourceUrl": resource,
        "actie": "create",
        "aanmaakdatum": entry.at,
        "kenmerken": { "event": entry.event, "categorie": entry.category },
    })
}

/// What a message says of itself, by the names that a filter uses.
pub(super) fn attributes(entry: &Entry) -> [(&'static str, &str); 2] {
    [(ATTRIBUTES[0], &entry.event), (ATTRIBUTES[1], &entry.category)]
}

/// Whether who subscribes with this body is told of a message that says this of itself; `None`: the body is refused. Asks no callback.
pub fn would_tell(body: &[u8], event: &str, category: &str) -> Option<bool> {
    let subscription = asked(body).and_then(|asked| whole(asked, String::new(), 0)).ok()?;
    subscription.check().ok()?;
    Some(subscription.wants(&[(ATTRIBUTES[0], event), (ATTRIBUTES[1], category)]))
}

fn the_channel(door: &Inner) -> Value {
    let id = derived_id(&["kanaal", CHANNEL]);
    let url = door.at(&["notificaties", "api", "v1", "kanaal", id.as_str()]);
    json!({ "url": url, "naam": CHANNEL, "documentatieLink": "", "filters": ATTRIBUTES })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ByName {
    naam: Option<String>,
}

/// The channels: one.
pub(super) async fn channels(
    _: Caller,
    State(Door(door)): State<Door>,
    query: Result<Query<ByName>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(ByName { naam }) = query.map_err(|_| Problem::invalid("query", "invalid", "`naam`, or nothing"))?;
    let found: Vec<Value> = naam.is_none_or(|name| name == CHANNEL).then(|| the_channel(&door)).into_iter().collect();
    Ok(answer(StatusCode::OK, &json!(found)))
}

/// The channel.
pub(super) async fn channel(_: Caller, State(Door(door)): State<Door>, Named(id): Named) -> Result<Response, Problem> {
    let is_it = derived_id(&["kanaal", CHANNEL]).as_str() == id;
    if is_it { Ok(answer(StatusCode::OK, &the_channel(&door))) } else { Err(Problem::nothing()) }
}

/// Channels and notifications are made by the adapter.
pub(super) async fn publish(_: Caller) -> Problem {
    Problem::publishes_alone()
}

/// The caller's subscriptions.
pub(super) async fn list(Caller(client): Caller, State(Door(door)): State<Door>) -> Result<Response, Problem> {
    let own: Vec<(String, Subscription)> = door.log.subscriptions()?.into_iter().filter(|(_, one)| one.client == client).collect();
    let shown: Vec<Value> = own.iter().map(|(id, subscription)| subscription.shown(&door, id)).collect();
    Ok(answer(StatusCode::OK, &json!(shown)))
}

/// Takes a subscription: it hears of what comes from now on.
pub(super) async fn take(Caller(client): Caller, State(Door(door)): State<Door>, Said(body): Said) -> Result<Response, Problem> {
    let subscription = whole(asked(&body)?, client.clone(), door.log.last()?)?;
    subscription.check()?;
    subscription.test(&door).await?;
    let id = door.log.subscribe(|number| derived_id(&["abonnement", &client, &number.to_string()]).to_string(), &subscription)?;
    let id = id.ok_or_else(|| Problem::invalid("nonFieldErrors", "too-many", "at most 20 subscriptions of one application"))?;
    door.changed.notify_waiters();
    let shown = subscription.shown(&door, &id);
    let place = shown.get("url").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(([(header::LOCATION, place)], answer(StatusCode::CREATED, &shown)).into_response())
}

/// One of the caller's subscriptions.
pub(super) async fn read(Caller(client): Caller, State(Door(door)): State<Door>, Named(id): Named) -> Result<Response, Problem> {
    Ok(answer(StatusCode::OK, &own(&door, &client, &id)?.shown(&door, &id)))
}

/// Changes all of it; it goes on where it was.
pub(super) async fn replace(
    caller: Caller,
    State(Door(door)): State<Door>,
    Named(id): Named,
    Said(body): Said,
) -> Result<Response, Problem> {
    let before = own(&door, &caller.0, &id)?;
    let after = whole(asked(&body)?, caller.0, before.told)?;
    changed(&door, &id, after).await
}

/// Changes a part of it.
pub(super) async fn alter(caller: Caller, State(Door(door)): State<Door>, Named(id): Named, Said(body): Said) -> Result<Response, Problem> {
    let before = own(&door, &caller.0, &id)?;
    let Asked { callback_url, auth, kanalen } = asked(&body)?;
    let after = Subscription {
        callback: callback_url.unwrap_or(before.callback),
        auth: auth.unwrap_or(before.auth),
        channels: kanalen.unwrap_or(before.channels),
        ..before
    };
    changed(&door, &id, after).await
}

/// Ends it.
pub(super) async fn end(Caller(client): Caller, State(Door(door)): State<Door>, Named(id): Named) -> Result<Response, Problem> {
    own(&door, &client, &id)?;
    door.log.alter(&id, |_| None)?;
    door.changed.notify_waiters();
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn changed(door: &Inner, id: &str, after: Subscription) -> Result<Response, Problem> {
    after.check()?;
    after.test(door).await?;
    let shown = after.shown(door, id);
    // what was told meanwhile stays told
    door.log.alter(id, |now| Some(Subscription { told: now.told, ..after }))?.ok_or_else(Problem::nothing)?;
    door.changed.notify_waiters();
    Ok(answer(StatusCode::OK, &shown))
}

fn own(door: &Inner, client: &str, id: &str) -> Result<Subscription, Problem> {
    let found = door.log.subscription(id)?.filter(|subscription| subscription.client == client);
    found.ok_or_else(Problem::nothing)
}

fn asked(body: &[u8]) -> Result<Asked, Problem> {
    let invalid = |reason: &str| Problem::invalid("nonFieldErrors", "parse-error", reason);
    let garbled = |error: serde_json::Error| {
        invalid(&format!("JSON with callbackUrl, auth and kanalen; see line {}, column {}", error.line(), error.column()))
    };
    // of an array serde would take the values without their names
    let plain: Value = serde_json::from_slice(body).map_err(garbled)?;
    let channels = plain.get("kanalen").and_then(Value::as_array);
    if !plain.is_object() || channels.is_some_and(|channels| !channels.iter().all(Value::is_object)) {
        return Err(invalid("JSON objects: callbackUrl, auth and kanalen by their names, and so in each channel"));
    }
    serde_json::from_slice(body).map_err(garbled)
}

fn whole(Asked { callback_url, auth, kanalen }: Asked, client: String, told: u64) -> Result<Subscription, Problem> {
    let required = |name: &'static str| move || Problem::invalid(name, "required", "it has to be there");
    Ok(Subscription {
        client,
        callback: callback_url.ok_or_else(required("callbackUrl"))?,
        auth: auth.ok_or_else(required("auth"))?,
        channels: kanalen.ok_or_else(required("kanalen"))?,
        told,
    })
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
