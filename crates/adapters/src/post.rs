//! A system here that takes messages over HTTP: one POST for each, with OAuth2 client credentials or a client certificate, and a body
//! that the configuration makes of the message.

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, StatusCode};
use schakelpunt_domain::{Clock, Hidden};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::{
    Error,
    delivered::Delivered,
    expression::Expression,
    hub::{Sink, SinkError},
    settings::Address,
};

/// How long the system may take for one message.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// A token is asked for anew so long before it ends.
const BEFORE_ITS_END: SignedDuration = SignedDuration::from_secs(30);
/// How long a token counts that says nothing of it.
const TOKEN_LIFE: i64 = 300;

/// How the configuration names the system.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PostSettings {
    /// Where messages go.
    pub url: Address,
    /// The body, as an expression over the event; the event itself without it.
    #[serde(default)]
    pub body: Option<String>,
    /// OAuth2 client credentials.
    #[serde(default)]
    pub oauth: Option<OAuthSettings>,
    /// A client certificate.
    #[serde(default)]
    pub certificate: Option<CertificateSettings>,
}

/// OAuth2 client credentials (RFC 6749, 4.4).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OAuthSettings {
    /// The token endpoint.
    pub token_url: Address,
    /// The client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Hidden,
    /// The scope, if one is wanted.
    #[serde(default)]
    pub scope: Option<String>,
}

/// A client certificate with its key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CertificateSettings {
    /// A PEM file with the certificate, its chain, and the private key.
    pub identity: PathBuf,
    /// A PEM file with the authority of the system's own certificate, where the machine does not know it.
    #[serde(default)]
    pub authority: Option<PathBuf>,
}

/// The system, ready for use.
#[derive(Debug)]
pub struct Post {
    url: Address,
    body: Option<Expression>,
    client: Client,
    oauth: Option<OAuthSettings>,
    token: Mutex<Option<Token>>,
    clock: Arc<dyn Clock>,
}

struct Token {
    text: String,
    until: Timestamp,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token until {}", self.until)
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<i64>,
}

impl Post {
    /// Checks the settings and reads the certificate; `place` is where they stand, for errors.
    pub fn new(place: &str, settings: &PostSettings, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let key = |key: &str, expected: &str| Error::settings(&format!("{place}.{key}"), expected);
        // whoever follows a redirect hands the message to whom nobody named
        let mut builder = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().timeout(PATIENCE);
        if let Some(CertificateSettings { identity, authority }) = &settings.certificate {
            let pem = std::fs::read(identity).map_err(|source| Error::Folder { path: identity.clone(), source })?;
            let identity =
                reqwest::Identity::from_pem(&pem).map_err(|_| key("certificate.identity", "a PEM file with certificate and key"))?;
            builder = builder.identity(identity);
            if let Some(authority) = authority {
                let pem = std::fs::read(authority).map_err(|source| Error::Folder { path: authority.clone(), source })?;
                let authority =
                    reqwest::Certificate::from_pem(&pem).map_err(|_| key("certificate.authority", "a PEM file with a certificate"))?;
                builder = builder.tls_certs_only([authority]);
            }
        }
        let body = settings.body.as_deref().map(Expression::new).transpose().map_err(|error| key("body", &error.to_string()))?;
        let client = builder.build().map_err(|_| key("certificate", "a certificate that TLS can use"))?;
        Ok(Self { url: settings.url.clone(), body, client, oauth: settings.oauth.clone(), token: Mutex::new(None), clock })
    }

    async fn send(&self, message: &Delivered) -> Result<StatusCode, SinkError> {
        let whole = Value::Object(message.whole.clone());
        let body = match &self.body {
            Some(body) => body.of(&whole).map_err(|error| SinkError::Never(format!("body: {error}")))?,
            None => whole,
        };
        let mut request = self.client.post(self.url.url().clone()).json(&body).header("Idempotency-Key", message.id.as_str());
        if let Some(oauth) = &self.oauth {
            request = request.bearer_auth(self.token(oauth).await?);
        }
        let response = request.send().await.map_err(|error| SinkError::Later(unreachable(&error, "the system")))?;
        Ok(response.status())
    }

    /// A token that still counts for a while.
    async fn token(&self, oauth: &OAuthSettings) -> Result<String, SinkError> {
        let mut kept = self.token.lock().await;
        let now = self.clock.now();
        if let Some(token) = kept.as_ref().filter(|token| token.until > now) {
            return Ok(token.text.clone());
        }
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(oauth.scope.as_deref().map(|scope| ("scope", scope)));
        let request =
            self.client.post(oauth.token_url.url().clone()).basic_auth(&oauth.client_id, Some(oauth.client_secret.reveal())).form(&form);
        let response = request.send().await.map_err(|error| SinkError::Later(unreachable(&error, "the token endpoint")))?;
        let status = response.status();
        let refused = || SinkError::Later(format!("the token endpoint answers {}", status.as_u16()));
        if !status.is_success() {
            return Err(refused());
        }
        let Granted { access_token, expires_in } = response.json().await.map_err(|_| refused())?;
        let life = SignedDuration::from_secs(expires_in.unwrap_or(TOKEN_LIFE)) - BEFORE_ITS_END;
        let until = now.saturating_add(life).unwrap_or(now);
        *kept = Some(Token { text: access_token.clone(), until });
        Ok(access_token)
    }
}

/// What went wrong, without the address.
fn unreachable(error: &reqwest::Error, what: &str) -> String {
    let why = if error.is_timeout() {
        "does not answer in time"
    } else if error.is_connect() {
        "cannot be reached"
    } else {
        "breaks off"
    };
    format!("{what} {why}")
}

impl Sink for Post {
    async fn hand_on(&self, message: &Delivered) -> Result<(), SinkError> {
        let status = self.send(message).await?;
        let said = format!("the system answers {}", status.as_u16());
        match status.as_u16() {
            // 409: it has this one already
            200..=299 | 409 => Ok(()),
            401 => {
                // the token was withdrawn before its time
                self.token.lock().await.take();
                Err(SinkError::Later(said))
            }
            // not now, or not by us until a person has put something right
            403 | 404 | 408 | 421 | 423 | 425 | 429 | 500..=599 => Err(SinkError::Later(said)),
            300..=399 => Err(SinkError::Later(format!("{said}: it points elsewhere, which is not followed"))),
            _ => Err(SinkError::Never(said)),
        }
    }
}
