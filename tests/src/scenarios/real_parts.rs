//! The same files on PostgreSQL and RabbitMQ: a scenario does not know what it is played on.
//!
//! Each file has a database of its own. The files of one test share a virtual host: making the inboxes takes longer than most files,
//! and what lies in them from an earlier file is nobody's concern.

use std::{collections::BTreeSet, fs, path::Path};

use schakelpunt::{config::Config, scenario::Scenario};
use schakelpunt_amqp::topology::Topology;

use super::{all_files, make_other_rules, play, root};
use crate::parts::{
    postgres::Database,
    rabbitmq::{TestBroker, Version},
};

/// As many tests as run beside each other on a small machine.
const TESTS: usize = 4;

/// A configuration file for a database of a file's own and the virtual host of its test, read as `serve` reads it.
fn config(database: &Database, broker: &TestBroker) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scenario.toml");
    let (store, bus) = (database.url(), broker.hub_url());
    let key = "5c".repeat(32);
    fs::write(&path, format!("digest-key = \"{key}\"\n[store]\nurl = \"{store}\"\n[bus]\nurl = \"{bus}\"\n")).unwrap();
    Config::read(&path).unwrap()
}

/// Everybody with an inbox in that scenario.
fn participants(path: &Path) -> BTreeSet<String> {
    let scenario = Scenario::parse("participants", &fs::read_to_string(path).unwrap()).unwrap();
    let id = |participant: &toml::Table| participant["id"].as_str().unwrap().to_owned();
    let own = scenario.participant.iter().map(id);
    let Some(file) = &scenario.participants else { return own.collect() };
    let file: toml::Table = toml::from_str(&fs::read_to_string(root().join(file)).unwrap()).unwrap();
    let shared = file["participant"].as_array().unwrap().iter().map(|participant| id(participant.as_table().unwrap()));
    own.chain(shared).collect()
}

/// Plays every fourth file, the first of them being that one.
async fn hold(first: usize) {
    make_other_rules();
    let broker = TestBroker::at(Version::Three.addresses().unwrap(), Topology::default()).await;
    let (mut with_inbox, mut failures) = (BTreeSet::new(), Vec::new());
    for path in all_files().iter().skip(first).step_by(TESTS) {
        for id in participants(path) {
            if with_inbox.insert(id.clone()) {
                broker.participant(&id).await;
            }
        }
        let database = Database::fresh();
        failures.extend(play(path, Some(&config(&database, &broker))).await);
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarter_of_the_scenarios_holds_on_postgresql_and_rabbitmq() {
    hold(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_quarter_holds_there_too() {
    hold(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_third_quarter_holds_there_too() {
    hold(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_quarter_holds_there_too() {
    hold(3).await;
}
