//! Drafts of rule sets at a running hub, through its API: `rules import`, `list`, `show`, `submit`, `approve`, `reject`, `schedule`,
//! `withdraw`, `stop`.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use reqwest::Method;
use schakelpunt_engine::life::ExpectedChange;
use serde_json::{Value, json};

use super::super::{
    out,
    registers::answered,
    remote::{self, Http},
};
use crate::assets;

/// Who says it to which hub, and why.
#[derive(Debug, clap::Args)]
pub struct Say {
    /// The configuration file: with a `[client]` section, or the hub's own in a test environment.
    #[arg(long)]
    config: PathBuf,
    /// Under which name of the hub's own configuration; with `[client]` the token says it.
    #[arg(long = "as")]
    name: Option<String>,
    /// Why, in a sentence.
    #[arg(long)]
    why: String,
}

/// Which hub is asked.
#[derive(Debug, clap::Args)]
pub struct Ask {
    /// The configuration file.
    #[arg(long)]
    config: PathBuf,
}

/// Commands on drafts.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make the files of a folder a draft, or the new text of one.
    Import {
        #[command(flatten)]
        say: Say,
        /// A folder with rules.
        #[arg(required_unless_present = "of")]
        folder: Option<PathBuf>,
        /// What the draft is about.
        #[arg(long, required_unless_present = "draft")]
        title: Option<String>,
        /// Give this draft the text, instead of beginning another.
        #[arg(long, conflicts_with = "of")]
        draft: Option<u32>,
        /// Begin with the text of this one: to go back to it.
        #[arg(long, conflicts_with = "folder")]
        of: Option<u32>,
    },
    /// List all drafts, one object a line, and which rules are in force.
    List(Ask),
    /// Show a draft and everything that was done with it.
    Show {
        #[command(flatten)]
        ask: Ask,
        /// Its number.
        draft: u32,
        /// What it would change, as Markdown for a decision paper.
        #[arg(long)]
        diff: bool,
        /// Whether every invariant holds.
        #[arg(long, conflicts_with = "diff")]
        proof: bool,
        /// What it would have changed of what was decided since it was submitted, and what of that nobody announced or accepted.
        #[arg(long, conflicts_with_all = ["diff", "proof"])]
        shadow: bool,
        /// Write its files into this folder, which has to be empty or new.
        #[arg(long, conflicts_with_all = ["diff", "proof", "shadow"])]
        files: Option<PathBuf>,
    },
    /// Have the hub check and prove a draft, and submit it for approval.
    Submit {
        #[command(flatten)]
        say: Say,
        /// Its number.
        draft: u32,
        /// A file with `[[expected-change]]` (`relation`, `field`, `basis`): what it is meant to disclose. Anything more keeps it from beginning;
        /// so do recorded decisions that cannot be asked again, unless `undecidable = ["CODE"]` accepts their code.
        #[arg(long)]
        expected: Option<PathBuf>,
    },
    /// Approve a draft, as a legal reviewer or for an owner of data.
    Approve {
        #[command(flatten)]
        say: Say,
        /// Its number.
        draft: u32,
        /// Which submission was looked at (`submission` in `rules show`): after another one it is not approved.
        #[arg(long)]
        submission: u32,
        /// The owner for which; without it: as legal reviewer.
        #[arg(long)]
        owner: Option<String>,
        /// The text that was looked at (`law` in `rules show`): with another one by now it is not approved.
        #[arg(long)]
        law: Option<String>,
    },
    /// Reject a submitted draft.
    Reject {
        #[command(flatten)]
        say: Say,
        /// Its number.
        draft: u32,
    },
    /// Set from when an approved draft is in force.
    Schedule {
        #[command(flatten)]
        say: Say,
        /// Its number.
        draft: u32,
        /// A legal day, which begins at midnight in Amsterdam, or an instant.
        #[arg(long)]
        from: String,
    },
    /// Take a schedule back before it begins.
    Withdraw {
        #[command(flatten)]
        say: Say,
        /// Its number.
        draft: u32,
    },
    /// Stop all rules at once: nothing leaves and nothing is decided until others are approved and begin.
    Stop(#[command(flatten)] Say),
}

impl Command {
    /// Runs it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Import { say, folder, title, draft, of } => import(&say, folder.as_deref(), title, draft, of).await,
            Self::List(Ask { config }) => list(&remote::administrator(&config, None)?).await,
            Self::Show { ask, draft, diff, proof, shadow, files } => {
                let http = remote::administrator(&ask.config, None)?;
                let part = [("diff", diff), ("proof", proof), ("shadow", shadow)].into_iter().find(|(_, wanted)| *wanted);
                show(&http, draft, part.map(|(part, _)| part), files.as_deref()).await
            }
            Self::Submit { say, draft, expected } => {
                let (http, Announced { expected_change, undecidable }) = (say.open()?, announced(expected.as_deref())?);
                say.act(&http, draft, json!({"deed": "checked"})).await?;
                let submitted = json!({"deed": "submitted", "expected": expected_change, "undecidable": undecidable});
                out(say.act(&http, draft, submitted).await?)?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Approve { say, draft, submission, owner, law } => {
                let role = owner.map_or_else(|| json!("legal-reviewer"), |owner| json!({"owner": owner}));
                say.done(draft, json!({"deed": "approved", "submission": submission, "role": role, "law": law})).await
            }
            Self::Reject { say, draft } => say.done(draft, json!({"deed": "rejected"})).await,
            Self::Schedule { say, draft, from } => say.done(draft, json!({"deed": "scheduled", "from": from})).await,
            Self::Withdraw { say, draft } => say.done(draft, json!({"deed": "withdrawn"})).await,
            Self::Stop(say) => {
                let stopped = answered(say.open()?.request(Method::POST, "/v1/rules/stop").json(&json!({"why": say.why}))).await;
                out(stopped?)?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

impl Say {
    fn open(&self) -> anyhow::Result<Http> {
        match &self.name {
            Some(name) => remote::administrator_named(&self.config, name),
            None => remote::administrator(&self.config, None),
        }
    }

    async fn act(&self, http: &Http, draft: u32, mut deed: Value) -> anyhow::Result<Value> {
        if let Some(deed) = deed.as_object_mut() {
            deed.insert("why".to_owned(), self.why.clone().into());
        }
        answered(http.request(Method::POST, &format!("/v1/rules/{draft}/deeds")).json(&deed)).await
    }

    async fn done(&self, draft: u32, deed: Value) -> anyhow::Result<ExitCode> {
        out(self.act(&self.open()?, draft, deed).await?)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What a file announces: what a draft is meant to disclose, and of which recorded decisions it need not be said.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Announced {
    expected_change: Vec<ExpectedChange>,
    undecidable: BTreeSet<String>,
}

fn announced(file: Option<&Path>) -> anyhow::Result<Announced> {
    let Some(file) = file else { return Ok(Announced::default()) };
    let expected = "`undecidable` with codes, [[expected-change]] with relation, field, basis";
    toml::from_str(&assets::text(file)?).with_context(|| format!("{}: {expected}", file.display()))
}

async fn import(say: &Say, folder: Option<&Path>, title: Option<String>, draft: Option<u32>, of: Option<u32>) -> anyhow::Result<ExitCode> {
    let http = say.open()?;
    let files = folder.map(|folder| assets::rule_files(Some(folder))).transpose()?;
    let request = match draft {
        Some(draft) => http.request(Method::PUT, &format!("/v1/rules/{draft}/files")).json(&json!({"why": say.why, "files": files})),
        None => http.request(Method::POST, "/v1/rules").json(&json!({"title": title, "why": say.why, "files": files, "of": of})),
    };
    out(answered(request).await?)?;
    Ok(ExitCode::SUCCESS)
}

async fn list(http: &Http) -> anyhow::Result<ExitCode> {
    let listed = answered(http.request(Method::GET, "/v1/rules")).await?;
    out(json!({"inForce": listed.get("inForce")}))?;
    listed.get("drafts").and_then(Value::as_array).into_iter().flatten().try_for_each(out)?;
    Ok(ExitCode::SUCCESS)
}

async fn show(http: &Http, draft: u32, part: Option<&str>, files: Option<&Path>) -> anyhow::Result<ExitCode> {
    let place = format!("/v1/rules/{draft}");
    if let Some(folder) = files {
        let text = answered(http.request(Method::GET, &format!("{place}/files"))).await?;
        return write(folder, &text).map(|()| ExitCode::SUCCESS);
    }
    if part == Some("diff") {
        let request = http.request(Method::GET, &format!("{place}/diff")).header("accept", "text/markdown");
        let response = request.send().await.context("the hub cannot be reached: is `serve` running?")?;
        if !response.status().is_success() {
            bail!("the hub answers {}: `rules list` has the drafts", response.status());
        }
        out(response.text().await?.trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    let place = part.map_or_else(|| place.clone(), |part| format!("{place}/{part}"));
    let shown = answered(http.request(Method::GET, &place)).await?;
    let unannounced = shown.get("unannounced").and_then(Value::as_array).is_some_and(|found| !found.is_empty());
    let undecidable = shown.get("undecidable").and_then(Value::as_object).is_some_and(|found| !found.is_empty());
    let holds = shown.get("holds") != Some(&Value::Bool(false)) && !unannounced && !undecidable;
    out(shown)?;
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn write(folder: &Path, text: &Value) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    if std::fs::read_dir(folder)?.next().is_some() {
        bail!("{} is not empty: name another folder", folder.display());
    }
    for file in text.get("files").and_then(Value::as_array).into_iter().flatten() {
        let part = |key: &str| file.get(key).and_then(Value::as_str).unwrap_or_default();
        // the hub takes no other names, and a folder is no place for what it might send
        let name = Path::new(part("name")).file_name().context("a file without a name")?;
        std::fs::write(folder.join(name), part("text")).with_context(|| format!("cannot write into {}", folder.display()))?;
    }
    Ok(())
}
