//! The token of a call: JWT with HS256 (RFC 7519), as the ZGW APIs want it, made anew for each call. Made where the adapter calls, looked
//! at where it is called.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::Sha256;

/// How old a token may be: the hour that Open Zaak gives one.
const LIFE: SignedDuration = SignedDuration::from_hours(1);
/// By how much a caller's clock may be ahead.
const AHEAD: SignedDuration = SignedDuration::from_mins(1);

/// In the order in which they are signed.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    iat: i64,
    client_id: &'a str,
    user_id: &'a str,
    user_representation: &'a str,
}

/// The token of a client for one call. The user is a system, and so is its representation.
pub fn token(client_id: &str, secret: &str, user_id: &str, now: Timestamp) -> String {
    signed(&Claims { iss: client_id, iat: now.as_second(), client_id, user_id, user_representation: user_id }, secret)
}

#[expect(clippy::expect_used, reason = "texts and a number are JSON")]
fn signed(claims: &Claims<'_>, secret: &str) -> String {
    let claims = serde_json::to_vec(claims).expect("JSON");
    sealed(&format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"HS256"}"#), URL_SAFE_NO_PAD.encode(claims)), secret)
}

/// A text with its signature.
#[expect(clippy::expect_used, reason = "a key for HMAC has any length")]
fn sealed(text: &str, secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// The client whose token this is: signed with its secret, by the one algorithm that counts, and not older than an hour.
pub(crate) fn client_of<'a, T>(token: &str, clients: impl Fn(&str) -> Option<(&'a T, &'a str)>, now: Timestamp) -> Option<&'a T> {
    let (text, signature) = token.rsplit_once('.')?;
    let (head, claims) = text.split_once('.')?;
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    // an object: a struct would take an array of values, too
    let named = |part: &str| serde_json::from_slice::<Map<String, Value>>(&decoded(part)?).ok();
    let (head, claims) = (named(head)?, named(claims)?);
    let alg = head.get("alg")?.as_str()?;
    let (iat, client_id) = (claims.get("iat")?.as_i64()?, claims.get("client_id")?.as_str()?);
    let (client, secret) = clients(client_id)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(text.as_bytes());
    mac.verify_slice(&decoded(signature)?).ok()?;
    let age = now.duration_since(Timestamp::from_second(iat).ok()?);
    (alg == "HS256" && age <= LIFE && age >= -AHEAD).then_some(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_602_857_301).unwrap()
    }

    fn knows(token: &str) -> bool {
        client_of(token, |client| (client == "docs").then_some((&(), "example-secret")), now()).is_some()
    }

    #[test]
    fn a_token_counts_for_its_client_for_an_hour() {
        let at = |seconds: i64| token("docs", "example-secret", "docs", now() + SignedDuration::from_secs(seconds));
        assert!(knows(&at(0)) && knows(&at(-3600)) && knows(&at(60)));
        assert!(!knows(&at(-3601)) && !knows(&at(61)), "too old, or from the future");
        assert!(!knows(&token("docs", "another-secret", "docs", now())) && !knows(&token("other", "example-secret", "docs", now())));
    }

    #[test]
    fn a_token_that_was_changed_or_is_not_signed_is_nobodys() {
        let good = token("docs", "example-secret", "docs", now());
        let (text, signature) = good.rsplit_once('.').unwrap();
        let (_, claims) = text.split_once('.').unwrap();
        let none = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"none"}"#);
        let nameless = URL_SAFE_NO_PAD.encode(format!(r#"[{}, "docs"]"#, now().as_second()));
        assert!(!knows(&sealed(&format!("{}.{nameless}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#)), "example-secret")));
        let unsigned = [format!("{none}.{claims}."), format!("{none}.{claims}.{signature}"), format!("{text}.")];
        for bad in unsigned.iter().map(String::as_str).chain([text, "", ".."]) {
            assert!(!knows(bad), "{bad}");
        }
    }

    #[test]
    fn the_sample_in_the_documentation_of_open_zaak_comes_out() {
        let claims = Claims {
            iss: "docs",
            iat: 1_602_857_301,
            client_id: "docs",
            user_id: "docs@example.com",
            user_representation: "Documentation Example",
        };
        let token = signed(&claims, "example-secret");
        assert_eq!(token.rsplit('.').next(), Some("DZu7E780xG4zqRiT8ZhrBeMudz45301wNVDT0ra-Iyw"));
    }
}
