//! An adapter as a process that can be killed, with folders of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::{Instant, timeout},
};

use crate::{
    end_to_end::process::{binary, repository},
    parts::rabbitmq::variable,
};

/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(5);
/// Most that a condition may take.
const BOUND: Duration = Duration::from_secs(120);

/// The adapter's folders and configuration.
#[derive(Debug)]
pub(crate) struct Edge {
    kind: &'static str,
    folder: tempfile::TempDir,
}

/// The adapter as a process. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Adapter(Child);

// === impl Edge ===

impl Edge {
    /// An adapter as its example configures it, for this broker, with folders of its own and what else `change` says.
    pub(crate) fn new(kind: &'static str, broker: &str, change: impl FnOnce(&mut toml::Table, &Path)) -> Self {
        let base = variable("SCHAKELPUNT_TEST_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let edge = Self { kind, folder: tempfile::Builder::new().prefix("edge-").tempdir_in(base).unwrap() };
        let example = fs::read_to_string(repository().join(format!("config/adapters/{kind}.example.toml"))).unwrap();
        let mut tables: toml::Table = toml::from_str(&example).unwrap();
        tables.remove("push");
        tables["hub"]["url"] = broker.into();
        tables["own"]["folder"] = edge.path("own").display().to_string().into();
        change(&mut tables, edge.folder.path());
        fs::write(edge.path("adapter.toml"), toml::to_string(&tables).unwrap()).unwrap();
        edge
    }

    /// A file or folder of its own.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The adapter with these words behind its configuration.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary());
        let config = self.path("adapter.toml");
        command.current_dir(repository()).args(["adapter", self.kind, "--config"]).arg(config).args(words).kill_on_drop(true);
        command
    }

    /// Starts the adapter and waits until it is at work.
    pub(crate) async fn start(&self) -> Adapter {
        let log = fs::File::options().create(true).append(true).open(self.path("log")).unwrap();
        let mut child = self.command(&[]).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(BOUND, stdout.next_line()).await.unwrap().unwrap();
        assert!(line.is_some_and(|line| line.contains("ready")), "the adapter does not start:\n{}", self.log());
        Adapter(child)
    }

    /// What the adapter has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Waits for a condition that the adapter brings about.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let end = Instant::now() + BOUND;
        while !holds() {
            assert!(Instant::now() < end, "{what}: not after {BOUND:?}:\n{}", self.log());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The files in a folder of its own, by name, with what they hold.
    pub(crate) fn files(&self, folder: &str) -> BTreeMap<String, String> {
        let entries = fs::read_dir(self.path(folder)).into_iter().flatten().map(Result::unwrap);
        let named = entries.filter_map(|entry| Some((entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).ok()?)));
        named.filter(|(name, _)| !name.starts_with('.')).collect()
    }

    /// The alarms: code and place, each once, because one that a crash interrupts is raised again; counted by code.
    pub(crate) fn alarms(&self) -> BTreeMap<String, usize> {
        let text = fs::read_to_string(self.path("own/alarms.jsonl")).unwrap_or_default();
        let alarms: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let text = |alarm: &Value, key: &str| alarm[key].as_str().unwrap().to_owned();
        let distinct: BTreeSet<_> = alarms.iter().map(|alarm| (text(alarm, "code"), text(alarm, "place"))).collect();
        distinct.into_iter().fold(BTreeMap::new(), |mut counts, (code, _)| {
            *counts.entry(code).or_insert(0) += 1;
            counts
        })
    }
}

// === impl Adapter ===

impl Adapter {
    /// As a power failure would.
    pub(crate) async fn kill(mut self) {
        self.0.kill().await.unwrap();
    }
}
