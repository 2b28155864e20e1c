//! Foreign programs as sinks: the packages `cloudevents` and `standardwebhooks` of Python, `cloudevents` of npm.
//!
//! Each is a server of its own that says one line of JSON for each request: the event as its package understood it, and for each of
//! the secrets that it was started with whether the signature holds.

use std::{path::PathBuf, process::Stdio, sync::Arc};

use jiff::Timestamp;
use schakelpunt::clock::SystemClock;
use schakelpunt_domain::Clock as _;
use schakelpunt_webhook::{Channel, Outcome, SystemLookup};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use super::sinks::{CANARY, NEW, OLD, event, signed_target};
use crate::{end_to_end::process::repository, parts::rabbitmq::variable};

const STRANGE: &str = "whsec_enlYd1Z1VHNScVBvTm1MaktKaUhnRmVEY0JhWllYV1Y=";

/// A foreign sink that is running. Killed when dropped.
struct Foreign {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl Foreign {
    async fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first: Value = serde_json::from_str(&lines.next_line().await.unwrap().expect("the sink ended at once")).unwrap();
        let port = first["port"].as_u64().and_then(|port| port.try_into().ok()).unwrap();
        Self { _child: child, lines, port }
    }

    async fn python(secrets: &[&str]) -> Self {
        let python = variable("SCHAKELPUNT_TEST_PYTHON").expect("SCHAKELPUNT_TEST_PYTHON is not set: run this test through tests/run");
        let mut command = Command::new(python);
        command.arg(repository().join("tests/python/webhook_sink.py")).args(secrets).env("PYTHONDONTWRITEBYTECODE", "1");
        Self::start(command).await
    }

    async fn node() -> Self {
        let folder = variable("SCHAKELPUNT_TEST_NPM").expect("SCHAKELPUNT_TEST_NPM is not set: run this test through tests/run");
        let mut command = Command::new("node");
        command.arg(repository().join("tests/node/webhook/sink.cjs")).env("NODE_PATH", PathBuf::from(folder).join("webhook/node_modules"));
        Self::start(command).await
    }

    /// What it says about one delivery.
    async fn understands(&mut self, mode: &str, secrets: &[&str], id: &str, now: Timestamp) -> Value {
        let url = format!("http://127.0.0.1:{}/hook?code={CANARY}", self.port);
        let target = signed_target(&url, &format!("mode = \"{mode}\""), secrets);
        let channel = Channel::new(target, Arc::new(SystemLookup)).unwrap();
        assert_eq!(channel.deliver(&event(id), now).await, Outcome::Delivered);
        serde_json::from_str(&self.lines.next_line().await.unwrap().unwrap()).unwrap()
    }
}

fn now() -> Timestamp {
    SystemClock.now()
}

/// The event as it was sent; its time in seconds, because each package writes times in its own way.
fn sent(id: &str) -> Value {
    let mut event: Value = serde_json::from_slice(&event(id)).unwrap();
    let time: Timestamp = event["time"].as_str().unwrap().parse().unwrap();
    event["time"] = json!(time.as_second());
    event
}

#[tokio::test]
async fn python_understands_both_modes_and_verifies_every_live_secret() {
    let mut sink = Foreign::python(&[NEW, OLD, STRANGE]).await;
    for (id, mode) in [("event-s", "structured"), ("event-b", "binary")] {
        let said = sink.understands(mode, &[NEW, OLD], id, now()).await;
        assert_eq!(said["event"], sent(id), "{mode}");
        assert_eq!(said["verified"], json!([true, true, false]), "{mode}");
    }
}

/// Before, during and after a rotation: a receiver that changes at any moment between always has a secret that fits.
#[tokio::test]
async fn python_verifies_through_a_rotation() {
    let mut sink = Foreign::python(&[OLD, NEW]).await;
    for (secrets, verified) in [(&[OLD][..], [true, false]), (&[NEW, OLD], [true, true]), (&[NEW], [false, true])] {
        let said = sink.understands("structured", secrets, "event-1", now()).await;
        assert_eq!(said["verified"], json!(verified));
    }
    let hour_ago = now() - jiff::SignedDuration::from_hours(1);
    assert_eq!(sink.understands("structured", &[NEW, OLD], "event-1", hour_ago).await["verified"], json!([false, false]), "too old");
}

#[tokio::test]
async fn node_understands_both_modes() {
    let mut sink = Foreign::node().await;
    for (id, mode) in [("event-s", "structured"), ("event-b", "binary")] {
        let said = sink.understands(mode, &[NEW], id, now()).await;
        assert_eq!(said["event"], sent(id), "{mode}");
    }
}
