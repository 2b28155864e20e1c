//! What only a broker has: rights, rests, limits, provisioning.

use std::time::Duration;

use schakelpunt_amqp::{Answer, Connection, Header, Message, Properties, topology, topology::Topology};
use schakelpunt_bus::provision::Roster;
use schakelpunt_domain::ParticipantId;
use schakelpunt_engine::ports::Published;
use serde_json::json;

use super::rabbit_rig::{RabbitRig, send};
use crate::{
    bus_contract::rig::{Rig as _, eventually, id_of, municipality, prison, publish, receipts, sample_ids, samples, stranger, take},
    parts::rabbitmq::{HUB, TestBroker, Version},
};

/// These take part, and nobody else does.
pub(super) fn roster(active: &[ParticipantId]) -> Roster {
    Roster { active: active.to_vec(), hubs: vec![HUB.to_owned()], ..Roster::default() }
}

pub(crate) async fn a_foreign_prefix_is_refused(version: Version) {
    let Some(rig) = RabbitRig::fresh(version).await else { return };
    let connection = rig.broker.connect_as(&prison()).await;
    let foreign = ["gemeente-leiden.deceased", "pi-alphenx.deceased", "xpi-alphen.deceased", "pi-alphen", ""];
    for key in foreign {
        let sent = send(&connection, &samples("deceased", "d1", 1), |_| key.to_owned(), &Properties::default()).await;
        assert_eq!(sent.answers, [Answer::Uncertain], "{key}");
        assert_eq!(sent.trouble.and_then(|error| error.code()), Some(403), "{key}");
    }
    // nothing of it arrived
    rig.send(&prison(), &samples("deceased", "fence", 1)).await;
    let batch = take(&mut *rig.bus().open(topology::STOP).await.unwrap(), 1).await;
    assert_eq!(id_of(&batch[0]), "fence-0000");
}

pub(crate) async fn a_copy_to_a_foreign_prefix_changes_nothing(version: Version) {
    let Some(rig) = RabbitRig::fresh(version).await else { return };
    let connection = rig.broker.connect_as(&prison()).await;
    for name in ["CC", "BCC"] {
        let copy = Header::List(vec!["gemeente-leiden.deceased".to_owned()]);
        let more = Properties { headers: vec![(name.to_owned(), copy)], ..Properties::default() };
        // 3.10 checks the routing key alone, 4 the copies too
        let sent = send(&connection, &samples("deceased", name, 1), |_| "pi-alphen.deceased".to_owned(), &more).await;
        match version {
            Version::Three => assert_eq!(sent.answers, [Answer::Confirmed]),
            Version::Four => assert_eq!(sent.trouble.and_then(|error| error.code()), Some(403)),
        }
        // a routing key that is neutral with the foreign one as its only match with the stop queue
        let sent = send(&connection, &samples("x", name, 1), |_| "pi-alphen.x".to_owned(), &more).await;
        assert_eq!(sent.trouble.is_none(), version == Version::Three);
    }
    rig.send(&prison(), &samples("deceased", "fence", 1)).await;
    let mut stop = rig.bus().open(topology::STOP).await.unwrap();
    loop {
        let incoming = take(&mut *stop, 1).await.remove(0);
        assert_eq!(incoming.sender, Some(prison()));
        if id_of(&incoming).starts_with("fence") {
            break;
        }
        assert_eq!(version, Version::Three, "a copy came through");
    }
}

pub(crate) async fn a_wrong_user_is_refused(version: Version) {
    let Some(rig) = RabbitRig::fresh(version).await else { return };
    let connection = rig.broker.connect_as(&prison()).await;
    let as_user = |user: &str| Properties { user_id: Some(user.to_owned()), ..Properties::default() };
    let key = "pi-alphen.deceased";
    let sent = send(&connection, &samples("deceased", "d1", 1), |_| key.to_owned(), &as_user("gemeente-leiden")).await;
    assert_eq!(sent.trouble.and_then(|error| error.code()), Some(406));
    let sent = send(&connection, &samples("deceased", "d2", 1), |_| key.to_owned(), &as_user("pi-alphen")).await;
    assert_eq!(sent.answers, [Answer::Confirmed]);
    let batch = take(&mut *rig.bus().open(topology::STOP).await.unwrap(), 1).await;
    assert_eq!((id_of(&batch[0]).as_str(), batch[0].user_id.as_deref()), ("d2-0000", Some("pi-alphen")));
}

pub(crate) async fn a_participant_can_do_nothing_else(version: Version) {
    let Some(rig) = RabbitRig::fresh(version).await else { return };
    let connection = rig.broker.connect_as(&prison()).await;
    let foreign = topology::inbox(&municipality());
    for queue in [foreign.as_str(), topology::STOP, topology::DEAD, topology::NOT_COLLECTED, "schakelpunt.intake.0"] {
        let refused = connection.consumer(queue, 1).await.map(drop).unwrap_err();
        assert_eq!(refused.code(), Some(403), "{queue}");
    }
    for (exchange, key) in [("", foreign.as_str()), (topology::OUT, "gemeente-leiden"), (topology::INTAKE, "1"), (topology::DEAD, "")] {
        let message = Message::new(exchange, key, &Properties::default(), b"{}").unwrap();
        let mut publisher = connection.publisher().await.unwrap();
        let sent = publisher.publish_batch(&[message], Duration::from_secs(30)).await.unwrap();
        assert_eq!(sent.trouble.and_then(|error| error.code()), Some(403), "{exchange}");
    }
    let refused = rig.broker.topology.definitions().declare(&connection).await.unwrap_err();
    assert_eq!(refused.code(), Some(403));
    // neither can the hub read an inbox
    let hub = Connection::open(&rig.broker.hub_url(), "hub").await.unwrap();
    assert_eq!(hub.consumer(&foreign, 1).await.map(drop).unwrap_err().code(), Some(403));
}

pub(crate) async fn unrouted_messages_are_told_apart(version: Version) {
    // a hash exchange without queues routes nowhere
    let topology = Topology { intake_queues: 0, ..Topology::default() };
    let Some(broker) = TestBroker::with_topology(version, topology).await else { return };
    let rig = RabbitRig::of(broker).await;
    rig.send(&prison(), &samples("detention-started", "d1", 1)).await;
    let batch = take(&mut *rig.bus().open(topology::UNROUTED).await.unwrap(), 1).await;
    assert_eq!((id_of(&batch[0]).as_str(), &batch[0].sender, batch[0].dead), ("d1-0000", &Some(prison()), true));
}

pub(crate) async fn dead_messages_are_told_apart(version: Version) {
    let Some(rig) = RabbitRig::fresh(version).await else { return };
    // a sender can limit the life of its message; nobody reads the queue meanwhile
    let connection = rig.broker.connect_as(&prison()).await;
    let more = Properties { expiration: Some(Duration::from_millis(1)), ..Properties::default() };
    send(&connection, &samples("detention-started", "d1", 1), |_| "pi-alphen.detention-started".to_owned(), &more).await;
    let batch = take(&mut *rig.bus().open(topology::DEAD).await.unwrap(), 1).await;
    assert_eq!((id_of(&batch[0]).as_str(), &batch[0].sender, batch[0].dead), ("d1-0000", &Some(prison()), true));
}

pub(crate) async fn what_nobody_collects_leaves_the_inbox(version: Version) {
    let topology = Topology { inbox_ttl: 1, ..Topology::default() };
    let Some(broker) = TestBroker::with_topology(version, topology).await else { return };
    let rig = RabbitRig::of(broker).await;
    assert_eq!(publish(rig.bus(), &receipts(&municipality(), 3)).await, [Published::Confirmed; 3]);
    let admin = Connection::open(&rig.broker.broker.admin_url(&rig.broker.vhost).unwrap(), "admin").await.unwrap();
    let ready = async |queue: &str| admin.declare_passive(queue).await.unwrap().unwrap().ready;
    eventually((0, 3), async || (ready(&topology::inbox(&municipality())).await, ready(topology::NOT_COLLECTED).await)).await;
}

pub(crate) async fn a_full_inbox_is_not_for_now(version: Version) {
    let topology = Topology { max_length: 5, ..Topology::default() };
    let Some(broker) = TestBroker::with_topology(version, topology).await else { return };
    let rig = RabbitRig::of(broker).await;
    // the limit is soft: what is under way at once may pass it
    let mut count = 0;
    while publish(rig.bus(), &receipts(&municipality(), 1)).await == [Published::Confirmed] {
        count += 1;
        assert!(count < 50, "the limit does not hold");
    }
    let refused = publish(rig.bus(), &receipts(&municipality(), 1)).await;
    assert_eq!(refused, [Published::NotNow], "after {count}");
    assert_eq!(rig.bus().room(&municipality(), 5).await.unwrap().count, 0);
}

/// Somebody else reads on. What was not settled has to come before what is newer, or a detention would be overtaken.
pub(crate) async fn a_dropped_consumer_gives_back_before_newer_ones_go_on(version: Version) {
    let Some(rig) = RabbitRig::fresh(version).await else { return };
    let (one, other) = (rig.hub_connection().await, rig.hub_connection().await);
    let mut reads = one.consumer(topology::STOP, 2).await.unwrap();
    let mut waits = other.consumer(topology::STOP, 100).await.unwrap();
    let sent = samples("deceased", "d1", 20);
    rig.send(&prison(), &sent).await;
    reads.next_batch(2, Duration::ZERO).await.unwrap();
    drop(reads);
    let mut taken = Vec::new();
    while taken.len() < sent.len() {
        let batch = waits.next_batch(20, Duration::ZERO).await.unwrap();
        let id = |body: &[u8]| serde_json::from_slice::<serde_json::Value>(body).unwrap()["id"].as_str().unwrap().to_owned();
        taken.extend(batch.iter().map(|received| id(&received.message.body)));
    }
    assert_eq!(taken, sample_ids(&sent));
}

/// What a client has taken for a batch that gathers comes with the next one if that is given up.
pub(crate) async fn a_gathering_batch_that_is_given_up_loses_nothing(version: Version) {
    let Some(rig) = RabbitRig::fresh(version).await else { return };
    let sent = samples("deceased", "d1", 10);
    rig.send(&prison(), &sent).await;
    let connection = rig.hub_connection().await;
    let mut reads = connection.consumer(topology::STOP, 100).await.unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(200), reads.next_batch(11, Duration::from_mins(10))).await;
    assert!(given_up.is_err(), "there are ten");
    let mut count = 0;
    while count < sent.len() {
        count += reads.next_batch(11, Duration::ZERO).await.unwrap().len();
    }
    assert_eq!(count, sent.len());
}

pub(crate) async fn provisioning_twice_changes_nothing(version: Version) {
    let Some(rig) = RabbitRig::fresh(version).await else { return };
    let TestBroker { broker, vhost, topology, .. } = &rig.broker;
    rig.send(&prison(), &samples("deceased", "d1", 1)).await;
    broker.ensure_vhost(vhost, topology).await.unwrap();
    rig.broker.participant("pi-alphen").await;
    assert_eq!(broker.check(vhost, topology, &roster(&[prison(), municipality()])).await.unwrap(), Vec::<String>::new());
    take(&mut *rig.bus().open(topology::STOP).await.unwrap(), 1).await;
    let major = broker.version().await.unwrap().split('.').next().unwrap().to_owned();
    assert_eq!(major, if version == Version::Three { "3" } else { "4" });
}

pub(crate) async fn a_check_sees_what_another_hand_has_changed(version: Version) {
    let Some(rig) = RabbitRig::fresh(version).await else { return };
    let TestBroker { broker, vhost, topology, .. } = &rig.broker;
    let admin = Connection::open(&broker.admin_url(vhost).unwrap(), "admin").await.unwrap();
    // somebody reads along
    let spy = topology::Definitions {
        queues: vec![topology::QueueSpec { name: "spy".to_owned(), arguments: vec![] }],
        bindings: vec![topology::BindingSpec { source: topology::IN, destination: "spy".to_owned(), to_queue: true, key: "#".to_owned() }],
        ..topology::Definitions::default()
    };
    spy.declare(&admin).await.unwrap();
    let other = Topology { intake_queues: 5, max_length: 7, ..topology.clone() };
    let found = broker.check(vhost, &other, &roster(&[stranger()])).await.unwrap();
    for expected in [
        "queue schakelpunt.intake.4: missing",
        "binding schakelpunt.in to queue spy with key '#': nobody asked for it",
        "binding schakelpunt.intake to queue schakelpunt.intake.4 with key '1': missing",
        "queue inbox.gemeente-nergens: missing",
        "user gemeente-nergens: missing",
        "permission of gemeente-nergens: missing",
        "topic permission of gemeente-nergens: missing",
    ] {
        assert!(found.iter().any(|line| line == expected), "{expected}\n{found:#?}");
    }
    let argument = |line: &&String| line.starts_with("queue schakelpunt.stop: arguments is ");
    assert!(found.iter().any(|line| argument(&line)), "{found:#?}");
    let elsewhere = broker.check("nowhere", topology, &roster(&[])).await.unwrap();
    assert_eq!(json!(elsewhere), json!(["virtual host nowhere: missing"]));
}
