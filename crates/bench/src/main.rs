//! Comparisons: what the hub costs beside something that does less, on the same machine in the same minutes.
//!
//! `cargo run --release -p schakelpunt-bench -- NAME [--json]`; `all` runs every one. Nothing here is shipped.
//!
//! | module | what it holds |
//! |---|---|
//! | `forward` and its neighbours | one comparison each; `decide` has another program measure |
//! | `round` | one contender forwards one load, checked |
//! | `parts` | RabbitMQ and PostgreSQL for the benches |
//! | `site` | a virtual host, a database and a configuration for one round |
//! | `traffic` | fictitious events and the registers that they need |
//! | `load` | publishing, and receiving until everything is there |
//! | `relay`, `shovel`, `child` | the contenders as processes of their own |
//! | `usage` | processor time and memory of processes |
//! | `report` | tables, and lines of JSON |
//! | `year` | no comparison of cost: a fictitious year, judged by a program that knows nothing of ours |

mod burst;
mod child;
mod decide;
mod embedded;
mod forward;
mod grow;
mod latency;
mod load;
mod memory;
mod parts;
mod relay;
mod replay;
mod report;
mod round;
mod shovel;
mod site;
mod traffic;
mod usage;
mod year;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::report::Report;

/// Comparisons of the hub. Figures count on a quiet machine and in a release build.
#[derive(Debug, Parser)]
#[command(name = "schakelpunt-bench", version, about)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    bench: Bench,
}

/// Options of every bench.
#[derive(Debug, Clone, clap::Args)]
struct Options {
    /// One object a line instead of tables.
    #[arg(long, global = true)]
    json: bool,
    /// Messages of one round.
    #[arg(long, global = true)]
    messages: Option<u32>,
    /// Alternating rounds.
    #[arg(long, global = true)]
    rounds: Option<u32>,
    /// RabbitMQ 3 or 4.
    #[arg(long, global = true, default_value = "3")]
    broker: String,
    /// Tiny counts: shows that the bench works, not how fast anything is.
    #[arg(long, global = true)]
    smoke: bool,
    /// Leave the yardsticks out and run the hub alone, for a profile.
    #[arg(long, global = true)]
    hub_only: bool,
    /// Write a profile of the hub with `perf record` to this file.
    #[arg(long, global = true)]
    profile: Option<std::path::PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// AMQP to AMQP, against a bare relay and RabbitMQ's shovel.
    Forward(forward::Choice),
    /// A steady load against a bare relay: p50, p95, p99.
    Latency,
    /// The routing core against Cedar, one thread.
    Decide,
    /// `forward` on an empty and on a full store.
    Grow(grow::Choice),
    /// HTTP to SQLite to HTTP.
    Embedded,
    /// Thousands of changed dates at once.
    Burst,
    /// Peak memory of the hub.
    Memory,
    /// Time until an embedded hub is ready.
    Start,
    /// Recorded decisions decided again by a candidate.
    Replay(replay::Choice),
    /// A fictitious year through the embedded hub; another program works out what had to happen, and compares.
    Year(year::Choice),
    /// Every bench.
    All,
    #[command(name = "__hub", hide = true)]
    Hub(child::HubOptions),
    #[command(name = "__relay", hide = true)]
    Relay(relay::RelayOptions),
}

impl Options {
    /// A count: as told, else tiny or full.
    fn count(told: Option<u32>, smoke: bool, tiny: u32, full: u32) -> u32 {
        told.unwrap_or(if smoke { tiny } else { full })
    }

    fn messages(&self, tiny: u32, full: u32) -> u32 {
        Self::count(self.messages, self.smoke, tiny, full)
    }

    fn rounds(&self, full: u32) -> u32 {
        Self::count(self.rounds, self.smoke, 1, full)
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("SCHAKELPUNT__LOG").unwrap_or_else(|_| "info,lapin=error".into());
    let filter = match schakelpunt_amqp::LOG_DIRECTIVE.parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    };
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(run(cli))) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::from(1)
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let Cli { options, bench } = cli;
    let benches = match bench {
        Bench::Hub(hub) => return hub.run().await,
        Bench::Relay(relay) => return relay.run().await,
        Bench::Year(choice) => return year::run(&choice).await,
        Bench::All => every(),
        one => vec![one],
    };
    let all = async {
        for bench in benches {
            compare(&options, bench).await?.iter().try_for_each(|report| report.print(&options))?;
        }
        Ok(ExitCode::SUCCESS)
    };
    // an interrupt ends the bench as a mistake would: what it started is ended on the way out
    tokio::select! {
        done = all => done,
        pressed = tokio::signal::ctrl_c() => { pressed?; anyhow::bail!("interrupted") }
    }
}

fn every() -> Vec<Bench> {
    let grow = Bench::Grow(grow::Choice::default());
    vec![
        Bench::Forward(forward::Choice::default()),
        Bench::Latency,
        Bench::Decide,
        grow,
        Bench::Embedded,
        Bench::Burst,
        Bench::Memory,
        Bench::Start,
        Bench::Replay(replay::Choice::default()),
    ]
}

async fn compare(options: &Options, bench: Bench) -> anyhow::Result<Vec<Report>> {
    match bench {
        Bench::Forward(choice) => forward::run(options, &choice).await,
        Bench::Latency => latency::run(options).await,
        Bench::Decide => decide::run(options).await,
        Bench::Grow(choice) => grow::run(options, choice).await,
        Bench::Embedded => embedded::run(options).await,
        Bench::Burst => burst::run(options).await,
        Bench::Memory => memory::run(options).await,
        Bench::Start => embedded::run_start(options).await,
        Bench::Replay(choice) => replay::run(options, &choice).await,
        Bench::All | Bench::Year(_) | Bench::Hub(_) | Bench::Relay(_) => Ok(Vec::new()),
    }
}
