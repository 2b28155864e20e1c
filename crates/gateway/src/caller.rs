//! Who calls, and what stands in the path: read from a request, or a problem.

use axum::{
    extract::{FromRequestParts, Path},
    http::{StatusCode, header, request::Parts},
};
use schakelpunt_domain::ParticipantId;

use crate::{Shared, problem::Problem, turns::Turn};

/// The participant whose token came with the request, and its turn: the handler keeps both to its end.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) participant: ParticipantId,
    _turn: Turn,
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, gateway: &Shared) -> Result<Self, Problem> {
        let header = parts.headers.get(header::AUTHORIZATION).ok_or_else(|| unauthorized("Bearer"))?;
        let token =
            header.to_str().ok().and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let found = token.and_then(|(_, token)| gateway.tokens.find(token.trim()));
        let participant = found.cloned().ok_or_else(|| unauthorized("Bearer error=\"invalid_token\""))?;
        Ok(Self { _turn: gateway.tokens.turn(&participant)?, participant })
    }
}

fn unauthorized(challenge: &'static str) -> Problem {
    let detail = "a valid token of a participant: `Authorization: Bearer <token>`";
    Problem::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Who calls is not known.", detail)
        .with_header(header::WWW_AUTHENTICATE, challenge)
}

/// The one variable of a path.
#[derive(Debug)]
pub(crate) struct Segment(pub(crate) String);

impl FromRequestParts<Shared> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, gateway: &Shared) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, gateway).await;
        path.map(|Path(text)| Self(text)).map_err(|_| Problem::invalid("the path: percent-encoded UTF-8"))
    }
}
