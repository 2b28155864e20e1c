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

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nothing is done: 503.
    Down,
    /// It is done, and the answer is lost.
    AnswerLost,
    /// 400, because what a URL names did not answer just now.
    BadUrl,
}

/// What a case system holds, and in which order it came.
#[derive(Debug, Default)]
pub(crate) struct Cases {
    /// Zaken, rollen and statussen, each with its URL.
    pub(crate) made: Vec<(&'static str, Value)>,
    /// What was wrong with what it was asked.
    pub(crate) mistakes: Vec<String>,
    /// How the next attempts to make something go wrong, by resource.
    pub(crate) failing: BTreeMap<&'static str, Vec<Failure>>,
}

type Shared = Arc<Mutex<Cases>>;

/// The resources, with what one may be asked by.
const RESOURCES: [(&str, &[&str]); 3] =
    [("zaken", &["identificatie", "bronorganisatie"]), ("rollen", &["zaak", "roltype"]), ("statussen", &["zaak", "statustype"])];
const CONFIDENTIALITIES: [&str; 8] =
    ["openbaar", "beperkt_openbaar", "intern", "zaakvertrouwelijk", "vertrouwelijk", "confidentieel", "geheim", "zeer_geheim"];

/// A case system with the Zaken API, as far as a case needs it (Open Zaak's OpenAPI, and what the standard says beside it).
pub(crate) async fn case_system(cases: Shared) -> Server {
    let router = Router::new().route("/zaken/api/v1/{resource}", post(create).get(list)).with_state(cases);
    Server::serving(router).await
}

/// Whether a text has between one and so many characters.
fn fits(value: &Value, most: usize) -> bool {
    value.as_str().is_some_and(|text| (1..=most).contains(&text.chars().count()))
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

    /// Coordinates are spoken of with cases, and with nothing else.
    fn check_headers(&mut self, resource: &str, headers: &HeaderMap) {
        for name in ["accept-crs", "content-crs"] {
            let given = headers.get(name);
            let fits = if resource == "zaken" { given.is_some_and(|value| value == "EPSG:4326") } else { given.is_none() };
            self.check(fits, &format!("{name} of {resource}"));
        }
    }

    fn has(&self, resource: &str, url: &Value) -> bool {
        self.made.iter().any(|(kind, made)| *kind == resource && made["url"] == *url)
    }

    fn check_body(&mut self, resource: &str, body: &Value) {
        let is_url = |key: &str| fits(&body[key], 1000) && body[key].as_str().is_some_and(|url| url.parse::<reqwest::Url>().is_ok());
        match resource {
            "zaken" => {
                for key in ["bronorganisatie", "verantwoordelijkeOrganisatie"] {
                    self.check(body[key].as_str().is_some_and(passes_elfproef), key);
                }
                self.check(is_url("zaaktype"), "zaaktype");
                let day = body["startdatum"].as_str().filter(|day| day.len() == 10);
                self.check(day.is_some_and(|day| day.parse::<jiff::civil::Date>().is_ok()), "startdatum");
                self.check(fits(&body["identificatie"], 40), "identificatie");
                self.check(
                    CONFIDENTIALITIES.iter().any(|word| body["vertrouwelijkheidaanduiding"] == *word),
                    "vertrouwelijkheidaanduiding",
                );
                let labels = body["kenmerken"].as_array();
                let label = |label: &Value| fits(&label["kenmerk"], 40) && fits(&label["bron"], 40);
                self.check(labels.is_some_and(|labels| labels.iter().all(label)), "kenmerken");
            }
            "rollen" => {
                self.check(self.has("zaken", &body["zaak"]), "a role of a case");
                self.check(is_url("roltype") && fits(&body["roltoelichting"], 1000), "roltype and roltoelichting");
                self.check(body["betrokkeneType"] == "natuurlijk_persoon", "betrokkeneType");
                let longest = [("inpBsn", 9), ("geslachtsnaam", 200), ("voornamen", 200), ("geboortedatum", 18)];
                let person = body["betrokkeneIdentificatie"].as_object().filter(|person| !person.is_empty());
                let field = |(key, value): (&String, &Value)| longest.iter().any(|(name, most)| name == key && fits(value, *most));
                self.check(person.is_some_and(|person| person.iter().all(field)), "betrokkeneIdentificatie");
                let number = person.and_then(|person| person.get("inpBsn")).and_then(Value::as_str);
                self.check(number.is_none_or(passes_elfproef), "inpBsn");
            }
            _ => {
                self.check(self.has("zaken", &body["zaak"]), "a status of a case");
                let complete = self.made.iter().any(|(kind, made)| *kind == "rollen" && made["zaak"] == body["zaak"]);
                self.check(complete, "the first status after the roles: it says that the case is complete");
                self.check(is_url("statustype"), "statustype");
                let at = body["datumStatusGezet"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
                self.check(at.is_some_and(|at| at <= now()), "datumStatusGezet: not in the future");
            }
        }
    }

    fn failure(&mut self, resource: &str) -> Option<Failure> {
        let left = self.failing.get_mut(resource).filter(|left| !left.is_empty());
        left.map(|left| left.remove(0))
    }
}

/// What the standard says to something that does not fit.
fn invalid(name: &str, code: &str) -> Response {
    let told = json!({
        "type": "about:blank", "code": "invalid", "title": "Invalid input.", "status": 400, "detail": "", "instance": "about:blank",
        "invalidParams": [{ "name": name, "code": code, "reason": "see the standard" }],
    });
    (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "application/problem+json")], told.to_string()).into_response()
}

async fn create(State(cases): State<Shared>, Path(resource): Path<String>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let mut cases = cases.lock().unwrap();
    cases.check_token(&headers);
    cases.check_headers(&resource, &headers);
    cases.check(headers.get(header::CONTENT_TYPE).is_some_and(|value| value == "application/json"), "Content-Type");
    let Some((resource, _)) = RESOURCES.into_iter().find(|(known, _)| *known == resource) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let before = cases.mistakes.len();
    cases.check_body(resource, &body);
    if cases.mistakes.len() > before {
        return invalid("nonFieldErrors", "invalid");
    }
    let failure = cases.failure(resource);
    match failure {
        Some(Failure::Down) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Some(Failure::BadUrl) => return invalid("zaaktype", "bad-url"),
        Some(Failure::AnswerLost) | None => {}
    }
    let same = |made: &Value| made["identificatie"] == body["identificatie"] && made["bronorganisatie"] == body["bronorganisatie"];
    if resource == "zaken" && cases.made.iter().any(|(kind, made)| *kind == "zaken" && same(made)) {
        return invalid("identificatie", "identificatie-niet-uniek");
    }
    let mut made = body;
    let uuid = format!("8a4a8a0e-64b5-4a0e-8d0c-{:012x}", cases.made.len());
    made["url"] = json!(format!("http://case-system.example/zaken/api/v1/{resource}/{uuid}"));
    made["uuid"] = json!(uuid);
    cases.made.push((resource, made.clone()));
    if failure == Some(Failure::AnswerLost) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let place = [(header::LOCATION, made["url"].as_str().unwrap().to_owned())];
    (StatusCode::CREATED, place, Json(made)).into_response()
}

async fn list(
    State(cases): State<Shared>,
    Path(resource): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let mut cases = cases.lock().unwrap();
    cases.check_token(&headers);
    cases.check_headers(&resource, &headers);
    let Some((resource, keys)) = RESOURCES.into_iter().find(|(known, _)| *known == resource) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if query.keys().any(|key| !keys.contains(&key.as_str())) {
        cases.mistakes.push(format!("{resource} asked by something that it does not know"));
        return invalid("nonFieldErrors", "unknown-parameters");
    }
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
