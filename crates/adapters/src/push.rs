//! A door for a system of the organisation that pushes: one POST, one bearer token, one at a time. The answer comes after what was said
//! has been kept. It listens inside the organisation's own network.

use axum::{
    Router,
    body::Bytes,
    extract::{
        DefaultBodyLimit, Path, State,
        rejection::{BytesRejection, PathRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use schakelpunt_domain::Hidden;
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

/// Pushes that wait to be taken.
#[derive(Debug)]
pub struct Waiting(mpsc::Receiver<Pushed>);

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
    take: impl FnMut(&str, &[u8]) -> Result<Answer, Error>,
) -> Result<(), Error> {
    let Some(settings) = settings else { return Ok(()) };
    let listener = tokio::net::TcpListener::bind(settings.listen).await.map_err(Error::Listen)?;
    let (routes, waiting) = routes(&settings.token, route);
    let server = async { axum::serve(listener, routes).await.map_err(Error::Listen) };
    tokio::try_join!(server, waiting.take_all(take))?;
    Ok(())
}

/// What is served, without a listener, and the pushes that wait to be taken.
pub fn routes(token: &Hidden, route: &str) -> (Router, Waiting) {
    let (pushes, waiting) = mpsc::channel(WAITING_MAX);
    let door = Door { token: token.reveal().to_owned(), pushes };
    let routes = Router::new().route(route, post(pushed)).method_not_allowed_fallback(not_so).fallback(nowhere);
    (routes.layer(DefaultBodyLimit::max(BODY_MAX)).with_state(door), Waiting(waiting))
}

impl Waiting {
    /// Takes one after the other, so that each sees what the one before has left, until nobody can push any more.
    pub async fn take_all(mut self, mut take: impl FnMut(&str, &[u8]) -> Result<Answer, Error>) -> Result<(), Error> {
        while let Some(Pushed { to, body, answer }) = self.0.recv().await {
            // whoever has gone away asks again
            drop(answer.send(take(&to, &body)?));
        }
        Ok(())
    }
}

async fn nowhere() -> Answer {
    problem(404, "NOT_FOUND", "the address to which records are pushed", &[])
}

async fn not_so() -> Answer {
    problem(405, "METHOD_NOT_ALLOWED", "POST", &[])
}

async fn pushed(
    State(door): State<Door>,
    to: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Answer {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    if !given.is_some_and(|given| same(given.as_bytes(), door.token.as_bytes())) {
        return problem(401, "UNAUTHORIZED", "a bearer token of this adapter", &[]);
    }
    // the framework's own words would be another form of answer
    let Ok(Path(to)) = to else { return nowhere().await };
    let body = match body {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return problem(413, "TOO_LARGE", "at most 65536 bytes", &[]);
        }
        Err(_) => return problem(400, "MALFORMED", "a body with an end", &[]),
    };
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
            let answer = pushed(State(door.clone()), Ok(Path("pi-a".to_owned())), headers, Ok(Bytes::new())).await;
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
            pushed(State(door.clone()), Ok(Path("pi-a".to_owned())), headers, Ok(Bytes::new()))
        };
        let first = tokio::time::timeout(std::time::Duration::from_millis(1), push()).await;
        assert!(first.is_err(), "the first waits");
        assert_eq!(push().await.status, 429);
    }

    #[tokio::test]
    async fn what_the_framework_refuses_is_a_problem_too() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (routes, _waiting) = routes(&Hidden::from("hush"), "/v1/participants/{id}/messages");
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async { axum::serve(listener, routes).await.unwrap() });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        for (path, length, status) in
            [("elsewhere", 0, 404), ("v1/participants/%FF/messages", 0, 404), ("v1/participants/a/messages", BODY_MAX + 1, 413)]
        {
            let request = client.post(format!("http://{address}/{path}")).bearer_auth("hush").body(" ".repeat(length));
            let answer = request.send().await.unwrap();
            assert_eq!((path, answer.status().as_u16()), (path, status));
            assert_eq!(answer.headers()["content-type"], "application/problem+json", "{path}");
        }
        let get = client.get(format!("http://{address}/v1/participants/a/messages")).send().await.unwrap();
        assert_eq!(
            (get.status().as_u16(), &get.headers()["content-type"]),
            (405, &axum::http::HeaderValue::from_static("application/problem+json"))
        );
    }
}
