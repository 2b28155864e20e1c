//! A municipality with a system that fetches: it subscribes by the Notificaties API, and is a foreign program.

use std::{process::Stdio, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use crate::{
    adapters::edge::Edge,
    end_to_end::{
        messages::{PRISON, PRISON_SOURCE, admission, event},
        process::{Site, repository},
    },
    parts::{
        postgres::Database,
        rabbitmq::{PASSWORD, Version, variable},
    },
};

const STARTED: &str = "nl.schakelpunt.detentions.detention-started.v1";
const MOVED: &str = "nl.schakelpunt.detentions.release-date-set.v1";
const SECRET: &str = "the-secret-of-a-system-here-in-tests";

/// The municipality's system. Killed when dropped.
struct System {
    child: Child,
    says: Lines<BufReader<ChildStdout>>,
}

impl System {
    fn start(root: &str) -> Self {
        let python = variable("SCHAKELPUNT_TEST_PYTHON").expect("SCHAKELPUNT_TEST_PYTHON is not set: run this test through tests/run");
        let mut command = Command::new(python);
        command.arg(repository().join("tests/python/town_system.py")).args([root, "suite", SECRET]).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let says = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, says }
    }

    async fn says(&mut self) -> Value {
        let line = tokio::time::timeout(Duration::from_secs(120), self.says.next_line()).await.unwrap().unwrap();
        serde_json::from_str(&line.expect("it ended")).unwrap()
    }
}

#[tokio::test]
async fn a_system_that_fetches_is_woken_and_misses_nothing() {
    let database = Database::fresh();
    let site = Site::new(Version::Three.addresses().unwrap(), &database, None);
    let _hub = site.serve().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let root = format!("http://{free}/");
    let edge = Edge::new("municipality", &site.amqp("guest", "guest"), |tables, _| {
        tables["secret"] = PASSWORD.into();
        tables.remove("folder");
        tables["desk"] = toml::Value::Array(Vec::new());
        let door = format!(
            "listen = \"{free}\"\naddress = \"{root}\"\n[[application]]\nclient-id = \"suite\"\nsecret = \"{SECRET}\"\n\
             [[allow]]\nhost = \"127.0.0.1\"\nnetworks = [\"127.0.0.0/8\"]\nplain-http = true\n"
        );
        tables["messages"] = toml::Table::from_iter([("door".to_owned(), toml::from_str(&door).unwrap())]).into();
    });
    let running = edge.start().await;
    edge.until("the door", || edge.log().contains("the door is open")).await;
    let mut system = System::start(&root);
    let subscription = system.says().await;
    assert!(subscription["subscription"]["url"].as_str().is_some_and(|url| url.starts_with(&root)), "{subscription}");

    publish(&site, "started.json", &event(STARTED, PRISON_SOURCE, "D-1", "s-1", 1, &admission("Zilvermeeuw"))).await;
    let heard = system.says().await;
    assert_eq!(heard["told"]["kenmerken"], json!({ "event": "detention-started", "categorie": "detentions" }));
    assert!(!heard["told"].to_string().contains("Zilvermeeuw"), "a notification says where, never what");
    assert_eq!(heard["fetched"]["data"]["person"]["identity"]["surname"], "Zilvermeeuw");

    // the adapter dies; what comes meanwhile is there when it is back, and the subscription is still known
    running.kill().await;
    let date = json!({ "release": { "date": "2030-01-02", "kind": "END_OF_SENTENCE", "certainty": "EXPECTED" } });
    publish(&site, "date.json", &event(MOVED, PRISON_SOURCE, "D-1", "s-2", 2, &date)).await;
    publish(&site, "second.json", &event(STARTED, PRISON_SOURCE, "D-2", "s-3", 1, &admission("Tapuit"))).await;
    let _running = edge.start().await;
    let first = heard["told"]["resourceUrl"].clone();
    let mut heard = system.says().await;
    while heard["told"]["resourceUrl"] == first {
        // the adapter may have died before it noted that this was told
        heard = system.says().await;
    }
    assert_eq!(heard["fetched"]["data"]["person"]["identity"]["surname"], "Tapuit", "the date is of another event than it asked for");
    let confirmed = || database.sql("select count(*) from messages where event = 'delivery-confirmed' and source like '%GM0193%'");
    edge.until("three confirmations", || confirmed() == "3").await;
    drop(system.child.stdin.take());
    let all = system.says().await;
    let events: Vec<&str> = all["all"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(events.iter().filter(|event| **event == STARTED).count(), 2);
    assert!(events.contains(&MOVED), "{events:?}");
    assert_eq!(edge.alarms(), [].into());
}

async fn publish(site: &Site, name: &str, event: &[u8]) {
    let file = site.file(name, event);
    assert_eq!(site.run(&["publish", "--as", PRISON, &file]).await.0, 0);
}
