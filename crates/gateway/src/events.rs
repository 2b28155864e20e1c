//! `POST /v1/events`: a participant offers one event and hears what becomes of it. The answer follows the commit.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use schakelpunt_domain::{
    Rejection, RejectionCode,
    envelope::{Envelope, RawMessage},
};
use schakelpunt_engine::{
    Hub,
    inspect::Offer,
    model::DecisionRecord,
    step::{self, Report, Reported},
};
use serde_json::{Value, json};

use crate::{Gateway, Shared, body::EventBody, caller::Caller, percent, problem::Problem};

/// Where it is served.
pub(crate) const PATH: &str = "/v1/events";
/// Most places that one answer names.
pub const PLACES_MAX: usize = 50;

/// Offers one event.
pub(crate) async fn handler(State(gateway): State<Shared>, caller: Caller, EventBody(raw): EventBody) -> Result<Response, Problem> {
    caller.goes_on(&gateway).await?;
    let offer = Offer { sender: Some(caller.participant.clone()), user_id: None, raw };
    let report = gateway.hub.offer_one(offer.clone()).await?;
    match &report.outcome {
        Reported::Accepted => Ok(taken(&gateway, StatusCode::ACCEPTED, "accepted", &report)),
        Reported::Parked => Ok(taken(&gateway, StatusCode::ACCEPTED, "parked", &report)),
        Reported::SeenBefore => Ok(taken(&gateway, StatusCode::OK, "seen-before", &report)),
        Reported::Refused => Err(refused(&report.decisions)),
        Reported::Rejected(why) => Err(Problem::rejected(why).with("invalid", places(&gateway.hub, &offer.raw, why))),
        Reported::Done => Err(unanswered()),
    }
}

fn unanswered() -> Problem {
    Problem::failed(&std::io::Error::other("the hub gave no report on an offered message"))
}

/// The hub has it. `Location` is where its trace stands; `remarks` is there if there is something to remark.
fn taken(gateway: &Gateway, status: StatusCode, outcome: &str, report: &Report) -> Response {
    let key = report.key.as_ref();
    let mut answer = json!({"outcome": outcome, "message": key});
    let remarks = report.remarks();
    if let Some(answer) = answer.as_object_mut().filter(|_| !remarks.is_empty()) {
        answer.insert("remarks".to_owned(), remarks.into());
    }
    let mut response = (status, Json(answer)).into_response();
    let place = key.map(|key| format!("{}/v1/messages/{}", gateway.public_url, percent::encode(key.id.as_str())));
    if let Some(place) = place.and_then(|place| HeaderValue::try_from(place).ok()) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

/// Lawful to nobody: a code for each relation, no names.
fn refused(decisions: &[DecisionRecord]) -> Problem {
    let detail = "`refusals` says why, for each relation to the case. The message is not kept; it can be offered again.";
    Problem::new(StatusCode::FORBIDDEN, "MESSAGE_REFUSED", "This message may lawfully go to nobody.", detail)
        .with("refusals", step::refusals(decisions))
}

/// Every place that does not fit the schema, not only the first. Places and rules, never what stands there.
fn places(hub: &Hub, raw: &RawMessage, why: &Rejection) -> Vec<Value> {
    let all = match Envelope::parse(raw) {
        Ok(envelope) if why.code == RejectionCode::SchemaInvalid => {
            hub.settings().catalogue.get(&envelope.event).map(|spec| spec.check_all(&envelope.data)).unwrap_or_default()
        }
        _ => vec![why.clone()],
    };
    all.iter().take(PLACES_MAX).map(|place| json!({"pointer": place.pointer, "detail": place.detail})).collect()
}
