//! PostgreSQL: a database of its own for every test, and clusters for tests that stop one. Through its own programs: a second
//! opinion on what the store has written.

use std::path::PathBuf;

use tokio::process::Command;

use crate::parts::rabbitmq::{random, script, variable};

/// An empty database. Taken away when dropped.
#[derive(Debug)]
pub(crate) struct Database {
    server: String,
    name: String,
}

/// A cluster of its own, under a temporary folder. Ended when dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    folder: tempfile::TempDir,
}

// === impl Database ===

impl Database {
    /// On the shared cluster.
    pub(crate) async fn fresh() -> Self {
        let server = variable("SCHAKELPUNT_TEST_PG").expect("SCHAKELPUNT_TEST_PG is not set: run this test through tests/run");
        Self::at(&server).await
    }

    /// On that cluster; `server` is the address of its database `postgres`.
    pub(crate) async fn at(server: &str) -> Self {
        let name = format!("test_{:016x}", random());
        query(server, &format!("create database {name}")).await;
        Self { server: server.to_owned(), name }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }

    /// The answer to a query, one row a line.
    pub(crate) async fn ask(&self, sql: &str) -> String {
        query(&self.url(), sql).await
    }

    /// Every table as text. Bytes are hexadecimal in it.
    pub(crate) async fn dump(&self) -> String {
        let output = Command::new(program("pg_dump")).args(["--no-password", &self.url()]).output().await.unwrap();
        assert!(output.status.success(), "pg_dump: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let sql = format!("drop database if exists {} with (force)", self.name);
        let mut psql = std::process::Command::new(program("psql"));
        // a cluster that is stopped takes it along
        psql.args([&self.server, "-Xqc", &sql]).stderr(std::process::Stdio::null()).status().ok();
    }
}

async fn query(url: &str, sql: &str) -> String {
    let output = Command::new(program("psql")).args([url, "-XqAtv", "ON_ERROR_STOP=1", "-c", sql]).output().await.unwrap();
    assert!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The newest on the machine; what only stands in the search path is found there.
fn program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path()))).max();
    newest.map(|(_, folder)| folder.join("bin").join(name)).filter(|path| path.exists()).unwrap_or_else(|| name.into())
}

// === impl Cluster ===

impl Cluster {
    /// A folder for a cluster.
    pub(crate) fn prepare() -> Self {
        let base = variable("SCHAKELPUNT_TEST_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        Self { folder: tempfile::Builder::new().prefix("cluster-").tempdir_in(base).unwrap() }
    }

    /// Starts it, or starts it again with the same data on the same port, and waits until it answers. Gives its address.
    pub(crate) async fn start(&self) -> String {
        let answer: serde_json::Value = serde_json::from_str(&self.parts("start", &["--no-fsync"]).await).unwrap();
        answer["url"].as_str().unwrap().to_owned()
    }

    /// Stops it in good order; who is connected is thrown out.
    pub(crate) async fn stop(&self) {
        self.parts("stop", &[]).await;
    }

    async fn parts(&self, command: &str, more: &[&str]) -> String {
        let mut parts = Command::new(script());
        parts.args(["postgres", command, "--dir"]).arg(self.folder.path()).args(more);
        let output = parts.output().await.unwrap();
        assert!(output.status.success(), "tests/parts postgres {command}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let ended = std::process::Command::new(script()).args(["cleanup", "--dir"]).arg(self.folder.path()).status();
        assert!(std::thread::panicking() || ended.is_ok_and(|status| status.success()), "a cluster was left behind");
    }
}
