//! `rules diff` and `rules prove`.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use schakelpunt_domain::{Clock as _, catalogue::Catalogue};
use schakelpunt_review::{Diff, Invariants};
use schakelpunt_rules::RuleFile;
use serde_json::json;

use super::{
    super::out,
    replay::{self, Form, Period},
};
use crate::{assets, clock::SystemClock};

/// What is different between two rule sets, and how much of what was `recorded` it would have touched.
pub(super) async fn diff(folders: &[PathBuf], form: Form, recorded: Option<(&Path, &Period)>) -> anyhow::Result<ExitCode> {
    let catalogue = Catalogue::load()?;
    let (before, after) = match folders {
        [before, after] => (Some(before.as_path()), Some(after.as_path())),
        folders => (None, folders.first().map(PathBuf::as_path)),
    };
    let sets = [assets::rules(before, &catalogue)?, assets::rules(after, &catalogue)?];
    let mut desks = desks(&assets::rule_files(before)?);
    desks.extend(self::desks(&assets::rule_files(after)?));
    let desks: Vec<String> = desks.into_iter().collect();
    let [first, second] = &sets;
    let diff = schakelpunt_review::diff(first, second, &desks, &catalogue).context("the rule sets cannot be compared")?;
    let touched = match recorded {
        Some((config, period)) => Some(replay::touched(config, [before, after], period).await?),
        None => None,
    };
    if form.json {
        let mut object = json!(diff);
        if let (Some(touched), Some(object)) = (&touched, object.as_object_mut()) {
            object.insert("recorded".to_owned(), touched.json());
        }
        return out(object).map(|()| exit(&diff));
    }
    out(if form.markdown { diff.markdown() } else { diff.text() }.trim_end())?;
    if let Some(touched) = touched {
        out(format_args!("\n{}", if form.markdown { touched.markdown() } else { touched.text() }.trim_end()))?;
    }
    Ok(exit(&diff))
}

fn exit(diff: &Diff) -> ExitCode {
    if diff.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(3) }
}

/// The roles for which rule files have a desk: a rule set can be asked for one role at a time.
fn desks(files: &[RuleFile]) -> BTreeSet<String> {
    let tables = files.iter().filter_map(|file| toml::from_str::<toml::Table>(&file.text).ok());
    let desks = tables.filter_map(|table| table.get("desk").and_then(toml::Value::as_array).cloned()).flatten();
    desks.filter_map(|desk| desk.get("role").and_then(toml::Value::as_str).map(str::to_owned)).collect()
}

/// Whether every invariant holds in every cell.
pub(super) fn prove(folder: Option<&Path>, as_json: bool) -> anyhow::Result<ExitCode> {
    let catalogue = Catalogue::load()?;
    let rules = assets::rules(folder, &catalogue)?;
    let invariants = match Invariants::read(&assets::invariants(folder)?, &rules, &catalogue) {
        Ok(invariants) => invariants,
        Err(errors) => {
            for error in &errors.0 {
                if as_json { out(json!(error))? } else { out(error)? }
            }
            return Ok(ExitCode::from(1));
        }
    };
    let clock = SystemClock;
    let began = clock.now();
    let proof = schakelpunt_review::prove(&rules, &invariants, &catalogue).context("the rules cannot be proved")?;
    let took = clock.now().duration_since(began);
    if as_json {
        out(json!({"holds": proof.holds(), "milliseconds": took.as_millis(), "proof": proof}))?;
    } else {
        let broken = proof.outcomes.iter().filter(|outcome| !outcome.holds()).count();
        out(proof.text().trim_end())?;
        let found = if broken == 0 { "all hold".to_owned() } else { format!("{broken} broken") };
        let (count, cells, seconds) = (proof.outcomes.len(), proof.cells, took.as_secs_f64());
        out(format_args!("\n{count} invariants, {found}; {cells} cells in {seconds:.1} s; version {}", proof.version))?;
    }
    Ok(if proof.holds() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
