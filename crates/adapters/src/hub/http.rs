//! The same over HTTP, for an organisation that cannot reach the broker: messages are offered one by one, and what the hub has is fetched.
//! The answer to an offer is its receipt; `since` in the next fetch confirms what came before, so it moves on only when all of it was
//! handed on. An answer that has everything says how far the numbers go, as a heartbeat does.

use std::{collections::BTreeSet, time::Duration};

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, RequestBuilder, StatusCode, Url, header, redirect::Policy};
use schakelpunt_domain::{Hidden, MessageId};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::{Link, PARKED, PAUSE, RECEIPT, Sink, TICK, numbers::believed, pauses};
use crate::{
    Error,
    alarm::Code,
    delivered::Delivered,
    event::{CONTENT_TYPE, Outgoing},
    keep::Progress,
    post::PATIENCE,
};

/// How often it is looked for something new: the hub has no way to wake who fetches.
pub const LOOK: Duration = Duration::from_secs(2);
/// Messages of one fetch.
const LIMIT: usize = 100;
/// The kind of the record of how far a participant has fetched.
const CURSOR: &str = "cursor";
const NEXT_CURSOR: &str = "next-cursor";
/// The largest number that this participant's messages have.
const HEAD: &str = "subscription-head";
/// For so long a message may wait at the hub for the start of its detention; then it is looked at as rejected there.
const WAITS_FOR_ITS_START: SignedDuration = SignedDuration::from_hours(25);

/// A hub behind HTTP.
#[derive(Debug)]
pub(super) struct Http<'a> {
    client: Client,
    root: &'a str,
    token: &'a Hidden,
    /// Held from an offer until its answer is noted: what is asked for again meanwhile would otherwise count as answered.
    offering: Mutex<()>,
}

/// What was fetched.
struct Fetched {
    events: Vec<Map<String, Value>>,
    /// The next cursor.
    next: u64,
    /// Everything up to this number has come when all of this was taken; nothing is said where more may lie behind.
    head: Option<u64>,
}

/// What the hub says of a message that it did not take (RFC 9457).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: String,
    pointer: String,
}

/// What an answer to an offer means.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// How far the message is now.
    Known(Progress),
    /// It waits at the hub for the start of its detention.
    Parked,
    /// Rejected, with code and place.
    Rejected(String),
    /// No answer to this message: later.
    Nothing,
}

impl<'a> Http<'a> {
    /// `None`: this is not the address of a hub behind HTTP.
    pub(super) fn of(address: &'a str, token: &'a Hidden) -> Option<Result<Self, Error>> {
        let url = address.parse::<Url>().ok().filter(|url| ["http", "https"].contains(&url.scheme()))?;
        // a token in the clear goes no further than this machine
        let is_here = url.host_str().is_some_and(|host| ["127.0.0.1", "[::1]", "localhost"].contains(&host));
        let client = Client::builder().redirect(Policy::none()).no_proxy().https_only(!is_here).timeout(PATIENCE).build();
        let fits = (url.scheme() == "https" || is_here) && url.username().is_empty() && url.password().is_none();
        Some(match client {
            Ok(client) if fits => Ok(Self { client, root: address.trim_end_matches('/'), token, offering: Mutex::new(()) }),
            _ => Err(Error::Hub),
        })
    }

    fn with_token(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.token.reveal())
    }

    async fn offer(&self, message: &Outgoing) -> Said {
        let request = self.client.post(format!("{}/v1/events", self.root)).header(header::CONTENT_TYPE, CONTENT_TYPE);
        let Ok(response) = self.with_token(request).body(message.body.clone()).send().await else { return Said::Nothing };
        let status = response.status();
        let Ok(body) = response.json::<Value>().await else { return Said::Nothing };
        said(status, body)
    }

    /// What came after a cursor. `None`: not now.
    async fn fetch(&self, participant: &str, since: u64) -> Option<Fetched> {
        let url = format!("{}/v1/subscriptions/{participant}/events?since={since}&limit={LIMIT}", self.root);
        let response = self.with_token(self.client.get(url)).send().await.ok().filter(|response| response.status().is_success())?;
        let number = |name: &str| response.headers().get(name)?.to_str().ok()?.parse().ok();
        let (next, head) = (number(NEXT_CURSOR)?, number(HEAD).and_then(believed));
        let events: Vec<_> = response.json().await.ok()?;
        let head = head.filter(|_| events.len() < LIMIT);
        Some(Fetched { events, next, head })
    }
}

/// What an answer of the hub means. What speaks of this caller or of the moment says nothing of the message.
fn said(status: StatusCode, body: Value) -> Said {
    let outcome = body.get("outcome").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Problem { code, pointer } = serde_json::from_value(body).unwrap_or_default();
    match (status.as_u16(), outcome.as_str(), code.as_str()) {
        (200..=299, "accepted" | "seen-before", _) => Said::Known(Progress::Accepted),
        (200..=299, "parked", _) => Said::Parked,
        (403, _, "MESSAGE_REFUSED") => Said::Known(Progress::Refused),
        (400 | 409 | 413, _, code) if !code.is_empty() && code != "INVALID_REQUEST" => Said::Rejected(format!("{code} at {pointer}")),
        _ => Said::Nothing,
    }
}

impl<S: Sink> Link<'_, S> {
    /// Offers what waits, for ever.
    pub(super) async fn offer_over(&self, hub: &Http<'_>) -> Result<(), Error> {
        let mut waits = pauses();
        let mut stuck: Option<(MessageId, Timestamp)> = None;
        loop {
            let woken = self.wake.notified();
            let ready = self.look()?;
            if ready.is_empty() {
                // neither answer matters: it is looked again
                drop(tokio::time::timeout(TICK, woken).await);
                continue;
            }
            for message in &ready {
                let turn = hub.offering.lock().await;
                let said = hub.offer(message).await;
                if said == Said::Nothing {
                    drop(turn);
                    self.is_stuck(&message.id, &mut stuck);
                    tokio::time::sleep(waits.next().unwrap_or(PAUSE.1)).await;
                    break;
                }
                self.note(&message.id, said)?;
                drop(turn);
                waits = pauses();
                stuck = None;
            }
        }
    }

    /// A person is asked once about a message to which the hub says nothing for long: it holds up those behind it.
    fn is_stuck(&self, id: &MessageId, stuck: &mut Option<(MessageId, Timestamp)>) {
        let now = self.now();
        tracing::warn!(participant = %self.participant, message = %id, "the hub does not take a message for now; it goes again");
        match stuck {
            Some((since_id, since)) if since_id == id => {
                if now.duration_since(*since) > RECEIPT {
                    self.alarms.raise(now, Code::NoReceipt, id.as_str(), None);
                    *since = Timestamp::MAX;
                }
            }
            _ => *stuck = Some((id.clone(), now)),
        }
    }

    fn note(&self, id: &MessageId, said: Said) -> Result<(), Error> {
        let now = self.now();
        let parked = self.keep.record::<Timestamp>(PARKED, id.as_str())?;
        let progress = match said {
            Said::Known(progress) => progress,
            // what became of it is asked by offering it again
            Said::Parked if parked.is_none_or(|since| now.duration_since(since) < WAITS_FOR_ITS_START) => Progress::Sent(now),
            Said::Parked => {
                self.alarms.raise(now, Code::Rejected, id.as_str(), Some("UNKNOWN_DETENTION at /subject".to_owned()));
                Progress::Rejected
            }
            Said::Rejected(_) if self.is_confirmation(id)? => Progress::Refused,
            Said::Rejected(why) => {
                self.alarms.raise(now, Code::Rejected, id.as_str(), Some(why));
                Progress::Rejected
            }
            Said::Nothing => return Ok(()),
        };
        let change = self.keep.change()?;
        change.progress(id, progress)?;
        match progress {
            Progress::Sent(_) => change.put(PARKED, id.as_str(), &parked.unwrap_or(now))?,
            _ => change.drop(PARKED, id.as_str())?,
        }
        change.commit()?;
        // what waited for this answer may go now
        self.wake.notify_waiters();
        Ok(())
    }

    /// Fetches, for ever.
    pub(super) async fn fetch_over(&self, hub: &Http<'_>) -> Result<(), Error> {
        let mut waits = pauses();
        // what was taken of an answer of which something has to wait: it comes again, and is not taken again
        let mut taken = BTreeSet::new();
        loop {
            let since = self.keep.record::<u64>(CURSOR, self.participant.as_str())?.unwrap_or_default();
            let Some(Fetched { events, next, head }) = hub.fetch(self.participant.as_str(), since).await else {
                tracing::warn!(participant = %self.participant, "nothing can be fetched from the hub for now");
                tokio::time::sleep(waits.next().unwrap_or(PAUSE.1)).await;
                continue;
            };
            if events.is_empty() && next == since {
                self.note_fetched(since, next, head)?;
                waits = pauses();
                tokio::time::sleep(LOOK).await;
                continue;
            }
            if self.take_all(hub, events, &mut taken).await? {
                waits = pauses();
                taken.clear();
                self.note_fetched(since, next, head)?;
            } else {
                tokio::time::sleep(waits.next().unwrap_or(PAUSE.1)).await;
            }
        }
    }

    /// Notes how far it has come. Looking every two seconds writes nothing while nothing comes.
    fn note_fetched(&self, since: u64, next: u64, head: Option<u64>) -> Result<(), Error> {
        let is_known = match head {
            Some(head) => self.is_complete_to(head)?,
            None => true,
        };
        if next == since && is_known {
            return Ok(());
        }
        let change = self.keep.change()?;
        change.put(CURSOR, self.participant.as_str(), &next)?;
        if let Some(head) = head {
            self.complete_to(head, &change)?;
        }
        Ok(change.commit()?)
    }

    /// Whether all of it was taken.
    async fn take_all(&self, hub: &Http<'_>, events: Vec<Map<String, Value>>, taken: &mut BTreeSet<String>) -> Result<bool, Error> {
        for event in events {
            let id = event.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            if taken.contains(&id) {
                continue;
            }
            let message = Delivered::of(event);
            let asks_again = message.as_ref().is_some_and(|message| message.event == "current-set-requested");
            let turn = if asks_again { Some(hub.offering.lock().await) } else { None };
            if !self.take(message, Some(&id)).await? {
                return Ok(false);
            }
            drop(turn);
            taken.insert(id);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_hub_is_spoken_to_over_tls_or_on_this_machine() {
        for good in ["https://hub.example", "https://hub.example/", "http://127.0.0.1:8080"] {
            assert!(Http::of(good, &Hidden::from("token")).unwrap().is_ok(), "{good}");
        }
        for bad in ["http://hub.example", "https://user:secret@hub.example"] {
            assert!(Http::of(bad, &Hidden::from("token")).unwrap().is_err(), "{bad}");
        }
        assert!(Http::of("amqp://broker:5672/schakelpunt", &Hidden::from("token")).is_none());
    }

    #[test]
    fn an_answer_speaks_of_the_message_or_of_the_moment() {
        let of = |status: u16, body: Value| said(StatusCode::from_u16(status).unwrap(), body);
        assert_eq!(of(202, json!({ "outcome": "accepted" })), Said::Known(Progress::Accepted));
        assert_eq!(of(200, json!({ "outcome": "seen-before" })), Said::Known(Progress::Accepted));
        assert_eq!(of(202, json!({ "outcome": "parked" })), Said::Parked);
        assert_eq!(of(403, json!({ "code": "MESSAGE_REFUSED" })), Said::Known(Progress::Refused));
        let bad = of(400, json!({ "code": "SCHEMA_INVALID", "pointer": "/data/x" }));
        assert_eq!(bad, Said::Rejected("SCHEMA_INVALID at /data/x".to_owned()));
        let of_the_moment = [(403, "FORBIDDEN"), (401, "UNAUTHORIZED"), (429, "TOO_MANY_REQUESTS"), (503, "UNAVAILABLE"), (302, "")];
        for (status, code) in of_the_moment.into_iter().chain([(400, "INVALID_REQUEST"), (400, "")]) {
            assert_eq!(of(status, json!({ "code": code })), Said::Nothing, "{status} {code}");
        }
    }
}
