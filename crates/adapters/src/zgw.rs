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
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub use token::token;

use crate::{
    Error, days,
    delivered::Delivered,
    hub::{Sink, SinkError},
    settings::Address,
};

/// How long the case system may take for one call.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The coordinates that the API speaks in; asked for on every call that may hold some.
const CRS: &str = "EPSG:4326";

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
    /// `vertrouwelijkheidaanduiding`; the bare fact of a detention is criminal data.
    #[serde(default = "confidentiality")]
    pub confidentiality: String,
}

fn acting() -> String {
    "schakelpunt".to_owned()
}

fn confidentiality() -> String {
    "vertrouwelijk".to_owned()
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
        if self.none("rollen", &case).await? {
            self.create("rollen", &role(&case, kind, message)).await?;
        }
        if self.none("statussen", &case).await? {
            let status = json!({ "zaak": case, "statustype": kind.statustype.url().as_str(), "datumStatusGezet": self.now() });
            self.create("statussen", &status).await?;
        }
        Ok(())
    }

    /// The URL of the case of a message, made if it is not there.
    async fn case(&self, message: &Delivered, kind: &CaseType) -> Result<String, SinkError> {
        let body = json!({
            "identificatie": message.id,
            "bronorganisatie": self.settings.rsin,
            "verantwoordelijkeOrganisatie": self.settings.rsin,
            "zaaktype": kind.zaaktype.url().as_str(),
            "startdatum": days::day(message.time),
            "vertrouwelijkheidaanduiding": kind.confidentiality,
            "kenmerken": message.detention.iter().filter(|detention| detention.as_str().len() <= 40)
                .map(|detention| json!({ "kenmerk": detention, "bron": "schakelpunt" })).collect::<Vec<_>>(),
        });
        match self.call(self.client.post(self.at("zaken", &[])?).json(&body)).await? {
            (status, made) if status.is_success() => url_of(&made),
            (StatusCode::BAD_REQUEST, told) if is_known(&told) => {
                let query = [("identificatie", message.id.as_str()), ("bronorganisatie", self.settings.rsin.as_str())];
                match self.call(self.client.get(self.at("zaken", &query)?)).await? {
                    (status, found) if status.is_success() => found.pointer("/results/0").map_or_else(|| Err(odd("zaken")), url_of),
                    (status, _) => Err(refused("zaken", status)),
                }
            }
            (status, _) => Err(refused("zaken", status)),
        }
    }

    /// Whether a case has none of these.
    async fn none(&self, resource: &'static str, case: &str) -> Result<bool, SinkError> {
        match self.call(self.client.get(self.at(resource, &[("zaak", case)])?)).await? {
            (status, found) if status.is_success() => {
                found.get("count").and_then(Value::as_u64).map(|count| count == 0).ok_or_else(|| odd(resource))
            }
            (status, _) => Err(refused(resource, status)),
        }
    }

    async fn create(&self, resource: &'static str, body: &Value) -> Result<(), SinkError> {
        match self.call(self.client.post(self.at(resource, &[])?).json(body)).await? {
            (status, _) if status.is_success() => Ok(()),
            (status, _) => Err(refused(resource, status)),
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
        let request = request.header("Accept-Crs", CRS).header("Content-Crs", CRS).header(header::ACCEPT, "application/json");
        let response = request.send().await.map_err(|error| {
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

/// The person concerned, as far as the message says who it is.
fn role(case: &str, kind: &CaseType, message: &Delivered) -> Value {
    let identity = message.data.pointer("/person/identity");
    let text = |name: &str| identity.and_then(|identity| identity.get(name)).and_then(Value::as_str);
    let fields = [("inpBsn", "bsn"), ("geslachtsnaam", "surname"), ("voornamen", "givenNames"), ("geboortedatum", "birthDate")];
    let person: Map<String, Value> =
        fields.into_iter().filter_map(|(theirs, ours)| Some((theirs.to_owned(), text(ours)?.into()))).collect();
    json!({
        "zaak": case,
        "betrokkeneType": "natuurlijk_persoon",
        "roltype": kind.roltype.url().as_str(),
        "roltoelichting": "betrokkene",
        "betrokkeneIdentificatie": person,
    })
}

fn url_of(case: &Value) -> Result<String, SinkError> {
    case.get("url").and_then(Value::as_str).map(str::to_owned).ok_or_else(|| odd("zaken"))
}

/// The case of this message is there already.
fn is_known(told: &Value) -> bool {
    let params = told.get("invalidParams").and_then(Value::as_array).into_iter().flatten();
    params.filter_map(|param| param.get("code").and_then(Value::as_str)).any(|code| code == "identificatie-niet-uniek")
}

fn odd(resource: &str) -> SinkError {
    SinkError::Later(format!("the case system answers something else than the standard says to {resource}"))
}

fn refused(resource: &str, status: StatusCode) -> SinkError {
    let said = format!("the case system answers {} to {resource}", status.as_u16());
    match status.as_u16() {
        400 | 405 | 406 | 410 | 413 | 415 | 422 => SinkError::Never(said),
        _ => SinkError::Later(said),
    }
}
