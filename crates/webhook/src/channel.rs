//! The channel itself: events, signed, over the line to a target.

use std::{num::NonZeroU32, sync::Arc};

use jiff::Timestamp;
use reqwest::{Method, RequestBuilder, header::HeaderValue};

use crate::{
    handshake::{ALLOWED_ORIGIN, ALLOWED_RATE, Handshake, REQUEST_ORIGIN, REQUEST_RATE},
    line::{Line, Unusable},
    lookup::Lookup,
    message::{Message, Unfit},
    outcome::{Outcome, Unreachable, unreachable},
    target::Target,
};

/// One target, ready to be asked. Targets share nothing: one that hangs holds up nobody else.
#[derive(Debug, Clone)]
pub struct Channel {
    target: Target,
    line: Line,
}

impl Channel {
    /// A channel to a target; `lookup` is the machine's own ([`crate::SystemLookup`]) outside tests.
    pub fn new(target: Target, lookup: Arc<dyn Lookup>) -> Result<Self, Unusable> {
        Ok(Self { line: Line::new(target.address.clone(), lookup)?, target })
    }

    /// Where to.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Whether the target's name leads somewhere that may be used, at this moment. Contacts nobody but the resolver.
    pub async fn check(&self) -> Result<(), Unreachable> {
        self.line.check().await
    }

    /// Delivers one event, given as structured JSON, once.
    pub async fn deliver(&self, event: &[u8], now: Timestamp) -> Outcome {
        let request = match self.signed(event, now) {
            Ok(request) => request,
            Err(unfit) => return Outcome::Unfit(unfit),
        };
        self.line.send(request).await
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
        self.line.request(method).header(REQUEST_ORIGIN, self.target.origin.clone())
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
