//! The two programs of the README's guide for integrators: as they stand there, against a real hub, each with its own user only.

use std::{path::Path, process::Output, time::Duration};

use serde_json::Value;
use tokio::{process::Command, time::timeout};

use crate::{
    end_to_end::{
        messages::{PRISON, TOWN, TRIAGE, UNIT},
        process::{Site, repository},
    },
    parts::{
        postgres::Database,
        rabbitmq::{PASSWORD, Version, variable},
    },
};

/// Most that one program may take: it ends when it has its receipts.
const PROGRAM: Duration = Duration::from_secs(120);

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
    let site = Site::new(addresses, &database, Some(&[PRISON, TOWN, UNIT, TRIAGE]));
    let _hub = site.serve().await;
    let (prison, town) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());

    let said = run(&site, "prison.py", PRISON, prison.path()).await;
    assert!(said.starts_with("message-accepted "), "{said}");
    let stored = files(&prison.path().join("inbox"));
    assert!(stored.iter().any(|event| event["data"]["messages"][0]["id"].is_string()), "the receipt: {stored:?}");

    let said = run(&site, "municipality.py", TOWN, town.path()).await;
    assert_eq!(said, "detention-started pm-20d-2 reintegration\n");
    let stored = files(&town.path().join("inbox"));
    let notice = stored.iter().find(|event| event["type"] == "nl.schakelpunt.detentions.detention-started.v1").unwrap();
    assert_eq!(notice.pointer("/data/person/identity/surname").unwrap(), "Populier");
    let confirmed = stored.iter().find(|event| event["type"] == "nl.schakelpunt.housekeeping.message-accepted.v1");
    assert!(confirmed.is_some(), "the confirmation is accepted: {stored:?}");

    site.at_rest(Duration::from_secs(30)).await;
    for folder in [&prison, &town] {
        assert_eq!(files(&folder.path().join("outbox")), Vec::<Value>::new(), "what was kept is settled");
    }
}

/// Runs a program of the guide in a folder of its own, to its end.
async fn run(site: &Site, program: &str, user: &str, folder: &Path) -> String {
    let python = variable("SCHAKELPUNT_TEST_PYTHON").expect("SCHAKELPUNT_TEST_PYTHON is not set: run this test through tests/run");
    let mut command = Command::new(python);
    command.arg(repository().join("tests/python/clients").join(program)).current_dir(folder);
    command.env("AMQP_URL", site.amqp(user, PASSWORD)).env("PYTHONDONTWRITEBYTECODE", "1").kill_on_drop(true);
    let Output { status, stdout, stderr } = timeout(PROGRAM, command.output()).await.unwrap().unwrap();
    assert!(status.success(), "{program}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// The events that a program has stored.
fn files(folder: &Path) -> Vec<Value> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()).collect()
}
