//! `GET` and `POST /v1/registers/{kind}`: what the registers hold, and what a person adds to them.
//!
//! | caller | may enter |
//! |---|---|
//! | an administrator | everything but approvals |
//! | an administrator for an owner of data | approvals of that owner |
//! | a participant | a subscription of its own, as a request or as a pause |
//!
//! Only administrators may read. Beside the registers of [`KINDS`] there are `consent` and `withdrawal`, which stand in a case, and
//! `token`: the SHA-256 of a participant's bearer token, in place of those that it was given before. Whoever enters it keeps the token
//! itself; the hub never has it but in the requests of its holder.

use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use schakelpunt_domain::{
    DetentionRef, ParticipantId,
    consent::ConsentEntry,
    json as strict,
    registers::{At, Entry, Improper, KINDS, Registers, SubscriptionState},
};
use serde_json::{Value, json};

use crate::{
    Shared,
    caller::{Segment, Someone, Who},
    problem::Problem,
    tokens::Administrator,
};

/// Where it is served.
pub(crate) const PATH: &str = "/v1/registers/{kind}";
/// Most bytes of one entry.
pub const ENTRY_MAX: usize = 16 * 1024;
const CONSENT: &str = "consent";
const WITHDRAWAL: &str = "withdrawal";
const TOKEN: &str = "token";

/// Which entries.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keys {
    at: Option<Timestamp>,
    known: Option<Timestamp>,
    detention: Option<DetentionRef>,
}

/// A consent that is taken back.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Withdrawal {
    id: String,
    detention: DetentionRef,
}

/// A participant's bearer token, by its digest.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    participant: ParticipantId,
    sha256: String,
}

/// Lists what is known, or with `at` what is in force then.
pub(crate) async fn list(
    State(gateway): State<Shared>,
    someone: Someone,
    Segment(kind): Segment,
    keys: Result<Query<Keys>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Who::Administrator(administrator) = &someone.who else { return Err(forbidden("the token of an administrator")) };
    let Query(Keys { at, known, detention }) =
        keys.map_err(|_| Problem::invalid("`at` and `known`: instants with an offset; `detention` for consents"))?;
    if kind == CONSENT {
        let detention = detention.ok_or_else(|| Problem::invalid("`detention`: the case in which the consents stand"))?;
        return Ok(Json(json!({"entries": gateway.hub.consents(&detention).await?})));
    }
    if kind == TOKEN {
        let holders = gateway.hub.store().token_holders().await?;
        let shown = holders.into_iter().map(|(participant, given)| json!({"entry": {"participant": participant}, "recorded": given}));
        return Ok(Json(json!({"entries": shown.collect::<Vec<_>>()})));
    }
    if !KINDS.contains(&kind.as_str()) {
        return Err(no_such_register());
    }
    let (epoch, entries) = gateway.hub.store().registers().await?;
    let now = gateway.hub.store().now().await?;
    let registers = Registers::new(epoch, entries);
    let known = known.unwrap_or_else(|| now.max(registers.latest()));
    let listed = match at {
        Some(valid) => registers.in_force(&kind, At { valid, known }),
        None => registers.recorded(&kind, known),
    };
    let shown = listed.into_iter().map(|one| {
        let mut entry = plain(&one.entry);
        // an address may hold a secret in its path: for who enters it
        if let Some(entry) = entry.as_object_mut().filter(|_| administrator.owner.is_some()) {
            entry.remove("webhook");
        }
        json!({"entry": entry, "recorded": one.recorded})
    });
    let shown: Vec<Value> = shown.collect();
    Ok(Json(json!({"epoch": epoch, "entries": shown})))
}

/// The entry as in its file, without the word of its register.
fn plain(entry: &Entry) -> Value {
    let tagged = serde_json::to_value(entry).unwrap_or_default();
    tagged.get(entry.kind()).cloned().unwrap_or_default()
}

/// Enters one entry.
pub(crate) async fn enter(
    State(gateway): State<Shared>,
    someone: Someone,
    Segment(kind): Segment,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Problem> {
    let body = body.map_err(|_| Problem::invalid("an entry of at most 16 KiB"))?;
    let value = strict::parse(&body).map_err(|_| Problem::invalid("an entry as one JSON object, each key once"))?;
    if kind == CONSENT || kind == WITHDRAWAL {
        return of_consent(&gateway, &someone, &kind, value).await;
    }
    if kind == TOKEN {
        return give_token(&gateway, &someone, value).await;
    }
    if !KINDS.contains(&kind.as_str()) {
        return Err(no_such_register());
    }
    let entry = Entry::read(&kind, value).map_err(|why| improper(&why))?;
    let by = may_enter(&someone, &entry)?;
    can_be_called(&gateway, &entry)?;
    let epoch = gateway.hub.enter(std::slice::from_ref(&entry), &by).await?.map_err(|why| improper(&why))?;
    tracing::info!(%by, kind, epoch, "register entry");
    let mut entered = json!({"entered": kind, "epoch": epoch});
    if let (Entry::Lift(lift), Some(entered)) = (&entry, entered.as_object_mut()) {
        let registers = gateway.hub.registers().await;
        let waits = registers.stops(At::now(registers.latest())).any(|stop| *stop == lift.what);
        entered.insert("inForce".to_owned(), Value::Bool(!waits));
    }
    Ok((StatusCode::CREATED, Json(entered)).into_response())
}

/// Whether the address that an entry names may be called at all, and is there where the hub is to call.
fn can_be_called(gateway: &Shared, entry: &Entry) -> Result<(), Problem> {
    let Entry::Participant(participant) = entry else { return Ok(()) };
    if participant.webhook.is_none() {
        return Ok(());
    }
    let hooks = gateway.hub.hooks().ok_or_else(|| Problem::invalid("no `webhook`: this hub calls nobody, [webhooks] is not configured"))?;
    hooks.fits(participant).map_err(|why| Problem::invalid(&why))
}

/// Enters a consent, or takes one back.
async fn of_consent(gateway: &Shared, someone: &Someone, kind: &str, value: Value) -> Result<Response, Problem> {
    let administrator = for_everything(someone)?;
    let done = if kind == CONSENT {
        let entry: ConsentEntry = serde_json::from_value(value).map_err(|_| Problem::invalid("a consent with the keys of its file"))?;
        gateway.hub.enter_consent(&entry).await?
    } else {
        let Withdrawal { id, detention } =
            serde_json::from_value(value).map_err(|_| Problem::invalid("`id` of the consent and `detention`"))?;
        gateway.hub.withdraw_consent(&detention, &id).await?
    };
    done.map_err(|why| improper(&why))?;
    // not of whom: a log is read by more people than a case
    tracing::info!(by = %administrator.name, kind, "consent entry");
    Ok((StatusCode::CREATED, Json(json!({"entered": kind}))).into_response())
}

/// The administrator who calls, if it is one who enters more than the approvals of an owner of data.
fn for_everything(someone: &Someone) -> Result<&Administrator, Problem> {
    match &someone.who {
        Who::Administrator(administrator) if administrator.owner.is_none() => Ok(administrator),
        Who::Administrator(_) | Who::Participant(_) => Err(forbidden("the token of an administrator who is not one for an owner of data")),
    }
}

/// Gives a registered participant the token with that digest.
async fn give_token(gateway: &Shared, someone: &Someone, value: Value) -> Result<Response, Problem> {
    let administrator = for_everything(someone)?;
    let expected = || Problem::invalid("`participant`, and `sha256` of its token: 64 hexadecimal digits in small letters");
    let Token { participant, sha256 } = serde_json::from_value(value).map_err(|_| expected())?;
    if sha256.len() != 64 || !sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(expected());
    }
    let latest = At { valid: Timestamp::MAX, known: Timestamp::MAX };
    if gateway.hub.registers().await.registered(&participant, latest).is_none() {
        return Err(improper(&Improper::Unknown(participant)));
    }
    gateway.hub.store().give_token(&participant, &sha256, administrator.name.as_str()).await?;
    tracing::info!(by = %administrator.name, %participant, "bearer token");
    Ok((StatusCode::CREATED, Json(json!({"entered": TOKEN}))).into_response())
}

/// Under which name the entry is made, if this caller may make it.
fn may_enter(someone: &Someone, entry: &Entry) -> Result<ParticipantId, Problem> {
    match (&someone.who, entry) {
        (Who::Administrator(administrator), Entry::Approval(approval)) => match &administrator.owner {
            Some(owner) if *owner == approval.owner => Ok(administrator.name.clone()),
            _ => Err(forbidden("an administrator for the owner of the data")),
        },
        (Who::Administrator(administrator), _) if administrator.owner.is_none() => Ok(administrator.name.clone()),
        (Who::Administrator(_), _) => Err(forbidden("an approval: an administrator for an owner of data enters nothing else")),
        (Who::Participant(participant), Entry::Subscription(subscription))
            if subscription.participant == *participant
                && matches!(subscription.state, SubscriptionState::Requested | SubscriptionState::Paused) =>
        {
            Ok(participant.clone())
        }
        (Who::Participant(_), _) => {
            Err(forbidden("a subscription of one's own with the state `requested` or `paused`, or the token of an administrator"))
        }
    }
}

pub(crate) fn forbidden(detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", "This caller may not do this.", detail)
}

fn no_such_register() -> Problem {
    Problem::not_found("a register: participant, agreement, mandate, capacity, subscription, consent, ...")
}

fn improper(why: &Improper) -> Problem {
    Problem::invalid(&why.to_string())
}
