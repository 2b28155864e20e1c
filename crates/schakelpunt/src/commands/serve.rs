//! `serve`: the hub as a process. The first signal lets what is under way finish, the second ends it at once.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use futures::{StreamExt as _, stream::FuturesUnordered};
use schakelpunt_domain::Clock as _;
use schakelpunt_engine::{Hub, drivers, leases::ProcessId, spawn};
use schakelpunt_gateway::{Administrator, Gateway, Readiness, Replays, Tokens};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::out;
use crate::{
    clock::SystemClock,
    config::{AdministratorConfig, Config, HttpConfig},
    wiring,
};

/// How long the loops may take to end after the first signal. What they leave is found again at the next start.
const GRACE: Duration = Duration::from_secs(10);

/// Options of `serve`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The configuration file.
    #[arg(long)]
    config: PathBuf,
}

impl Options {
    /// Runs the hub until a signal.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let config = Config::read(&self.config)?;
        let hub = wiring::hub(&config).await?;
        let (listen, tokens) = match &config.http {
            Some(http) => (http.listen, tokens(http)),
            None => (SocketAddr::from(([127, 0, 0, 1], 0)), Tokens::default()),
        };
        self::listen(hub, config.process, listen, tokens).await
    }
}

fn tokens(http: &HttpConfig) -> Tokens {
    let of_participants = http.tokens.iter().filter_map(|one| Some((one.digest()?.bytes(), one.participant.clone())));
    let tokens = of_participants.fold(Tokens::default(), |tokens, (digest, participant)| tokens.with_digest(digest, participant));
    let of_administrators = http.administrators.iter().filter_map(|one| Some((one.digest()?.bytes(), one)));
    of_administrators.fold(tokens, |tokens, (digest, AdministratorConfig { name, owner, roles, .. })| {
        let roles = roles.iter().map(|role| role.role()).collect();
        tokens.with_administrator_digest(digest, Administrator::new(name.clone(), owner.clone(), roles))
    })
}

/// Starts the loops and the HTTP side of a hub, says so on stdout, and waits for a signal.
/// `name`: of this process among others of the same hub.
pub async fn listen(hub: Arc<Hub>, name: Option<String>, listen: SocketAddr, tokens: Tokens) -> anyhow::Result<ExitCode> {
    let listener = tokio::net::TcpListener::bind(listen).await.with_context(|| format!("http.listen: cannot listen on {listen}"))?;
    let address = format!("http://{}", listener.local_addr()?);
    let stop = CancellationToken::new();
    let mut tasks: FuturesUnordered<_> = drivers::start(&hub, process(name, &address), &stop).into_iter().collect();
    let readiness = Readiness::default();
    let public_url = hub.settings().public_url.clone();
    let gateway = Gateway { hub, tokens, public_url, readiness: readiness.clone(), replays: Replays::default() };
    let router = schakelpunt_gateway::router(gateway);
    let ended = stop.clone();
    let http = spawn::named("http", async move { schakelpunt_gateway::serve(listener, router, ended.cancelled_owned()).await });
    readiness.set(true);
    out(json!({"ready": true, "http": address, "pid": std::process::id()}))?;
    tokio::select! {
        signal = signal() => signal?,
        // whoever started this process starts it again, and every message that is not settled comes again
        Some(ended) = tasks.next() => {
            ended.context("a loop of the hub died")?;
            anyhow::bail!("a loop of the hub ended by itself");
        }
    }
    tracing::info!("stopping");
    readiness.set(false);
    stop.cancel();
    let finish = async {
        while let Some(ended) = tasks.next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a loop died");
            }
        }
        http.await
    };
    tokio::select! {
        ended = tokio::time::timeout(GRACE, finish) => match ended {
            Ok(http) => http.context("the HTTP side died")??,
            Err(_) => tracing::warn!("not everything ended in time"),
        },
        again = signal() => {
            again?;
            tracing::warn!("second signal: ending at once");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// This process among others of the same hub. Its name should be the same after a restart: then it goes on at once.
fn process(name: Option<String>, address: &str) -> ProcessId {
    let machine = || std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.unwrap_or_else(|| format!("{} {address}", machine().trim()));
    ProcessId { name, run: format!("{} {}", SystemClock.now(), std::process::id()) }
}

/// Waits until somebody asks this process to end.
pub(super) async fn signal() -> anyhow::Result<()> {
    let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = term.recv() => Ok(()),
        pressed = tokio::signal::ctrl_c() => Ok(pressed?),
    }
}
