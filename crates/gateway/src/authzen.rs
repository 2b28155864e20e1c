//! `POST /access/v1/evaluation` and `/access/v1/evaluations`: the routing core as a policy decision point, by the OpenID AuthZEN
//! Authorization API 1.0. The hub's own enforcement does not come this way: nothing is recorded here, and nothing delivered.
//!
//! | who asks | about whom | about what |
//! |---|---|---|
//! | an administrator | any `participant` | a kept `message`, at any moment: what `rules explain` says |
//! | an administrator | a `relation` | a made-up `case`, by the rules that are in force |
//! | a participant | itself | a `message` that it may trace, now |
//!
//! A refusal is an answer: 200 with `decision: false`. So is what is not known; for a participant that is whatever it may not trace.

use axum::{
    Json,
    body::Bytes,
    extract::{Request, State, rejection::BytesRejection},
    http::HeaderName,
    middleware::Next,
    response::Response,
};
use schakelpunt_domain::{ParticipantId, json as strict};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Shared,
    caller::{Someone, Who},
    entries::forbidden,
    problem::Problem,
};

mod asked;
mod told;

/// One question.
pub(crate) const EVALUATION: &str = "/access/v1/evaluation";
/// Several.
pub(crate) const EVALUATIONS: &str = "/access/v1/evaluations";
/// Where a policy decision point says where it is.
pub(crate) const METADATA: &str = "/.well-known/authzen-configuration";
/// Most questions of one request: each reads registers, message and case.
pub const EVALUATIONS_MAX: usize = 50;
/// By this a caller finds its question again; the standard wants it back.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest one that is given back.
const REQUEST_ID_MAX: usize = 128;

/// One question, or what those of a batch have in common. Each part is read when it is asked about: in a batch a wrong one spoils no other.
#[derive(Debug, Default, Clone, Deserialize)]
struct Parts {
    subject: Option<Value>,
    action: Option<Value>,
    resource: Option<Value>,
    context: Option<Value>,
}

impl Parts {
    /// What is named here, else the defaults; a part as a whole.
    fn or(self, defaults: &Self) -> Self {
        let or = |own: Option<Value>, default: &Option<Value>| own.or_else(|| default.clone());
        Self {
            subject: or(self.subject, &defaults.subject),
            action: or(self.action, &defaults.action),
            resource: or(self.resource, &defaults.resource),
            context: or(self.context, &defaults.context),
        }
    }
}

/// Several questions.
#[derive(Debug, Deserialize)]
struct Batch {
    #[serde(flatten)]
    defaults: Parts,
    #[serde(default)]
    evaluations: Vec<Parts>,
    #[serde(default)]
    options: Options,
}

#[derive(Debug, Default, Deserialize)]
struct Options {
    #[serde(default)]
    evaluations_semantic: Semantic,
}

/// When a batch ends.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Semantic {
    #[default]
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

impl Semantic {
    fn ends_with(self, decision: bool) -> bool {
        match self {
            Self::ExecuteAll => false,
            Self::DenyOnFirstDeny => !decision,
            Self::PermitOnFirstPermit => decision,
        }
    }
}

/// Who may ask what.
#[derive(Debug, Clone, Copy)]
enum Asker<'a> {
    /// Anything.
    Administrator,
    /// About itself.
    Participant(&'a ParticipantId),
}

/// An answer: the decision, and what is told of it.
#[derive(Debug)]
struct Answered {
    decision: bool,
    context: Value,
}

impl From<Answered> for Value {
    fn from(Answered { decision, context }: Answered) -> Self {
        json!({"decision": decision, "context": context})
    }
}

/// Answers one question.
pub(crate) async fn evaluation(
    State(gateway): State<Shared>,
    someone: Someone,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Problem> {
    let asker = asker(&someone)?;
    let parts = read(body)?;
    Ok(Json(asked::evaluate(&gateway, asker, parts).await?.into()))
}

/// Answers several, in their order. Without `evaluations` it is one question.
pub(crate) async fn evaluations(
    State(gateway): State<Shared>,
    someone: Someone,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Problem> {
    let asker = asker(&someone)?;
    let Batch { defaults, evaluations, options } = read(body)?;
    if evaluations.is_empty() {
        return Ok(Json(asked::evaluate(&gateway, asker, defaults).await?.into()));
    }
    if evaluations.len() > EVALUATIONS_MAX {
        return Err(Problem::invalid("at most 50 `evaluations`"));
    }
    let mut answers: Vec<Value> = Vec::new();
    for parts in evaluations {
        let answered = match asked::evaluate(&gateway, asker, parts.or(&defaults)).await {
            Ok(answered) => answered,
            // of one question: the others are answered. What the hub cannot do ends all of it
            Err(problem) => told::wrong(problem)?,
        };
        let ends = options.evaluations_semantic.ends_with(answered.decision);
        answers.push(answered.into());
        if ends {
            break;
        }
    }
    Ok(Json(json!({"evaluations": answers})))
}

/// Says where the two are.
pub(crate) async fn metadata(State(gateway): State<Shared>) -> Json<Value> {
    let place = &gateway.public_url;
    Json(json!({
        "policy_decision_point": place,
        "access_evaluation_endpoint": format!("{place}{EVALUATION}"),
        "access_evaluations_endpoint": format!("{place}{EVALUATIONS}"),
    }))
}

/// Gives back the id that the caller gave its request.
pub(crate) async fn echo(request: Request, next: Next) -> Response {
    let id = request.headers().get(REQUEST_ID).filter(|id| id.len() <= REQUEST_ID_MAX && id.to_str().is_ok()).cloned();
    let mut response = next.run(request).await;
    if let Some(id) = id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

fn asker(someone: &Someone) -> Result<Asker<'_>, Problem> {
    match &someone.who {
        Who::Administrator(administrator) if administrator.owner.is_none() => Ok(Asker::Administrator),
        Who::Administrator(_) => Err(forbidden("the token of an administrator, or of a participant")),
        Who::Participant(participant) => Ok(Asker::Participant(participant)),
    }
}

fn read<T: serde::de::DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<T, Problem> {
    let expected = "`subject`, `action` and `resource`, perhaps `context`, as one JSON object; of several: `evaluations`, perhaps with \
                    `options.evaluations_semantic` (execute_all, deny_on_first_deny, permit_on_first_permit)";
    let wrong = || Problem::invalid(expected);
    let value = strict::parse(&body.map_err(|_| wrong())?).map_err(|_| wrong())?;
    serde_json::from_value(value).map_err(|_| wrong())
}
