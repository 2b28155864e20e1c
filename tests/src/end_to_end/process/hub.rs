//! A hub that runs.

use std::process::ExitStatus;

use tokio::{
    io::{BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use super::START;

/// A running hub. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(super) child: Child,
    pub(super) address: String,
    /// Kept open: a process whose output nobody reads could die of it.
    pub(super) _stdout: Lines<BufReader<ChildStdout>>,
}

impl Hub {
    /// As a power failure would.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn terminate(mut self) {
        self.signal("TERM").await;
        let ended = timeout(START, self.child.wait()).await;
        assert!(ended.as_ref().is_ok_and(|ended| ended.as_ref().is_ok_and(ExitStatus::success)), "asked to end: {ended:?}");
    }

    /// Sends it a signal.
    pub(crate) async fn signal(&self, signal: &str) {
        let pid = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &pid]).status().await.unwrap().success());
    }

    /// Where it listens for HTTP.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Whether the process still lives.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}
