//! Standard Webhooks signatures. During a rotation every live secret signs, so that a receiver may have changed to the new one or not.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use schakelpunt_domain::Hidden;
use standardwebhooks::Webhook;
use std::sync::Arc;

use crate::target::{InvalidSetting, invalid};

/// Most secrets of one target: the new one, the old one, and one more that was forgotten; each makes every header longer.
pub const SECRETS_MAX: usize = 4;
/// Bytes of a secret (Standard Webhooks).
const SECRET: std::ops::RangeInclusive<usize> = 24..=64;

/// The live secrets of a target, the newest first.
#[derive(Clone)]
pub(crate) struct Secrets(Arc<[Webhook]>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl Secrets {
    pub(crate) fn parse(texts: &[Hidden]) -> Result<Self, InvalidSetting> {
        if !(1..=SECRETS_MAX).contains(&texts.len()) {
            return Err(invalid("secrets", format!("1 to {SECRETS_MAX}, the newest first")));
        }
        let parsed = texts.iter().enumerate().map(|(at, text)| parse(text).ok_or(at)).collect::<Result<Vec<_>, _>>();
        let parsed = parsed.map_err(|at| invalid(format!("secrets[{at}]"), "`whsec_` and 24 to 64 bytes in base64"))?;
        Ok(Self(parsed.into()))
    }

    /// The signatures of what is sent, separated by a blank. `None` if the body is not UTF-8.
    pub(crate) fn sign(&self, id: &str, now: Timestamp, body: &[u8]) -> Option<String> {
        let signatures = self.0.iter().map(|secret| secret.sign(id, now.as_second(), body)).collect::<Result<Vec<_>, _>>();
        signatures.ok().map(|signatures| signatures.join(" "))
    }
}

fn parse(text: &Hidden) -> Option<Webhook> {
    let key = BASE64_STANDARD.decode(text.reveal().strip_prefix("whsec_")?).ok()?;
    if SECRET.contains(&key.len()) { Webhook::from_bytes(key).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const NEW: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";

    fn signed(secrets: &[&str]) -> String {
        let secrets: Vec<Hidden> = secrets.iter().map(|text| Hidden::from(*text)).collect();
        let now = Timestamp::from_second(1_649_367_553).unwrap();
        let body = br#"{"email":"test@example.com","username":"test_user"}"#;
        Secrets::parse(&secrets).unwrap().sign("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", now, body).unwrap()
    }

    #[test]
    fn the_published_example() {
        assert_eq!(signed(&[OLD]), "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
    }

    #[test]
    fn in_a_rotation_each_secret_signs_and_the_newest_stands_first() {
        let both = signed(&[NEW, OLD]);
        assert_eq!(both, format!("{} {}", signed(&[NEW]), signed(&[OLD])));
    }

    #[test]
    fn what_is_no_secret() {
        let long = format!("whsec_{}", BASE64_STANDARD.encode([7; 65]));
        for text in [
            "",
            "C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "whsec_",
            "whsec_c2hvcnQ=",
            "whsec_not base64 at all, is it",
            "whsk_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            &long,
        ] {
            let error = Secrets::parse(&[Hidden::from(NEW), Hidden::from(text)]).unwrap_err();
            assert_eq!(error.key, "secrets[1]", "{text}");
        }
        assert_eq!(Secrets::parse(&[]).unwrap_err().key, "secrets");
        assert_eq!(Secrets::parse(&vec![Hidden::from(NEW); SECRETS_MAX + 1]).unwrap_err().key, "secrets");
    }
}
