//! Calling participants at their own address: the hub's side of the webhook channel.
//!
//! The secret of a participant is derived from the hub's key, so that it stands nowhere: whoever runs the hub can make it again
//! ([`secret`]). Each live generation signs, so that a receiver changes to the next one when it likes.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use schakelpunt_domain::{
    Hidden, ParticipantId,
    digest::DigestKey,
    registers::{Participant, Webhook},
};
use schakelpunt_engine::ports::{Hooks, Outgoing, Published};
use schakelpunt_webhook::{
    Admission, Allow, Breaker, Change, Channel, Handshake, Lookup, Mode, Outcome, Refusal, Settings, SystemLookup, Target, Trouble,
};

/// The secret of a participant in one generation (Standard Webhooks): `whsec_` and 32 bytes.
pub fn secret(key: &DigestKey, participant: &ParticipantId, generation: u32) -> Hidden {
    let digest = key.digest(&[b"webhook secret", participant.as_str().as_bytes(), generation.to_string().as_bytes()]);
    let byte = |at: usize| digest.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Vec<u8> = (0..digest.len()).step_by(2).filter_map(byte).collect();
    format!("whsec_{}", BASE64_STANDARD.encode(bytes)).into()
}

/// Most events that are under way to one address at once: as many lanes go on side by side.
pub const CALLS: usize = 8;

/// How this hub calls.
#[derive(Debug)]
pub struct HookCalls {
    key: DigestKey,
    /// As whom: the host name that each call carries.
    origin: String,
    /// What is otherwise forbidden, by name.
    allow: Vec<Allow>,
    lookup: Arc<dyn Lookup>,
    /// Whole seconds for one call.
    seconds: u64,
    /// As they are registered, and what came of it.
    doors: Mutex<BTreeMap<ParticipantId, (Option<Webhook>, Opened)>>,
}

/// A door, or what is wrong with its address.
type Opened = Result<Arc<Door>, String>;

/// Why there is no door.
#[derive(Debug)]
enum Closed {
    /// What is registered cannot be called: for good.
    Unfit(String),
    /// This machine could not open it now.
    Passing(String),
}

impl Closed {
    fn why(self) -> String {
        match self {
            Self::Unfit(why) | Self::Passing(why) => why,
        }
    }
}

/// One address, with what is known of it.
#[derive(Debug)]
struct Door {
    channel: Channel,
    breaker: Mutex<Breaker>,
    /// Until when it asked for no receipts.
    no_receipts: Mutex<Option<Timestamp>>,
    /// It said that it is retired (410): nothing goes there until the register has another one.
    gone: AtomicBool,
}

impl HookCalls {
    /// Calls as `origin`, with these exceptions from the forbidden addresses; one call takes at most `within`.
    pub fn new(key: DigestKey, origin: String, allow: Vec<Allow>, within: Duration) -> Self {
        Self { key, origin, allow, lookup: Arc::new(SystemLookup), seconds: within.as_secs().max(1), doors: Mutex::default() }
    }

    /// The same with another way from names to addresses, for tests.
    #[must_use]
    pub fn with_lookup(self, lookup: Arc<dyn Lookup>) -> Self {
        Self { lookup, ..self }
    }

    /// The door of a participant as it is registered now. `Err`: what is wrong with its address, a sentence; said once in the log.
    fn door(&self, participant: &Participant) -> Opened {
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, door)) = doors.get(&participant.id).filter(|(webhook, _)| *webhook == participant.webhook) {
            return door.clone();
        }
        let door = match self.open(participant) {
            Err(Closed::Passing(why)) => {
                tracing::warn!(recipient = %participant.id, why, "nobody can be called there now: what is due waits");
                return Err(why);
            }
            Err(Closed::Unfit(why)) => {
                tracing::error!(recipient = %participant.id, why, "nobody can be called there: what is due waits");
                Err(why)
            }
            Ok(door) => Ok(door),
        };
        doors.insert(participant.id.clone(), (participant.webhook.clone(), door.clone()));
        door
    }

    fn open(&self, participant: &Participant) -> Result<Arc<Door>, Closed> {
        let unregistered = || Closed::Unfit("`webhook` with an address is not registered".to_owned());
        let webhook = participant.webhook.as_ref().ok_or_else(unregistered)?;
        let settings = Settings {
            url: webhook.url.as_str().into(),
            origin: self.origin.clone(),
            mode: if webhook.binary { Mode::Binary } else { Mode::Structured },
            secrets: webhook.secrets.iter().map(|generation| secret(&self.key, &participant.id, *generation)).collect(),
            connect_seconds: self.seconds,
            request_seconds: self.seconds,
            allow: self.allow.clone(),
        };
        let target = Target::try_from(&settings).map_err(|wrong| Closed::Unfit(format!("webhook.{wrong}")))?;
        let channel = Channel::new(target, Arc::clone(&self.lookup)).map_err(|wrong| Closed::Passing(wrong.to_string()))?;
        Ok(Arc::new(Door { channel, breaker: Mutex::default(), no_receipts: Mutex::default(), gone: AtomicBool::new(false) }))
    }
}

impl Door {
    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, to: &ParticipantId, outcome: &Outcome, now: Timestamp) {
        let change = match outcome {
            Outcome::Later { pause, .. } => self.breaker().failed(now, pause.map(|pause| pause.until(now))),
            Outcome::Gone => {
                self.gone.store(true, Ordering::Relaxed);
                None
            }
            trouble if trouble.is_trouble() => self.breaker().failed(now, None),
            Outcome::Delivered => {
                self.gone.store(false, Ordering::Relaxed);
                self.breaker().succeeded()
            }
            _ => self.breaker().succeeded(),
        };
        log(to, change);
        say(to, outcome);
    }

    /// What came of a receipt. What its status says is about receipts: it stops no delivery.
    fn note_receipt(&self, to: &ParticipantId, outcome: &Outcome, now: Timestamp) {
        match outcome {
            Outcome::Delivered
            | Outcome::Gone
            | Outcome::Forbidden(_)
            | Outcome::Later { trouble: Trouble::Name | Trouble::Connect | Trouble::Tls, .. } => return self.note(to, outcome, now),
            Outcome::Later { pause: Some(pause), .. } => *self.no_receipts() = Some(pause.until(now)),
            _ => {}
        }
        say(to, outcome);
    }

    fn no_receipts(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.no_receipts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn say(to: &ParticipantId, outcome: &Outcome) {
    match outcome {
        Outcome::Delivered => {}
        Outcome::Later { trouble, .. } => tracing::info!(recipient = %to, %trouble, "not called with success: later"),
        Outcome::Never { status } => tracing::warn!(recipient = %to, status, "an event was refused for good"),
        Outcome::Unfit(unfit) => tracing::error!(recipient = %to, %unfit, "an event that cannot be posted"),
        Outcome::Gone => tracing::error!(recipient = %to, "the address is retired (410): register another one"),
        Outcome::Redirected { status } => {
            tracing::warn!(recipient = %to, status, "the address points elsewhere, which is not followed");
        }
        Outcome::Forbidden(forbidden) => tracing::error!(recipient = %to, %forbidden, "the address leads where nothing may go"),
    }
}

fn log(to: &ParticipantId, change: Option<Change>) {
    match change {
        Some(change) if change.is_notice() => tracing::warn!(recipient = %to, ?change, "the breaker of an address"),
        Some(change) => tracing::info!(recipient = %to, ?change, "the breaker of an address"),
        None => {}
    }
}

/// What an outcome says of one event. What may have been taken although the answer failed is uncertain: it is decided again before it is
/// sent again, and recalled where it is no longer lawful.
fn published(outcome: &Outcome) -> Published {
    match outcome {
        Outcome::Delivered => Published::Confirmed,
        Outcome::Later { trouble: Trouble::Silent | Trouble::Broken | Trouble::Status(100..=199 | 408 | 500..=999), .. } => {
            Published::Uncertain
        }
        Outcome::Later { .. } | Outcome::Redirected { .. } | Outcome::Forbidden(_) | Outcome::Gone => Published::NotNow,
        Outcome::Never { .. } | Outcome::Unfit(_) => Published::Refused,
    }
}

#[async_trait]
impl Hooks for HookCalls {
    fn admits(&self, participant: &Participant, now: Timestamp) -> usize {
        let Ok(door) = self.door(participant) else { return 0 };
        if door.gone.load(Ordering::Relaxed) {
            return 0;
        }
        let (admission, change) = door.breaker().admit(now);
        log(&participant.id, change);
        match admission {
            Admission::Go => CALLS,
            Admission::Probe => 1,
            Admission::Wait(_) => 0,
        }
    }

    fn takes_receipts(&self, participant: &Participant, now: Timestamp) -> bool {
        self.door(participant).is_ok_and(|door| door.no_receipts().is_none_or(|until| until <= now))
    }

    fn fits(&self, participant: &Participant) -> Result<(), String> {
        self.open(participant).map(drop).map_err(Closed::why)
    }

    async fn post(&self, to: &Participant, what: Outgoing<'_>, now: Timestamp) -> Published {
        let Ok(door) = self.door(to) else { return Published::NotNow };
        let outcome = match what {
            Outgoing::Delivery(permitted) => {
                let outcome = door.channel.deliver(permitted.bytes(), now).await;
                door.note(&to.id, &outcome, now);
                outcome
            }
            Outgoing::Receipt(receipt) => {
                let outcome = door.channel.deliver(&receipt.bytes, now).await;
                door.note_receipt(&to.id, &outcome, now);
                outcome
            }
        };
        published(&outcome)
    }

    async fn ask(&self, participant: &Participant) -> Result<String, String> {
        let door = self.door(participant)?;
        match door.channel.handshake(None).await {
            Handshake::Granted(_) => Ok("its address wants what this hub sends".to_owned()),
            // it was agreed by hand: an administrator entered it
            Handshake::Refused(refusal @ Refusal::NoOrigin { .. }) => Ok(refusal.to_string()),
            Handshake::Refused(refusal) => Err(refusal.to_string()),
            Handshake::Redirected { status } => Err(format!("its address answers {status} and points elsewhere, which is not followed")),
            Handshake::Forbidden(forbidden) => Err(format!("its address leads where nothing may go: {forbidden}")),
            Handshake::Later(trouble) => Err(trouble.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_belongs_to_one_participant_and_one_generation() {
        let (key, zwolle) = (DigestKey::new([7; 32]), "gemeente-zwolle".parse().unwrap());
        let one = secret(&key, &zwolle, 1);
        assert_eq!(one.reveal(), secret(&key, &zwolle, 1).reveal());
        let others =
            [secret(&key, &zwolle, 2), secret(&key, &"gemeente-ommen".parse().unwrap(), 1), secret(&DigestKey::new([8; 32]), &zwolle, 1)];
        assert!(others.iter().all(|other| other.reveal() != one.reveal()));
        let bytes = BASE64_STANDARD.decode(one.reveal().strip_prefix("whsec_").unwrap()).unwrap();
        assert_eq!(bytes.len(), 32);
    }

    #[test]
    fn what_may_have_been_taken_is_uncertain() {
        let later = |trouble| published(&Outcome::Later { trouble, pause: None });
        for trouble in [Trouble::Silent, Trouble::Broken, Trouble::Status(500), Trouble::Status(502), Trouble::Status(503)] {
            assert_eq!(later(trouble), Published::Uncertain, "{trouble}");
        }
        for trouble in [Trouble::Name, Trouble::Connect, Trouble::Tls, Trouble::Status(401), Trouble::Status(429)] {
            assert_eq!(later(trouble), Published::NotNow, "{trouble}");
        }
        assert_eq!(published(&Outcome::Gone), Published::NotNow);
        assert_eq!(published(&Outcome::Redirected { status: 307 }), Published::NotNow);
    }
}
