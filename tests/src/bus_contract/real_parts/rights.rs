//! What the credentials of a participant open, tried by a foreign client, and what becomes of rights that somebody takes or gives.

use schakelpunt_amqp::{Answer, Connection, Properties, topology};
use schakelpunt_bus::provision::Roster;
use schakelpunt_domain::ParticipantId;
use tokio::process::Command;

use super::{
    broker::roster,
    rabbit_rig::{RabbitRig, send},
};
use crate::{
    bus_contract::rig::{eventually, municipality, prison, publish, receipts, samples},
    parts::rabbitmq::{PASSWORD, TestBroker, Version, random, variable},
};

/// A participant that no other test knows: users are shared by all virtual hosts of a node.
fn somebody(kind: &str) -> ParticipantId {
    format!("{kind}-{:016x}", random()).parse().unwrap()
}

/// Three participants, each against each, in both directions, and everything else that a client can ask of the broker.
pub(crate) async fn each_participant_publishes_as_itself_and_reads_its_own_inbox(version: Version) {
    let Some(broker) = TestBroker::fresh(version).await else { return };
    let everybody = ["pi-alphen", "gemeente-leiden", "rn-leiden-intake"];
    for id in everybody {
        broker.participant(id).await;
    }
    let (amqp, api) = version.addresses().unwrap();
    let amqp: reqwest::Url = amqp.parse().unwrap();
    let python = variable("SCHAKELPUNT_TEST_PYTHON").expect("SCHAKELPUNT_TEST_PYTHON is not set: run this test through tests/run");
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/rights.py")).args(everybody).kill_on_drop(true);
    command.env("AMQP_HOST", amqp.host_str().unwrap()).env("AMQP_PORT", amqp.port().unwrap().to_string()).env("AMQP_API", api);
    command.env("AMQP_VHOST", &broker.vhost).env("AMQP_PASSWORD", PASSWORD).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let allowed = said.lines().filter(|line| line.ends_with(": allowed")).count();
    // of each: publish as itself; consume, get and purge what is its own
    assert_eq!(allowed, 3 * 4, "nothing else is allowed");
    assert!(said.lines().filter(|line| line.starts_with("ok ")).count() > 200, "a few attempts prove nothing");
}

pub(crate) async fn a_check_sees_rights_that_somebody_else_has(version: Version) {
    let Some(rig) = RabbitRig::fresh(version).await else { return };
    let TestBroker { broker, vhost, topology, .. } = &rig.broker;
    let known = roster(&[prison(), municipality()]);
    assert_eq!(broker.check(vhost, topology, &known).await.unwrap(), Vec::<String>::new());
    // another hub's user reads and sends as anybody
    let other = somebody("hub");
    broker.ensure_hub(vhost, other.as_str(), PASSWORD).await.unwrap();
    let found = broker.check(vhost, topology, &known).await.unwrap();
    for expected in ["may read schakelpunt.stop and 6 more", "may write into inboxes by way of schakelpunt.out"] {
        assert!(found.contains(&format!("user {other}: {expected}")), "{expected}\n{found:#?}");
    }
    // a participant of long ago, whom nobody has taken out of the broker
    let former = somebody("gemeente");
    broker.ensure_participant(vhost, topology, &former, PASSWORD).await.unwrap();
    let found = broker.check(vhost, topology, &known).await.unwrap();
    assert!(
        found
            .iter()
            .any(|line| *line == format!("binding schakelpunt.out to queue inbox.{former} with key '{former}': nobody asked for it"))
    );
    // as one that is not in the roster, it may be told to have what a rehearsal or a stranger should not
    let roster = Roster { barred: vec![former.clone()], ..roster(&[prison(), municipality()]) };
    let found = broker.check(vhost, topology, &roster).await.unwrap();
    assert!(found.contains(&format!("user {former}: takes no part now, and can still connect")), "{found:#?}");
}

/// A live connection that reads, closed from outside; what lies in the inbox stays.
pub(crate) async fn whoever_is_barred_is_thrown_out_and_stays_out(version: Version) {
    let Some(rig) = RabbitRig::fresh(version).await else { return };
    let TestBroker { broker, vhost, topology, .. } = &rig.broker;
    let town = somebody("gemeente");
    broker.ensure_participant(vhost, topology, &town, PASSWORD).await.unwrap();
    let (reads, sends) = (rig.broker.connect_as(&town).await, rig.broker.connect_as(&town).await);
    let mut consumer = reads.consumer(&topology::inbox(&town), 10).await.unwrap();
    let other = rig.broker.connect_as(&prison()).await;

    assert_eq!(broker.bar(&[vhost], &town).await.unwrap(), 2);
    assert!(consumer.next_batch(1, std::time::Duration::ZERO).await.is_err(), "whoever waited is told");
    eventually((false, false), async || (reads.is_open(), sends.is_open())).await;
    assert!(Connection::open(&rig.broker.url_of(&town), "again").await.is_err());
    assert!(other.is_open(), "nobody else is touched");
    publish(crate::bus_contract::rig::Rig::bus(&rig), &receipts(&town, 1)).await;
    assert_eq!(broker.bar(&[vhost], &town).await.unwrap(), 0, "safe to repeat");
    let barred = Roster { barred: vec![town.clone()], ..roster(&[prison(), municipality()]) };
    assert_eq!(broker.check(vhost, topology, &barred).await.unwrap(), Vec::<String>::new());

    broker.admit(vhost, &town, None).await.unwrap();
    let again = rig.broker.connect_as(&town).await;
    let mut consumer = again.consumer(&topology::inbox(&town), 10).await.unwrap();
    assert_eq!(consumer.next_batch(1, std::time::Duration::ZERO).await.unwrap().len(), 1, "with the key of before");
}

pub(crate) async fn who_has_a_key_keeps_it(version: Version) {
    let Some(broker) = TestBroker::fresh(version).await else { return };
    let town = somebody("gemeente");
    let TestBroker { broker: rights, vhost, topology, .. } = &broker;
    rights.ensure_inboxes(vhost, topology, std::slice::from_ref(&town)).await.unwrap();
    assert_eq!(rights.has_key(&town).await.unwrap(), None);
    rights.admit(vhost, &town, None).await.unwrap();
    assert_eq!(rights.has_key(&town).await.unwrap(), Some(false));
    let url = |password: &str| rights.url(vhost, town.as_str(), password).unwrap();
    assert!(Connection::open(&url(""), "without a key").await.is_err());
    let found = rights.check(vhost, topology, &roster(std::slice::from_ref(&town))).await.unwrap();
    assert_eq!(found, [format!("user {town}: has no key: `participant add` makes one")]);
    rights.admit(vhost, &town, Some("first")).await.unwrap();
    rights.admit(vhost, &town, Some("second")).await.unwrap();
    assert!(Connection::open(&url("first"), "with its key").await.is_ok());
    assert!(Connection::open(&url("second"), "with another").await.is_err());
    rights.set_key(&town, "third").await.unwrap();
    assert!(Connection::open(&url("first"), "with the key of before").await.is_err());
}

pub(crate) async fn a_rehearsal_lets_nobody_send(version: Version) {
    let Some(broker) = TestBroker::fresh(version).await else { return };
    let town = somebody("gemeente");
    let TestBroker { broker: rights, vhost, topology, .. } = &broker;
    rights.set_key(&town, PASSWORD).await.unwrap();
    rights.admit_to_rehearsal(vhost, topology, &town).await.unwrap();
    let connection = broker.connect_as(&town).await;
    connection.consumer(&topology::inbox(&town), 1).await.unwrap();
    let key = format!("{town}.deceased");
    let sent = send(&connection, &samples("deceased", "d1", 1), |_| key.clone(), &Properties::default()).await;
    assert_eq!((sent.answers, sent.trouble.and_then(|error| error.code())), (vec![Answer::Uncertain], Some(403)));
}
