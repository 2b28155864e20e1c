//! Rule sets: drafts, what they mean, and the deeds by which one comes into force. For administrators, each with the roles of the
//! configuration; the same checks through every door, since commands come this way too.
//!
//! `GET`, `POST /v1/rules`; `GET /v1/rules/{id}`; `GET`, `PUT /v1/rules/{id}/files`; `POST /v1/rules/{id}/deeds`; `GET /v1/rules/{id}/diff`
//! `/proof` and `/shadow`; `POST /v1/rules/stop`.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use schakelpunt_domain::json as strict;
use schakelpunt_engine::{
    hub::Doer,
    life::{Deed, DraftId, InForce, Record, Refused, Role, What},
};
use schakelpunt_rules::RuleFile;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    Shared,
    caller::{Segment, Someone, Who},
    entries::forbidden,
    problem::Problem,
    tokens::Administrator,
};

mod asked;
mod review;
mod shadow;

pub(crate) use review::{diff, proof};
pub(crate) use shadow::shadow;
pub use shadow::{REPLAYS, Replays};

/// Where they are served.
pub(crate) const PATH: &str = "/v1/rules";
/// One draft.
pub(crate) const DRAFT: &str = "/v1/rules/{id}";
/// Its text.
pub(crate) const FILES: &str = "/v1/rules/{id}/files";
/// What is done with it.
pub(crate) const DEEDS: &str = "/v1/rules/{id}/deeds";
/// What is different from the rules that it comes behind.
pub(crate) const DIFF: &str = "/v1/rules/{id}/diff";
/// Whether every invariant holds.
pub(crate) const PROOF: &str = "/v1/rules/{id}/proof";
/// What it would have changed since it was submitted.
pub(crate) const SHADOW: &str = "/v1/rules/{id}/shadow";
/// Stops all of them.
pub(crate) const STOP: &str = "/v1/rules/stop";
/// Largest text of a rule set that is taken, in bytes: the shipped one has some 100 KiB.
pub const RULES_MAX: usize = 1024 * 1024;

/// A new draft: with a text, or with that of another draft, to begin with or to go back to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    title: String,
    why: String,
    files: Option<Vec<RuleFile>>,
    of: Option<DraftId>,
}

/// Another text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    why: String,
    files: Vec<RuleFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stop {
    why: String,
}

/// Lists all drafts, and says which rules are in force.
pub(crate) async fn list(State(gateway): State<Shared>, someone: Someone) -> Result<Json<Value>, Problem> {
    administrator(&someone)?;
    let (record, now) = (gateway.hub.deeds().await?, gateway.hub.store().now().await?);
    let in_force = match record.in_force(now) {
        InForce::Law(law, draft) => json!({"draft": draft, "law": law}),
        InForce::Stopped | InForce::Nothing => json!({"stopped": true}),
    };
    let drafts: Vec<Value> = record.drafts().map(|draft| asked::shown(&record, &draft, now)).collect();
    Ok(Json(json!({"inForce": in_force, "drafts": drafts})))
}

/// Begins a draft.
pub(crate) async fn begin(State(gateway): State<Shared>, someone: Someone, body: Body) -> Result<Response, Problem> {
    let administrator = administrator(&someone)?;
    let Begin { title, why, files, of } = read(body, "`title`, `why`, and `files` (each with `name` and `text`) or `of`, another draft")?;
    let law = match (files, of) {
        (Some(files), None) => asked::law(&gateway, files)?,
        (None, Some(id)) => {
            let record = gateway.hub.deeds().await?;
            let other = record.draft(id).ok_or_else(|| refused(&Refused::NoSuchDraft))?;
            gateway.hub.law(other.law).await?.ok_or_else(|| refused(&Refused::NoSuchDraft))?
        }
        _ => return Err(Problem::invalid("`files` or `of`, and not both")),
    };
    let deed = gateway.hub.draft(doer(administrator, &why), &title, &law).await?;
    Ok((StatusCode::CREATED, Json(told(&deed.map_err(|why| refused(&why))?))).into_response())
}

/// Shows a draft with everything that was done with it.
pub(crate) async fn show(State(gateway): State<Shared>, someone: Someone, Segment(id): Segment) -> Result<Json<Value>, Problem> {
    administrator(&someone)?;
    let (record, now) = (gateway.hub.deeds().await?, gateway.hub.store().now().await?);
    let draft = asked::draft(&record, &id)?;
    let deeds: Vec<&Deed> = record.deeds().iter().filter(|deed| deed.draft == Some(draft.id) || deed.draft.is_none()).collect();
    let mut shown = asked::shown(&record, &draft, now);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("deeds".to_owned(), json!(deeds));
    }
    Ok(Json(shown))
}

/// The text of a draft.
pub(crate) async fn files(State(gateway): State<Shared>, someone: Someone, Segment(id): Segment) -> Result<Json<Value>, Problem> {
    administrator(&someone)?;
    let record = gateway.hub.deeds().await?;
    let law = asked::text(&gateway, &asked::draft(&record, &id)?).await?;
    Ok(Json(json!({"law": law.version, "files": law.rules})))
}

/// Gives it another text.
pub(crate) async fn edit(
    State(gateway): State<Shared>,
    someone: Someone,
    Segment(id): Segment,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let administrator = administrator(&someone)?;
    let Edit { why, files } = read(body, "`why`, and `files`, each with `name` and `text`")?;
    let law = asked::law(&gateway, files)?;
    let deed = gateway.hub.edit(doer(administrator, &why), asked::number(&id)?, &law).await?;
    Ok(Json(told(&deed.map_err(|why| refused(&why))?)))
}

/// Does something with a draft.
pub(crate) async fn act(State(gateway): State<Shared>, someone: Someone, Segment(id): Segment, body: Body) -> Result<Response, Problem> {
    let administrator = administrator(&someone)?;
    let expected = "`deed` (checked, submitted, approved, rejected, scheduled, withdrawn) and `why`; `role` and `submission` of an \
                    approval, `from` of a schedule, `expected` and `undecidable` of what is submitted; perhaps `law`, the text that was \
                    looked at";
    let wanted: asked::Wanted = read(body, expected)?;
    let (record, now) = (gateway.hub.deeds().await?, gateway.hub.store().now().await?);
    let draft = asked::draft(&record, &id)?;
    let (what, why) = wanted.what(&draft, record.base(draft.id, now).map(|(_, law, _)| law))?;
    let doer = doer(administrator, &why);
    // what may not be is refused before anything that takes long; the transaction that writes the deed asks again
    gateway.hub.may(&record, doer, Some(draft.id), what.clone()).await?.map_err(|why| refused(&why))?;
    let what = asked::found_out(&gateway, &draft, what).await?;
    let deed = gateway.hub.do_for_rules(doer, Some(draft.id), what).await?.map_err(|why| refused(&why))?;
    tracing::info!(by = %administrator.name, draft = %draft.id, deed = deed.what.word(), "rules");
    Ok((StatusCode::CREATED, Json(told(&deed))).into_response())
}

/// Stops all rules at once.
pub(crate) async fn stop(State(gateway): State<Shared>, someone: Someone, body: Body) -> Result<Response, Problem> {
    let administrator = administrator(&someone)?;
    let Stop { why } = read(body, "`why`")?;
    let deed = gateway.hub.do_for_rules(doer(administrator, &why), None, What::Stopped).await?.map_err(|why| refused(&why))?;
    tracing::warn!(by = %administrator.name, "all rules are stopped");
    Ok((StatusCode::CREATED, Json(told(&deed))).into_response())
}

type Body = Result<Bytes, axum::extract::rejection::BytesRejection>;

fn read<T: DeserializeOwned>(body: Body, expected: &str) -> Result<T, Problem> {
    let wrong = || Problem::invalid(expected);
    let value = strict::parse(&body.map_err(|_| wrong())?).map_err(|_| wrong())?;
    serde_json::from_value(value).map_err(|_| wrong())
}

fn administrator(someone: &Someone) -> Result<&Administrator, Problem> {
    match &someone.who {
        Who::Administrator(administrator) => Ok(administrator),
        Who::Participant(_) => Err(forbidden("the token of an administrator")),
    }
}

fn doer<'a>(administrator: &'a Administrator, why: &'a str) -> Doer<'a> {
    Doer { name: &administrator.name, roles: &administrator.roles, why }
}

fn told(deed: &Deed) -> Value {
    json!(deed)
}

fn refused(why: &Refused) -> Problem {
    let status = match why {
        Refused::NoReason | Refused::NoTitle => StatusCode::BAD_REQUEST,
        Refused::NoSuchDraft => return Problem::not_found("the number of a draft: `rules list` has them all"),
        Refused::RoleMissing(_) | Refused::OwnDraft => StatusCode::FORBIDDEN,
        Refused::OtherText
        | Refused::SubmissionReplaced(_)
        | Refused::NotChecked
        | Refused::NotSubmitted
        | Refused::NotNeeded(_)
        | Refused::NotApproved(_)
        | Refused::AlreadyApproved(_)
        | Refused::TooSoon(_)
        | Refused::OtherBase
        | Refused::NotBehind(..)
        | Refused::OtherBehind(_)
        | Refused::InForce(_)
        | Refused::Closed
        | Refused::NotScheduled => StatusCode::CONFLICT,
    };
    Problem::new(status, why.code(), "This is not done for the rules.", &why.to_string())
}
