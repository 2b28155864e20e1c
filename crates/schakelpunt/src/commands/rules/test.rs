//! `rules test`: plays the scenarios that stand beside rules with these rules, and says what none of them reached.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::ensure;
use schakelpunt_engine::model::DecisionRecord;
use serde_json::json;

use super::super::out;
use crate::{
    assets,
    scenario::{Played, Player, Scenario},
    wiring,
};

/// Whether every expectation of every test held. What no test reached does not fail.
pub(super) async fn test(folder: Option<PathBuf>, as_json: bool) -> anyhow::Result<ExitCode> {
    let settings = wiring::embedded_settings(folder.as_deref())?;
    let rules = Arc::clone(&settings.rules);
    let tests = assets::rule_tests(folder.as_deref())?;
    ensure!(!tests.is_empty(), "no tests: scenario files in the folder `tests` beside the rules");
    let (mut decisions, mut failed) = (Vec::new(), 0);
    for test in &tests {
        let name = folder.as_deref().unwrap_or(Path::new("")).join("tests").join(&test.name).display().to_string();
        let scenario = Scenario::parse(&name, &test.text)?;
        let played = Player::open_under(&scenario, settings.clone()).await?.play(&scenario, |_, _| {}).await?;
        failed += usize::from(!played.holds());
        say(&name, &played, as_json)?;
        decisions.extend(played.steps.into_iter().flat_map(|step| step.decisions));
    }
    let coverage = schakelpunt_review::coverage(&rules, decisions.iter().map(|record: &DecisionRecord| (&record.decision, record.at)));
    let (count, version, summary) = (tests.len(), &rules.version, coverage.summary());
    if as_json {
        out(json!({"tests": count, "failed": failed, "version": version, "coverage": coverage}))?;
    } else {
        coverage.missing().iter().try_for_each(|line| out(format_args!("not reached: {line}")))?;
        out(format_args!("\n{count} tests, {failed} failed; {} decisions; {summary}; version {version}", decisions.len()))?;
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn say(name: &str, played: &Played, as_json: bool) -> anyhow::Result<()> {
    let steps = || (1..).zip(&played.steps);
    let failures = steps().flat_map(|(number, step)| step.failures.iter().map(move |failure| format!("step {number}: {failure}")));
    let failures: Vec<String> = failures.collect();
    if as_json {
        return out(json!({"file": name, "title": played.title, "holds": played.holds(), "failures": failures}));
    }
    out(format_args!("{} {name}: {}", if played.holds() { "ok  " } else { "FAIL" }, played.title))?;
    failures.iter().try_for_each(|failure| out(format_args!("     {failure}")))
}
