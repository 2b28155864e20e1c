//! What handlers take from a request. What does not fit is a [`Problem`] like every other: the framework's own words would be another form
//! of answer.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{StatusCode, header, request::Parts},
    response::IntoResponse as _,
};

use super::{Door, answers::Problem};
use crate::zgw;

/// Who calls: the client id of an application here.
#[derive(Debug)]
pub(super) struct Caller(pub(super) String);

impl FromRequestParts<Door> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, Door(door): &Door) -> Result<Self, Problem> {
        let given = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.strip_prefix("Bearer "));
        let known = |client: &str| {
            let application = door.settings.applications.iter().find(|application| application.client_id == client)?;
            Some((&application.client_id, application.secret.reveal()))
        };
        let client = given.and_then(|token| zgw::client_of(token, known, door.now()));
        client.cloned().map(Self).ok_or_else(Problem::unknown)
    }
}

/// What a path names. This door gave no address that is no text.
#[derive(Debug)]
pub(super) struct Named(pub(super) String);

impl FromRequestParts<Door> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Problem> {
        let Path(name) = Path::from_request_parts(parts, door).await.map_err(|_| Problem::nothing())?;
        Ok(Self(name))
    }
}

/// The body.
pub(super) struct Said(pub(super) Bytes);

impl FromRequest<Door> for Said {
    type Rejection = Problem;

    async fn from_request(request: Request, door: &Door) -> Result<Self, Problem> {
        let body = Bytes::from_request(request, door).await.map_err(|rejection| match rejection.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
            _ => Problem::invalid("nonFieldErrors", "parse-error", "a body with an end"),
        })?;
        Ok(Self(body))
    }
}
