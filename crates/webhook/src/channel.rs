//! The channel itself: one target, asked with the limits and the guard that belong to it.

use std::{num::NonZeroU32, sync::Arc};

use jiff::Timestamp;
use reqwest::{Client, Method, RequestBuilder, Response, header::HeaderValue, redirect::Policy};
use tokio::time::timeout;

use crate::{
    handshake::{ALLOWED_ORIGIN, ALLOWED_RATE, Handshake, REQUEST_ORIGIN, REQUEST_RATE},
    lookup::{Guard, Lookup},
    message::{Message, Unfit},
    outcome::{Outcome, Trouble, Unreachable, unreachable},
    target::Target,
};

/// How much is read of an answer: its status says all, and a small body that is read to its end keeps the connection usable.
pub const ANSWER_MAX: usize = 4 * 1024;

/// One target, ready to be asked. Targets share nothing: one that hangs holds up nobody else.
#[derive(Debug, Clone)]
pub struct Channel {
    target: Target,
    client: Client,
    guard: Guard,
}

/// No HTTP client can be made on this machine: its TLS has no certificates to trust, or does not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no HTTP client can be made: look at the certificates that this machine trusts")]
pub struct Unusable;

impl Channel {
    /// A channel to a target; `lookup` is the machine's own ([`crate::SystemLookup`]) outside tests.
    pub fn new(target: Target, lookup: Arc<dyn Lookup>) -> Result<Self, Unusable> {
        let guard = Guard::new(lookup, &target.allowed);
        let client = Client::builder()
            .user_agent("Schakelpunt")
            .dns_resolver(guard.clone())
            .redirect(Policy::none())
            .referer(false)
            // a proxy would look names up by itself, where no guard stands
            .no_proxy()
            .https_only(target.url.scheme() == "https")
            .connect_timeout(target.connect)
            .timeout(target.request)
            .build()
            .map_err(|_| Unusable)?;
        Ok(Self { target, client, guard })
    }

    /// Where to.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Whether the target's name leads somewhere that may be used, at this moment. Contacts nobody but the resolver.
    pub async fn check(&self) -> Result<(), Unreachable> {
        // an address in the URL was judged when the target was read
        if self.target.address().is_some() {
            return Ok(());
        }
        let found = timeout(self.target.connect, self.guard.addresses(self.target.host())).await;
        found.map_err(|_| Unreachable::Trouble(Trouble::Silent))?.map(drop)
    }

    /// Delivers one event, given as structured JSON, once.
    pub async fn deliver(&self, event: &[u8], now: Timestamp) -> Outcome {
        let request = match self.signed(event, now) {
            Ok(request) => request,
            Err(unfit) => return Outcome::Unfit(unfit),
        };
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return unreachable(&error).into(),
        };
        match Outcome::of(response.status(), response.headers()) {
            Outcome::Delivered => read(response).await,
            other => other,
        }
    }

    /// Asks the target whether it wants this origin's events, and at most how many a minute.
    pub async fn handshake(&self, rate: Option<NonZeroU32>) -> Handshake {
        let mut request = self.request(Method::OPTIONS);
        if let Some(rate) = rate {
            request = request.header(REQUEST_RATE, rate.get());
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return unreachable(&error).into(),
        };
        let all = |name: &str| response.headers().get_all(name).iter().map(|value| value.to_str().unwrap_or_default()).collect::<Vec<_>>();
        let status = response.status().as_u16();
        Handshake::of(status, &all(ALLOWED_ORIGIN), &all(ALLOWED_RATE), self.target.origin(), rate.is_some())
    }

    fn request(&self, method: Method) -> RequestBuilder {
        self.client.request(method, self.target.url.clone()).header(REQUEST_ORIGIN, self.target.origin.clone())
    }

    fn signed(&self, event: &[u8], now: Timestamp) -> Result<RequestBuilder, Unfit> {
        let Message { id, headers, body } = Message::of(event, self.target.mode)?;
        let unfit = || Unfit { pointer: "/id".to_owned(), expected: "visible ASCII: it is a header, and signed" };
        let signature = self.target.secrets.sign(&id, now, &body).ok_or_else(unfit)?;
        let id = HeaderValue::from_str(&id).map_err(|_| unfit())?;
        let request = self.request(Method::POST).headers(headers).header("webhook-id", id);
        Ok(request.header("webhook-timestamp", now.as_second()).header("webhook-signature", signature).body(body))
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
