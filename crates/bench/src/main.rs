//! Comparisons: what the hub costs beside something that does less, on the same machine in the same minutes.
//!
//! `cargo run --release -p schakelpunt-bench -- NAME [--json]`; `all` runs every one. Nothing here is shipped.
//!
//! | module | what it holds |
//! |---|---|
//! | `forward` and its neighbours | one comparison each |
//! | `round` | one contender forwards one load, checked |
//! | `parts` | RabbitMQ and PostgreSQL for the benches |
//! | `site` | a virtual host, a database and a configuration for one round |
//! | `traffic` | fictitious events and the registers that they need |
//! | `load` | publishing, and receiving until everything is there |
//! | `relay`, `shovel`, `child` | the contenders as processes of their own |
//! | `usage` | processor time and memory of processes |
//! | `report` | tables, and lines of JSON |

mod child;
mod forward;
mod load;
mod parts;
mod relay;
mod report;
mod round;
mod shovel;
mod site;
mod traffic;
mod usage;

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
    match bench {
        Bench::Hub(hub) => return hub.run().await,
        Bench::Relay(relay) => return relay.run().await,
        Bench::Forward(_) | Bench::All => {}
    }
    // an interrupt ends the bench as a mistake would: what it started is ended on the way out
    tokio::select! {
        done = benches(&options, &bench) => done?,
        pressed = tokio::signal::ctrl_c() => { pressed?; anyhow::bail!("interrupted") }
    }
    Ok(ExitCode::SUCCESS)
}

async fn benches(options: &Options, bench: &Bench) -> anyhow::Result<()> {
    let all = matches!(bench, Bench::All);
    let print = |reports: Vec<Report>| reports.iter().try_for_each(|report| report.print(options));
    if let Bench::Forward(choice) = bench {
        print(forward::run(options, choice).await?)?;
    }
    if all {
        print(forward::run(options, &forward::Choice::default()).await?)?;
    }
    Ok(())
}
