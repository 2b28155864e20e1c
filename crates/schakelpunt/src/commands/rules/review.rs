//! `rules check`, `rules diff` and `rules prove`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use schakelpunt_domain::{Clock as _, catalogue::Catalogue};
use schakelpunt_review::{Diff, Invariants, Proof};
use schakelpunt_rules::{LoadError, RuleSet};
use serde_json::json;

use super::{
    super::out,
    replay::{self, Form, Period},
};
use crate::{
    assets,
    clock::SystemClock,
    scenario::{Player, Scenario},
};

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

/// What is different between two rule sets, and how much of what was `recorded` it would have touched.
pub(super) async fn diff(folders: &[PathBuf], form: Form, recorded: Option<(&Path, &Period)>) -> anyhow::Result<ExitCode> {
    let catalogue = Catalogue::load()?;
    let (before, after) = match folders {
        [before, after] => (Some(before.as_path()), Some(after.as_path())),
        folders => (None, folders.first().map(PathBuf::as_path)),
    };
    let sets = [assets::rules(before, &catalogue)?, assets::rules(after, &catalogue)?];
    let [first, second] = &sets;
    let diff = schakelpunt_review::diff(first, second, &catalogue).context("the rule sets cannot be compared")?;
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

/// Whether every invariant holds in every cell.
pub(super) async fn prove(folder: Option<&Path>, scenarios: Option<&Path>, as_json: bool) -> anyhow::Result<ExitCode> {
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
    if let Some(into) = scenarios {
        write_scenarios(&proof, folder, into, &catalogue, as_json).await?;
    }
    Ok(if proof.holds() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The first case of each broken invariant that can be told as a story, as a scenario file; each is played at once.
async fn write_scenarios(proof: &Proof, folder: Option<&Path>, into: &Path, catalogue: &Catalogue, as_json: bool) -> anyhow::Result<()> {
    std::fs::create_dir_all(into).with_context(|| format!("cannot make {}", into.display()))?;
    let rules = folder.map(|folder| folder.display().to_string());
    for outcome in proof.outcomes.iter().filter(|outcome| !outcome.holds()) {
        let mut told = outcome.counterexamples.iter().map(|case| case.scenario(&outcome.sentence, rules.as_deref(), catalogue)).peekable();
        let why_not = told.peek().and_then(|first| first.as_ref().err().copied());
        let (path, text) = match told.find_map(Result::ok) {
            Some(text) => (into.join(format!("{}.toml", outcome.id)), text),
            None => {
                let why = why_not.map_or_else(String::new, |why| why.to_string());
                say(
                    as_json,
                    &json!({"invariant": outcome.id, "scenario": null, "why": why}),
                    format_args!("no scenario for {}: {why}", outcome.id),
                )?;
                continue;
            }
        };
        std::fs::write(&path, &text).with_context(|| format!("cannot write {}", path.display()))?;
        let name = path.display().to_string();
        let failures = play(&name, &text).await?;
        let shows = if failures.is_empty() { "shows it".to_owned() } else { format!("does not show it: {}", failures.join("; ")) };
        let line = json!({"invariant": outcome.id, "scenario": name, "shows": failures.is_empty(), "failures": failures});
        say(as_json, &line, format_args!("{name}: played, it {shows}"))?;
    }
    Ok(())
}

fn say(as_json: bool, line: &serde_json::Value, text: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    if as_json { out(line) } else { out(text) }
}

/// What did not go as a scenario says.
async fn play(name: &str, text: &str) -> anyhow::Result<Vec<String>> {
    let scenario = Scenario::parse(name, text)?;
    let played = Player::open(&scenario, None).await?.play(&scenario, |_, _| {}).await?;
    let steps = (1..).zip(played.steps);
    Ok(steps.flat_map(|(number, step)| step.failures.into_iter().map(move |failure| format!("step {number}: {failure}"))).collect())
}
