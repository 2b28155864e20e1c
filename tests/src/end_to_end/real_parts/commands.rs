//! `publish` and `inbox` over AMQP, as a participant's own user; `broker check` and `doctor` on a real broker.

use std::time::Duration;

use serde_json::json;

use crate::{
    end_to_end::{
        messages::{PRISON, PRISON_SOURCE, TOWN, TRIAGE, UNIT, admission, event},
        process::Site,
    },
    parts::{postgres::Database, rabbitmq::Version},
};

#[tokio::test]
async fn publish_and_inbox_over_amqp() {
    let database = Database::fresh();
    let site = Site::new(Version::Three.addresses().unwrap(), &database, Some(&[PRISON, TOWN, UNIT, TRIAGE]));
    let _hub = site.serve().await;
    let ty = "nl.schakelpunt.detentions.detention-started.v1";
    let file = site.file("event.json", &event(ty, PRISON_SOURCE, "pi-zwolle.cli", "cli-1", 1, &admission("Meerkoet")));

    let (code, said) = site.run(&["publish", "--as", PRISON, &file]).await;
    assert_eq!((code, &said[0]["answer"]), (0, &json!("confirmed by the broker")));
    // what the broker has confirmed may still be on its way into the hub: the receipt says that it arrived
    let inbox = async |who: &str| {
        let (code, said) = site.run(&["inbox", "--as", who]).await;
        // a heartbeat is there or not yet
        (code, said.into_iter().filter(|event| event["data"]["heartbeat"].is_null()).collect::<Vec<_>>())
    };
    let mut receipts = Vec::new();
    for _ in 0..60 {
        // each waits a second for something to come
        receipts = inbox(PRISON).await.1;
        if !receipts.is_empty() {
            break;
        }
    }
    assert_eq!(receipts[0]["data"]["messages"][0]["id"], "cli-1");
    site.at_rest(Duration::from_secs(30)).await;

    let (code, delivered) = inbox(TOWN).await;
    assert_eq!((code, delivered.len()), (0, 1));
    assert_eq!((&delivered[0]["legalbasis"], &delivered[0]["causationid"]), (&json!("pm-20d-2"), &json!("cli-1")));
    assert_eq!(delivered[0]["data"].pointer("/person/identity/surname"), Some(&json!("Meerkoet")));
    assert_eq!(inbox(TOWN).await, (0, Vec::new()), "what was printed is acknowledged");
    assert_eq!(site.run(&["broker", "check"]).await, (0, Vec::new()));
}
