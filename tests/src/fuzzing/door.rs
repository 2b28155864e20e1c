//! A request to the door of the municipality's adapter. Nobody is called back: what a callback's address would lead to is not asked.

mod stage;

use axum::http::Uri;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use schakelpunt_adapters::{door::would_tell, zgw};
use schakelpunt_domain::Hidden;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;

use self::stage::{FORGOTTEN, LAST, OTHER_SECRET, SECRET, WITHDRAWN, id, now, stage};
use super::{
    exchange::{Answered, Asked},
    innocence::CANARY,
};

/// A request. `authorization: suite` and `other` stand for a token of that application, `signed` for one over the headers `token-head`
/// and `token-claims`, signed with the secret of `suite`.
pub fn door(bytes: &[u8]) {
    let asked = Asked::read(bytes);
    filters(asked.body);
    if leads_somewhere(asked.body) {
        return;
    }
    let Some(request) = asked.request(asked.body, |word| token(word, &asked)) else { return };
    let uri = request.uri().clone();
    let answered = stage().ask(request);
    let Answered { status, headers, body } = &answered;
    assert!(!status.is_server_error(), "{status}");
    let is_error = status.is_client_error();
    assert!(!is_error || !body.is_empty() || asked.method == "HEAD", "{status} without a reason");
    assert!(!String::from_utf8_lossy(body).to_lowercase().contains(CANARY), "an answer with content: {status}");
    assert!(!uri.path().starts_with("/notificaties/api/v1/kanaal") || status == &404 || headers.contains_key("api-version"), "{headers:?}");
    match asked.header("authorization") {
        Some("suite" | "other") => assert!(*status != 401, "a token that counts"),
        Some("signed") if counts(&asked) => {}
        _ => assert!([401, 404, 405].contains(&status.as_u16()), "{status} for nobody"),
    }
    if asked.method == "GET" && uri.path() == "/v1/events" && *status == 200 {
        fetched(&uri, &answered);
    }
}

/// What a word stands for as `authorization`.
fn token(word: &str, asked: &Asked<'_>) -> Option<String> {
    let token = match word {
        "suite" => zgw::token("suite", SECRET, "suite", now()),
        "other" => zgw::token("other", OTHER_SECRET, "other", now()),
        "signed" => {
            let part = |name: &str| URL_SAFE_NO_PAD.encode(asked.header(name).unwrap_or_default());
            let text = format!("{}.{}", part("token-head"), part("token-claims"));
            let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
            mac.update(text.as_bytes());
            format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
        }
        _ => return None,
    };
    Some(format!("Bearer {token}"))
}

/// Whether a token that is signed counts, by what the README says of it.
fn counts(asked: &Asked<'_>) -> bool {
    let part = |name: &str| asked.header(name).and_then(|text| serde_json::from_str::<Value>(text).ok()).unwrap_or_default();
    let (head, claims) = (part("token-head"), part("token-claims"));
    let age = claims["iat"].as_i64().map(|iat| i128::from(now().as_second()) - i128::from(iat));
    head["alg"] == "HS256" && claims["client_id"] == "suite" && age.is_some_and(|age| (-60..=3600).contains(&age))
}

/// Whether a callback is named that the configuration allows, so that it would be asked.
fn leads_somewhere(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Callback {
        callback_url: Option<String>,
    }
    let callback = serde_json::from_slice::<Callback>(body).ok().and_then(|named| named.callback_url);
    callback.is_some_and(|callback| schakelpunt_webhook::Address::new(&Hidden::from(callback.as_str()), &[]).is_ok())
}

/// A subscription that is taken is told of what equals its filters, and of nothing else.
fn filters(body: &[u8]) {
    for (event, category) in [("detention-started", "detentions"), ("plan-ready", "plans"), ("message-withdrawn", "corrections"), ("", "")]
    {
        if let Some(told) = would_tell(body, event, category) {
            let subscription: Value = serde_json::from_slice(body).unwrap();
            let channels = subscription["kanalen"].as_array().unwrap();
            assert!(!channels.is_empty() && subscription["callbackUrl"].is_string() && subscription["auth"].is_string());
            let expected = channels.iter().any(|channel| takes(channel, &json!({ "event": event, "categorie": category })));
            assert_eq!(told, expected, "{event} {category}");
        }
    }
}

/// Whether a channel takes a notification with these `kenmerken`; a panic where it should not have been accepted.
fn takes(channel: &Value, kenmerken: &Value) -> bool {
    assert_eq!(channel["naam"], "schakelpunt");
    let filters = channel.get("filters").map(|filters| filters.as_object().unwrap());
    filters.into_iter().flatten().all(|(name, wanted)| {
        assert!(kenmerken.get(name).is_some() && wanted.as_str().is_some_and(|wanted| !wanted.is_empty()), "a filter that is none");
        wanted == "*" || *wanted == kenmerken[name]
    })
}

/// Exactly what came after the cursor: a cursor that says nothing gives no silence.
fn fetched(uri: &Uri, answered: &Answered) {
    let (mut since, mut limit) = (None, None);
    for pair in uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let number: u64 = decoded(value).parse().unwrap_or_else(|_| panic!("a cursor or limit that cannot be read was taken"));
        let place = match decoded(name).as_str() {
            "since" => &mut since,
            "limit" => &mut limit,
            _ => panic!("what the door does not know was taken"),
        };
        assert!(place.replace(number).is_none(), "twice, and taken");
    }
    let (since, limit) = (since.unwrap_or(0), limit.unwrap_or(50));
    assert!((1..=100).contains(&limit) && since <= LAST && (since == 0 || since >= FORGOTTEN), "{since} {limit}");
    let numbers: Vec<u64> = (since.max(FORGOTTEN) + 1..=LAST).take(usize::try_from(limit).unwrap()).collect();
    let expected: Vec<Value> = numbers.iter().filter(|number| **number != WITHDRAWN).map(|number| json!(id(*number))).collect();
    let events: Vec<Value> = serde_json::from_slice(&answered.body).unwrap();
    assert_eq!(events.iter().map(|event| event["id"].clone()).collect::<Vec<_>>(), expected);
    let cursor = numbers.last().copied().unwrap_or(since).to_string();
    assert_eq!(answered.headers.get("next-cursor").and_then(|value| value.to_str().ok()), Some(cursor.as_str()));
}

/// A part of a query, as a form has it.
fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let byte = part.get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        match byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => bytes.extend([&[byte], &part.as_bytes()[2..]].concat()),
            None => bytes.extend([b"%", part.as_bytes()].concat()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
