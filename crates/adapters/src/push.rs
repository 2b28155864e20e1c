//! A door for a system of the organisation that pushes: one POST, one bearer token, one at a time. The answer comes after what was said
//! has been kept. It listens inside the organisation's own network.

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::{Error, event::Outgoing, settings::PushSettings};

/// Largest body in bytes.
pub const BODY_MAX: usize = 64 * 1024;
/// Pushes that wait for the one before; more are asked to come again.
pub const WAITING_MAX: usize = 64;

/// What is answered to a push.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

/// A push on its way, and who waits for the answer.
struct Pushed {
    to: String,
    body: Bytes,
    answer: oneshot::Sender<Answer>,
}

#[derive(Clone)]
struct Door {
    token: String,
    pushes: mpsc::Sender<Pushed>,
}

/// What came of a push: the messages that it made, in order. Pushed again, it makes none.
pub fn taken(outgoing: &[Outgoing]) -> Answer {
    let events: Vec<Value> = outgoing.iter().map(|message| json!({ "id": message.id, "event": message.event })).collect();
    Answer { status: 202, body: json!({ "events": events }) }
}

/// Why a push was not taken (RFC 9457); `places` say where in it.
pub fn problem(status: u16, code: &str, detail: &str, places: &[String]) -> Answer {
    let body = json!({ "title": "Nothing was taken.", "status": status, "code": code, "detail": detail, "places": places });
    Answer { status, body }
}

/// Serves `route`, which has one `{id}`, until it is dropped; returns at once where nothing is configured. `take` is given the id and the
/// body of one push after the other.
pub async fn serve(
    settings: Option<&PushSettings>,
    route: &str,
    mut take: impl FnMut(&str, &[u8]) -> Result<Answer, Error>,
) -> Result<(), Error> {
    let Some(settings) = settings else { return Ok(()) };
    let listener = tokio::net::TcpListener::bind(settings.listen).await.map_err(Error::Listen)?;
    let (pushes, mut waiting) = mpsc::channel(WAITING_MAX);
    let door = Door { token: settings.token.reveal().to_owned(), pushes };
    let routes = Router::new().route(route, post(pushed)).layer(DefaultBodyLimit::max(BODY_MAX)).with_state(door);
    let server = async { axum::serve(listener, routes).await.map_err(Error::Listen) };
    // one after the other: each sees what the one before has left
    let taker = async {
        while let Some(Pushed { to, body, answer }) = waiting.recv().await {
            // whoever has gone away asks again
            drop(answer.send(take(&to, &body)?));
        }
        Ok(())
    };
    tokio::try_join!(server, taker)?;
    Ok(())
}

async fn pushed(State(door): State<Door>, Path(to): Path<String>, headers: HeaderMap, body: Bytes) -> Answer {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    if !given.is_some_and(|given| same(given.as_bytes(), door.token.as_bytes())) {
        return problem(401, "UNAUTHORIZED", "a bearer token of this adapter", &[]);
    }
    let (answer, answered) = oneshot::channel();
    if door.pushes.try_send(Pushed { to, body, answer }).is_err() {
        return problem(429, "TOO_MANY_REQUESTS", "fewer at once", &[]);
    }
    answered.await.unwrap_or_else(|_| problem(503, "UNAVAILABLE", "the adapter is ending; come again", &[]))
}

/// Compares in a time that does not tell how much was right.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |different, (a, b)| different | (a ^ b)) == 0
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content = if status.is_success() { "application/json" } else { "application/problem+json" };
        (status, [(header::CONTENT_TYPE, content)], self.body.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_pushes_without_the_token() {
        let (pushes, mut waiting) = mpsc::channel(1);
        let door = Door { token: "hush".to_owned(), pushes };
        for given in [None, Some("Bearer hus"), Some("Bearer husch"), Some("hush")] {
            let headers = given.map(|given| (header::AUTHORIZATION, given.parse().unwrap())).into_iter().collect();
            let answer = pushed(State(door.clone()), Path("pi-a".to_owned()), headers, Bytes::new()).await;
            assert_eq!(answer.status, 401);
        }
        assert!(waiting.try_recv().is_err());
    }

    #[tokio::test]
    async fn who_comes_while_too_many_wait_is_asked_to_come_again() {
        let (pushes, _waiting) = mpsc::channel(1);
        let door = Door { token: "hush".to_owned(), pushes };
        let push = || {
            let headers = [(header::AUTHORIZATION, "Bearer hush".parse().unwrap())].into_iter().collect();
            pushed(State(door.clone()), Path("pi-a".to_owned()), headers, Bytes::new())
        };
        let first = tokio::time::timeout(std::time::Duration::from_millis(1), push()).await;
        assert!(first.is_err(), "the first waits");
        assert_eq!(push().await.status, 429);
    }
}
