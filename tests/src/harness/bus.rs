//! A bus that records what it is given and answers by script.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use schakelpunt_bus::in_process::InProcessBus;
use schakelpunt_domain::{ParticipantId, pointer::leaves_of};
use schakelpunt_engine::{
    model::Room,
    ports::{Bus, BusError, Intake, Outgoing, Published},
};
use serde_json::Value;

/// One thing that the bus was given, whatever it answered.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) to: String,
    /// The short name.
    pub(crate) event: String,
    pub(crate) id: String,
    pub(crate) body: Value,
    pub(crate) bytes: Vec<u8>,
    pub(crate) by_consent: bool,
    pub(crate) receipt: bool,
    pub(crate) answer: Published,
}

impl Sent {
    /// The leaves of its data.
    pub(crate) fn fields(&self) -> Vec<String> {
        leaves_of(&self.body["data"]).iter().map(ToString::to_string).collect()
    }

    pub(crate) fn has(&self, pointer: &str) -> bool {
        self.body["data"].pointer(pointer).is_some()
    }

    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.body["data"].pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn attribute(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }
}

#[derive(Debug, Default)]
struct Script {
    sent: Vec<Sent>,
    answers: BTreeMap<String, VecDeque<Published>>,
    rooms: BTreeMap<String, Room>,
    /// Inboxes that nobody empties, with what lies in them.
    unread: BTreeMap<String, usize>,
    unseen: BTreeSet<String>,
}

/// Confirms everything and has room for all, unless it is told otherwise.
#[derive(Debug, Default)]
pub(crate) struct ScriptedBus(Mutex<Script>);

impl ScriptedBus {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answers to the next deliveries to somebody; after them it confirms again.
    pub(crate) fn answers(&self, to: &str, answers: &[Published]) {
        self.script().answers.entry(to.to_owned()).or_default().extend(answers);
    }

    /// From now on there is this much room.
    pub(crate) fn room_is(&self, to: &str, count: usize, consent: bool) {
        self.script().rooms.insert(to.to_owned(), Room { count, consent });
    }

    /// From now on nobody reads this inbox.
    pub(crate) fn nobody_reads(&self, to: &str) {
        self.script().unread.insert(to.to_owned(), 0);
    }

    /// Everything in this inbox is read; from then on again nobody reads it.
    pub(crate) fn is_read(&self, to: &str) {
        self.nobody_reads(to);
    }

    /// The bus cannot say how full this inbox is.
    pub(crate) fn cannot_see(&self, to: &str) {
        self.script().unseen.insert(to.to_owned());
    }

    pub(crate) fn count(&self) -> usize {
        self.script().sent.len()
    }

    pub(crate) fn all(&self) -> Vec<Sent> {
        self.script().sent.clone()
    }

    /// Deliveries, not receipts, after the first `count` things.
    pub(crate) fn deliveries_after(&self, count: usize) -> Vec<Sent> {
        self.script().sent.iter().skip(count).filter(|sent| !sent.receipt).cloned().collect()
    }
}

impl Script {
    fn take(&mut self, outgoing: &Outgoing<'_>) -> Published {
        let (to, ty, bytes, by_consent, receipt) = match outgoing {
            Outgoing::Delivery(permitted) => (permitted.recipient(), permitted.ty(), permitted.bytes(), permitted.by_consent(), false),
            Outgoing::Receipt(receipt) => (&receipt.to, receipt.ty.as_str(), receipt.bytes.as_slice(), false, true),
        };
        let to = to.to_string();
        let scripted = if receipt { None } else { self.answers.get_mut(&to).and_then(VecDeque::pop_front) };
        let answer = scripted.unwrap_or(Published::Confirmed);
        if let (Some(unread), Published::Confirmed) = (self.unread.get_mut(&to), answer) {
            *unread += 1;
        }
        let body: Value = serde_json::from_slice(bytes).unwrap();
        let event = ty.split('.').nth_back(1).unwrap_or_default().to_owned();
        let id = body["id"].as_str().unwrap().to_owned();
        self.sent.push(Sent { to, event, id, body, bytes: bytes.to_vec(), by_consent, receipt, answer });
        answer
    }
}

#[async_trait]
impl Bus for ScriptedBus {
    fn queues(&self) -> Vec<String> {
        Vec::new()
    }

    async fn open(&self, queue: &str) -> Result<Box<dyn Intake>, BusError> {
        Err(BusError::Refused { what: queue.to_owned(), source: "this bus has no intake".into() })
    }

    async fn publish(&self, batch: &[Outgoing<'_>]) -> Vec<Published> {
        let mut script = self.script();
        batch.iter().map(|outgoing| script.take(outgoing)).collect()
    }

    async fn room(&self, participant: &ParticipantId, window: usize) -> Result<Room, BusError> {
        let script = self.script();
        if script.unseen.contains(participant.as_str()) {
            return Err(BusError::Unavailable("the connection is gone".into()));
        }
        let open = Room { count: window, consent: script.unread.get(participant.as_str()).is_none_or(|unread| *unread == 0) };
        Ok(script.rooms.get(participant.as_str()).copied().unwrap_or(open))
    }
}

/// Messages come in through one bus, and go out through another that confirms everything.
#[derive(Debug)]
pub(crate) struct Between {
    pub(crate) way_in: InProcessBus,
    pub(crate) way_out: Arc<ScriptedBus>,
}

#[async_trait]
impl Bus for Between {
    fn queues(&self) -> Vec<String> {
        self.way_in.queues()
    }

    async fn open(&self, queue: &str) -> Result<Box<dyn Intake>, BusError> {
        self.way_in.open(queue).await
    }

    async fn publish(&self, batch: &[Outgoing<'_>]) -> Vec<Published> {
        self.way_out.publish(batch).await
    }

    async fn room(&self, participant: &ParticipantId, window: usize) -> Result<Room, BusError> {
        self.way_out.room(participant, window).await
    }
}
