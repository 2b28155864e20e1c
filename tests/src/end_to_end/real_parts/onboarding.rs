//! A new participant on a running hub, from its file to its first message; rehearsed, suspended and let go on.

use std::time::Duration;

use schakelpunt_amqp::{Connection, Consumer, topology};
use schakelpunt_domain::ParticipantId;
use serde_json::{Value, json};

use crate::{
    bus_contract::rig::eventually,
    end_to_end::{
        messages::{PRISON, PRISON_SOURCE, TOWN, TRIAGE, UNIT, admission, event},
        process::{Hub, Site},
    },
    parts::{
        postgres::Database,
        rabbitmq::{PASSWORD, Version, random},
    },
};

/// A municipality that nobody in these registers stands for.
const CODE: &str = "0150";

/// A running hub, and a municipality that wants to take part. Its user must be nobody's in another test.
struct Newcomer {
    site: Site,
    id: ParticipantId,
    file: String,
    _database: Database,
}

impl Newcomer {
    async fn at_the_door(version: Version) -> Option<(Self, Hub)> {
        let addresses = version.addresses()?;
        let database = Database::fresh();
        let site = Site::new(addresses, &database, Some(&[PRISON, TOWN, UNIT, TRIAGE]));
        let hub = site.serve().await;
        site.administer(&hub);
        let id: ParticipantId = format!("gemeente-{:016x}", random()).parse().unwrap();
        let text = format!(
            "[[participant]]\nid = \"{id}\"\nkind = \"municipality\"\noin = \"00000099GM0150001000\"\n\
             sources = [\"urn:nld:oin:00000099GM0150001000:systeem:nazorg\"]\nmunicipalities = [{{ code = \"{CODE}\" }}]\n"
        );
        let file = site.file("newcomer.toml", text.as_bytes());
        Some((Self { site, id, file, _database: database }, hub))
    }

    /// `participant ...` as whoever keeps the registers.
    async fn participant(&self, arguments: &[&str]) -> (i32, Vec<Value>) {
        self.site.run_with("admin", &[&["participant"], arguments].concat()).await
    }

    /// The key in its configuration.
    fn key(&self) -> String {
        let text = std::fs::read_to_string(self.site.place("client")).unwrap();
        text.lines().find_map(|line| line.strip_prefix("secret = ")).unwrap().trim_matches('"').to_owned()
    }

    async fn connect(&self, key: &str) -> Result<Connection, schakelpunt_amqp::Error> {
        Connection::open(&self.site.amqp(self.id.as_str(), key), self.id.as_str()).await
    }

    /// The prison tells of one of its residents; waits until the hub has decided.
    async fn somebody_comes_in(&self, detention: &str, receipts: &mut Consumer) {
        let mut data = admission("Meerkoet");
        data["residence"]["candidates"][0]["municipality"] = json!(CODE);
        let message = event("nl.schakelpunt.detentions.detention-started.v1", PRISON_SOURCE, detention, detention, 1, &data);
        let file = self.site.file("event.json", &message);
        assert_eq!(self.site.run(&["publish", "--as", PRISON, &file]).await.0, 0);
        let receipt = next(receipts).await;
        assert_eq!(receipt["data"]["messages"][0]["id"], json!(detention), "{receipt}");
        self.site.at_rest(Duration::from_secs(30)).await;
    }

    /// How many messages lie in its inbox.
    async fn lying(&self, url: &str) -> u32 {
        let guest = Connection::open(url, "looks").await.unwrap();
        guest.declare_passive(&topology::inbox(&self.id)).await.unwrap().unwrap().ready
    }
}

/// The next message that is no heartbeat.
async fn next(consumer: &mut Consumer) -> Value {
    loop {
        let event = any(consumer).await;
        if !is_heartbeat(&event) {
            return event;
        }
    }
}

fn is_heartbeat(event: &Value) -> bool {
    event["data"]["heartbeat"].is_object()
}

async fn any(consumer: &mut Consumer) -> Value {
    let batch = tokio::time::timeout(Duration::from_secs(60), consumer.next_batch(1, Duration::ZERO)).await.expect("a message").unwrap();
    consumer.ack_up_to(batch[0].tag).await.unwrap();
    serde_json::from_slice(&batch[0].message.body).unwrap()
}

async fn on(version: Version) {
    let Some((newcomer, hub)) = Newcomer::at_the_door(version).await else { return };
    let Newcomer { site, id, file, .. } = &newcomer;
    let prison = Connection::open(&site.amqp(PRISON, PASSWORD), PRISON).await.unwrap();
    let mut receipts = prison.consumer(&topology::inbox(&PRISON.parse().unwrap()), 100).await.unwrap();

    // in
    let client = site.place("client");
    let (code, said) = newcomer.participant(&["add", file, "--out", &client]).await;
    assert_eq!((code, &said[0]["register"], &said[0]["key"]), (0, &json!("entered"), &json!("new")), "{said:?}");
    let (code, said) = newcomer.participant(&["add", file, "--out", &client]).await;
    assert_eq!((code, &said[0]["register"], &said[0]["key"]), (0, &json!("as it was"), &json!("as it was")), "{said:?}");
    assert_eq!(site.run_with("admin", &["broker", "check"]).await, (0, Vec::new()));
    assert!(newcomer.connect(PASSWORD).await.is_err(), "the common password of a test environment does not open it");
    assert!(!site.log().contains(&newcomer.key()), "no key in a log");
    let greeted = newcomer.connect(&newcomer.key()).await.unwrap();
    let mut reads = greeted.consumer(&topology::inbox(id), 10).await.unwrap();
    let first = any(&mut reads).await;
    assert!(is_heartbeat(&first) && first["data"]["heartbeat"]["head"] == 0, "the hub greets it: {first}");
    drop((reads, greeted));
    newcomer.somebody_comes_in("d-1", &mut receipts).await;
    let (code, got) = site.run_with("client", &["inbox", "--as", id.as_str()]).await;
    assert_eq!((code, &got[0]["subject"], &got[0]["environment"]), (0, &json!("d-1"), &json!("test")), "{got:?}");

    rehearsed(&newcomer).await;

    // suspended, while it is connected and reads
    let live = newcomer.connect(&newcomer.key()).await.unwrap();
    let mut reads = live.consumer(&topology::inbox(id), 10).await.unwrap();
    let (code, said) = newcomer.participant(&["suspend", id.as_str()]).await;
    assert_eq!((code, &said[0]), (0, &json!({"suspended": id, "connections": 1})));
    assert!(reads.next_batch(1, Duration::ZERO).await.is_err(), "its connection is closed");
    eventually(false, async || live.is_open()).await;
    assert!(newcomer.connect(&newcomer.key()).await.is_err(), "and cannot be opened again");
    newcomer.somebody_comes_in("d-2", &mut receipts).await;
    assert_eq!(newcomer.lying(&site.amqp("guest", "guest")).await, 0, "nothing is delivered");
    assert_eq!(site.run_with("admin", &["broker", "check"]).await, (0, Vec::new()), "that it has no rights is as it should be");
    assert!(prison.is_open(), "nobody else is touched");

    // a hub that starts again, and provisions, does not let it in
    hub.terminate().await;
    let hub = site.serve().await;
    site.administer(&hub);
    assert!(newcomer.connect(&newcomer.key()).await.is_err());

    // let go on, with the key of before
    assert_eq!(newcomer.participant(&["resume", id.as_str()]).await, (0, vec![json!({"resumed": id})]));
    newcomer.somebody_comes_in("d-3", &mut receipts).await;
    let again = newcomer.connect(&newcomer.key()).await.unwrap();
    let mut reads = again.consumer(&topology::inbox(id), 10).await.unwrap();
    assert_eq!(next(&mut reads).await["subject"], json!("d-3"));
    assert_eq!(site.run_with("admin", &["broker", "check"]).await, (0, Vec::new()));
}

/// The dry run delivers beside the hub, and into no inbox of its own virtual host.
async fn rehearsed(newcomer: &Newcomer) {
    let Newcomer { site, id, .. } = newcomer;
    let (code, checks) = newcomer.participant(&["rehearse", id.as_str(), "--json"]).await;
    assert!(code == 0 && checks.iter().all(|check| check["holds"] == true), "{checks:#?}");
    assert!(checks.iter().any(|check| check["check"] == "its inbox, user, key and rights at the broker are as they should be"));
    assert_eq!(newcomer.lying(&site.amqp("guest", "guest")).await, 0);
    let rehearsals = Connection::open(&site.amqp_of_rehearsals(id.as_str(), &newcomer.key()), id.as_str()).await.unwrap();
    let mut reads = rehearsals.consumer(&topology::inbox(id), 10).await.unwrap();
    let mut deliveries = 0;
    // what it is told of one case, and the answers to what it sends
    while deliveries < 5 {
        let event = next(&mut reads).await;
        assert_eq!(event["environment"], json!("rehearsal"), "{event}");
        deliveries += u32::from(event.get("legalbasis").is_some());
    }
    // what the dry run needs is made by it, and a second one finds it as it is
    assert_eq!(newcomer.participant(&["rehearse", id.as_str(), "--json"]).await.0, 0);
}

#[tokio::test]
async fn on_rabbitmq3() {
    on(Version::Three).await;
}

#[tokio::test]
async fn on_rabbitmq4() {
    on(Version::Four).await;
}

#[tokio::test]
async fn what_is_wrong_at_the_broker_fails_a_rehearsal() {
    let Some((newcomer, _hub)) = Newcomer::at_the_door(Version::Three).await else { return };
    let Newcomer { site, id, file, .. } = &newcomer;
    let (code, said) = newcomer.participant(&["add", file]).await;
    assert_eq!(code, 0, "{said:?}");
    let printed = &said[0]["client"];
    assert_eq!(printed["url"], json!(site.amqp("", "").replacen("amqp://:@", "amqp://", 1)), "without anybody's name or password");
    assert!(newcomer.connect(printed["secret"].as_str().unwrap()).await.is_ok());
    let (broker, vhost) = site.broker();
    // another hand gives it the right to change its own inbox
    let stranger = format!("stranger-{:016x}", random());
    broker.ensure_hub(&vhost, &stranger, PASSWORD).await.unwrap();
    broker.bar(&[&vhost], id).await.unwrap();
    let (code, checks) = newcomer.participant(&["rehearse", id.as_str(), "--json"]).await;
    let wrong: Vec<&Value> = checks.iter().filter(|check| check["holds"] == false).collect();
    assert_eq!((code, wrong.len()), (1, 1), "{checks:#?}");
    assert_eq!(wrong[0]["why"], json!(format!("permission of {id}: missing")));
    let (code, found) = site.check().await;
    assert_eq!(code, 1);
    for line in [format!("permission of {id}: missing"), format!("user {stranger}: may read schakelpunt.stop and 6 more")] {
        assert!(found.contains(&line), "{line}\n{found}");
    }
    // provisioning puts right what is a participant's, and leaves a stranger to a person
    assert_eq!(site.run_with("admin", &["broker", "provision"]).await.0, 0);
    let (_, found) = site.check().await;
    assert!(!found.contains(id.as_str()) && found.contains(&stranger), "{found}");
}
