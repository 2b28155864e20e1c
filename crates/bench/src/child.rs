//! Contenders as processes of their own: this program starts itself again, so that memory and processor time are theirs alone.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use clap::Parser as _;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

/// From the start of a process to its ready line.
const START: Duration = Duration::from_secs(60);

/// The hub, as `schakelpunt serve` runs it.
#[derive(Debug, clap::Args)]
pub(crate) struct HubOptions {
    #[arg(long)]
    config: PathBuf,
}

impl HubOptions {
    /// Runs it.
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let words = ["schakelpunt".into(), "serve".into(), "--config".into(), self.config.into_os_string()];
        schakelpunt::commands::Cli::try_parse_from(words)?.run().await
    }
}

/// A process that has said that it is ready. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Contender {
    child: Child,
    /// What it said.
    ready: serde_json::Value,
    /// Kept open: a process whose output nobody reads could die of it.
    _stdout: Lines<BufReader<ChildStdout>>,
}

impl Contender {
    /// Starts this program with these words, and waits until it is ready. It logs into a file.
    pub(crate) async fn start(words: &[&str], log: &Path) -> anyhow::Result<Self> {
        let file = fs::File::create(log)?;
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file).kill_on_drop(true).spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().context("no output")?).lines();
        let line = tokio::time::timeout(START, stdout.next_line()).await.ok().and_then(Result::ok).flatten();
        let said = || fs::read_to_string(log).unwrap_or_default();
        let ready = serde_json::from_str(&line.with_context(|| format!("a contender does not become ready:\n{}", said()))?)?;
        Ok(Self { child, ready, _stdout: stdout })
    }

    /// Where it serves HTTP.
    pub(crate) fn http(&self) -> anyhow::Result<&str> {
        self.ready.get("http").and_then(serde_json::Value::as_str).context("a contender without HTTP")
    }

    /// Its id.
    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("a contender has ended")
    }

    /// Ends it.
    pub(crate) async fn end(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }
}
