//! A hub with a clock that is set, a bus that answers as it is told, and messages in words. Nothing here sleeps.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, OnceLock},
};

use jiff::{SignedDuration, Timestamp};
use schakelpunt::{clock::SetClock, registers::Tables, wiring};
use schakelpunt_domain::{
    Clock as _, DetentionRef, MessageId, ParticipantId, Refusal, RejectionCode,
    case::Case,
    consent::Consent,
    registers::{Channel, Entry, Form, Mandate, Participant, Recorded, Scope, Stop, Webhook},
    stage::Stage,
};
use schakelpunt_engine::{
    Hub, Settings,
    hub::{Doer, Fetched},
    kept_law::KeptLaw,
    life::{Role, What},
    model::{Delivery, StoredMessage},
    ports::{Bus, Pull, Store},
    step::{Input, Receipts, Report, Reported},
};
use schakelpunt_store::SqliteStore;
use serde_json::Value;

pub(crate) mod around;
pub(crate) mod bus;
pub(crate) mod meanwhile;
pub(crate) mod messages;
pub(crate) mod poison;

use bus::{ScriptedBus, Sent};
use messages::Message;

/// An ordinary working day under the law of 2021.
pub(crate) const MORNING: &str = "2024-09-04T08:30:00+02:00";

/// Rules and catalogue are read once for all tests.
pub(crate) fn settings() -> Settings {
    static SETTINGS: OnceLock<Settings> = OnceLock::new();
    SETTINGS.get_or_init(|| wiring::embedded_settings(None).unwrap()).clone()
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| Tables::parse("participants.toml", include_str!("../../config/demo/participants.toml")).unwrap())
}

/// A participant of the demo as registered.
pub(crate) fn participant(id: &str) -> Participant {
    static ENTRIES: OnceLock<Vec<Recorded<Entry>>> = OnceLock::new();
    let entries = ENTRIES.get_or_init(|| tables().entries(Timestamp::UNIX_EPOCH).unwrap());
    let found = entries.iter().find_map(|recorded| match &recorded.entry {
        Entry::Participant(participant) if participant.id.as_str() == id => Some(participant.clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no participant {id}"))
}

pub(crate) fn who(id: &str) -> ParticipantId {
    id.parse().unwrap()
}

pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A mandate for everything; `until` exclusive.
pub(crate) fn mandate(mandator: &str, mandatary: &str, until: Option<&str>) -> Entry {
    let (from, until) = ("2024-01-01".parse().unwrap(), until.map(|day| day.parse().unwrap()));
    Entry::Mandate(Mandate {
        mandator: who(mandator),
        mandatary: who(mandatary),
        scope: Scope::All,
        from,
        until,
        prisons: Vec::new(),
        visit_days: Vec::new(),
        form: Form::Mandate,
    })
}

/// A participant that is called from now on.
pub(crate) fn is_called(id: &str) -> Entry {
    let webhook = Some(Webhook { url: "https://events.example.org/hook".to_owned(), binary: false, secrets: vec![1] });
    Entry::Participant(Participant { channel: Channel::Webhook, webhook, ..participant(id) })
}

/// A participant that fetches from now on.
pub(crate) fn fetches(id: &str) -> Entry {
    Entry::Participant(Participant { channel: Channel::Pull, ..participant(id) })
}

pub(crate) fn stop_participant(id: &str) -> Entry {
    Entry::Stop(Stop::Participant(who(id)))
}

/// A hub and what it stands between.
#[derive(Debug)]
pub(crate) struct Rig {
    pub(crate) hub: Arc<Hub>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) bus: Arc<ScriptedBus>,
    clock: SetClock,
}

impl Rig {
    pub(crate) async fn new() -> Self {
        Self::at(MORNING).await
    }

    /// A hub in memory at an instant.
    pub(crate) async fn at(now: &str) -> Self {
        let clock = SetClock::new(instant(now));
        let store = SqliteStore::in_memory(Arc::new(clock.clone())).await.unwrap();
        Self::over(Arc::new(store), clock).await
    }

    /// A hub over a file, which outlives it.
    pub(crate) async fn on_file(file: &Path, now: &str) -> Self {
        let clock = SetClock::new(instant(now));
        let store = SqliteStore::open(file, Arc::new(clock.clone())).await.unwrap();
        Self::over(Arc::new(store), clock).await
    }

    pub(crate) async fn over(store: Arc<dyn Store>, clock: SetClock) -> Self {
        store.migrate().await.unwrap();
        if store.registers().await.unwrap().1.is_empty() {
            store.record(tables().entries(clock.now()).unwrap()).await.unwrap();
        }
        let bus = Arc::new(ScriptedBus::default());
        let hub = Arc::new(Hub::open(settings(), Arc::clone(&store), bus.clone()).await.unwrap());
        Self { hub, store, bus, clock }
    }

    /// Another hub over the same store and bus.
    pub(crate) async fn second_hub(&self) -> Self {
        self.second_hub_under(settings()).await
    }

    /// The same under another law.
    pub(crate) async fn second_hub_under(&self, settings: Settings) -> Self {
        let hub = Arc::new(Hub::open(settings, Arc::clone(&self.store), self.bus.clone()).await.unwrap());
        Self { hub, store: Arc::clone(&self.store), bus: Arc::clone(&self.bus), clock: self.clock.clone() }
    }

    /// The same, with a hub on another bus.
    pub(crate) async fn on(self, bus: Arc<dyn Bus>) -> Self {
        let hub = Arc::new(Hub::open(settings(), Arc::clone(&self.store), bus).await.unwrap());
        Self { hub, ..self }
    }

    /// Two people bring other rules into force, as soon as that can be.
    pub(crate) async fn activate(&self, law: &KeptLaw) {
        let (writer, lawyer) = (who("writer"), who("lawyer"));
        let author = Doer { name: &writer, roles: &[Role::Author], why: "a test" };
        let reviewer = Doer { name: &lawyer, roles: &[Role::LegalReviewer], why: "a test" };
        let draft = self.hub.draft(author, "other rules", law).await.unwrap().unwrap().draft;
        let ahead = SignedDuration::try_from(self.hub.settings().limits.claim).unwrap();
        let law = || law.version.clone();
        let base = self.hub.deeds().await.unwrap().base(draft.unwrap(), self.now()).map(|(_, law, _)| law.to_owned());
        for (doer, what) in [
            (author, What::Checked { law: law(), cells: 0 }),
            (author, What::Submitted { law: law(), base, owners: BTreeSet::new(), expected: Vec::new(), accepted: BTreeSet::new() }),
            (reviewer, What::Approved { law: law(), submission: 1, role: Role::LegalReviewer }),
            (author, What::Scheduled { law: law(), submission: 1, from: self.now() + ahead }),
        ] {
            self.hub.do_for_rules(doer, draft, what).await.unwrap().unwrap();
        }
        self.pass(ahead.as_secs());
    }

    /// The same rig with another store around its own.
    pub(crate) async fn around(&self, wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>) -> Self {
        Self::over(wrap(Arc::clone(&self.store)), self.clock.clone()).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// It is now that instant.
    pub(crate) fn set(&self, now: &str) {
        self.clock.set(instant(now));
    }

    /// Time passes.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.set(self.now() + SignedDuration::from_secs(seconds));
    }

    /// A batch comes in, as from a queue. Nothing is handed over yet.
    pub(crate) async fn batch(&self, messages: &[Message]) -> Vec<Report> {
        let offers: Vec<_> = messages.iter().map(Message::offer).collect();
        self.hub.offer(&offers, Receipts::Send).await.unwrap()
    }

    /// One message comes in. Nothing is handed over yet.
    pub(crate) async fn take(&self, message: &Message) -> Report {
        self.batch(std::slice::from_ref(message)).await.remove(0)
    }

    /// One message comes in and everything that can be handed over is; gives the deliveries.
    pub(crate) async fn give(&self, message: &Message) -> Vec<Sent> {
        self.take(message).await;
        self.settle().await
    }

    /// Everything that can be done now is done; gives the deliveries that went to the bus.
    pub(crate) async fn settle(&self) -> Vec<Sent> {
        let before = self.bus.count();
        self.hub.settle().await.unwrap();
        self.bus.deliveries_after(before)
    }

    /// One round of claims and hand-overs.
    pub(crate) async fn round(&self) -> Vec<Sent> {
        let before = self.bus.count();
        self.hub.dispatch().await.unwrap();
        self.bus.deliveries_after(before)
    }

    /// What somebody fetches who has received everything up to `after`.
    pub(crate) async fn fetch(&self, id: &str, after: u64) -> Vec<Delivery> {
        self.pull(id, after).await.given
    }

    /// A fetch with all that it answers.
    pub(crate) async fn pull(&self, id: &str, after: u64) -> Fetched {
        self.hub.pull(&Pull { participant: who(id), after, limit: 100 }).await.unwrap()
    }

    pub(crate) async fn record(&self, entry: Entry) {
        self.hub.record(vec![entry]).await.unwrap();
    }

    /// Another process records it: this hub does not hear of it.
    pub(crate) async fn record_elsewhere(&self, entry: Entry) {
        self.store.record(vec![Recorded { entry, recorded: self.now() }]).await.unwrap();
    }

    pub(crate) fn down(&self, id: &str) {
        self.hub.link(&who(id), false);
    }

    pub(crate) fn up(&self, id: &str) {
        self.hub.link(&who(id), true);
    }

    pub(crate) async fn case(&self, detention: &str) -> Case {
        self.store.case(&detention.parse::<DetentionRef>().unwrap()).await.unwrap().unwrap().value
    }

    /// A consent on a case, as recorded.
    pub(crate) async fn consent(&self, detention: &str, id: &str) -> Consent {
        self.case(detention).await.consents.into_iter().find(|consent| consent.id == id).unwrap()
    }

    async fn trace(&self, id: &str) -> schakelpunt_engine::ports::Trace {
        self.store.trace(&id.parse::<MessageId>().unwrap()).await.unwrap().remove(0)
    }

    /// The message as kept; `None` if it is not.
    pub(crate) async fn kept(&self, id: &str) -> Option<StoredMessage> {
        self.store.trace(&id.parse::<MessageId>().unwrap()).await.unwrap().pop().map(|trace| trace.message)
    }

    /// The last refusal of a message to somebody; `None` if the last word was a permit, or nobody asked.
    pub(crate) async fn refusal(&self, id: &str, to: &str) -> Option<Refusal> {
        let decisions = self.trace(id).await.decisions;
        decisions.iter().rfind(|made| made.recipient.as_str() == to)?.decision.refusal()
    }

    /// How often somebody was asked about.
    pub(crate) async fn times_decided(&self, id: &str, to: &str) -> usize {
        self.trace(id).await.decisions.iter().filter(|made| made.recipient.as_str() == to).count()
    }

    /// The deliveries of a message to somebody, oldest first.
    pub(crate) async fn deliveries(&self, id: &str, to: &str) -> Vec<Delivery> {
        self.trace(id).await.deliveries.into_iter().filter(|delivery| delivery.recipient.as_str() == to).collect()
    }

    /// Where they stand, as words.
    pub(crate) async fn stages(&self, id: &str, to: &str) -> Vec<&'static str> {
        self.deliveries(id, to).await.iter().map(|delivery| delivery.stage.word()).collect()
    }

    /// A person moves the one delivery of a message to somebody.
    pub(crate) async fn move_stage(&self, id: &str, to: &str, change: impl Fn(Stage) -> Option<Stage> + Send + Sync) {
        let delivery = self.deliveries(id, to).await.pop().unwrap();
        let changed = self.store.change_stage(&delivery.id, &mut |delivery| change(delivery.stage.clone())).await.unwrap();
        assert_ne!(changed.unwrap().stage, delivery.stage, "it was moved");
    }

    /// A person gives a delivery up.
    pub(crate) async fn skip(&self, delivery: &Delivery) {
        let input = Input::Skip(delivery.id, delivery.detention.clone().unwrap());
        self.hub.run(&[input], Receipts::Answered).await.unwrap();
    }

    /// What the hub told somebody about its own messages, after telling what is due: short event name and data.
    pub(crate) async fn receipts(&self, to: &str) -> Vec<(String, Value)> {
        self.hub.tell_receipts().await.unwrap();
        let all = self.bus.all().into_iter().filter(|sent| sent.receipt && sent.to == to);
        all.map(|sent| (sent.event.clone(), sent.body["data"].clone())).collect()
    }
}

/// The code of a rejection.
pub(crate) fn rejected(report: &Report) -> RejectionCode {
    match &report.outcome {
        Reported::Rejected(why) => why.code,
        other => panic!("not rejected but {other:?}"),
    }
}

/// Who got what, in words, in order.
pub(crate) fn told(sent: &[Sent]) -> Vec<String> {
    sent.iter().map(|one| format!("{} < {}", one.to, one.event)).collect()
}

/// What one participant got.
pub(crate) fn to<'a>(sent: &'a [Sent], id: &str) -> Vec<&'a Sent> {
    sent.iter().filter(|one| one.to == id).collect()
}

/// The one thing that a participant got.
#[track_caller]
pub(crate) fn only<'a>(sent: &'a [Sent], id: &str) -> &'a Sent {
    match to(sent, id).as_slice() {
        [one] => one,
        other => panic!("{id} got {} deliveries: {:?}", other.len(), told(sent)),
    }
}
