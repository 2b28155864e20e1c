//! A line to one address: asked with the limits and the guard that belong to it, and never anywhere else.

use std::sync::Arc;

use reqwest::{Client, Method, RequestBuilder, Response, header::HeaderMap, redirect::Policy};
use tokio::time::timeout;

use crate::{
    address::Address,
    lookup::{Guard, Lookup},
    outcome::{Outcome, Trouble, Unreachable, unreachable},
};

/// How much is read of an answer: its status says all, and a small body that is read to its end keeps the connection usable.
pub const ANSWER_MAX: usize = 4 * 1024;

/// One address, ready to be asked. Lines share nothing: one that hangs holds up nobody else.
#[derive(Debug, Clone)]
pub struct Line {
    address: Address,
    client: Client,
    guard: Guard,
}

/// No HTTP client can be made on this machine: its TLS has no certificates to trust, or does not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no HTTP client can be made: look at the certificates that this machine trusts")]
pub struct Unusable;

impl Line {
    /// A line to an address; `lookup` is the machine's own ([`crate::SystemLookup`]) outside tests.
    pub fn new(address: Address, lookup: Arc<dyn Lookup>) -> Result<Self, Unusable> {
        let guard = Guard::new(lookup, &address.allowed);
        let client = Client::builder()
            .user_agent("Schakelpunt")
            .dns_resolver(guard.clone())
            .redirect(Policy::none())
            .referer(false)
            // a proxy would look names up by itself, where no guard stands
            .no_proxy()
            .https_only(address.url.scheme() == "https")
            .connect_timeout(address.connect)
            .timeout(address.request)
            .build()
            .map_err(|_| Unusable)?;
        Ok(Self { address, client, guard })
    }

    /// Whether the name leads somewhere that may be used, at this moment. Contacts nobody but the resolver.
    pub async fn check(&self) -> Result<(), Unreachable> {
        // an address in the URL was judged when it was read
        if self.address.number().is_some() {
            return Ok(());
        }
        let found = timeout(self.address.connect, self.guard.addresses(self.address.host())).await;
        found.map_err(|_| Unreachable::Trouble(Trouble::Silent))?.map(drop)
    }

    /// Posts a body with these headers, once.
    pub async fn post(&self, headers: HeaderMap, body: Vec<u8>) -> Outcome {
        self.send(self.request(Method::POST).headers(headers).body(body)).await
    }

    pub(crate) fn request(&self, method: Method) -> RequestBuilder {
        self.client.request(method, self.address.url.clone())
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Outcome {
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return unreachable(&error).into(),
        };
        match Outcome::of(response.status(), response.headers()) {
            Outcome::Delivered => read(response).await,
            other => other,
        }
    }
}

/// An answer counts when it is complete, or when it is longer than what is read of it.
async fn read(mut response: Response) -> Outcome {
    let mut left = ANSWER_MAX;
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if chunk.len() <= left => left -= chunk.len(),
            Ok(_) => return Outcome::Delivered,
            Err(error) => {
                let trouble = if error.is_timeout() { Trouble::Silent } else { Trouble::Broken };
                return Outcome::Later { trouble, pause: None };
            }
        }
    }
}
