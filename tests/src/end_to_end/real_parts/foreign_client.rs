//! A foreign client (Python, pika) as prison and as municipality, on every version of the broker; then the search for what must be
//! nowhere.

use std::time::Duration;

use schakelpunt_amqp::{Connection, topology};

use crate::{
    end_to_end::process::Site,
    parts::{postgres::Database, rabbitmq::Version},
};

/// The surname in every bad message: a word that nothing else holds.
const CANARY: &str = "Kanariegeelkuif";
/// The surname in every good one.
const GOOD_NAME: &str = "Zilvermeeuw";

#[tokio::test]
async fn on_rabbitmq3() {
    on(Version::Three).await;
}

#[tokio::test]
async fn on_rabbitmq4() {
    on(Version::Four).await;
}

async fn on(version: Version) {
    let Some(addresses) = version.addresses() else { return };
    let database = Database::fresh();
    let site = Site::new(addresses, &database, None);
    let hub = site.serve().await;
    site.python("foreign.py", &[], &[("FOREIGN_CANARY", CANARY)]).await;
    site.at_rest(Duration::from_secs(30)).await;

    // while the hub still runs: what it drains has been drained
    let connection = Connection::open(&site.amqp("guest", "guest"), "looks for rests").await.unwrap();
    for queue in [topology::DEAD, topology::UNROUTED, topology::NOT_COLLECTED, topology::STOP] {
        let depth = connection.declare_passive(queue).await.unwrap().unwrap();
        assert_eq!(depth.ready, 0, "{queue}");
    }
    hub.kill().await;

    let dump = database.dump();
    // the search finds what is there
    assert!(holds(&dump, GOOD_NAME), "a dump without the good messages proves nothing");
    assert!(!holds(&dump, CANARY), "the content of a bad message is in the database: {}", lines_with(&dump, CANARY));
    let log = site.log();
    assert!(!log.is_empty(), "a log without a line proves nothing");
    for word in [CANARY, GOOD_NAME] {
        assert!(!holds(&log, word), "content is in the log: {}", lines_with(&log, word));
    }
}

/// As text, and inside columns of bytes, which a dump shows in hexadecimal.
fn holds(text: &str, word: &str) -> bool {
    let hexadecimal = word.bytes().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    text.contains(word) || text.contains(&hexadecimal)
}

fn lines_with(text: &str, word: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| holds(line, word)).take(3).collect();
    lines.join("\n")
}
