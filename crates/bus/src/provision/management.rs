//! The management interface: JSON over HTTP.

use std::{fmt, time::Duration};

use reqwest::{Client, Method, StatusCode, Url};
use serde_json::Value;

use super::ProvisionError;

/// An administrator at the management interface.
pub(super) struct Management {
    base: Url,
    client: Client,
    pub(super) user: String,
    pub(super) password: String,
}

impl fmt::Debug for Management {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Management").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Management {
    pub(super) fn new(mut base: Url, user: &str, password: &str) -> Result<Self, ProvisionError> {
        // an address with a user would be sent as a second Authorization header
        if base.set_username("").is_err() || base.set_password(None).is_err() {
            return Err(ProvisionError::Address("management interface"));
        }
        // a broker is never behind the proxy that leads outside
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().map_err(unreachable)?;
        Ok(Self { base, client, user: user.to_owned(), password: password.to_owned() })
    }

    /// `None`: there is no such thing.
    pub(super) async fn get(&self, path: &[&str]) -> Result<Option<Value>, ProvisionError> {
        match self.call(Method::GET, path, None).await {
            Ok(response) => Ok(Some(response.json().await.map_err(unreachable)?)),
            Err(ProvisionError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn put(&self, path: &[&str], body: &Value) -> Result<(), ProvisionError> {
        self.call(Method::PUT, path, Some(body)).await.map(drop)
    }

    /// What is not there needs no deleting.
    pub(super) async fn delete(&self, path: &[&str]) -> Result<(), ProvisionError> {
        match self.call(Method::DELETE, path, None).await {
            Ok(_) | Err(ProvisionError::Refused { status: 404, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A list; empty where there is no such thing.
    pub(super) async fn rows(&self, path: &[&str]) -> Result<Vec<Value>, ProvisionError> {
        Ok(match self.get(path).await? {
            Some(Value::Array(rows)) => rows,
            _ => Vec::new(),
        })
    }

    async fn call(&self, method: Method, path: &[&str], body: Option<&Value>) -> Result<reqwest::Response, ProvisionError> {
        let mut url = self.base.clone();
        url.path_segments_mut().map_err(|()| ProvisionError::Address("management interface"))?.pop_if_empty().push("api").extend(path);
        let what = format!("{method} {}", url.path());
        let request = self.client.request(method, url).basic_auth(&self.user, Some(&self.password));
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let response = request.send().await.map_err(unreachable)?;
        match response.status() {
            status if status.is_success() => Ok(response),
            status => Err(refused(status, what)),
        }
    }
}

fn refused(status: StatusCode, what: String) -> ProvisionError {
    ProvisionError::Refused { status: status.as_u16(), what }
}

fn unreachable(error: reqwest::Error) -> ProvisionError {
    ProvisionError::Unreachable(error.without_url())
}
