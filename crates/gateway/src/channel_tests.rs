//! `POST /v1/subscriptions/{id}/tests`: sends a heartbeat by the channel of a participant now, and says whether it came through. For
//! the participant itself, before it relies on it, and for administrators.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use schakelpunt_domain::ParticipantId;
use serde_json::json;

use crate::{
    Shared,
    caller::{Segment, Someone, Who},
    entries::forbidden,
    problem::Problem,
};

/// Where it is served.
pub(crate) const PATH: &str = "/v1/subscriptions/{id}/tests";

/// Tests the channel of a participant.
pub(crate) async fn handler(State(gateway): State<Shared>, someone: Someone, Segment(id): Segment) -> Result<Response, Problem> {
    let nobody = || Problem::not_found("a participant that takes part and is not suspended");
    let id: ParticipantId = id.parse().map_err(|_| nobody())?;
    match &someone.who {
        Who::Participant(participant) if *participant != id => {
            return Err(forbidden("the id of the participant whose token it is, or the token of an administrator"));
        }
        Who::Administrator(administrator) if administrator.owner.is_some() => {
            return Err(forbidden("the token of an administrator who enters everything"));
        }
        Who::Participant(_) | Who::Administrator(_) => {}
    }
    let tested = gateway.hub.test_channel(&id).await?.ok_or_else(nobody)?;
    tracing::info!(participant = %id, works = tested.works, "a channel was tested");
    Ok(Json(json!({"channel": tested.channel, "works": tested.works, "found": tested.found})).into_response())
}
