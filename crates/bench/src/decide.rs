//! `decide`: the routing core against Cedar.
//!
//! Another program measures, `schakelpunt-bench-decide`, so that neither this one nor anything else is built with Cedar's features.
//! It prints a line for each set of rules; here the lines become reports.

use std::process::Stdio;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;
use tokio::process::Command;

use crate::{
    Options,
    report::{Goal, Report, Row, Spread, ratios},
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A line of that program: one set of rules, and nanoseconds of processor time a decision.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Measured {
    /// Which comparison it belongs to.
    name: String,
    rules: usize,
    /// What Cedar made of them.
    policies: usize,
    questions: usize,
    /// Cedar's.
    version: String,
    decide: Spread,
    cedar: Spread,
    /// Cedar with the policies of the event alone.
    sliced: Spread,
}

/// Runs it.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Vec<Report>> {
    let (flat, shipped): (Vec<_>, Vec<_>) = measure(options).await?.into_iter().partition(|measured| measured.name == "decide-flat");
    let ([shipped], [few, .., many]) = (shipped.as_slice(), flat.as_slice()) else { bail!("not the lines of `decide`") };
    let settings = [
        ("rules", shipped.rules.to_string()),
        ("policies", shipped.policies.to_string()),
        ("questions", shipped.questions.to_string()),
        ("Cedar", shipped.version.clone()),
        (
            "Cedar with the policies of the event alone",
            format!("{:.1} times decide's time", ratios(&shipped.sliced, &shipped.decide).median()),
        ),
    ];
    let faster = Report {
        name: "decide".to_owned(),
        what: "one decision with the shipped rules, against Cedar".to_owned(),
        ratio: ratios(&shipped.cedar, &shipped.decide),
        unit: "times as fast",
        goal: 20.0,
        side: Goal::AtLeast,
        rows: rows("", shipped),
        settings: settings.map(|(name, value)| (name.to_owned(), value)).into(),
    };
    let flat = Report {
        name: "decide-flat".to_owned(),
        what: "one decision on `detention-started` while rules for other events are added: time with 1,000 rules against 10".to_owned(),
        ratio: ratios(&many.decide, &few.decide),
        unit: "times the time",
        goal: 1.5,
        side: Goal::Below,
        rows: flat.iter().flat_map(|measured| rows(&format!(", {} rules", measured.rules), measured)).collect(),
        settings: vec![("questions".to_owned(), few.questions.to_string())],
    };
    Ok(vec![faster, flat])
}

/// Has cargo build and run the other program, in the profile of this one; what cargo complains of is shown as it comes.
async fn measure(options: &Options) -> anyhow::Result<Vec<Measured>> {
    tracing::info!("cargo builds and runs schakelpunt-bench-decide: the first time takes minutes");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "-q", "--locked", "-p", "schakelpunt-bench-decide"]);
    command.args((!cfg!(debug_assertions)).then_some("--release")).arg("--");
    command.args(["--messages", &options.messages(200, 10_000).to_string(), "--rounds", &options.rounds(5).to_string()]);
    command.args(options.smoke.then_some("--smoke"));
    command.current_dir(ROOT).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let output = command.spawn().context("cargo, which `decide` needs, does not start")?.wait_with_output().await?;
    ensure!(output.status.success(), "schakelpunt-bench-decide failed ({}), see above", output.status);
    let lines = String::from_utf8(output.stdout)?;
    lines.lines().map(|line| serde_json::from_str(line).with_context(|| format!("not a line of `decide`: {line}"))).collect()
}

fn rows(suffix: &str, measured: &Measured) -> Vec<Row> {
    let row = |what: &str, spread: &Spread| Row { what: format!("{what}{suffix}"), cells: vec![("CPU ns/decision", spread.clone())] };
    vec![row("decide", &measured.decide), row("cedar", &measured.cedar), row("cedar, by event", &measured.sliced)]
}
