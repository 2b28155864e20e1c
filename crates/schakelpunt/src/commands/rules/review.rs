//! `rules check`, `rules diff` and `rules prove`.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use schakelpunt_domain::{Clock as _, catalogue::Catalogue};
use schakelpunt_review::Invariants;
use schakelpunt_rules::{LoadError, RuleFile, RuleSet};
use serde_json::json;

use super::super::out;
use crate::{assets, clock::SystemClock};

/// What is wrong with a rule set, and what is worth a look. A set that cannot be loaded is looked at no further.
pub(super) fn check(folder: Option<&Path>, as_json: bool) -> anyhow::Result<ExitCode> {
    let (files, catalogue) = (assets::rule_files(folder)?, Catalogue::load()?);
    let say = |kind: &str, found: &[LoadError]| {
        found.iter().try_for_each(|one| match (as_json, serde_json::to_value(one)?) {
            (true, serde_json::Value::Object(mut fields)) => {
                fields.insert("kind".to_owned(), kind.into());
                out(json!(fields))
            }
            _ => out(format_args!("{kind}: {one}")),
        })
    };
    let rules = match RuleSet::load(&files, &catalogue) {
        Ok(rules) => rules,
        Err(errors) => return say("mistake", &errors.0).map(|()| ExitCode::from(1)),
    };
    let found = schakelpunt_review::check(&files, &rules, &catalogue).context("the rules cannot be looked through")?;
    say("note", &found.notes)?;
    say("mistake", &found.mistakes)?;
    let (count, bases, notes, mistakes) = (rules.rules().len(), rules.bases().len(), found.notes.len(), found.mistakes.len());
    if as_json {
        out(json!({"version": rules.version, "rules": count, "bases": bases, "notes": notes, "mistakes": mistakes}))?;
    } else {
        let wrong = if mistakes == 0 { "no mistakes".to_owned() } else { format!("{mistakes} mistakes") };
        out(format_args!("{count} rules on {bases} bases, {wrong}; version {}; {notes} notes", rules.version))?;
    }
    Ok(if mistakes == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What is different between two rule sets.
pub(super) fn diff(folders: &[PathBuf], as_json: bool, as_markdown: bool) -> anyhow::Result<ExitCode> {
    let catalogue = Catalogue::load()?;
    let (before, after) = match folders {
        [before, after] => (Some(before.as_path()), Some(after.as_path())),
        folders => (None, folders.first().map(PathBuf::as_path)),
    };
    let sets = [assets::rules(before, &catalogue)?, assets::rules(after, &catalogue)?];
    let mut desks = desks(&assets::rule_files(before)?);
    desks.extend(self::desks(&assets::rule_files(after)?));
    let desks: Vec<String> = desks.into_iter().collect();
    let [before, after] = &sets;
    let diff = schakelpunt_review::diff(before, after, &desks, &catalogue).context("the rule sets cannot be compared")?;
    if as_json {
        out(json!(diff))?;
    } else if as_markdown {
        out(diff.markdown().trim_end())?;
    } else {
        out(diff.text().trim_end())?;
    }
    Ok(if diff.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(3) })
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
