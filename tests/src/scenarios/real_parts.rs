//! The same files on PostgreSQL and RabbitMQ: a scenario does not know what it is played on.

use schakelpunt::config::Config;
use schakelpunt_amqp::topology::Topology;

use super::{files, make_other_rules, play};
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

/// Every fourth file, from the one at `first`: four tests share the work.
async fn every_fourth_holds(first: usize) {
    make_other_rules();
    let addresses = Version::Three.addresses().unwrap();
    let mut all = files("tests/scenarios");
    all.extend(files("config/demo/scenarios"));
    let mut failures = Vec::new();
    for file in all.iter().skip(first).step_by(4) {
        let database = Database::fresh();
        let broker = TestBroker::at(addresses.clone(), Topology::default()).await;
        failures.extend(play(file, Some(&config(&database, &broker, &addresses.1))).await);
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_holds_on_postgresql_and_rabbitmq_1() {
    every_fourth_holds(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_holds_on_postgresql_and_rabbitmq_2() {
    every_fourth_holds(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_holds_on_postgresql_and_rabbitmq_3() {
    every_fourth_holds(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_holds_on_postgresql_and_rabbitmq_4() {
    every_fourth_holds(3).await;
}
