//! `participant`: who takes part. `add` lets one in, with keys, inbox and rights; `rehearse` is a dry run; `suspend` stops one at once.

mod add;
mod rehearse;
mod secret;
mod standing;

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};

use schakelpunt_domain::{
    LegalDay, ParticipantId,
    registers::{Channel, Entry, Participant, Recorded, Stop},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    registers::{List, listed, post},
    remote::Http,
};
use crate::clock::SystemClock;

/// Commands on participants.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Let one in from a file: register, keys, inbox, rights. Safe to repeat. With `key=value`: enter a version of one, and no more.
    Add(add::Options),
    /// List them, one object a line.
    List(List),
    /// A dry run under the participant's own entry and the hub's rules, with fictitious persons; exit 1 if anything is not as it should be.
    Rehearse(rehearse::Options),
    /// The secrets with which the hub signs what it posts to one.
    Secret(secret::Options),
    /// Stop one at once: its deliveries, and its connections.
    Suspend(Which),
    /// Let one go on.
    Resume(Which),
    /// It takes part no more from a day on.
    Retire {
        /// Which.
        #[command(flatten)]
        which: Which,
        /// The first day.
        #[arg(long)]
        from: LegalDay,
    },
}

/// One participant.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// The configuration file.
    #[arg(long)]
    config: PathBuf,
    /// The participant.
    id: ParticipantId,
}

impl Command {
    /// Runs it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add(options) => options.run().await,
            Self::List(list) => list.run("participant").await,
            Self::Rehearse(options) => options.run().await,
            Self::Secret(options) => options.run().await,
            Self::Suspend(which) => which.suspend().await,
            Self::Resume(which) => which.resume().await,
            Self::Retire { which: Which { config, id }, from } => {
                post(&config, "ending", json!({"what": {"participant": {"id": id}}, "from": from})).await
            }
        }
    }
}

/// The entries of a register that are in force now.
async fn in_force<T: DeserializeOwned>(http: &Http, kind: &str) -> anyhow::Result<Vec<T>> {
    use schakelpunt_domain::Clock as _;
    let entries = listed(http, kind, &[("at", SystemClock.now().to_string())]).await?;
    let read = |one: Value| Ok(serde_json::from_value(one.get("entry").cloned().unwrap_or_default())?);
    entries.into_iter().map(read).collect()
}

/// Who takes part, each with the channel that was entered last: with the participant or with a subscription.
async fn everybody(http: &Http) -> anyhow::Result<Vec<Participant>> {
    let mut said: Vec<Recorded<Entry>> = Vec::new();
    for kind in ["participant", "subscription"] {
        for one in listed(http, kind, &[]).await? {
            let recorded = serde_json::from_value(one.get("recorded").cloned().unwrap_or_default())?;
            said.push(Recorded { entry: Entry::read(kind, one.get("entry").cloned().unwrap_or_default())?, recorded });
        }
    }
    said.sort_by_key(|one| one.recorded);
    let last: BTreeMap<&ParticipantId, Channel> = said.iter().filter_map(|one| one.entry.channel()).collect();
    let known: Vec<Participant> = in_force(http, "participant").await?;
    let with_channel = |one: Participant| Participant { channel: last.get(&one.id).copied().unwrap_or(one.channel), ..one };
    Ok(known.into_iter().map(with_channel).collect())
}

/// The participant as the running hub knows it, while it takes part.
async fn registered(http: &Http, id: &ParticipantId) -> anyhow::Result<Option<Participant>> {
    Ok(everybody(http).await?.into_iter().find(|participant| participant.id == *id))
}

/// Whether it is suspended.
async fn is_suspended(http: &Http, id: &ParticipantId) -> anyhow::Result<bool> {
    Ok(in_force(http, "stop").await?.contains(&Stop::Participant(id.clone())))
}
