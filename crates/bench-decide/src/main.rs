//! The routing core against Cedar, on one thread, with the shipped rules; and how the time grows with the number of rules.
//!
//! `schakelpunt-bench decide` runs this program and makes its reports of the lines that it prints, one for each set of rules ([`Measured`]).
//! It is a package of its own because Cedar turns on `serde_json/preserve_order` for all that is built in one go with it: tests and
//! benches would then run another program than the one that ships.
//!
//! Cedar gets the same rules as policies, made from the loaded rule set (`policies`), and the same facts as entities and context
//! (`engine`), built for every question as they are for `decide`. One request answers which grants carry; a few lines around it take
//! the first rule that they fill and cut the leaves, as Cedar knows neither. `decide` also says why not, what is withheld and until when;
//! Cedar is not asked for that. Both are checked to answer alike before anything is timed.

mod cases;
mod engine;
mod files;
mod policies;

use std::{fs, hint::black_box, io::Write as _, time::Duration};

use anyhow::{Context as _, ensure};
use clap::Parser;
use schakelpunt_domain::{catalogue::Catalogue, pointer::Leaf};
use schakelpunt_rules::{RuleFile, RuleSet};

use self::{
    cases::{Asked, World},
    engine::Cedar,
};

/// The hub's own: both sides allocate as they would in it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The event whose questions are timed while the rules for others become more.
const EVENT: &str = "detention-started";

/// The routing core against Cedar, in figures for `schakelpunt-bench decide`: run that.
#[derive(Debug, Parser)]
#[command(name = "schakelpunt-bench-decide", version, about)]
struct Options {
    /// Questions on the shipped rules; a tenth of them on each other set.
    #[arg(long)]
    messages: u32,
    /// How often each side is timed.
    #[arg(long)]
    rounds: u32,
    /// Small sets of rules.
    #[arg(long)]
    smoke: bool,
}

/// What one set of rules gave: one line of the output.
#[derive(Debug, serde::Serialize)]
struct Measured {
    /// The comparison that it belongs to.
    name: &'static str,
    rules: usize,
    /// What Cedar made of them.
    policies: usize,
    questions: usize,
    /// Cedar's.
    version: String,
    #[serde(flatten)]
    times: Times,
}

/// Nanoseconds of processor time a decision, one value a round.
#[derive(Debug, Default, serde::Serialize)]
struct Times {
    decide: Vec<f64>,
    cedar: Vec<f64>,
    /// Cedar with the policies of the event alone.
    sliced: Vec<f64>,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let catalogue = Catalogue::load()?;
    let world = World::load(&catalogue)?;
    let asked = world.ask(options.messages, None)?;
    say(&measure("decide", &files::rules()?, &catalogue, &asked, options.rounds)?)?;
    // Cedar looks at every policy: with thousands of them fewer questions say enough
    let asked = world.ask((options.messages / 10).max(20), Some(EVENT))?;
    // parsing thousands of policies takes its time in a build for tests
    let numbers: &[usize] = if options.smoke { &[10, 60] } else { &[10, 100, 1_000] };
    for &number in numbers {
        let measured = measure("decide-flat", &copies(number)?, &catalogue, &asked, options.rounds)?;
        ensure!(measured.rules == number, "not {number} rules");
        say(&measured)?;
    }
    Ok(())
}

fn say(measured: &Measured) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{}", serde_json::to_string(measured)?)?)
}

fn measure(name: &'static str, files: &[RuleFile], catalogue: &Catalogue, asked: &[Asked<'_>], rounds: u32) -> anyhow::Result<Measured> {
    let rules = RuleSet::load(files, catalogue).map_err(|errors| anyhow::anyhow!("the rules cannot be used:\n{errors}"))?;
    Ok(Measured {
        name,
        rules: rules.rules().len(),
        policies: policies::policies(&rules, catalogue)?.len(),
        questions: asked.len(),
        version: cedar_policy::get_sdk_version().to_string(),
        times: compare(&rules, catalogue, asked, rounds)?,
    })
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
    let each = |began: Duration| anyhow::Ok(of_this_thread()?.saturating_sub(began).as_secs_f64() * 1e9 / count);
    let mut times = Times::default();
    for _ in 0..rounds {
        let began = of_this_thread()?;
        for one in std::iter::repeat_n(asked, usize::from(OFTEN)).flatten() {
            black_box(one.decide(rules));
        }
        times.decide.push(each(began)? / f64::from(OFTEN));
        for (engine, values) in [(&cedar, &mut times.cedar), (&sliced, &mut times.sliced)] {
            let began = of_this_thread()?;
            for one in asked {
                black_box(engine.answer(one)?);
            }
            values.push(each(began)?);
        }
    }
    Ok(times)
}

/// Time that this thread has had a processor: what others took on a busy machine does not count.
fn of_this_thread() -> anyhow::Result<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(text.split(' ').next().context("schedstat")?.parse()?))
}

/// The shipped rules for `EVENT`, and so many of the others, again and again under other names, that there are `number` rules.
fn copies(number: usize) -> anyhow::Result<Vec<RuleFile>> {
    let mut files = Vec::new();
    let (mut kept, mut others) = (Vec::new(), Vec::new());
    for RuleFile { name, text } in files::rules()? {
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
