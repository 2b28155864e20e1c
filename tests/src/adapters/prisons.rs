//! Three prisons whose systems write lists, and the DJI adapter between them and a hub.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::{Instant, timeout},
};

use crate::{
    end_to_end::process::{binary, repository},
    parts::rabbitmq::{PASSWORD, variable},
};

/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(5);
/// Most that a condition may take.
const BOUND: Duration = Duration::from_secs(120);

/// What a program that knows nothing of ours has made: lists, and what they should become.
#[derive(Debug)]
pub(crate) struct Exports {
    folder: PathBuf,
    /// File names in the order in which they are delivered.
    pub(crate) delivered: Vec<String>,
    /// The notices of each detention, in order.
    pub(crate) expected: BTreeMap<String, Vec<Notice>>,
    /// Which files a person must be asked about, by code, and how many.
    pub(crate) alarms: BTreeMap<String, usize>,
}

/// A notice, as expected and as found.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Notice {
    pub(crate) prison: String,
    pub(crate) event: String,
    pub(crate) data: Value,
}

#[derive(Deserialize)]
struct Expected {
    detention: String,
    notices: Vec<Notice>,
}

/// The adapter's folders and configuration.
#[derive(Debug)]
pub(crate) struct Edge {
    folder: tempfile::TempDir,
}

/// The adapter as a process. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Adapter(Child);

fn lines<T: serde::de::DeserializeOwned>(path: &Path) -> Vec<T> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

// === impl Exports ===

impl Exports {
    /// Makes thirty days that end before `today`.
    pub(crate) async fn made(folder: &Path, seed: u64, today: Date) -> Self {
        let python = variable("SCHAKELPUNT_TEST_PYTHON").unwrap_or_else(|| "python3".to_owned());
        let mut program = Command::new(python);
        program.arg(repository().join("tests/python/prison_lists.py")).arg(folder).env("PYTHONDONTWRITEBYTECODE", "1");
        program.args(["--seed", &seed.to_string(), "--today", &today.to_string()]);
        let output = program.output().await.unwrap();
        assert!(output.status.success(), "prison_lists.py: {}", String::from_utf8_lossy(&output.stderr));
        let expected = lines::<Expected>(&folder.join("expected.jsonl")).into_iter();
        Self {
            folder: folder.join("lists"),
            delivered: lines(&folder.join("delivered.jsonl")),
            expected: expected.map(|Expected { detention, notices }| (detention, notices)).collect(),
            alarms: serde_json::from_str(&fs::read_to_string(folder.join("alarms.json")).unwrap()).unwrap(),
        }
    }

    /// Puts a list into the adapter's folder, as a system does that renames what it has written.
    pub(crate) fn deliver(&self, name: &str, edge: &Edge) {
        let lists = edge.lists();
        let unfinished = lists.join(format!("{name}.part"));
        fs::copy(self.folder.join(name), &unfinished).unwrap();
        fs::rename(unfinished, lists.join(name)).unwrap();
    }
}

// === impl Edge ===

impl Edge {
    /// An adapter as the example configures it, for this broker, with folders of its own.
    pub(crate) fn new(broker: &str) -> Self {
        let base = variable("SCHAKELPUNT_TEST_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let edge = Self { folder: tempfile::Builder::new().prefix("edge-").tempdir_in(base).unwrap() };
        let example = fs::read_to_string(repository().join("config/adapters/dji.example.toml")).unwrap();
        let mut tables: toml::Table = toml::from_str(&example).unwrap();
        let folder = |name: &str| toml::Value::from(edge.folder.path().join(name).display().to_string());
        tables.remove("push");
        tables["hub"]["url"] = broker.into();
        for (table, name) in [("own", "own"), ("lists", "lists"), ("messages", "messages")] {
            tables[table]["folder"] = folder(name);
        }
        for key in ["settle-seconds", "look-seconds"] {
            tables["lists"][key] = 0.into();
        }
        for prison in tables["prison"].as_array_mut().unwrap() {
            prison["secret"] = PASSWORD.into();
        }
        fs::write(edge.config(), toml::to_string(&tables).unwrap()).unwrap();
        fs::create_dir(edge.lists()).unwrap();
        edge
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("dji.toml")
    }

    pub(crate) fn lists(&self) -> PathBuf {
        self.folder.path().join("lists")
    }

    /// The adapter with these words behind its configuration.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.current_dir(repository()).args(["adapter", "dji", "--config"]).arg(self.config()).args(words).kill_on_drop(true);
        command
    }

    /// Starts the adapter and waits until it is at work.
    pub(crate) async fn start(&self) -> Adapter {
        let log = fs::File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let mut child = self.command(&[]).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(BOUND, stdout.next_line()).await.unwrap().unwrap();
        assert!(line.is_some_and(|line| line.contains("ready")), "the adapter does not start:\n{}", self.log());
        Adapter(child)
    }

    /// What the adapter has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// How many files have been put away.
    pub(crate) fn put_away(&self) -> usize {
        let count = |name: &str| fs::read_dir(self.lists().join(name)).map_or(0, Iterator::count);
        count("done") + count("held")
    }

    /// Waits until so many files have been put away.
    pub(crate) async fn until_put_away(&self, files: usize) {
        let end = Instant::now() + BOUND;
        while self.put_away() < files {
            assert!(Instant::now() < end, "{} of {files} files after {BOUND:?}:\n{}", self.put_away(), self.log());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The alarms about files: code and file, each once, because one that a crash interrupts is raised again.
    pub(crate) fn alarms(&self) -> BTreeMap<String, usize> {
        let text = fs::read_to_string(self.folder.path().join("own/alarms.jsonl")).unwrap_or_default();
        let alarms: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let text = |alarm: &Value, key: &str| alarm[key].as_str().unwrap().to_owned();
        let distinct: std::collections::BTreeSet<_> = alarms.iter().map(|alarm| (text(alarm, "code"), text(alarm, "place"))).collect();
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
