//! RabbitMQ and PostgreSQL for the benches: private ones, started and ended by `tests/parts`; inside `tests/run` the ones that it
//! has started.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::Options;

/// Running parts. Ended when dropped, if they were started here.
#[derive(Debug)]
pub(crate) struct Parts {
    /// The broker, with an administrator's name and password.
    pub(crate) amqp: String,
    /// Its management interface.
    pub(crate) api: String,
    /// The database server.
    pub(crate) postgres: String,
    /// The broker's process, where it is known.
    pub(crate) broker_pid: Option<u32>,
    /// The first process of the database server, where it is known.
    pub(crate) postgres_pid: Option<u32>,
    folder: tempfile::TempDir,
    ours: bool,
}

/// What `tests/parts` says of a broker.
#[derive(Debug, Deserialize)]
struct StartedBroker {
    amqp: String,
    api: String,
    pid: u32,
}

/// What `tests/parts` says of a database server.
#[derive(Debug, Deserialize)]
struct StartedPostgres {
    url: String,
    pid: u32,
}

#[expect(clippy::disallowed_methods, reason = "tests/run tells by the environment where its parts are")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The repository that this was built in.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Parts {
    /// Takes those of the environment, or starts its own.
    pub(crate) fn open(options: &Options) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("schakelpunt-bench.").tempdir()?;
        // the database server runs as another user
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let given = ["SCHAKELPUNT_TEST_AMQP", "SCHAKELPUNT_TEST_AMQP_API", "SCHAKELPUNT_TEST_PG"].map(variable);
        if let [Some(amqp), Some(api), Some(postgres)] = given {
            return Ok(Self { amqp, api, postgres, broker_pid: None, postgres_pid: None, folder, ours: false });
        }
        parts(&["install", "--quiet"])?;
        let mut started = Self {
            amqp: String::new(),
            api: String::new(),
            postgres: String::new(),
            broker_pid: None,
            postgres_pid: None,
            folder,
            ours: true,
        };
        let answer = parts(&["rabbitmq", "start", "--version", &options.broker, "--dir", &started.below("rabbitmq")])?;
        let broker: StartedBroker = serde_json::from_str(&answer)?;
        let answer = parts(&["postgres", "start", "--dir", &started.below("postgres")])?;
        let postgres: StartedPostgres = serde_json::from_str(&answer)?;
        (started.amqp, started.api, started.broker_pid) = (broker.amqp, broker.api, Some(broker.pid));
        (started.postgres, started.postgres_pid) = (postgres.url, Some(postgres.pid));
        Ok(started)
    }

    fn below(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// The address of a database on the server.
    pub(crate) fn database(&self, name: &str) -> String {
        let (address, query) = self.postgres.split_once('?').map_or((self.postgres.as_str(), String::new()), |(a, q)| (a, format!("?{q}")));
        let start = address.rsplit_once('/').map_or(address, |(start, _)| start);
        format!("{start}/{name}{query}")
    }

    /// A folder for what a round needs.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What both sides stood on.
    pub(crate) async fn settings(&self) -> anyhow::Result<Vec<(String, String)>> {
        let broker = schakelpunt_bus::provision::Broker::new(&self.amqp, &self.api)?;
        let show = |name: &str| sql(&self.postgres, &format!("show {name}"));
        Ok(vec![
            ("RabbitMQ".to_owned(), broker.version().await?),
            ("PostgreSQL".to_owned(), show("server_version")?),
            ("fsync".to_owned(), show("fsync")?),
            ("synchronous_commit".to_owned(), show("synchronous_commit")?),
        ])
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        if self.ours {
            let ended = parts(&["cleanup", "--dir", &self.folder.path().display().to_string()]);
            if let Err(error) = ended {
                tracing::error!("a part was left behind: {error:#}");
            }
        }
    }
}

/// What the script prints.
fn parts(arguments: &[&str]) -> anyhow::Result<String> {
    let script = variable("SCHAKELPUNT_TEST_PARTS").map_or_else(|| repository().join("tests/parts"), PathBuf::from);
    said(Command::new(script).args(arguments), "tests/parts")
}

/// What one statement answers, through `psql`: only the store speaks to databases in Rust.
pub(crate) fn sql(url: &str, statement: &str) -> anyhow::Result<String> {
    let arguments = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--dbname", url, "--command", statement];
    said(Command::new("psql").args(arguments), "psql")
}

fn said(command: &mut Command, what: &str) -> anyhow::Result<String> {
    let output = command.output().with_context(|| what.to_owned())?;
    ensure!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
