//! The binary: parses the command line and exits with the contract's codes (0 done, 1 failed, 2 wrong usage, 3 refused by the rules).

use std::process::ExitCode;

use clap::Parser as _;
use schakelpunt::commands::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("SCHAKELPUNT__LOG").unwrap_or_else(|_| "info,lapin=error".into());
    // whatever somebody asks for: what would log the body of a message stays silent
    let filter = match schakelpunt_amqp::LOG_DIRECTIVE.parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    };
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::from(1)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(cli.run())
}
