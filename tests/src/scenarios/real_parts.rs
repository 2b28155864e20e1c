//! The same files on PostgreSQL and RabbitMQ: a scenario does not know what it is played on.

use schakelpunt::config::Config;
use schakelpunt_amqp::topology::Topology;

use super::{play, root};
use crate::parts::{
    postgres::Database,
    rabbitmq::{PASSWORD, TestBroker, Version},
};

/// A configuration file for a database and a virtual host of this test's own, read as `serve` reads it.
fn config(database: &Database, broker: &TestBroker, api: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scenario.toml");
    let (store, bus) = (database.url(), broker.broker.admin_url(&broker.vhost).unwrap());
    let key = "5c".repeat(32);
    let text = format!(
        "digest-key = \"{key}\"\n[store]\nurl = \"{store}\"\n[bus]\nurl = \"{bus}\"\napi = \"{api}\"\nprovision = true\npassword = \"{PASSWORD}\"\n"
    );
    std::fs::write(&path, text).unwrap();
    Config::read(&path).unwrap()
}

async fn holds(name: &str) {
    let addresses = Version::Three.addresses().unwrap();
    let database = Database::fresh();
    let broker = TestBroker::at(addresses.clone(), Topology::default()).await;
    let failures = play(&root().join(name), Some(&config(&database, &broker, &addresses.1))).await;
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_legal_switch_holds_on_postgresql_and_rabbitmq() {
    holds("tests/scenarios/legal-switch.toml").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn corrections_hold_on_postgresql_and_rabbitmq() {
    holds("tests/scenarios/corrections.toml").await;
}
