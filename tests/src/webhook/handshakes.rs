//! The OPTIONS handshake: headers grant, a status never does.

use std::num::NonZeroU32;

use schakelpunt_webhook::{Handshake, Rate, Refusal, Trouble};

use super::sinks::{Sink, Untouched, answer, handshake};

async fn asked(rate: Option<u32>, status: u16, headers: &'static [(&'static str, &'static str)]) -> Handshake {
    let sink = Sink::with(status, headers).await;
    let said = handshake(&sink.channel(), rate).await;
    let [received] = sink.received().try_into().unwrap();
    assert_eq!((received.method.as_str(), received.header("webhook-request-origin")), ("OPTIONS", "hub.test"));
    assert_eq!(received.header("webhook-request-rate"), rate.map(|rate| rate.to_string()).unwrap_or_default());
    assert!(received.body.is_empty() && !received.headers.contains_key("webhook-signature"));
    said
}

fn per_minute(rate: u32) -> Handshake {
    Handshake::Granted(Rate::PerMinute(NonZeroU32::new(rate).unwrap()))
}

#[tokio::test]
async fn a_grant() {
    assert_eq!(asked(None, 200, &[("webhook-allowed-origin", "hub.test")]).await, Handshake::Granted(Rate::Any));
    assert_eq!(asked(None, 204, &[("webhook-allowed-origin", "*")]).await, Handshake::Granted(Rate::Any));
    let both = &[("webhook-allowed-origin", "hub.test"), ("webhook-allowed-rate", "100")];
    assert_eq!(asked(Some(120), 200, both).await, per_minute(100));
    assert_eq!(asked(Some(120), 405, both).await, per_minute(100), "a status does not refuse");
    assert_eq!(
        asked(Some(120), 200, &[("webhook-allowed-origin", "*"), ("webhook-allowed-rate", "*")]).await,
        Handshake::Granted(Rate::Any)
    );
}

#[tokio::test]
async fn a_refusal() {
    for status in [200, 204, 405] {
        assert_eq!(asked(None, status, &[("allow", "POST, OPTIONS")]).await, Handshake::Refused(Refusal::NoOrigin { status }));
    }
    let other = asked(None, 200, &[("webhook-allowed-origin", "other.test")]).await;
    assert_eq!(other, Handshake::Refused(Refusal::OtherOrigin));
    let without = asked(Some(120), 200, &[("webhook-allowed-origin", "*")]).await;
    assert_eq!(without, Handshake::Refused(Refusal::NoRate));
    let zero = asked(Some(120), 200, &[("webhook-allowed-origin", "*"), ("webhook-allowed-rate", "0")]).await;
    assert_eq!(zero, Handshake::Refused(Refusal::BadRate));
}

#[tokio::test]
async fn a_redirect_is_seen_and_not_followed() {
    let forbidden = Untouched::at(0);
    let location = format!("http://{}/", forbidden.address());
    let sink = Sink::answering(move |_| answer(307, &[("location", &location), ("webhook-allowed-origin", "*")])).await;
    assert_eq!(handshake(&sink.channel(), None).await, Handshake::Redirected { status: 307 });
    forbidden.check();
}

#[tokio::test]
async fn a_target_that_breaks_off_is_asked_again_later() {
    let sink = Sink::raw(b"", true).await;
    assert_eq!(handshake(&sink.channel(), Some(1)).await, Handshake::Later(Trouble::Broken));
}
