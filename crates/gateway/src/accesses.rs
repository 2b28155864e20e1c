//! `POST /v1/accesses`: a worker looks, in the one capacity for which the organisation's token stands; `GET /v1/accesses` says who looked.
//!
//! The answer names events and fields, never a value. Each look is kept, also one that was refused.

use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
    http::StatusCode,
};
use schakelpunt_domain::{DetentionRef, LegalDay, ParticipantId, Refusal, json as strict};
use schakelpunt_engine::desk::{Look, Seen};
use serde_json::{Value, json};

use crate::{
    Shared,
    caller::{Caller, Someone, Who},
    entries::forbidden,
    problem::Problem,
};

/// Where it is served.
pub(crate) const PATH: &str = "/v1/accesses";

/// What a worker wants to see.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, tag = "reads", rename_all = "kebab-case")]
enum Wanted {
    /// What the organisation was given of a case.
    Case { worker: String, capacity: ParticipantId, role: Option<String>, purpose: String, detention: DetentionRef },
    /// Whom the organisation may visit in a prison.
    VisitList {
        worker: String,
        capacity: ParticipantId,
        role: Option<String>,
        purpose: String,
        prison: ParticipantId,
        day: Option<LegalDay>,
    },
    /// How many there are.
    Statistics { worker: String, capacity: ParticipantId, role: Option<String>, purpose: String },
}

/// Looks.
pub(crate) async fn look(
    State(gateway): State<Shared>,
    caller: Caller,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Json<Value>, Problem> {
    let expected = || {
        Problem::invalid("`reads` (case, visit-list, statistics), `worker`, `capacity`, `purpose`, perhaps `role`, and what it is about")
    };
    let body = body.map_err(|_| expected())?;
    let value = strict::parse(&body).map_err(|_| expected())?;
    let wanted: Wanted = serde_json::from_value(value).map_err(|_| expected())?;
    let hub = &gateway.hub;
    let in_capacity = |worker: String, capacity: ParticipantId, role: Option<String>, purpose: String| {
        // a token stands for one organisation: nobody looks with it in the name of another
        let own = capacity == caller.participant;
        if own { Ok(Look { worker, capacity, role, purpose }) } else { Err(refused(Refusal::WrongCapacity)) }
    };
    let seen = match wanted {
        Wanted::Case { worker, capacity, role, purpose, detention } => {
            let Seen { given, same_person } =
                hub.look(&in_capacity(worker, capacity, role, purpose)?, &detention).await?.map_err(refused)?;
            json!({"reads": "case", "given": given, "samePerson": same_person})
        }
        Wanted::VisitList { worker, capacity, role, purpose, prison, day } => {
            let look = in_capacity(worker, capacity, role, purpose)?;
            json!({"reads": "visit-list", "visits": hub.visit_list(&look, &prison, day).await?.map_err(refused)?})
        }
        Wanted::Statistics { worker, capacity, role, purpose } => {
            let look = in_capacity(worker, capacity, role, purpose)?;
            json!({"reads": "statistics", "statistics": hub.statistics(&look).await?.map_err(refused)?})
        }
    };
    Ok(Json(seen))
}

fn refused(code: Refusal) -> Problem {
    let problem = Problem::new(StatusCode::FORBIDDEN, "ACCESS_REFUSED", "This worker may not see this.", "`refusal` says why.");
    problem.with("refusal", json!({"code": code, "sentence": {"nl": code.nl(), "en": code.en()}}))
}

/// Of whom.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Of {
    detention: DetentionRef,
}

/// Who was given what of a case, and who looked at it: for an administrator.
pub(crate) async fn list(
    State(gateway): State<Shared>,
    someone: Someone,
    of: Result<Query<Of>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Problem> {
    match &someone.who {
        Who::Administrator(administrator) if administrator.owner.is_none() => {}
        Who::Administrator(_) | Who::Participant(_) => return Err(forbidden("the token of an administrator")),
    }
    let Query(Of { detention }) = of.map_err(|_| Problem::invalid("`detention`: the reference of a detention"))?;
    let (given, accesses) = gateway.hub.who_saw(&detention).await?;
    Ok(Json(json!({"given": given, "accesses": accesses})))
}
