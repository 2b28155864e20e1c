//! The token of a call: JWT with HS256 (RFC 7519), as the ZGW APIs want it, made anew for each call.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde::Serialize;
use sha2::Sha256;

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

#[expect(clippy::expect_used, reason = "texts and a number are JSON, and a key for HMAC has any length")]
fn signed(claims: &Claims<'_>, secret: &str) -> String {
    let claims = serde_json::to_vec(claims).expect("JSON");
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"HS256"}"#), URL_SAFE_NO_PAD.encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

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
