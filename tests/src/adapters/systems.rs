//! Systems of organisations: a case system with the ZGW APIs, and a system behind OAuth2. Each checks what it is asked, as its published
//! interface says, and keeps what it took.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::post,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use schakelpunt_domain::ids::passes_elfproef;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::end_to_end::messages::now;

/// The secret of the application in the case system.
pub(crate) const SECRET: &str = "only-in-tests";
/// Its client id.
pub(crate) const CLIENT: &str = "schakelpunt";

/// A server. Ends when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    /// `http://127.0.0.1:port`.
    pub(crate) address: String,
    _tasks: JoinSet<()>,
}

impl Server {
    async fn serving(router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, _tasks: tasks }
    }
}

// === the case system ===

/// What a case system holds, and in which order it came.
#[derive(Debug, Default)]
pub(crate) struct Cases {
    /// Zaken, rollen and statussen, each with its URL.
    pub(crate) made: Vec<(&'static str, Value)>,
    /// What was wrong with what it was asked.
    pub(crate) mistakes: Vec<String>,
    /// Calls that fail with 503, by resource, before one succeeds.
    pub(crate) failing: BTreeMap<&'static str, usize>,
}

type Shared = Arc<Mutex<Cases>>;

const RESOURCES: [&str; 3] = ["zaken", "rollen", "statussen"];

/// A case system with the Zaken API 1.7, as far as a case needs it.
pub(crate) async fn case_system(cases: Shared) -> Server {
    let router = Router::new().route("/zaken/api/v1/{resource}", post(create).get(list)).with_state(cases);
    Server::serving(router).await
}

impl Cases {
    fn check(&mut self, holds: bool, what: &str) {
        if !holds {
            self.mistakes.push(what.to_owned());
        }
    }

    /// Bearer, HS256 over the secret, `typ`, the claims, and an `iat` within the hour for which a token counts.
    fn check_token(&mut self, headers: &HeaderMap) {
        let token =
            headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
        let parts: Vec<&str> = token.unwrap_or_default().split('.').collect();
        let [head, claims, signature] = parts.as_slice() else { return self.mistakes.push("Authorization: no token".to_owned()) };
        let decoded = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("{head}.{claims}").as_bytes());
        self.check(mac.verify_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).is_ok(), "the signature");
        self.check(decoded(head) == json!({ "typ": "JWT", "alg": "HS256" }), "the header of the token");
        let claims = decoded(claims);
        self.check(claims["iss"] == CLIENT && claims["client_id"] == CLIENT, "iss and client_id");
        self.check(claims["user_id"].is_string() && claims["user_representation"].is_string(), "user_id and user_representation");
        let issued = claims["iat"].as_i64().and_then(|at| Timestamp::from_second(at).ok()).unwrap_or_default();
        self.check(now().duration_since(issued).as_secs().abs() < 60, "iat");
    }

    fn check_headers(&mut self, headers: &HeaderMap) {
        for name in ["accept-crs", "content-crs"] {
            self.check(headers.get(name).is_some_and(|value| value == "EPSG:4326"), name);
        }
    }

    fn has(&self, resource: &str, url: &Value) -> bool {
        self.made.iter().any(|(kind, made)| *kind == resource && made["url"] == *url)
    }

    fn check_body(&mut self, resource: &str, body: &Value) {
        let is_url = |key: &str| body[key].as_str().is_some_and(|url| url.starts_with("http"));
        match resource {
            "zaken" => {
                let rsin = |key: &str| body[key].as_str().is_some_and(passes_elfproef);
                self.check(
                    rsin("bronorganisatie") && rsin("verantwoordelijkeOrganisatie"),
                    "an RSIN of nine digits that pass the eleven test",
                );
                self.check(is_url("zaaktype"), "zaaktype");
                self.check(body["startdatum"].as_str().is_some_and(|day| day.parse::<jiff::civil::Date>().is_ok()), "startdatum");
                self.check(body["identificatie"].as_str().is_some_and(|id| (1..=40).contains(&id.len())), "identificatie of at most 40");
                self.check(body["vertrouwelijkheidaanduiding"] == "vertrouwelijk", "vertrouwelijkheidaanduiding");
            }
            "rollen" => {
                self.check(self.has("zaken", &body["zaak"]), "a role of a case");
                self.check(is_url("roltype") && body["roltoelichting"].is_string(), "roltype and roltoelichting");
                self.check(body["betrokkeneType"] == "natuurlijk_persoon", "betrokkeneType");
                self.check(body["betrokkeneIdentificatie"].is_object(), "betrokkeneIdentificatie");
            }
            _ => {
                self.check(self.has("zaken", &body["zaak"]), "a status of a case");
                let complete = self.made.iter().any(|(kind, made)| *kind == "rollen" && made["zaak"] == body["zaak"]);
                self.check(complete, "the first status after the roles: it says that the case is complete");
                self.check(is_url("statustype"), "statustype");
                self.check(body["datumStatusGezet"].as_str().is_some_and(|at| at.parse::<Timestamp>().is_ok()), "datumStatusGezet");
            }
        }
    }

    fn fails(&mut self, resource: &str) -> bool {
        let left = self.failing.get_mut(resource).filter(|left| **left > 0);
        left.map(|left| *left -= 1).is_some()
    }
}

async fn create(State(cases): State<Shared>, Path(resource): Path<String>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let mut cases = cases.lock().unwrap();
    cases.check_token(&headers);
    cases.check_headers(&headers);
    cases.check(headers.get(header::CONTENT_TYPE).is_some_and(|value| value == "application/json"), "Content-Type");
    let Some(resource) = RESOURCES.into_iter().find(|known| *known == resource) else { return StatusCode::NOT_FOUND.into_response() };
    cases.check_body(resource, &body);
    if cases.fails(resource) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let same = |made: &Value| made["identificatie"] == body["identificatie"] && made["bronorganisatie"] == body["bronorganisatie"];
    if resource == "zaken" && cases.made.iter().any(|(kind, made)| *kind == "zaken" && same(made)) {
        let told = json!({ "code": "invalid", "invalidParams": [{ "name": "identificatie", "code": "identificatie-niet-uniek" }] });
        return (StatusCode::BAD_REQUEST, Json(told)).into_response();
    }
    let mut made = body;
    made["url"] = json!(format!("http://case-system.example/zaken/api/v1/{resource}/{}", cases.made.len()));
    cases.made.push((resource, made.clone()));
    (StatusCode::CREATED, Json(made)).into_response()
}

async fn list(
    State(cases): State<Shared>,
    Path(resource): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let mut cases = cases.lock().unwrap();
    cases.check_token(&headers);
    cases.check_headers(&headers);
    let wanted = |made: &Value| query.iter().all(|(key, value)| made[key] == *value);
    let found: Vec<Value> =
        cases.made.iter().filter(|(kind, made)| *kind == resource && wanted(made)).map(|(_, made)| made.clone()).collect();
    Json(json!({ "count": found.len(), "next": null, "previous": null, "results": found })).into_response()
}

// === a system behind OAuth2 ===

/// What a system behind OAuth2 took, and how often it gave a token.
#[derive(Debug, Default)]
pub(crate) struct Behind {
    /// Bodies by idempotency key, in order.
    pub(crate) taken: Vec<(String, Value)>,
    /// Tokens that were given.
    pub(crate) tokens: usize,
    /// What was wrong with what it was asked.
    pub(crate) mistakes: Vec<String>,
}

/// A system whose first token it does not accept for long.
pub(crate) async fn behind_oauth(state: Arc<Mutex<Behind>>) -> Server {
    let router = Router::new().route("/token", post(token)).route("/messages", post(message)).with_state(state);
    Server::serving(router).await
}

async fn token(State(state): State<Arc<Mutex<Behind>>>, headers: HeaderMap, body: Bytes) -> Response {
    let mut state = state.lock().unwrap();
    let client = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if client != Some("Basic c2NoYWtlbHB1bnQ6b25seS1pbi10ZXN0cw==") || body != "grant_type=client_credentials&scope=messages" {
        state.mistakes.push("the request for a token".to_owned());
    }
    state.tokens += 1;
    Json(json!({ "access_token": format!("token-{}", state.tokens), "token_type": "Bearer", "expires_in": 3600 })).into_response()
}

async fn message(State(state): State<Arc<Mutex<Behind>>>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let mut state = state.lock().unwrap();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    match text("authorization").as_str() {
        // withdrawn before its time
        "Bearer token-1" => StatusCode::UNAUTHORIZED.into_response(),
        "Bearer token-2" => {
            let key = text("idempotency-key");
            if state.taken.iter().any(|(taken, _)| *taken == key) {
                return StatusCode::CONFLICT.into_response();
            }
            state.taken.push((key, body));
            StatusCode::CREATED.into_response()
        }
        other => {
            let mistake = format!("a token that was never given: {other}");
            state.mistakes.push(mistake);
            StatusCode::UNAUTHORIZED.into_response()
        }
    }
}
