//! Identifiers. Each is made by parsing and cannot be malformed afterwards; `Debug` of a personal number never shows it.

use std::{fmt, str::FromStr, sync::Arc};

/// Why a text is not the identifier that it should be. Carries no value: it may be personal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}: {expected}")]
pub struct InvalidId {
    kind: &'static str,
    expected: &'static str,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok(Self(text.into())) } else { Err(InvalidId { kind: $kind, expected: $expected }) }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::from_text::parsed(deserializer)
            }
        }
    };
}

macro_rules! shown {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
    )*};
}

macro_rules! hidden {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(concat!(stringify!($name), "(…)")) }
        }
    )*};
}

fn is_slug(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_plain(text: &str, max: usize) -> bool {
    !text.is_empty() && text.len() <= max && text.chars().all(|c| !c.is_control() && !c.is_whitespace())
}

fn digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|b| b.is_ascii_digit())
}

/// The eleven test for nine-digit numbers (BSN, RSIN): weights 9..2 and -1, sum divisible by 11, not all zero.
pub fn passes_elfproef(text: &str) -> bool {
    const WEIGHTS: [i32; 9] = [9, 8, 7, 6, 5, 4, 3, 2, -1];
    digits(text, 9) && text != "000000000" && text.bytes().zip(WEIGHTS).map(|(b, w)| i32::from(b - b'0') * w).sum::<i32>() % 11 == 0
}

/// The opaque name under which an organisation knows a worker: as `capacityWorker` in `schemas/parts.json`.
pub fn is_pseudonym(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

fn is_oin(text: &str) -> bool {
    let Some((prefix, rest)) = text.split_at_checked(8) else { return false };
    match prefix {
        "00000003" => rest.len() == 12 && digits(rest, 12) && rest.ends_with("0000"),
        "00000001" | "00000002" | "00000004" | "00000006" | "00000007" | "00000008" | "00000009" | "00000010" | "00000099" => {
            rest.len() == 12 && rest.ends_with("000") && rest.bytes().take(9).all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        }
        _ => false,
    }
}

text_id!(
    /// A participant: an organisational unit, not a legal person. `[a-z0-9-]+`, at most 64 characters.
    ParticipantId, "participant id", "lower-case letters, digits and hyphens, at most 64", is_slug
);
text_id!(
    /// The short name of an event, as in the catalogue (`detention-started`).
    EventName, "event name", "lower-case letters, digits and hyphens, at most 64", is_slug
);
text_id!(
    /// The id of a legal basis in the rule set (`pm-20d-2`).
    BasisId, "basis id", "lower-case letters, digits and hyphens, at most 64", is_slug
);
text_id!(
    /// The id of a rule in the rule set.
    RuleId, "rule id", "lower-case letters, digits and hyphens, at most 64", is_slug
);
text_id!(
    /// The producer's own persistent id of a message. At most 128 visible characters.
    MessageId, "message id", "1 to 128 characters without blanks", |text| is_plain(text, 128)
);
text_id!(
    /// The detention reference: opaque, unique for its issuer. At most 128 visible characters.
    DetentionRef, "detention reference", "1 to 128 characters without blanks", |text| is_plain(text, 128)
);
text_id!(
    /// A producer's system: `urn:nld:oin:<20 positions>:systeem:<name>` (NL GOV profile for CloudEvents 1.1).
    Source, "source", "urn:nld:oin:<20 positions>:systeem:<name>", |text| {
        text.strip_prefix("urn:nld:oin:").and_then(|rest| rest.split_once(":systeem:")).is_some_and(|(oin, name)| {
            is_oin(oin) && !name.is_empty() && name.len() <= 64
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b == b'.')
        })
    }
);
text_id!(
    /// Organisatie-identificatienummer: 20 positions, checked for structure only (OIN-Stelsel, chapter 6).
    Oin, "OIN", "20 positions: a known prefix of 8, then a number padded with zeros", is_oin
);
text_id!(
    /// Burgerservicenummer: nine digits that pass the eleven test.
    Bsn, "BSN", "nine digits that pass the eleven test", passes_elfproef
);
text_id!(
    /// Strafrechtsketennummer, known to prisons and probation only (decision 5).
    Skn, "SKN", "1 to 12 letters or digits", |text| (1..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
);
text_id!(
    /// Municipality code of Statistics Netherlands: four digits, leading zeros kept.
    MunicipalityCode, "municipality code", "four digits", |text| digits(text, 4)
);

shown!(ParticipantId, EventName, BasisId, RuleId, MessageId, DetentionRef, Source, Oin, MunicipalityCode);
hidden!(Bsn, Skn);

impl Source {
    /// The OIN inside the URN.
    pub fn oin(&self) -> &str {
        self.0.strip_prefix("urn:nld:oin:").and_then(|rest| rest.split_once(':')).map_or("", |(oin, _)| oin)
    }

    /// The name of the system, the last word of the URN.
    pub fn system(&self) -> &str {
        self.0.rsplit_once(':').map_or("", |(_, name)| name)
    }
}

/// The id of a delivered event: UUIDv5 of (source, id, recipient, revision), so that a repeat carries the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct DeliveryId(uuid::Uuid);

/// The name space of everything that the hub derives an id for.
const NAMESPACE: uuid::Uuid = uuid::uuid!("7f6d2a52-3f0b-5c1e-9a55-6f2d6f0d9c11");

fn derived(parts: &[&str]) -> uuid::Uuid {
    uuid::Uuid::new_v5(&NAMESPACE, parts.join("\n").as_bytes())
}

impl DeliveryId {
    /// Derives the id of what `recipient` gets of the message `(source, id)` in its `revision`.
    pub fn derive(source: &Source, id: &MessageId, recipient: &ParticipantId, revision: u32) -> Self {
        Self(derived(&["delivery", source.as_str(), id.as_str(), recipient.as_str(), &revision.to_string()]))
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for DeliveryId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.parse().map(Self).map_err(|_| InvalidId { kind: "delivery id", expected: "a UUID" })
    }
}

/// The id of a message of the hub's own that must exist once, whatever is repeated.
pub fn hub_message_id(parts: &[&str]) -> MessageId {
    MessageId(derived(parts).to_string().into())
}

/// The reference under which a care partner knows a detention, so that files cannot be joined on it (contracts 1).
pub fn partner_reference(detention: &DetentionRef, recipient: &ParticipantId) -> DetentionRef {
    DetentionRef(derived(&["partner", detention.as_str(), recipient.as_str()]).to_string().into())
}

/// The id of a message everywhere: the producer's system and its own id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageKey {
    /// The producer's system.
    pub source: Source,
    /// The producer's id.
    pub id: MessageId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bsn_passes_the_eleven_test_and_is_never_shown() {
        for good in ["999990342", "999993653", "123456782", "111222333"] {
            let bsn: Bsn = good.parse().unwrap();
            assert_eq!(format!("{bsn:?}"), "Bsn(…)");
        }
        for bad in ["123456789", "018232884", "000000000", "99999034", "9999903420"] {
            assert!(bad.parse::<Bsn>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_oin_is_checked_for_structure() {
        for good in ["00000001823288444000", "00000003172726690000", "00000099ABCDEFGHI000", "00000001234567890000"] {
            assert!(good.parse::<Oin>().is_ok(), "{good}");
        }
        for bad in ["01823288444", "00000005123456789000", "00000003172726690001", "0000000182328844400"] {
            assert!(bad.parse::<Oin>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_source_is_a_urn_with_an_oin_and_a_system() {
        let source: Source = "urn:nld:oin:00000099000000001000:systeem:tulp".parse().unwrap();
        assert_eq!((source.oin(), source.system()), ("00000099000000001000", "tulp"));
        assert!("urn:nld:oin:01823288444:zakensysteem".parse::<Source>().is_err());
    }

    #[test]
    fn a_municipality_code_keeps_its_zero() {
        assert_eq!("0193".parse::<MunicipalityCode>().unwrap().to_string(), "0193");
        assert!("193".parse::<MunicipalityCode>().is_err());
    }

    #[test]
    fn a_repeated_delivery_has_the_same_id() {
        let source: Source = "urn:nld:oin:00000099000000001000:systeem:x".parse().unwrap();
        let id = "m-1".parse().unwrap();
        let to = "gemeente-zwolle".parse().unwrap();
        assert_eq!(DeliveryId::derive(&source, &id, &to, 0), DeliveryId::derive(&source, &id, &to, 0));
        assert_ne!(DeliveryId::derive(&source, &id, &to, 0), DeliveryId::derive(&source, &id, &to, 1));
    }
}
