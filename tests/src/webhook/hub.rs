//! The hub calls participants itself: six town halls, of which one is well. Real loops, real HTTP on loopback.

use std::{collections::BTreeMap, future::Future, io, net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use schakelpunt::clock::SystemClock;
use schakelpunt_bus::InProcessBus;
use schakelpunt_domain::{
    registers::{Channel, Entry, Participant, Recorded, Stop, Webhook},
    stage::Stage,
};
use schakelpunt_engine::{
    Hub, Settings, drivers,
    leases::ProcessId,
    ports::{DeliveryFilter, Store},
    settings::Limits,
    step::Receipts,
};
use schakelpunt_gateway::{HookAllow, HookCalls, secret};
use schakelpunt_store::SqliteStore;
use schakelpunt_webhook::{Lookup, SystemLookup};
use serde_json::Value;
use sha2::Sha256;
use tokio_util::sync::CancellationToken;

use super::sinks::{FORBIDDEN, HOME, Received, Sink, Untouched};
use crate::harness::{
    messages::{Message, admission, withdrawal},
    participant, settings, who,
};

pub(super) const WELL: &str = "gemeente-zwolle";
/// For the well one, and for each of the others.
const NOTICES: usize = 20;
/// Most that a condition may take to come true on a busy machine.
const BOUND: Duration = Duration::from_secs(60);

/// The name moves to a forbidden address after it was looked at once.
#[derive(Debug)]
struct Moving(std::sync::Mutex<bool>);

#[async_trait]
impl Lookup for Moving {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        if host != "moves.test" {
            return SystemLookup.lookup(host).await;
        }
        let moved = std::mem::replace(&mut *self.0.lock().unwrap(), true);
        Ok(vec![if moved { FORBIDDEN } else { HOME }])
    }
}

pub(super) fn called(id: &str, url: &str, secrets: &[u32]) -> Entry {
    let webhook = Some(Webhook { url: url.to_owned(), binary: false, secrets: secrets.to_vec() });
    Entry::Participant(Participant { channel: Channel::Webhook, webhook, ..participant(id) })
}

fn allow() -> Vec<HookAllow> {
    let one = |host: &str| HookAllow { host: host.to_owned(), networks: vec!["127.0.0.1".to_owned()], plain_http: true };
    vec![one("127.0.0.1"), one("moves.test")]
}

pub(super) struct Rig {
    pub(super) hub: Arc<Hub>,
    stop: CancellationToken,
    settings: Settings,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Rig {
    /// A running hub whose claims live five seconds, so that a call has two.
    pub(super) async fn with(entries: Vec<Entry>) -> Self {
        Self::under(Duration::from_secs(5), entries).await
    }

    /// One whose claims live so long.
    pub(super) async fn under(claim: Duration, entries: Vec<Entry>) -> Self {
        let settings = Settings { limits: Limits { claim, ..Limits::default() }, ..settings() };
        let store = SqliteStore::in_memory(Arc::new(SystemClock)).await.unwrap();
        store.migrate().await.unwrap();
        let bus = InProcessBus::default();
        ["pi-zwolle", "rn-zwolle"].iter().for_each(|id| bus.add_inbox(&who(id)));
        let calls = HookCalls::new(settings.key.clone(), "hub.test".to_owned(), allow(), settings.limits.call());
        let calls = calls.with_lookup(Arc::new(Moving(std::sync::Mutex::new(false))));
        let hub = Hub::open(settings.clone(), Arc::new(store), Arc::new(bus)).await.unwrap().with_hooks(Arc::new(calls));
        let hub = Arc::new(hub);
        hub.record([participant("pi-zwolle"), participant("rn-zwolle")].map(Entry::Participant).into_iter().chain(entries).collect())
            .await
            .unwrap();
        let stop = CancellationToken::new();
        drivers::start(&hub, ProcessId { name: "test".to_owned(), run: "1".to_owned() }, &stop);
        Self { hub, stop, settings }
    }

    pub(super) async fn offer(&self, messages: Vec<Message>) {
        let offers: Vec<_> = messages.iter().map(Message::offer).collect();
        self.hub.offer(&offers, Receipts::Send).await.unwrap();
    }

    /// How often what waits for a participant was tried.
    pub(super) async fn attempts(&self, id: &str) -> u32 {
        let filter = DeliveryFilter { recipient: Some(who(id)), limit: 1000, ..DeliveryFilter::default() };
        let deliveries = self.hub.store().deliveries(&filter).await.unwrap();
        deliveries.iter().map(|one| if let Stage::Waiting { attempts, .. } = one.stage { attempts } else { 0 }).sum()
    }

    /// How many deliveries to a participant stand where.
    async fn stages(&self, id: &str) -> BTreeMap<String, usize> {
        let filter = DeliveryFilter { recipient: Some(who(id)), limit: 1000, ..DeliveryFilter::default() };
        let mut stages = BTreeMap::new();
        for delivery in self.hub.store().deliveries(&filter).await.unwrap() {
            *stages.entry(delivery.stage.word().to_owned()).or_default() += 1;
        }
        stages
    }
}

/// Looks until it is so.
pub(super) async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let looking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(BOUND, looking).await.unwrap_or_else(|_| panic!("{what}: not so after {BOUND:?}"));
}

pub(super) fn events(sink: &Sink) -> Vec<(Received, Value)> {
    let posted = sink.received().into_iter().filter(|received| received.method == "POST");
    posted.map(|received| (received.clone(), serde_json::from_slice(&received.body).unwrap())).collect()
}

pub(super) fn notices(sink: &Sink) -> Vec<Value> {
    events(sink).into_iter().map(|(_, event)| event).filter(|event| event["number"].is_u64()).collect()
}

/// Standard Webhooks, as a receiver computes it.
fn signature(rig: &Rig, id: &str, generation: u32, received: &Received) -> String {
    let secret = secret(&rig.settings.key, &who(id), generation);
    let bytes = BASE64_STANDARD.decode(secret.reveal().strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&bytes).unwrap();
    mac.update(format!("{}.{}.", received.header("webhook-id"), received.header("webhook-timestamp")).as_bytes());
    mac.update(&received.body);
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn one_that_hangs_fails_breaks_off_or_leads_astray_harms_no_other_and_reaches_nothing_forbidden() {
    let well = Sink::with(204, &[]).await;
    let (hangs, breaks) = (Sink::raw(b"", false).await, Sink::raw(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", true).await);
    let fails = Sink::with(500, &[]).await;
    let forbidden = Untouched::at(0);
    let location = format!("http://{}/", forbidden.address());
    let points = Sink::answering(move |_| super::sinks::answer(307, &[("location", &location)])).await;
    // what follows its heartbeat needs a connection of its own
    let moves = Sink::with(204, &[("connection", "close")]).await;
    let moved = Untouched::at(moves.address.port());
    let url = |sink: &Sink| format!("http://{}/hook", sink.address);
    let halls = [
        (WELL, "0193", url(&well)),
        ("gemeente-heerde", "0246", url(&hangs)),
        ("gemeente-epe", "0232", url(&fails)),
        ("gemeente-apeldoorn", "0200", url(&points)),
        ("gemeente-kampen", "0166", url(&breaks)),
        ("gemeente-steenwijkerland", "1708", format!("http://moves.test:{}/hook", moves.address.port())),
    ];
    let rig = Rig::with(halls.iter().map(|(id, _, url)| called(id, url, &[2, 1])).collect()).await;
    until("its heartbeat, before the name moves", || async { events(&moves).len() == 1 }).await;
    for (place, (_, code, _)) in halls.iter().enumerate() {
        rig.offer((0..NOTICES).map(|number| admission(&format!("d-{place}-{number}")).of(code)).collect()).await;
    }

    until("the well one has everything", || async { notices(&well).len() == NOTICES }).await;
    until("and it is on record", || async { rig.stages(WELL).await == BTreeMap::from([("handed-over".to_owned(), NOTICES)]) }).await;
    for (id, ..) in &halls[1..] {
        let stages = rig.stages(id).await;
        assert!(!stages.contains_key("handed-over"), "{id}: {stages:?}");
        assert_eq!(stages.values().sum::<usize>(), NOTICES, "{id}: nothing is lost, {stages:?}");
    }
    assert!(notices(&moves).is_empty(), "nothing comes after it moved");
    forbidden.check();
    moved.check();

    let mut numbers: Vec<u64> = notices(&well).iter().map(|event| event["number"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=NOTICES as u64).collect::<Vec<_>>());
    for (received, event) in events(&well) {
        assert_eq!(received.header("webhook-request-origin"), "hub.test");
        assert_eq!(received.header("webhook-id"), event["id"].as_str().unwrap());
        let signed = [2, 1].map(|generation| signature(&rig, WELL, generation, &received)).join(" ");
        assert_eq!(received.header("webhook-signature"), signed, "each live generation signs");
    }
    until("it has its heartbeat", || async { events(&well).iter().any(|(_, event)| event["data"]["heartbeat"].is_object()) }).await;
}

#[tokio::test]
async fn one_that_refuses_for_good_blocks_its_lane_and_one_that_is_retired_waits_for_another_address() {
    let (refuses, retired) = (Sink::with(400, &[]).await, Sink::with(410, &[]).await);
    let url = |sink: &Sink| format!("http://{}/hook", sink.address);
    let rig = Rig::with(vec![called(WELL, &url(&refuses), &[1]), called("gemeente-heerde", &url(&retired), &[1])]).await;
    until("heartbeats are refused", || async { !events(&refuses).is_empty() && !events(&retired).is_empty() }).await;
    let after = events(&retired).len();
    rig.offer(vec![admission("d-1"), admission("d-2"), admission("d-3").of("0246")]).await;
    until("two lanes are blocked", || async { rig.stages(WELL).await == BTreeMap::from([("blocked".to_owned(), 2)]) }).await;
    assert_eq!((rig.stages("gemeente-heerde").await, events(&retired).len()), (BTreeMap::from([("waiting".to_owned(), 1)]), after));

    let again = Sink::with(204, &[]).await;
    rig.hub.record(vec![called("gemeente-heerde", &url(&again), &[1])]).await.unwrap();
    until("another address takes it", || async { notices(&again).len() == 1 }).await;
}

#[tokio::test]
async fn one_that_takes_no_receipts_has_its_deliveries() {
    let picky = Sink::answering(|received| match serde_json::from_slice::<Value>(&received.body) {
        Ok(event) if event["number"].is_u64() => super::sinks::answer(204, &[]),
        _ => super::sinks::answer(503, &[("retry-after", "3600")]),
    })
    .await;
    let rig = Rig::with(vec![called(WELL, &format!("http://{}/hook", picky.address), &[1])]).await;
    until("its heartbeat is not taken", || async { !events(&picky).is_empty() }).await;
    rig.offer(vec![admission("d-1"), admission("d-2")]).await;
    until("both", || async { rig.stages(WELL).await == BTreeMap::from([("handed-over".to_owned(), 2)]) }).await;
}

#[tokio::test]
async fn what_may_have_been_taken_before_it_was_refused_is_recalled_when_it_is_withdrawn() {
    let first = Arc::new(std::sync::Mutex::new(true));
    let sink = Sink::answering(move |received| match serde_json::from_slice::<Value>(&received.body) {
        Ok(event) if event["type"].as_str().is_some_and(|ty| ty.contains(".detention-started.")) => {
            let status = if std::mem::replace(&mut *first.lock().unwrap(), false) { 500 } else { 409 };
            super::sinks::answer(status, &[])
        }
        _ => super::sinks::answer(204, &[]),
    })
    .await;
    let rig = Rig::with(vec![called(WELL, &format!("http://{}/hook", sink.address), &[1])]).await;
    let of = |kind: &str| events(&sink).iter().filter(|(_, event)| event["type"].as_str().unwrap().contains(kind)).count();
    rig.offer(vec![admission("d-1")]).await;
    until("it is refused", || async { of(".detention-started.") >= 2 }).await;
    assert_eq!(rig.stages(WELL).await, BTreeMap::from([("claimed".to_owned(), 1)]), "nobody knows of the first time");
    rig.offer(vec![withdrawal(&admission("d-1"))]).await;
    eprintln!("{:?} {:?}", rig.stages(WELL).await, events(&sink).iter().map(|e| e.1["type"].to_string()).collect::<Vec<_>>());
    until("it hears that it is withdrawn", || async { of(".message-withdrawn.") > 0 }).await;
}

#[tokio::test]
async fn who_is_suspended_is_not_called() {
    let sink = Sink::with(204, &[]).await;
    let rig = Rig::with(vec![called(WELL, &format!("http://{}/hook", sink.address), &[1])]).await;
    until("its heartbeat", || async { !events(&sink).is_empty() }).await;
    rig.hub.link(&who(WELL), false);
    rig.offer(vec![admission("d-1")]).await;
    rig.hub.record(vec![Entry::Stop(Stop::Participant(who(WELL)))]).await.unwrap();
    rig.hub.link(&who(WELL), true);
    until("what waited has ended", || async { rig.stages(WELL).await == BTreeMap::from([("cancelled".to_owned(), 1)]) }).await;
    assert_eq!(events(&sink).len(), 1, "and nothing was posted");
}

#[tokio::test]
async fn an_address_that_another_process_changed_is_the_one_that_is_called() {
    let (before, after) = (Sink::with(204, &[]).await, Sink::with(204, &[]).await);
    let entry = |sink: &Sink| called(WELL, &format!("http://{}/hook", sink.address), &[1]);
    let rig = Rig::with(vec![entry(&before)]).await;
    until("its heartbeat", || async { !events(&before).is_empty() }).await;
    rig.hub.link(&who(WELL), false);
    let recorded = rig.hub.store().now().await.unwrap();
    rig.hub.store().record(vec![Recorded { entry: entry(&after), recorded }]).await.unwrap();
    rig.offer(vec![admission("d-1")]).await;
    rig.hub.link(&who(WELL), true);
    until("it comes to the new one", || async { notices(&after).len() == 1 }).await;
    assert!(notices(&before).is_empty(), "and nothing to the old one");
}

#[tokio::test]
async fn a_test_of_the_channel_says_what_is_wrong() {
    let wants = Sink::answering(|received| match received.method.as_str() {
        "OPTIONS" => super::sinks::answer(200, &[("webhook-allowed-origin", "hub.test")]),
        _ => super::sinks::answer(204, &[]),
    })
    .await;
    let does_not = Sink::answering(|_| super::sinks::answer(200, &[("webhook-allowed-origin", "other.test")])).await;
    let fails = Sink::with(500, &[]).await;
    let url = |sink: &Sink| format!("http://{}/hook", sink.address);
    let halls = [(WELL, url(&wants)), ("gemeente-heerde", url(&does_not)), ("gemeente-epe", url(&fails))];
    let entries = halls.iter().map(|(id, url)| called(id, url, &[1])).chain([called("gemeente-kampen", "https://10.0.0.1/", &[1])]);
    let rig = Rig::with(entries.collect()).await;
    let test = async |id: &str| {
        let tested = rig.hub.test_channel(&who(id)).await.unwrap().unwrap();
        (tested.works, tested.found)
    };
    assert_eq!(test(WELL).await, (true, "its address wants what this hub sends; it took a heartbeat".to_owned()));
    assert!(events(&wants).iter().any(|(_, event)| event["data"]["heartbeat"]["head"] == 0));
    assert_eq!(test("gemeente-heerde").await, (false, "the target allows another origin".to_owned()));
    let knows_no_handshake = "the target answers 500 without WebHook-Allowed-Origin: it refuses, or knows no handshake";
    assert_eq!(test("gemeente-epe").await, (false, format!("{knows_no_handshake}; it took no heartbeat: nobody knows")));
    let (works, found) = test("gemeente-kampen").await;
    assert!(!works && found.starts_with("webhook.url: no connection may be made to an address that is "), "{found}");
    assert_eq!(test("rn-zwolle").await, (false, "its inbox took no heartbeat: not for now".to_owned()), "nobody reads it");
    assert!(rig.hub.test_channel(&who("gemeente-ommen")).await.unwrap().is_none());
}
