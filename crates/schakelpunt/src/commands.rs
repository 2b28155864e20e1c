//! The commands, one file each. Data goes to stdout, everything else to stderr.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

pub mod broker;
pub mod configuration;
pub mod deliveries;
pub mod demo;
pub mod doctor;
pub mod inbox;
pub mod migrate;
pub mod publish;
pub mod remote;
pub mod rules;
pub mod scenario;
pub mod serve;
pub mod status;

/// The message hub of the Dutch re-integration chain.
#[derive(Debug, Parser)]
#[command(name = "schakelpunt", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play a scenario in one process and print every decision.
    Demo(demo::Options),
    /// Run the hub.
    Serve(serve::Options),
    /// Send messages as a participant.
    Publish(publish::Options),
    /// Read a participant's messages.
    Inbox(inbox::Options),
    /// Play scenario files.
    #[command(subcommand)]
    Scenario(scenario::Command),
    /// Look at rule sets.
    #[command(subcommand)]
    Rules(rules::Command),
    /// Look at deliveries; let a blocked lane go on.
    #[command(subcommand)]
    Deliveries(deliveries::Command),
    /// Make or check the broker's topology and users.
    #[command(subcommand)]
    Broker(broker::Command),
    /// Bring the store's tables up to this version.
    Migrate(WithConfig),
    /// Look at a configuration file.
    #[command(subcommand)]
    Config(configuration::Command),
    /// Check everything that a hub needs, and say what to do.
    Doctor(WithConfig),
    /// How much is under way.
    Status(status::Options),
}

/// A command that needs nothing but a configuration.
#[derive(Debug, clap::Args)]
pub struct WithConfig {
    /// The configuration file.
    #[arg(long)]
    pub config: PathBuf,
}

impl Cli {
    /// Runs the command.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Demo(options) => options.run().await,
            Command::Serve(options) => options.run().await,
            Command::Publish(options) => options.run().await,
            Command::Inbox(options) => options.run().await,
            Command::Scenario(command) => command.run().await,
            Command::Rules(command) => command.run().await,
            Command::Deliveries(command) => command.run().await,
            Command::Broker(command) => command.run().await,
            Command::Migrate(options) => migrate::run(&options).await,
            Command::Config(command) => command.run(),
            Command::Doctor(options) => doctor::run(&options).await,
            Command::Status(options) => options.run().await,
        }
    }
}

/// Writes a line of data. A reader that went away ends the program quietly, as with other tools.
pub fn out(line: impl std::fmt::Display) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
