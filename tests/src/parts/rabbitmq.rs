//! RabbitMQ: a virtual host of its own for every test, and nodes of its own for tests that hurt.

use std::{
    hash::{BuildHasher as _, RandomState},
    path::PathBuf,
};

use schakelpunt_amqp::{Connection, topology::Topology};
use schakelpunt_bus::{RabbitBus, provision::Broker, rabbitmq::Settings};
use schakelpunt_domain::ParticipantId;
use tokio::process::Command;

/// Which broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// 3.10, which every machine has.
    Three,
    /// 4.x, which some machines cannot get.
    Four,
}

/// A virtual host with the topology and the hub's user. Taken away when dropped.
#[derive(Debug)]
pub(crate) struct TestBroker {
    pub(crate) broker: Broker,
    pub(crate) vhost: String,
    pub(crate) topology: Topology,
    addresses: (String, String),
}

/// A node of its own, under a temporary folder. Ended when dropped.
#[derive(Debug)]
pub(crate) struct Node {
    folder: tempfile::TempDir,
    version: Version,
}

pub(crate) const HUB: &str = "hub-of-tests";

/// Reads what `tests/run` says.
#[expect(clippy::disallowed_methods, reason = "tests are told by their environment where the real parts are")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(0)
}

/// One for everybody in every test: users are shared by all virtual hosts of a node, and a hub under test provisions them too.
pub(crate) const PASSWORD: &str = "only-in-tests";

// === impl Version ===

impl Version {
    /// The addresses of the shared node. `None`: this machine cannot have it, and `tests/run` has said so.
    pub(crate) fn addresses(self) -> Option<(String, String)> {
        let (amqp, api) = match self {
            Self::Three => ("SCHAKELPUNT_TEST_AMQP", "SCHAKELPUNT_TEST_AMQP_API"),
            Self::Four => ("SCHAKELPUNT_TEST_AMQP4", "SCHAKELPUNT_TEST_AMQP4_API"),
        };
        let found = variable(amqp).zip(variable(api));
        if found.is_none() && self.is_missing() {
            return None;
        }
        Some(found.unwrap_or_else(|| panic!("{amqp} and {api} are not set: run this test through tests/run")))
    }

    /// Whether the machine is known not to have it.
    pub(crate) fn is_missing(self) -> bool {
        let missing = self == Self::Four && variable("SCHAKELPUNT_TEST_NO_RABBITMQ4").as_deref() == Some("1");
        if missing {
            println!("no RabbitMQ 4 on this machine: nothing was tested");
        }
        missing
    }
}

// === impl TestBroker ===

impl TestBroker {
    /// A virtual host on the shared node; `None` if there is no such node and that is known.
    pub(crate) async fn fresh(version: Version) -> Option<Self> {
        Self::with_topology(version, Topology::default()).await
    }

    /// The same with another topology.
    pub(crate) async fn with_topology(version: Version, topology: Topology) -> Option<Self> {
        Some(Self::at(version.addresses()?, topology).await)
    }

    /// A virtual host on that node.
    pub(crate) async fn at(addresses: (String, String), topology: Topology) -> Self {
        let broker = Broker::new(&addresses.0, &addresses.1).unwrap();
        let vhost = format!("test-{:016x}", random());
        broker.ensure_vhost(&vhost, &topology).await.unwrap();
        broker.ensure_hub(&vhost, HUB, PASSWORD).await.unwrap();
        Self { broker, vhost, topology, addresses }
    }

    /// A participant with user, inbox and rights.
    pub(crate) async fn participant(&self, id: &str) -> ParticipantId {
        let participant = id.parse().unwrap();
        self.broker.ensure_participant(&self.vhost, &self.topology, &participant, PASSWORD).await.unwrap();
        participant
    }

    /// The address for a participant.
    pub(crate) fn url_of(&self, participant: &ParticipantId) -> String {
        self.broker.url(&self.vhost, participant.as_str(), PASSWORD).unwrap()
    }

    /// The address for the hub.
    pub(crate) fn hub_url(&self) -> String {
        self.broker.url(&self.vhost, HUB, PASSWORD).unwrap()
    }

    /// A connection as a participant.
    pub(crate) async fn connect_as(&self, participant: &ParticipantId) -> Connection {
        Connection::open(&self.url_of(participant), participant.as_str()).await.unwrap()
    }

    /// The hub's bus.
    pub(crate) async fn bus(&self) -> RabbitBus {
        let settings = Settings { intake_queues: self.topology.intake_queues, ..Settings::new(self.hub_url()) };
        RabbitBus::connect(settings).await.unwrap()
    }
}

impl Drop for TestBroker {
    fn drop(&mut self) {
        delete_vhost(self.addresses.clone(), self.vhost.clone());
    }
}

/// Takes a virtual host away, from within a drop.
pub(crate) fn delete_vhost(addresses: (String, String), vhost: String) {
    // a drop cannot wait, a thread can; a node that is gone has forgotten it anyway
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let broker = Broker::new(&addresses.0, &addresses.1).unwrap();
        runtime.block_on(broker.delete_vhost(&vhost)).ok();
    });
    thread.join().ok();
}

// === impl Node ===

impl Node {
    /// A folder for a node; `None` if the machine cannot have this version and that is known.
    pub(crate) fn prepare(version: Version) -> Option<Self> {
        if version.is_missing() {
            return None;
        }
        let base = variable("SCHAKELPUNT_TEST_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        Some(Self { folder: tempfile::Builder::new().prefix("node-").tempdir_in(base).unwrap(), version })
    }

    /// Starts it, or starts it again, and waits until it answers. Gives its addresses.
    pub(crate) async fn start(&self) -> (String, String) {
        let answer = self.started().await;
        (answer["amqp"].as_str().unwrap().to_owned(), answer["api"].as_str().unwrap().to_owned())
    }

    /// Starts it if it is not up, and asks for its version.
    pub(crate) async fn version(&self) -> String {
        self.started().await["version"].as_str().unwrap().to_owned()
    }

    async fn started(&self) -> serde_json::Value {
        let version = match self.version {
            Version::Three => "3",
            Version::Four => "4",
        };
        serde_json::from_str(&self.parts("start", &["--version", version]).await).unwrap()
    }

    /// Stops it in good order.
    pub(crate) async fn stop(&self) {
        self.parts("stop", &[]).await;
    }

    /// Kills it.
    pub(crate) async fn kill(&self) {
        self.parts("kill", &[]).await;
    }

    /// `rabbitmqctl` on it.
    pub(crate) async fn ctl(&self, arguments: &[&str]) {
        self.parts("ctl", arguments).await;
    }

    async fn parts(&self, command: &str, more: &[&str]) -> String {
        let mut parts = Command::new(script());
        parts.args(["rabbitmq", command, "--dir"]).arg(self.folder.path()).args(more);
        let output = parts.output().await.unwrap();
        assert!(output.status.success(), "tests/parts rabbitmq {command}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let ended = std::process::Command::new(script()).args(["cleanup", "--dir"]).arg(self.folder.path()).status();
        assert!(std::thread::panicking() || ended.is_ok_and(|status| status.success()), "a node was left behind");
    }
}

pub(crate) fn script() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("parts");
    variable("SCHAKELPUNT_TEST_PARTS").map_or_else(beside, PathBuf::from)
}
