//! Two thousand messages while a part dies: the hub, the broker, the database. Everything arrives, repeats are exact, every lane
//! keeps its order.

mod load;
mod traffic;

use std::time::Duration;

use tokio::time::Instant;

use self::{load::Load, traffic::Traffic};
use crate::{
    end_to_end::{
        cluster::Cluster,
        messages::{PRISON, TOWN, TRIAGE, UNIT},
        process::{Hub, Site},
    },
    parts::{
        postgres::Database,
        rabbitmq::{Node, Version},
    },
};

/// Detentions, and messages about each: together two thousand.
const DETENTIONS: usize = 250;
const ROUNDS: usize = 8;

/// Who takes part. Few, so that a hub is ready soon.
const PARTIES: [&str; 4] = [PRISON, TOWN, UNIT, TRIAGE];

/// A quorum queue survives a kill only when the broker has written its name down, about a second after the declaration
/// (3.10 and 4.0; see `tests/parts`). Nothing shows that moment from outside.
const SETTLING: Duration = Duration::from_secs(3);

#[tokio::test]
async fn the_hub_is_killed() {
    let database = Database::fresh();
    let site = Site::new(Version::Three.addresses().unwrap(), &database, Some(&PARTIES));
    let mut hub = site.serve().await;
    let load = Load::new(DETENTIONS, ROUNDS);
    let mut traffic = Traffic::start(&site, &load);
    // often: not every moment is one in which something can be lost
    for seen in [300, 800, 1300, 1800, 2300, 2800] {
        traffic.in_the_middle(seen).await;
        hub.kill().await;
        hub = site.serve().await;
    }
    finish(&site, &mut hub, traffic, load).await;
}

#[tokio::test]
async fn rabbitmq3_is_killed() {
    the_broker_is_killed(Version::Three).await;
}

#[tokio::test]
async fn rabbitmq4_is_killed() {
    the_broker_is_killed(Version::Four).await;
}

async fn the_broker_is_killed(version: Version) {
    let Some(node) = Node::prepare(version) else { return };
    let database = Database::fresh();
    let site = Site::new(node.start().await, &database, Some(&PARTIES));
    let mut hub = site.serve().await;
    let load = Load::new(DETENTIONS, ROUNDS);
    let provisioned = Instant::now();
    let mut traffic = Traffic::start(&site, &load);
    for seen in [700, 1900] {
        traffic.in_the_middle(seen).await;
        tokio::time::sleep_until(provisioned + SETTLING).await;
        node.kill().await;
        node.start().await;
    }
    finish(&site, &mut hub, traffic, load).await;
}

#[tokio::test]
async fn postgresql_is_stopped_for_ten_seconds() {
    let cluster = Cluster::prepare();
    let database = Database::at(cluster.start().await);
    let site = Site::new(Version::Three.addresses().unwrap(), &database, Some(&PARTIES));
    let mut hub = site.serve().await;
    let load = Load::new(DETENTIONS, ROUNDS);
    let mut traffic = Traffic::start(&site, &load);
    traffic.in_the_middle(1200).await;
    cluster.stop().await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    cluster.start().await;
    finish(&site, &mut hub, traffic, load).await;
}

/// Everything has come; then one more message in every lane, which follows whatever else was still to come in it.
async fn finish(site: &Site, hub: &mut Hub, traffic: Traffic, load: Load) {
    assert!(hub.is_alive(), "the hub has ended:\n{}", site.log());
    let seen = traffic.complete(load).await;
    site.at_rest(Duration::from_secs(60)).await;
    println!("{seen}");
}
