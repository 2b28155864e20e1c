//! `decide`: the routing core against Cedar, on one thread, with the shipped rules; and how the time grows with the number of rules.
//!
//! Cedar gets the same rules as policies, made from the loaded rule set (`policies`), and the same facts as entities and context
//! (`engine`), built for every question as they are for `decide`. One request answers which grants carry; a few lines around it take
//! the first rule that they fill and cut the leaves, as Cedar knows neither. `decide` also says why not, what is withheld and until when;
//! Cedar is not asked for that. Both are checked to answer alike before anything is timed.

mod cases;
mod engine;
mod policies;

use std::{hint::black_box, time::Duration};

use anyhow::ensure;
use schakelpunt::assets;
use schakelpunt_domain::{catalogue::Catalogue, pointer::Leaf};
use schakelpunt_rules::{RuleFile, RuleSet};

use self::{
    cases::{Asked, World},
    engine::Cedar,
};
use crate::{
    Options,
    report::{Goal, Report, Row, Spread, ratios},
    usage,
};

/// The event whose questions are timed while the rules for others become more.
const EVENT: &str = "detention-started";

/// Nanoseconds of processor time a decision.
#[derive(Default)]
struct Times {
    decide: Spread,
    cedar: Spread,
    sliced: Spread,
}

/// Runs it.
pub(crate) fn run(options: &Options) -> anyhow::Result<Vec<Report>> {
    let (count, rounds) = (options.messages(200, 10_000), options.rounds(5));
    let catalogue = Catalogue::load()?;
    let rules = assets::rules(None, &catalogue)?;
    let world = World::load(&catalogue)?;
    let asked = world.ask(count, None)?;
    let shipped = compare(&rules, &catalogue, &asked, rounds)?;
    let policies = policies::policies(&rules, &catalogue)?.len();
    let ratio = |times: &Times| ratios(&times.cedar, &times.decide);
    let mut settings = settings(&rules, policies, count);
    settings.push(("Cedar with the policies of the event alone".to_owned(), {
        format!("{:.1} times decide's time", ratios(&shipped.sliced, &shipped.decide).median())
    }));
    let faster = Report {
        name: "decide".to_owned(),
        what: "one decision with the shipped rules, against Cedar".to_owned(),
        ratio: ratio(&shipped),
        unit: "times as fast",
        goal: 20.0,
        side: Goal::AtLeast,
        rows: rows("", &shipped),
        settings,
    };
    // Cedar looks at every policy: with thousands of them fewer questions say enough
    let count = (count / 10).max(20);
    let asked = world.ask(count, Some(EVENT))?;
    let mut flat = Vec::new();
    // parsing thousands of policies takes its time in a build for tests
    let numbers: &[usize] = if options.smoke { &[10, 60] } else { &[10, 100, 1_000] };
    for &number in numbers {
        let rules = RuleSet::load(&copies(number)?, &catalogue)?;
        ensure!(rules.rules().len() == number, "not {number} rules");
        flat.push((number, compare(&rules, &catalogue, &asked, rounds)?));
    }
    let ends = flat.first().zip(flat.last()).map(|((_, few), (_, many))| ratios(&many.decide, &few.decide));
    let flat = Report {
        name: "decide-flat".to_owned(),
        what: format!("one decision on `{EVENT}` while rules for other events are added: time with 1,000 rules against 10"),
        ratio: ends.unwrap_or_default(),
        unit: "times the time",
        goal: 1.5,
        side: Goal::Below,
        rows: flat.iter().flat_map(|(number, times)| rows(&format!(", {number} rules"), times)).collect(),
        settings: vec![("questions".to_owned(), count.to_string())],
    };
    Ok(vec![faster, flat])
}

fn settings(rules: &RuleSet, policies: usize, count: u32) -> Vec<(String, String)> {
    let known = [("rules", rules.rules().len().to_string()), ("policies", policies.to_string()), ("questions", count.to_string())];
    let mut settings: Vec<_> = known.map(|(name, value)| (name.to_owned(), value)).into();
    settings.push(("Cedar".to_owned(), cedar_policy::get_sdk_version().to_string()));
    settings
}

fn rows(suffix: &str, times: &Times) -> Vec<Row> {
    let row = |what: &str, spread: &Spread| Row { what: format!("{what}{suffix}"), cells: vec![("CPU ns/decision", spread.clone())] };
    vec![row("decide", &times.decide), row("cedar", &times.cedar), row("cedar, by event", &times.sliced)]
}

/// The clock of a thread's processor time goes in steps of milliseconds, and a thousand decisions take four of them.
const OFTEN: u8 = 50;

/// First that they answer alike, then how long they take.
fn compare(rules: &RuleSet, catalogue: &Catalogue, asked: &[Asked<'_>], rounds: u32) -> anyhow::Result<Times> {
    let (cedar, sliced) = (Cedar::new(rules, catalogue, false)?, Cedar::new(rules, catalogue, true)?);
    let mut permits = 0;
    for (number, one) in asked.iter().enumerate() {
        let decision = one.decide(rules);
        let mut ours: Option<Vec<&Leaf>> = decision.permit().map(|permit| permit.leaves().collect());
        permits += u32::from(ours.is_some());
        ours.iter_mut().for_each(|leaves| leaves.sort_unstable());
        for engine in [&cedar, &sliced] {
            let mut theirs = engine.answer(one)?;
            theirs.iter_mut().for_each(|leaves| leaves.sort_unstable());
            ensure!(ours == theirs, "question {number}, {}: decide gives {ours:?}, Cedar {theirs:?}", one.event.name);
        }
    }
    ensure!(permits > 0, "nothing was permitted: the questions are too far from life");
    let count = f64::from(u32::try_from(asked.len())?);
    let each = |began: Duration| anyhow::Ok(usage::of_this_thread()?.saturating_sub(began).as_secs_f64() * 1e9 / count);
    let mut times = Times::default();
    for _ in 0..rounds {
        let began = usage::of_this_thread()?;
        for one in std::iter::repeat_n(asked, usize::from(OFTEN)).flatten() {
            black_box(one.decide(rules));
        }
        times.decide.0.push(each(began)? / f64::from(OFTEN));
        for (engine, spread) in [(&cedar, &mut times.cedar), (&sliced, &mut times.sliced)] {
            let began = usage::of_this_thread()?;
            for one in asked {
                black_box(engine.answer(one)?);
            }
            spread.0.push(each(began)?);
        }
    }
    Ok(times)
}

/// The shipped rules for `EVENT`, and so many of the others, again and again under other names, that there are `number` rules.
fn copies(number: usize) -> anyhow::Result<Vec<RuleFile>> {
    let mut files = Vec::new();
    let (mut kept, mut others) = (Vec::new(), Vec::new());
    for RuleFile { name, text } in assets::rule_files(None)? {
        let mut table: toml::Table = toml::from_str(&text)?;
        if let Some(toml::Value::Array(rules)) = table.remove("rule") {
            let is_about = |rule: &toml::Value| {
                rule.get("events")
                    .and_then(toml::Value::as_array)
                    .is_some_and(|events| events.iter().any(|event| event.as_str() == Some(EVENT)))
            };
            let (about, beside): (Vec<_>, Vec<_>) = rules.into_iter().partition(is_about);
            kept.extend(about);
            others.extend(beside);
        }
        files.push(RuleFile { name, text: toml::to_string(&table)? });
    }
    let missing = number.saturating_sub(kept.len());
    for (at, rule) in others.iter().cycle().take(missing).enumerate() {
        let mut rule = rule.clone();
        if let Some(table) = rule.as_table_mut() {
            table.insert("id".to_owned(), format!("copy-{at}").into());
        }
        kept.push(rule);
    }
    let rules = toml::Table::from_iter([("rule".to_owned(), toml::Value::Array(kept))]);
    files.push(RuleFile { name: "rules.toml".to_owned(), text: toml::to_string(&rules)? });
    Ok(files)
}
