//! PostgreSQL: a database of its own for every test.

use std::{
    process::{Command, id},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// An empty database on the server of the test run. Dropped with its value.
#[derive(Debug)]
pub(crate) struct Database {
    server: String,
    name: String,
}

/// Reads what `tests/run` says.
#[expect(clippy::disallowed_methods, reason = "tests are told by their environment where the real parts are")]
fn server() -> String {
    let found = std::env::var("SCHAKELPUNT_TEST_PG").ok().filter(|url| !url.is_empty());
    found.unwrap_or_else(|| panic!("SCHAKELPUNT_TEST_PG is not set: run this test through tests/run"))
}

/// What one statement answers, without decoration. Through `psql`, because only the store speaks to databases in Rust.
fn ask(url: &str, sql: &str) -> Result<String, String> {
    let arguments = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--dbname", url, "--command", sql];
    let output = Command::new("psql").args(arguments).output().map_err(|error| format!("psql: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

impl Database {
    /// Makes one.
    pub(crate) fn fresh() -> Self {
        Self::at(server())
    }

    /// Makes one on another server.
    pub(crate) fn at(server: String) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("schakelpunt_test_{}_{}", id(), NEXT.fetch_add(1, Ordering::Relaxed));
        ask(&server, &format!("create database {name} template template0")).unwrap();
        Self { server, name }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        let (address, query) = self.server.split_once('?').unwrap_or((&self.server, ""));
        let (scheme, rest) = address.split_once("://").unwrap();
        let host = rest.split('/').next().unwrap();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{scheme}://{host}/{}{mark}{query}", self.name)
    }

    /// What one statement answers here.
    pub(crate) fn sql(&self, sql: &str) -> String {
        ask(&self.url(), sql).unwrap()
    }

    /// Every table as text. Bytes are hexadecimal in it.
    pub(crate) fn dump(&self) -> String {
        let output = Command::new("pg_dump").args(["--dbname", &self.url()]).output().unwrap();
        assert!(output.status.success(), "pg_dump: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Waits until so many transactions wait for a lock: a fence, not a time.
    pub(crate) async fn until_waiting(&self, count: u32) {
        const WAITING: &str = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        for _ in 0..500 {
            if self.sql(WAITING) == count.to_string() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("not {count} transactions wait for a lock");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        ask(&self.server, &format!("drop database if exists {} with (force)", self.name)).ok();
    }
}
