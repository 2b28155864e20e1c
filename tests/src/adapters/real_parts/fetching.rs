//! A municipality that cannot reach the broker: its adapter fetches over HTTP, and offers over HTTP.

use std::{fs, time::Duration};

use serde_json::json;

use crate::{
    adapters::edge::Edge,
    end_to_end::{
        messages::{PRISON, PRISON_SOURCE, TOWN, admission, event, now},
        process::Site,
    },
    parts::{
        postgres::Database,
        rabbitmq::{PASSWORD, Version},
    },
};

const STARTED: &str = "nl.schakelpunt.detentions.detention-started.v1";

#[tokio::test]
async fn what_is_fetched_is_handed_on_once_and_what_is_said_arrives() {
    let database = Database::fresh();
    let site = Site::new(Version::Three.addresses().unwrap(), &database, None);
    let register = fs::read_to_string(site.participants()).unwrap();
    let fetches = register.replacen(&format!("id = \"{TOWN}\"\n"), &format!("id = \"{TOWN}\"\nchannel = \"pull\"\n"), 1);
    assert_ne!(register, fetches);
    fs::write(site.participants(), fetches).unwrap();
    site.prepare().await;
    let broker: reqwest::Url = site.amqp("guest", "guest").parse().unwrap();
    site.configure("fetching", broker.port().unwrap(), &database.url());
    let hub = site.serve_as("fetching").await;

    let edge = Edge::new("municipality", hub.address(), |tables, folder| {
        let path = |name: &str| toml::Value::from(folder.join(name).display().to_string());
        tables["secret"] = PASSWORD.into();
        tables["folder"]["folder"] = path("says");
        for key in ["settle-seconds", "look-seconds"] {
            tables["folder"][key] = 0.into();
        }
        tables["desk"] = toml::Value::Array(Vec::new());
        tables["messages"] = toml::Table::from_iter([("folder".to_owned(), path("messages"))]).into();
    });
    let running = edge.start().await;
    for (number, name) in [(1, "Zilvermeeuw"), (2, "Tapuit")] {
        let started = event(STARTED, PRISON_SOURCE, &format!("D-{number}"), &format!("s-{number}"), 1, &admission(name));
        let file = site.file(&format!("{number}.json"), &started);
        assert_eq!(site.run(&["publish", "--as", PRISON, &file]).await.0, 0);
        edge.until("the readable file", || edge.files("messages").len() == number).await;
        assert!(edge.files("messages").values().any(|text| text.contains(name)));
    }
    let confirmed = || database.sql("select count(*) from messages where event = 'delivery-confirmed' and source like '%GM0193%'");
    edge.until("the confirmations", || confirmed() == "2").await;
    running.kill().await;
    let written =
        || edge.files("messages").into_keys().map(|name| fs::metadata(edge.path("messages").join(name)).unwrap().modified().unwrap());
    let before: Vec<_> = written().collect();

    // back after a crash: nothing comes twice, and the town hall answers
    let running = edge.start().await;
    let visit = json!({ "event": "first-visit-planned", "detention": "D-1", "data": { "visit": { "at": now(), "place": "INSIDE" } } });
    let unknown = json!({ "event": "first-visit-planned", "detention": "D-9", "data": { "visit": { "at": now(), "place": "INSIDE" } } });
    fs::write(edge.path("says/visit.json"), visit.to_string()).unwrap();
    let told = || database.sql(&format!("select count(*) from deliveries where recipient = '{PRISON}' and event = 'first-visit-planned'"));
    edge.until("the visit", || told() == "1").await;
    fs::write(edge.path("says/unknown.json"), unknown.to_string()).unwrap();
    edge.until("the alarm", || edge.alarms() == [("MESSAGE_REJECTED".to_owned(), 1)].into()).await;
    site.at_rest(Duration::from_secs(60)).await;
    assert_eq!(written().collect::<Vec<_>>(), before, "nothing was handed on a second time");
    running.kill().await;
}
