//! Who calls, and what stands in the path: read from a request, or a problem.

use axum::{
    extract::{FromRequestParts, Path},
    http::{StatusCode, header, request::Parts},
};
use jiff::Timestamp;
use schakelpunt_domain::{
    ParticipantId,
    registers::{At, Stop},
};

use crate::{Shared, problem::Problem, tokens::Administrator, turns::Turn};

/// The participant whose token came with the request, and its turn: the handler keeps both to its end.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) participant: ParticipantId,
    _turn: Turn,
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, gateway: &Shared) -> Result<Self, Problem> {
        let token = token(parts)?.ok_or_else(unknown)?;
        let participant = participant(gateway, token).await?.ok_or_else(unknown)?;
        Ok(Self { _turn: gateway.tokens.turn(&participant)?, participant })
    }
}

/// A participant or an administrator, whichever the token stands for.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    Participant(ParticipantId),
    Administrator(Administrator),
}

/// Who calls, where administrators may call too.
#[derive(Debug)]
pub(crate) struct Someone {
    pub(crate) who: Who,
    _turn: Turn,
}

impl FromRequestParts<Shared> for Someone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, gateway: &Shared) -> Result<Self, Problem> {
        let token = token(parts)?.ok_or_else(unknown)?;
        let who = match gateway.tokens.administrator(token).cloned() {
            Some(administrator) => Who::Administrator(administrator),
            None => Who::Participant(participant(gateway, token).await?.ok_or_else(unknown)?),
        };
        let name = match &who {
            Who::Participant(participant) => participant,
            Who::Administrator(administrator) => &administrator.name,
        };
        Ok(Self { _turn: gateway.tokens.turn(name)?, who })
    }
}

/// Whose token it is: of the configuration, or of the store.
async fn participant(gateway: &Shared, token: &str) -> Result<Option<ParticipantId>, Problem> {
    match gateway.tokens.find(token) {
        Some(known) => Ok(Some(known.clone())),
        None => gateway.tokens.kept(token, &**gateway.hub.store()).await,
    }
}

impl Caller {
    /// Whoever is suspended sends nothing. It may look what became of its messages, and a fetch gives it nothing: that is decided at the claim.
    pub(crate) async fn goes_on(&self, gateway: &Shared) -> Result<(), Problem> {
        let latest = At { valid: Timestamp::MAX, known: Timestamp::MAX };
        let registers = gateway.hub.registers().await;
        let stopped = registers.stops(latest).any(|stop| matches!(stop, Stop::Participant(stopped) if *stopped == self.participant));
        if stopped {
            let detail = "a participant that is not suspended: ask who keeps the registers";
            return Err(Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", "This participant is suspended.", detail));
        }
        Ok(())
    }
}

fn token(parts: &Parts) -> Result<Option<&str>, Problem> {
    let header = parts.headers.get(header::AUTHORIZATION).ok_or_else(|| unauthorized("Bearer"))?;
    let value = header.to_str().ok().and_then(|value| value.split_once(' '));
    Ok(value.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim()))
}

fn unknown() -> Problem {
    unauthorized("Bearer error=\"invalid_token\"")
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
