//! Three prisons whose systems write lists, and the DJI adapter between them and a hub.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;
use tokio::process::Command;

use super::edge::Edge;
use crate::{
    end_to_end::process::repository,
    parts::rabbitmq::{PASSWORD, variable},
};

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
        let lists = edge.path("lists");
        let unfinished = lists.join(format!("{name}.part"));
        fs::copy(self.folder.join(name), &unfinished).unwrap();
        fs::rename(unfinished, lists.join(name)).unwrap();
    }
}

/// The adapter of the three prisons, as the example configures it.
pub(crate) fn adapter(broker: &str) -> Edge {
    let edge = Edge::new("dji", broker, |tables, folder| {
        for (table, name) in [("lists", "lists"), ("messages", "messages")] {
            tables[table]["folder"] = folder.join(name).display().to_string().into();
        }
        for key in ["settle-seconds", "look-seconds"] {
            tables["lists"][key] = 0.into();
        }
        for prison in tables["prison"].as_array_mut().unwrap() {
            prison["secret"] = PASSWORD.into();
        }
    });
    fs::create_dir(edge.path("lists")).unwrap();
    edge
}

/// How many lists have been put away.
pub(crate) fn put_away(edge: &Edge) -> usize {
    let count = |name: &str| fs::read_dir(edge.path("lists").join(name)).map_or(0, Iterator::count);
    count("done") + count("held")
}
