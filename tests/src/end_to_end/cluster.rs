//! A PostgreSQL cluster for a test that stops it.

use std::path::PathBuf;

use tokio::process::Command;

use crate::parts::rabbitmq::{script, variable};

/// A cluster of its own, under a temporary folder. Ended when dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    folder: tempfile::TempDir,
}

impl Cluster {
    /// A folder for a cluster.
    pub(crate) fn prepare() -> Self {
        let base = variable("SCHAKELPUNT_TEST_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        Self { folder: tempfile::Builder::new().prefix("cluster-").tempdir_in(base).unwrap() }
    }

    /// Starts it, or starts it again with the same data on the same port, and waits until it answers. Gives its address.
    pub(crate) async fn start(&self) -> String {
        self.started(&[]).await
    }

    /// Starts it on a disk of its own of so many megabytes, if this machine lets us mount one; says so if it does not.
    pub(crate) async fn start_small(&self, megabytes: u32) -> String {
        self.started(&["--disk", &megabytes.to_string()]).await
    }

    async fn started(&self, more: &[&str]) -> String {
        let arguments = [&["--no-fsync"], more].concat();
        let answer: serde_json::Value = serde_json::from_str(&self.parts("start", &arguments).await).unwrap();
        answer["url"].as_str().unwrap().to_owned()
    }

    /// Stops it in good order; who is connected is thrown out.
    pub(crate) async fn stop(&self) {
        self.parts("stop", &[]).await;
    }

    /// Stops it without a last checkpoint; it recovers at the next start.
    pub(crate) async fn stop_at_once(&self) {
        self.parts("stop", &["--mode", "immediate"]).await;
    }

    /// Kills it, with all its processes.
    pub(crate) async fn kill(&self) {
        self.parts("kill", &[]).await;
    }

    /// Fills its own disk; nothing happens if it has none.
    pub(crate) async fn fill(&self) {
        self.parts("fill", &[]).await;
    }

    /// Frees its disk, and starts it if it did not survive that.
    pub(crate) async fn free(&self) {
        self.parts("free", &[]).await;
        self.start().await;
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
