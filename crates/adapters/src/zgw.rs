//! Cases in a municipality's case system by the ZGW APIs (Zaken 1.7): a case for each message whose event the configuration names, with
//! its role, and the first status last, because that says "the case is complete".
//!
//! What is repeated after a crash finds what is there: a case has the message's id in its `identificatie`, which is unique for its
//! organisation, and roles and statuses are looked for before they are made.

mod token;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use reqwest::{Client, RequestBuilder, StatusCode, Url, header};
use schakelpunt_domain::{Clock, EventName, Hidden, ids::passes_elfproef};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub(crate) use token::client_of;
pub use token::token;

use crate::{
    Error, days,
    delivered::Delivered,
    hub::{Sink, SinkError},
    settings::Address,
};

/// How long the case system may take for one call.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The coordinates that the API speaks in: said on every call about cases, the only ones that may hold some.
const CRS: &str = "EPSG:4326";
/// Longest `identificatie` and `kenmerk`.
const LABEL_MAX: usize = 40;
/// Mistakes of a moment: something that a URL names did not answer, or the clock here is ahead of the one there.
const PASSES: [&str; 2] = ["bad-url", "date-in-future"];

/// The case system, as the configuration names it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ZgwSettings {
    /// The root of the Zaken API, such as `https://zaken.example/zaken/api/v1/`.
    pub zaken: Address,
    /// The application's client id in the Autorisaties API.
    pub client_id: String,
    /// Its secret.
    pub secret: Hidden,
    /// The RSIN of the municipality: `bronorganisatie` and `verantwoordelijkeOrganisatie`.
    pub rsin: String,
    /// Who acts, in the audit trail: a system, never a person.
    #[serde(default = "acting")]
    pub user_id: String,
    /// What becomes a case.
    #[serde(rename = "event")]
    pub events: BTreeMap<EventName, CaseType>,
}

/// What a case is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CaseType {
    /// The URL of the case type.
    pub zaaktype: Address,
    /// The URL of the role type of the person concerned.
    pub roltype: Address,
    /// The URL of the first status type.
    pub statustype: Address,
    /// Who may see the case; the bare fact of a detention is criminal data.
    #[serde(default)]
    pub confidentiality: Confidentiality,
}

/// `vertrouwelijkheidaanduiding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidentiality {
    /// For everybody.
    Openbaar,
    /// On request.
    BeperktOpenbaar,
    /// Inside the organisation.
    Intern,
    /// To who works on the case.
    Zaakvertrouwelijk,
    /// To few.
    #[default]
    Vertrouwelijk,
    /// To fewer.
    Confidentieel,
    /// Secret.
    Geheim,
    /// Very secret.
    ZeerGeheim,
}

fn acting() -> String {
    "schakelpunt".to_owned()
}

/// A case system, ready for use.
#[derive(Debug)]
pub struct Zgw {
    settings: ZgwSettings,
    client: Client,
    clock: Arc<dyn Clock>,
}

impl Zgw {
    /// Checks the settings; `place` is where they stand, for errors.
    pub fn new(place: &str, settings: &ZgwSettings, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        if !passes_elfproef(&settings.rsin) {
            return Err(Error::settings(&format!("{place}.rsin"), "nine digits that pass the eleven test"));
        }
        if !settings.zaken.url().path().ends_with('/') {
            return Err(Error::settings(&format!("{place}.zaken"), "an address that ends in a slash"));
        }
        let builder = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().timeout(PATIENCE);
        let client = builder.build().map_err(|_| Error::settings(place, "a client that TLS can use"))?;
        Ok(Self { settings: settings.clone(), client, clock })
    }

    /// Whether a message of this event becomes a case.
    pub fn wants(&self, event: &str) -> bool {
        event.parse::<EventName>().is_ok_and(|event| self.settings.events.contains_key(&event))
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn open(&self, message: &Delivered, kind: &CaseType) -> Result<(), SinkError> {
        let case = self.case(message, kind).await?;
        let (roltype, statustype) = (kind.roltype.url().as_str(), kind.statustype.url().as_str());
        // a message that does not say who it is about makes a case without a role: an empty one is refused
        if let Some(person) = person(message)
            && self.none("rollen", &[("zaak", &case), ("roltype", roltype)]).await?
        {
            let role = json!({
                "zaak": case,
                "betrokkeneType": "natuurlijk_persoon",
                "roltype": roltype,
                "roltoelichting": "betrokkene",
                "betrokkeneIdentificatie": person,
            });
            self.create("rollen", &role).await?;
        }
        if self.none("statussen", &[("zaak", &case), ("statustype", statustype)]).await? {
            // never in the future there: when the hub said it, however the clocks here stand
            let at = message.time.min(self.now());
            self.create("statussen", &json!({ "zaak": case, "statustype": statustype, "datumStatusGezet": at })).await?;
        }
        Ok(())
    }

    /// The URL of the case of a message, made if it is not there.
    async fn case(&self, message: &Delivered, kind: &CaseType) -> Result<String, SinkError> {
        if message.id.len() > LABEL_MAX {
            return Err(SinkError::Never("an id of more than 40 characters is no identificatie".to_owned()));
        }
        let body = json!({
            "identificatie": message.id,
            "bronorganisatie": self.settings.rsin,
            "verantwoordelijkeOrganisatie": self.settings.rsin,
            "zaaktype": kind.zaaktype.url().as_str(),
            "startdatum": days::day(message.time),
            "vertrouwelijkheidaanduiding": kind.confidentiality,
            "kenmerken": message.detention.iter().filter(|detention| detention.as_str().len() <= LABEL_MAX)
                .map(|detention| json!({ "kenmerk": detention, "bron": "schakelpunt" })).collect::<Vec<_>>(),
        });
        match self.call(about_cases(self.client.post(self.at("zaken", &[])?)).json(&body)).await? {
            (status, made) if status.is_success() => url_of(&made),
            (StatusCode::BAD_REQUEST, told) if is_known(&told) => {
                let query = [("identificatie", message.id.as_str()), ("bronorganisatie", self.settings.rsin.as_str())];
                match self.call(about_cases(self.client.get(self.at("zaken", &query)?))).await? {
                    (status, found) if status.is_success() => found.pointer("/results/0").map_or_else(|| Err(hidden()), url_of),
                    (status, told) => Err(refused("zaken", status, &told)),
                }
            }
            (status, told) => Err(refused("zaken", status, &told)),
        }
    }

    /// Whether a case has none of these.
    async fn none(&self, resource: &'static str, which: &[(&str, &str)]) -> Result<bool, SinkError> {
        match self.call(self.client.get(self.at(resource, which)?)).await? {
            (status, found) if status.is_success() => {
                found.get("count").and_then(Value::as_u64).map(|count| count == 0).ok_or_else(|| odd(resource))
            }
            (status, told) => Err(refused(resource, status, &told)),
        }
    }

    async fn create(&self, resource: &'static str, body: &Value) -> Result<(), SinkError> {
        match self.call(self.client.post(self.at(resource, &[])?).json(body)).await? {
            (status, _) if status.is_success() => Ok(()),
            (status, told) => Err(refused(resource, status, &told)),
        }
    }

    fn at(&self, resource: &'static str, query: &[(&str, &str)]) -> Result<Url, SinkError> {
        let mut url = self.settings.zaken.url().join(resource).map_err(|_| odd(resource))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// One call with a token of its own: tokens are refused an hour after they were made.
    async fn call(&self, request: RequestBuilder) -> Result<(StatusCode, Value), SinkError> {
        let ZgwSettings { client_id, secret, user_id, .. } = &self.settings;
        let token = token(client_id, secret.reveal(), user_id, self.now());
        let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        let response = request.header(header::ACCEPT, "application/json").send().await.map_err(|error| {
            let why = if error.is_timeout() { "does not answer in time" } else { "cannot be reached" };
            SinkError::Later(format!("the case system {why}"))
        })?;
        let status = response.status();
        // an error page is no JSON, and its status says enough
        Ok((status, response.json().await.unwrap_or_default()))
    }
}

impl Sink for Zgw {
    async fn hand_on(&self, message: &Delivered) -> Result<(), SinkError> {
        let event: Option<EventName> = message.event.parse().ok();
        match event.and_then(|event| self.settings.events.get(&event)) {
            Some(kind) => self.open(message, kind).await,
            None => Ok(()),
        }
    }
}

fn about_cases(request: RequestBuilder) -> RequestBuilder {
    request.header("Accept-Crs", CRS).header("Content-Crs", CRS)
}

/// The person concerned, as far as the message says who it is.
fn person(message: &Delivered) -> Option<Map<String, Value>> {
    let identity = message.data.pointer("/person/identity")?;
    let text = |name: &str| identity.get(name).and_then(Value::as_str);
    let fields = [("inpBsn", "bsn"), ("geslachtsnaam", "surname"), ("voornamen", "givenNames"), ("geboortedatum", "birthDate")];
    let person: Map<String, Value> =
        fields.into_iter().filter_map(|(theirs, ours)| Some((theirs.to_owned(), text(ours)?.into()))).collect();
    (!person.is_empty()).then_some(person)
}

fn url_of(case: &Value) -> Result<String, SinkError> {
    case.get("url").and_then(Value::as_str).map(str::to_owned).ok_or_else(|| odd("zaken"))
}

/// The codes of what does not fit.
fn codes(told: &Value) -> impl Iterator<Item = &str> {
    let params = told.get("invalidParams").and_then(Value::as_array).into_iter().flatten();
    params.filter_map(|param| param.get("code").and_then(Value::as_str))
}

/// The case of this message is there already.
fn is_known(told: &Value) -> bool {
    codes(told).any(|code| code == "identificatie-niet-uniek")
}

fn hidden() -> SinkError {
    SinkError::Never(
        "the case system has a case of this identificatie and does not show it to this application: look at its rights".to_owned(),
    )
}

fn odd(resource: &str) -> SinkError {
    SinkError::Later(format!("the case system answers something else than the standard says to {resource}"))
}

fn refused(resource: &str, status: StatusCode, told: &Value) -> SinkError {
    // a code of the standard is a short word; what else somebody put there is not repeated
    let is_word = |code: &&str| code.len() <= LABEL_MAX && code.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let why: Vec<&str> = codes(told).filter(is_word).collect();
    let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join(", ")) };
    let said = format!("the case system answers {} to {resource}{why}", status.as_u16());
    match status.as_u16() {
        400 if codes(told).any(|code| PASSES.contains(&code)) => SinkError::Later(said),
        400 | 405 | 406 | 410 | 412 | 413 | 415 | 422 => SinkError::Never(said),
        _ => SinkError::Later(said),
    }
}
