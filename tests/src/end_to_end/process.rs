//! The hub as a process, and Python programs. Whatever is started here ends with the test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use schakelpunt_bus::provision::Broker;
use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
    time::{Instant, timeout},
};

use super::messages::TOWN;
use crate::parts::{
    postgres::Database,
    rabbitmq::{PASSWORD, delete_vhost, random, variable},
};

mod hub;

pub(crate) use hub::Hub;

/// From the start of the process to its ready line: provisioning a node that is still warming up takes its time.
const START: Duration = Duration::from_secs(120);
/// Most that one Python program may take.
const PYTHON: Duration = Duration::from_secs(540);
/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(25);

/// The one hub of a site, where there are no others.
const HUB: &str = "serve";

/// What one hub stands on: a broker, a virtual host, a database, a folder with its configuration and log.
#[derive(Debug)]
pub(crate) struct Site {
    folder: tempfile::TempDir,
    addresses: (String, String),
    vhost: String,
}

/// What `schakelpunt status` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Load {
    waiting: u64,
    claimed: u64,
    blocked: u64,
    receipts: u64,
}

#[derive(Debug, Deserialize)]
struct Started {
    ready: bool,
    http: String,
    pid: u32,
}

pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

// === impl Site ===

impl Site {
    /// With the participants of the demo, or only those named.
    pub(crate) fn new(addresses: (String, String), database: &Database, only: Option<&[&str]>) -> Self {
        let base = variable("SCHAKELPUNT_TEST_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let folder = tempfile::Builder::new().prefix("hub-").tempdir_in(base).unwrap();
        let site = Self { folder, addresses, vhost: format!("test-{:016x}", random()) };
        fs::write(site.participants(), register(only)).unwrap();
        fs::write(site.config(HUB), site.config_text(HUB, &site.amqp("guest", "guest"), &database.url(), true)).unwrap();
        site
    }

    /// A configuration of its own for one of several hubs: another port to the broker, another address of the database, and
    /// nothing to provision.
    pub(crate) fn configure(&self, name: &str, broker: u16, database: &str) {
        let mut amqp: reqwest::Url = self.amqp("guest", "guest").parse().unwrap();
        amqp.set_port(Some(broker)).unwrap();
        let token = format!("[[http.token]]\nparticipant = \"{TOWN}\"\ntoken = \"{PASSWORD}\"\n");
        fs::write(self.config(name), self.config_text(name, amqp.as_str(), database, false) + &token).unwrap();
    }

    /// Makes tables, topology and users, for hubs that do not.
    pub(crate) async fn prepare(&self) {
        for command in [["migrate"].as_slice(), &["broker", "provision"]] {
            let output = self.command(command, HUB).output().await.unwrap();
            assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }

    fn config(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.toml"))
    }

    /// The register file.
    pub(crate) fn participants(&self) -> PathBuf {
        self.folder.path().join("participants.toml")
    }

    fn log_file(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.log"))
    }

    /// What the one hub has logged.
    pub(crate) fn log(&self) -> String {
        self.log_of(HUB)
    }

    /// What a hub of that name has logged.
    pub(crate) fn log_of(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.log_file(name)).unwrap_or_default()).into_owned()
    }

    /// The address for a user of the broker.
    pub(crate) fn amqp(&self, user: &str, password: &str) -> String {
        self.amqp_at(&self.vhost, user, password)
    }

    /// The same in the virtual host of rehearsals.
    pub(crate) fn amqp_of_rehearsals(&self, user: &str, password: &str) -> String {
        self.amqp_at(&self.rehearsals(), user, password)
    }

    fn rehearsals(&self) -> String {
        format!("{}-rehearsal", self.vhost)
    }

    fn amqp_at(&self, vhost: &str, user: &str, password: &str) -> String {
        let mut url: reqwest::Url = self.addresses.0.parse().unwrap();
        url.set_username(user).unwrap();
        url.set_password(Some(password)).unwrap();
        url.set_path(vhost);
        url.into()
    }

    fn config_text(&self, name: &str, amqp: &str, database: &str, provision: bool) -> String {
        let (_, api) = &self.addresses;
        let participants = self.participants().display().to_string();
        let api = api.replacen("http://", "http://guest:guest@", 1);
        let digest_key = "5c".repeat(32);
        format!(
            r#"environment = "test"
process = "{name}"
digest-key = "{digest_key}"
participants = "{participants}"
[store]
url = "{database}"
[bus]
url = "{amqp}"
api = "{api}"
provision = {provision}
password = "{PASSWORD}"
[http]
listen = "127.0.0.1:0"
[[http.administrator]]
name = "beheer"
token = "{PASSWORD}"
roles = ["author"]
[[http.administrator]]
name = "jurist"
token = "{PASSWORD}-of-jurist"
roles = ["legal-reviewer"]
[limits]
claim-seconds = 2
"#
        )
    }

    /// Starts the hub and waits for its ready line.
    pub(crate) async fn serve(&self) -> Hub {
        self.serve_as(HUB).await
    }

    /// Starts a hub with a configuration of its own and waits for its ready line.
    pub(crate) async fn serve_as(&self, name: &str) -> Hub {
        let log = fs::File::options().create(true).append(true).open(self.log_file(name)).unwrap();
        let mut serve = self.command(&["serve"], name);
        let mut child = serve.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(START, stdout.next_line()).await.map(Result::unwrap);
        let ready: Option<Started> = line.ok().flatten().and_then(|line| serde_json::from_str(&line).ok());
        let ready = ready.unwrap_or_else(|| panic!("the hub does not become ready:\n{}", self.log_of(name)));
        assert!(ready.ready && Some(ready.pid) == child.id(), "{ready:?} of process {:?}", child.id());
        Hub { child, address: ready.http, _stdout: stdout }
    }

    /// A configuration for whoever keeps the registers of the hub that runs at that address.
    pub(crate) fn administer(&self, hub: &Hub) {
        let text = fs::read_to_string(self.config(HUB)).unwrap();
        fs::write(self.config("admin"), text.replacen("[store]", &format!("public-url = \"{}\"\n[store]", hub.address), 1)).unwrap();
    }

    /// Where the configuration of that name stands.
    pub(crate) fn place(&self, name: &str) -> String {
        self.config(name).display().to_string()
    }

    /// Runs a command to its end: its exit code and what it printed, a JSON value a line.
    pub(crate) async fn run(&self, arguments: &[&str]) -> (i32, Vec<serde_json::Value>) {
        self.run_with(HUB, arguments).await
    }

    /// The same with the configuration of that name.
    pub(crate) async fn run_with(&self, name: &str, arguments: &[&str]) -> (i32, Vec<serde_json::Value>) {
        let output = self.command(arguments, name).output().await.unwrap();
        println!("{}", String::from_utf8_lossy(&output.stderr));
        let lines = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap_or(-1), lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    /// `broker check`: its exit code and its sentences.
    pub(crate) async fn check(&self) -> (i32, String) {
        let output = self.command(&["broker", "check"], HUB).output().await.unwrap();
        (output.status.code().unwrap_or(-1), String::from_utf8(output.stdout).unwrap())
    }

    /// The broker, with the rights of an administrator, and the virtual host.
    pub(crate) fn broker(&self) -> (Broker, String) {
        (Broker::new(&self.addresses.0, &self.addresses.1).unwrap(), self.vhost.clone())
    }

    /// A file beside the configuration.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// A file in a folder beside the configuration; gives the folder.
    pub(crate) fn file_in(&self, folder: &str, name: &str, content: &[u8]) -> String {
        let folder = self.folder.path().join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), content).unwrap();
        folder.display().to_string()
    }

    /// The broker's own port, for a hub that reaches it directly.
    pub(crate) fn broker_port(&self) -> u16 {
        reqwest::Url::parse(&self.addresses.0).unwrap().port().unwrap()
    }

    /// What is under way.
    pub(crate) async fn status(&self) -> Load {
        let output = self.command(&["status", "--json"], HUB).output().await.unwrap();
        assert!(output.status.success(), "status: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Waits until nothing is under way.
    pub(crate) async fn at_rest(&self, bound: Duration) {
        let end = Instant::now() + bound;
        let mut load = self.status().await;
        while load != (Load { waiting: 0, claimed: 0, blocked: 0, receipts: 0 }) {
            assert!(Instant::now() < end, "still under way after {bound:?}: {load:?}");
            tokio::time::sleep(LOOK).await;
            load = self.status().await;
        }
    }

    fn command(&self, words: &[&str], name: &str) -> Command {
        let mut command = Command::new(binary());
        command.current_dir(repository()).args(words).arg("--config").arg(self.config(name)).kill_on_drop(true);
        command
    }

    /// Runs a Python program of `tests/python` as the foreign parties of this hub.
    pub(crate) async fn python(&self, program: &str, arguments: &[&str], variables: &[(&str, &str)]) {
        let python = variable("SCHAKELPUNT_TEST_PYTHON").expect("SCHAKELPUNT_TEST_PYTHON is not set: run this test through tests/run");
        let amqp: reqwest::Url = self.addresses.0.parse().unwrap();
        let mut command = Command::new(python);
        command.arg(repository().join("tests/python").join(program)).args(arguments).kill_on_drop(true);
        command.env("AMQP_HOST", amqp.host_str().unwrap()).env("AMQP_PORT", amqp.port().unwrap().to_string());
        command.env("AMQP_VHOST", &self.vhost).env("AMQP_PASSWORD", PASSWORD).env("SCHAKELPUNT_PARTICIPANTS", self.participants());
        // beside the sources they would be found by the next `git status`
        command.env("PYTHONDONTWRITEBYTECODE", "1").envs(variables.iter().copied());
        // into a file: what it has said must not be lost when it hangs
        let path = self.folder.path().join(format!("{program}.txt"));
        let said = fs::File::create(&path).unwrap();
        command.stdout(said.try_clone().unwrap()).stderr(said);
        let ended = timeout(PYTHON, command.status()).await.map(Result::unwrap);
        println!("{}", fs::read_to_string(&path).unwrap());
        assert!(ended.as_ref().is_ok_and(ExitStatus::success), "{program}: {ended:?}");
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            println!("the last lines of the hub's log:\n{}", lines[lines.len().saturating_sub(40)..].join("\n"));
        }
        delete_vhost(self.addresses.clone(), self.rehearsals());
        delete_vhost(self.addresses.clone(), self.vhost.clone());
    }
}

/// The demo's register file, cut down to some participants and what is between them.
fn register(only: Option<&[&str]>) -> String {
    let text = fs::read_to_string(repository().join("config/demo/participants.toml")).unwrap();
    let Some(only) = only else { return text };
    let mut tables: toml::Table = toml::from_str(&text).unwrap();
    let parties = ["id", "municipality", "prison", "probation", "mandator", "mandatary", "participant", "employer", "acting-for"];
    for entries in tables.iter_mut().filter_map(|(_, entries)| entries.as_array_mut()) {
        entries.retain(|entry| parties.iter().filter_map(|key| entry.get(key)?.as_str()).all(|party| only.contains(&party)));
        for entry in entries.iter_mut().filter_map(toml::Value::as_table_mut) {
            if let Some(prisons) = entry.get_mut("intake-for").and_then(toml::Value::as_array_mut) {
                prisons.retain(|prison| prison.as_str().is_some_and(|prison| only.contains(&prison)));
            }
        }
    }
    tables.retain(|_, entries| entries.as_array().is_none_or(|entries| !entries.is_empty()));
    toml::to_string(&tables).unwrap()
}

/// Built by `tests/run` beside this test.
pub(crate) fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join("schakelpunt");
    assert!(path.exists(), "{} is missing: run this test through tests/run, or `cargo build -p schakelpunt` first", path.display());
    path
}
