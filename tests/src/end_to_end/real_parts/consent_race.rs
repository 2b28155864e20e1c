//! A withdrawal and the claim of what rests on the consent, at the same moment on two connections. Both orders, made certain: one
//! transaction is held open until the database says that the other waits for it.

mod halting;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use schakelpunt::{registers::Tables, wiring};
use schakelpunt_bus::{InProcessBus, in_process::InboxMessage};
use schakelpunt_domain::{ParticipantId, envelope::RawMessage, stage::Stage};
use schakelpunt_engine::{
    Hub,
    inspect::Offer,
    model::Delivery,
    ports::{DeliveryFilter, Store as _},
    spawn,
    step::{Receipts, Reported},
};
use schakelpunt_store::{PostgresStore, TimeSource};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use self::halting::{Halting, Point};
use crate::{
    end_to_end::{
        messages::{PARTNER, PRISON, PRISON_SOURCE, TOWN, TOWN_SOURCE, UNIT, admission, day, event, now},
        process::repository,
    },
    faults::checker::Arrival,
    harness::around::Around,
    parts::postgres::Database,
};

const DETENTION: &str = "pi-zwolle.race";
/// The consent and its withdrawal.
const CONSENT: &str = "race.c";
/// Less than the store's own patience for a lock.
const BOUND: Duration = Duration::from_secs(8);

/// Two processes of one hub: each a connection of its own, one bus between them and everybody else.
struct Two {
    database: Database,
    /// Takes the withdrawal in.
    takes: (Arc<Hub>, Arc<Around<Halting>>),
    /// Claims and hands over.
    claims: (Arc<Hub>, Arc<Around<Halting>>),
    /// What the partner has received.
    partner: Arc<Mutex<Vec<Arrival>>>,
}

impl Two {
    /// An invitation waits; the consent that carries it is valid.
    async fn with_an_invitation() -> Self {
        let database = Database::fresh();
        let bus = InProcessBus::default();
        let partner = Arc::default();
        for party in [PRISON, TOWN, UNIT] {
            receive(&bus, party, Arc::default());
        }
        receive(&bus, PARTNER, Arc::clone(&partner));
        let takes = one(&database, &bus).await;
        let register = std::fs::read_to_string(repository().join("config/demo/participants.toml")).unwrap();
        let entries = Tables::parse("participants.toml", &register).unwrap().entries(now()).unwrap();
        takes.0.record(entries.into_iter().map(|recorded| recorded.entry).collect()).await.unwrap();
        let claims = one(&database, &bus).await;

        let two = Self { database, takes, claims, partner };
        two.send("detention-started", admission("Populier"), PRISON).await;
        let consent = json!({"id": CONSENT, "recipient": PARTNER, "categories": ["class:ID", "class:HEALTH"], "purpose": "reintegration",
            "givenAt": now(), "until": day(100), "channel": "WRITTEN"});
        two.send("consent-given", json!({"consent": consent}), TOWN).await;
        two.claims.0.settle().await.unwrap();
        let tbo = json!({"at": now(), "place": "INSIDE", "location": "PI Zwolle"});
        let invitation = json!({"partner": PARTNER, "tbo": tbo, "person": {"identity": {"surname": "Populier"}}});
        two.send("care-partner-invited", invitation, TOWN).await;
        assert!(matches!(two.invitation().await.stage, Stage::Waiting { .. }));
        two
    }

    async fn send(&self, name: &str, data: Value, from: &str) {
        send(&self.takes.0, name, &data, from).await;
    }

    /// Sends the withdrawal, as a task.
    fn withdraw(&self) -> JoinHandle<()> {
        let hub = Arc::clone(&self.takes.0);
        spawn::named("withdrawal", async move {
            let consent = json!({"id": CONSENT, "recipient": PARTNER, "withdrawnAt": now()});
            send(&hub, "consent-withdrawn", &json!({"consent": consent}), TOWN).await;
        })
    }

    /// Claims and hands over once, as a task.
    fn dispatch(&self) -> JoinHandle<()> {
        let hub = Arc::clone(&self.claims.0);
        spawn::named("claim", async move {
            hub.dispatch().await.unwrap();
        })
    }

    /// Waits until a connection to this database stands before a lock, which the other holds.
    async fn one_waits_for_the_other(&self, other: &JoinHandle<()>) {
        let waits = tokio::time::timeout(BOUND, self.database.until_waiting(1)).await;
        assert!(waits.is_ok() && !other.is_finished(), "nobody waits for a lock");
    }

    /// Everything that is still to do, by both.
    async fn settle(&self) {
        self.takes.0.settle().await.unwrap();
        self.claims.0.settle().await.unwrap();
    }

    /// What the partner was meant to get, in the order in which it was decided.
    async fn to_partner(&self) -> Vec<Delivery> {
        let filter = DeliveryFilter { recipient: Some(PARTNER.parse().unwrap()), limit: 10, ..DeliveryFilter::default() };
        let mut deliveries = self.takes.1.deliveries(&filter).await.unwrap();
        deliveries.sort_by_key(|delivery| delivery.lane_sequence);
        deliveries
    }

    async fn invitation(&self) -> Delivery {
        self.to_partner().await.remove(0)
    }

    fn received(&self) -> Vec<Arrival> {
        self.partner.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A hub with a store of one connection.
async fn one(database: &Database, bus: &InProcessBus) -> (Arc<Hub>, Arc<Around<Halting>>) {
    let store = PostgresStore::connect(&database.url(), 1, TimeSource::Database).await.unwrap();
    let store = Arc::new(Around(Halting::new(store)));
    store.migrate().await.unwrap();
    let hub = Hub::open(wiring::embedded_settings(None).unwrap(), store.clone(), Arc::new(bus.clone())).await.unwrap();
    (Arc::new(hub), store)
}

/// Reads an inbox for as long as the test runs.
fn receive(bus: &InProcessBus, party: &str, into: Arc<Mutex<Vec<Arrival>>>) {
    let id: ParticipantId = party.parse().unwrap();
    let mut inbox = bus.subscribe(&id);
    drop(spawn::named("recipient", async move {
        loop {
            let InboxMessage { bytes, .. } = inbox.next().await;
            into.lock().unwrap_or_else(PoisonError::into_inner).push(Arrival::new(id.as_str(), bytes, now()));
            inbox.ack();
        }
    }));
}

async fn send(hub: &Hub, name: &str, data: &Value, from: &str) {
    let source = if from == PRISON { PRISON_SOURCE } else { TOWN_SOURCE };
    let ty = hub.settings().catalogue.named(name).unwrap().ty.clone();
    // each event comes once, so that its name does for an id; its place in time does for a sequence
    let body = event(&ty, source, DETENTION, &format!("race-{name}"), u64::try_from(now().as_millisecond()).unwrap(), data);
    let raw = RawMessage { content_type: "application/cloudevents+json".to_owned(), headers: Vec::new(), body };
    let offer = Offer { sender: Some(from.parse().unwrap()), user_id: None, raw };
    let reports = hub.offer(&[offer], Receipts::Send).await.unwrap();
    assert_eq!(reports[0].outcome, Reported::Accepted, "{name}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_withdrawal_that_commits_before_the_claim_cancels_the_invitation() {
    let two = Two::with_an_invitation().await;
    let halt = two.takes.1.0.halt_at(Point::Intake);
    let withdrawal = two.withdraw();
    halt.reached().await;
    let claim = two.dispatch();
    two.one_waits_for_the_other(&claim).await;
    halt.go_on();
    withdrawal.await.unwrap();
    claim.await.unwrap();
    two.settle().await;

    assert!(matches!(two.invitation().await.stage, Stage::Cancelled { .. }));
    assert_eq!(two.to_partner().await.len(), 1, "who had nothing is told nothing");
    assert!(two.received().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_withdrawal_after_the_claim_makes_the_partner_stop() {
    let two = Two::with_an_invitation().await;
    let halt = two.claims.1.0.halt_at(Point::Claim);
    let claim = two.dispatch();
    halt.reached().await;
    let withdrawal = two.withdraw();
    two.one_waits_for_the_other(&withdrawal).await;
    halt.go_on();
    claim.await.unwrap();
    withdrawal.await.unwrap();
    two.settle().await;

    let received = two.received();
    let names: Vec<&str> = received.iter().map(Arrival::name).collect();
    assert_eq!(names, ["care-partner-invited", "consent-withdrawn"]);
    let [invitation, stop] = received.as_slice() else { panic!("two messages") };
    assert!(invitation.attribute("sequence") < stop.attribute("sequence"));
    // under the partner's own reference of the detention, and neutral
    assert_eq!(invitation.attribute("subject"), stop.attribute("subject"));
    assert_ne!(stop.attribute("subject"), DETENTION);
    let consent = stop.data()["consent"].as_object().unwrap();
    assert_eq!(consent.keys().collect::<Vec<_>>(), ["id", "recipient", "withdrawnAt"]);
    assert!(two.to_partner().await.iter().all(|delivery| matches!(delivery.stage, Stage::HandedOver { .. })));
}
