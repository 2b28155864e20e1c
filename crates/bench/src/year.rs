//! `year`: a fictitious year of detentions through the embedded hub, judged by a program that knows nothing of ours.
//!
//! `tests/python/year.py` makes the year from a seed. It is played here. Then the same program works out from the law what each
//! participant had to get and what had to be refused, and compares.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, BufWriter, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context as _, ensure};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use schakelpunt::scenario::{Sent, Year};
use tokio::time::Instant;

/// Which year.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Choice {
    /// The same seed gives the same year.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How much of it: 1 is 30,000 detentions.
    #[arg(long, default_value_t = 0.001)]
    part: f64,
    /// Keep what was sent and what happened in this folder, which must be new or empty.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// The interpreter for `tests/python/year.py`, 3.11 or later; its standard library is enough. Else `$SCHAKELPUNT_TEST_PYTHON`, else `python3`.
    #[arg(long)]
    python: Option<PathBuf>,
}

/// Makes the year, plays it, has it judged. Exit 1 if anything differs.
pub(crate) async fn run(choice: &Choice) -> anyhow::Result<ExitCode> {
    let temporary = tempfile::tempdir()?;
    let folder = choice.keep.as_deref().unwrap_or_else(|| temporary.path());
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    ensure!(std::fs::read_dir(folder)?.next().is_none(), "{} is not empty", folder.display());
    let (seed, part) = (choice.seed.to_string(), choice.part.to_string());
    let made = program(choice, "make", folder).args(["--seed", &seed, "--part", &part]).status();
    ensure!(made.context("cannot start the Python interpreter")?.success(), "the year could not be made");
    play(folder).await?;
    let judged = program(choice, "judge", folder).status()?;
    Ok(if judged.success() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Makes this part of the year and plays it in a folder, unjudged: what it leaves is another bench's material.
pub(crate) async fn make_and_play(folder: &Path, part: &str) -> anyhow::Result<()> {
    let choice = Choice { seed: 1, part: 0.0, keep: None, python: None };
    let made = program(&choice, "make", folder).args(["--seed", "1", "--part", part]).status();
    ensure!(made.context("cannot start the Python interpreter")?.success(), "the year could not be made");
    play(folder).await
}

fn program(choice: &Choice, what: &str, folder: &Path) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let told = choice.python.clone().or_else(|| std::env::var_os("SCHAKELPUNT_TEST_PYTHON").map(PathBuf::from));
    let mut program = Command::new(told.unwrap_or_else(|| "python3".into()));
    program.arg(root.join("tests/python/year.py")).args([what, "--reference"]).arg(root.join("config/reference")).arg(folder);
    program
}

/// Plays `sent.jsonl` and writes `happened.jsonl`; messages of the same moment go in together.
async fn play(folder: &Path) -> anyhow::Result<()> {
    let registers = std::fs::read_to_string(folder.join("registers.toml"))?;
    let total = BufReader::new(File::open(folder.join("sent.jsonl"))?).lines().count();
    let mut sent = lines(&folder.join("sent.jsonl"))?.peekable();
    let first = sent.peek().and_then(|line| line.as_ref().ok()).context("a year without messages")?.at;
    let mut year = Year::open(&registers, first, &folder.join("schakelpunt.db")).await?;
    let mut happened = BufWriter::new(File::create(folder.join("happened.jsonl"))?);
    let (bar, began) = (bar(total)?, Instant::now());
    while let Some(line) = sent.next() {
        let mut together = vec![line?];
        let at = together.first().map_or(first, |one| one.at);
        while let Some(next) = sent.next_if(|next| next.as_ref().is_ok_and(|next| next.at == at)) {
            together.push(next?);
        }
        for line in year.at(at, &together).await? {
            writeln!(happened, "{line}")?;
        }
        bar.inc(u64::try_from(together.len())?);
        bar.set_message(at.to_string());
    }
    happened.flush()?;
    bar.finish_and_clear();
    let took = began.elapsed();
    tracing::info!("{total} messages in {:.1} s", took.as_secs_f64());
    Ok(())
}

fn lines(file: &Path) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Sent>> + use<>> {
    let lines = BufReader::new(File::open(file)?).lines();
    Ok(lines.map(|line| Ok(serde_json::from_str(&line?)?)))
}

/// Nothing is drawn where nobody looks.
fn bar(total: usize) -> anyhow::Result<ProgressBar> {
    let target = if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{msg:22} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}")?;
    Ok(ProgressBar::with_draw_target(Some(u64::try_from(total)?), target).with_style(style))
}
