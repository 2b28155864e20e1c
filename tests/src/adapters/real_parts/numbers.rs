//! Somebody empties an inbox by mistake: the adapter finds out which number it misses, and says so once.

use std::time::Duration;

use schakelpunt_amqp::{Connection, topology};
use serde_json::json;

use super::mergers::adapter;
use crate::{
    end_to_end::{
        messages::{PRISON, PRISON_SOURCE, TOWN, TOWN_SOURCE, TRIAGE, UNIT, admission, event},
        process::Site,
    },
    parts::{postgres::Database, rabbitmq::Version},
};

const STARTED: &str = "nl.schakelpunt.detentions.detention-started.v1";

#[tokio::test]
async fn what_never_came_is_missed_at_the_next_heartbeat() {
    let database = Database::fresh();
    let site = Site::new(Version::Three.addresses().unwrap(), &database, Some(&[PRISON, TOWN, UNIT, TRIAGE]));
    let hub = site.serve().await;
    site.administer(&hub);
    let edge = adapter(&site.amqp("guest", "guest"), TOWN, TOWN_SOURCE);
    let running = edge.start().await;
    comes_in(&site, "D-1").await;
    edge.until("the first notice", || edge.files("messages").len() == 1).await;
    site.at_rest(Duration::from_secs(60)).await;
    running.kill().await;

    comes_in(&site, "D-2").await;
    site.at_rest(Duration::from_secs(60)).await;
    empty(&site).await;
    comes_in(&site, "D-3").await;
    site.at_rest(Duration::from_secs(60)).await;

    let running = edge.start().await;
    edge.until("the third notice", || edge.files("messages").len() == 2).await;
    assert!(edge.alarms().is_empty(), "the one before may still come");
    for _ in 0..2 {
        let (code, said) = site.run_with("admin", &["subscription", "test", TOWN]).await;
        assert_eq!((code, &said[0]["works"]), (0, &json!(true)), "{said:?}");
        edge.until("the heartbeat", || edge.alarms().get("MISSING_NUMBERS") == Some(&1)).await;
    }
    running.kill().await;
    let alarms = std::fs::read_to_string(edge.path("own/alarms.jsonl")).unwrap();
    assert!(alarms.lines().count() == 1 && alarms.contains("\"gemeente-zwolle 2"), "once, and which: {alarms}");
}

async fn comes_in(site: &Site, detention: &str) {
    let notice = event(STARTED, PRISON_SOURCE, detention, detention, 1, &admission("Zilvermeeuw"));
    let file = site.file(detention, &notice);
    assert_eq!(site.run(&["publish", "--as", PRISON, &file]).await.0, 0);
    for _ in 0..60 {
        let told = site.run(&["inbox", "--as", PRISON]).await.1;
        if told.iter().any(|receipt| receipt["data"]["messages"][0]["id"] == detention) {
            return;
        }
    }
    panic!("{detention} is not accepted");
}

/// What lies in the town hall's inbox is gone.
async fn empty(site: &Site) {
    let guest = Connection::open(&site.amqp("guest", "guest"), "empties").await.unwrap();
    let mut consumer = guest.consumer(&topology::inbox(&TOWN.parse().unwrap()), 10).await.unwrap();
    let batch = tokio::time::timeout(Duration::from_secs(60), consumer.next_batch(10, Duration::from_millis(100))).await.unwrap().unwrap();
    consumer.ack_up_to(batch.last().unwrap().tag).await.unwrap();
}
