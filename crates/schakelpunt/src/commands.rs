//! The commands, one file each. Data goes to stdout, everything else to stderr.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

pub mod adapter;
pub mod broker;
pub mod configuration;
pub mod deliveries;
pub mod demo;
pub mod doctor;
pub mod inbox;
pub mod migrate;
pub mod participant;
pub mod publish;
pub mod registers;
pub mod remote;
pub mod rules;
pub mod scenario;
pub mod serve;
pub mod status;
pub mod who_saw;

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
    /// Run an adapter at the organisation's side.
    #[command(subcommand)]
    Adapter(adapter::Command),
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
    /// Who takes part: let one in, rehearse with it, stop it, let it go on, retire it.
    #[command(subcommand)]
    Participant(participant::Command),
    /// What a municipality and a prison agreed.
    #[command(subcommand)]
    Agreement(registers::Command),
    /// Which municipality acts for which.
    #[command(subcommand)]
    Mandate(registers::Command),
    /// For whom a worker acts.
    #[command(subcommand)]
    Capacity(registers::Command),
    /// A worker and a case that do not go together.
    #[command(subcommand)]
    Conflict(registers::Command),
    /// What a participant wants of what it may have, and what the owner of the data says to it.
    #[command(subcommand)]
    Subscription(registers::Subscriptions),
    /// What a person consents to.
    #[command(subcommand)]
    Consent(registers::Consents),
    /// Which unit took the place of which.
    #[command(subcommand)]
    Succession(registers::Growing),
    /// What stands still at once: a participant, a detention or a rule.
    #[command(subcommand)]
    Stop(registers::Growing),
    /// What was stopped and goes on; a rule when two different administrators say so.
    #[command(subcommand)]
    Lift(registers::Growing),
    /// Municipalities that merge or split.
    #[command(subcommand)]
    Reorganisation(registers::Growing),
    /// Who was given what of a detention, and who looked at it.
    WhoSaw(who_saw::Options),
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
            Command::Adapter(command) => command.run().await,
            Command::Publish(options) => options.run().await,
            Command::Inbox(options) => options.run().await,
            Command::Scenario(command) => command.run().await,
            Command::Rules(command) => command.run().await,
            Command::Deliveries(command) => command.run().await,
            Command::Participant(command) => command.run().await,
            Command::Agreement(command) => command.run("agreement").await,
            Command::Mandate(command) => command.run("mandate").await,
            Command::Capacity(command) => command.run("capacity").await,
            Command::Conflict(command) => command.run("conflict").await,
            Command::Subscription(command) => command.run().await,
            Command::Consent(command) => command.run().await,
            Command::Succession(command) => command.run("succession").await,
            Command::Stop(command) => command.run("stop").await,
            Command::Lift(command) => command.run("lift").await,
            Command::Reorganisation(command) => command.run("reorganisation").await,
            Command::WhoSaw(options) => options.run().await,
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
