//! Bearer tokens in a configuration: whose, and what they open. Outside a test environment it holds their digests only, so that whoever
//! reads the file is nobody else by it.

use anyhow::ensure;
use schakelpunt_domain::{Environment, Hidden, ParticipantId};
use schakelpunt_engine::life::Role;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{HttpConfig, bytes_of};

/// Somebody who keeps the registers. The name is a role or a pseudonym: it stands beside every entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdministratorConfig {
    /// Under which name entries are made.
    pub name: ParticipantId,
    /// The token: in a test environment only.
    #[serde(default)]
    pub token: Option<Hidden>,
    /// Its SHA-256, instead.
    #[serde(default)]
    pub sha256: Option<TokenDigest>,
    /// For the owner of data whose administrator this is: approves subscriptions and enters nothing else.
    #[serde(default)]
    pub owner: Option<String>,
    /// What this administrator may do for the rules; one for an owner of data approves what that owner answers for, too.
    #[serde(default)]
    pub roles: Vec<RoleConfig>,
}

/// What somebody may do for the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoleConfig {
    /// Drafts, edits, checks, submits.
    Author,
    /// Says whether the law allows it.
    LegalReviewer,
}

impl RoleConfig {
    /// The role itself.
    pub fn role(self) -> Role {
        match self {
            Self::Author => Role::Author,
            Self::LegalReviewer => Role::LegalReviewer,
        }
    }
}

/// One bearer token of a participant.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenConfig {
    /// Whose.
    pub participant: ParticipantId,
    /// The token: in a test environment only.
    #[serde(default)]
    pub token: Option<Hidden>,
    /// Its SHA-256, instead.
    #[serde(default)]
    pub sha256: Option<TokenDigest>,
}

/// The SHA-256 of a token, in small hexadecimal digits. It opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TokenDigest([u8; 32]);

impl TryFrom<String> for TokenDigest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let small = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        bytes_of(&text).filter(|_| small).map(Self).ok_or("the SHA-256 of a token: 64 hexadecimal digits in small letters")
    }
}

impl TokenDigest {
    /// The bytes of it.
    pub fn bytes(self) -> [u8; 32] {
        self.0
    }

    /// That of a token, whichever way it stands there.
    fn of(token: Option<&Hidden>, sha256: Option<Self>) -> Option<Self> {
        sha256.or_else(|| token.map(|token| Self(Sha256::digest(token.reveal()).into())))
    }
}

impl AdministratorConfig {
    /// What the hub compares with; a checked configuration has it.
    pub fn digest(&self) -> Option<TokenDigest> {
        TokenDigest::of(self.token.as_ref(), self.sha256)
    }
}

impl TokenConfig {
    /// What the hub compares with; a checked configuration has it.
    pub fn digest(&self) -> Option<TokenDigest> {
        TokenDigest::of(self.token.as_ref(), self.sha256)
    }
}

/// Each has a token or its digest, and outside a test environment the digest.
pub(super) fn check(http: &HttpConfig, environment: Environment) -> anyhow::Result<()> {
    let participants = http.tokens.iter().map(|one| ("token", &one.participant, &one.token, one.sha256));
    let administrators = http.administrators.iter().map(|one| ("administrator", &one.name, &one.token, one.sha256));
    for (table, whose, token, sha256) in participants.chain(administrators) {
        ensure!(token.is_some() != sha256.is_some(), "[[http.{table}]] of {whose}: either `token` or `sha256`");
        ensure!(
            token.is_none() || environment == Environment::Test,
            "[[http.{table}]] of {whose}: `token` is for the test environment only; elsewhere the file has its `sha256` (printf %s TOKEN | sha256sum)"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    /// Of `of-beheer`.
    const DIGEST: &str = "21a87a368e27d2b0c7cec538a3cd8a002ad1a8ae2714e4a2537eef57c0e87d23";

    fn read(environment: &str, table: &str) -> Result<Config, String> {
        let key = "5c".repeat(32);
        let text = format!("environment = \"{environment}\"\ndigest-key = \"{key}\"\n[http]\nlisten = \"127.0.0.1:0\"\n{table}\n");
        Config::parse("hub.toml", &text).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn a_token_stands_as_itself_in_a_test_environment_only() {
        for (table, whose) in [("administrator", "name = \"beheer\""), ("token", "participant = \"pi-zwolle\"")] {
            let table = |secret: &str| format!("[[http.{table}]]\n{whose}\n{secret}");
            let (plain, digest) = (table("token = \"of-beheer\""), table(&format!("sha256 = \"{DIGEST}\"")));
            assert!(read("test", &plain).is_ok() && read("test", &digest).is_ok() && read("production", &digest).is_ok());
            let refused = read("production", &plain).unwrap_err();
            assert!(refused.contains("test environment only") && !refused.contains("of-beheer"), "{refused}");
            assert!(read("test", &table("")).is_err(), "nothing");
            assert!(read("test", &table(&format!("token = \"of-beheer\"\nsha256 = \"{DIGEST}\""))).is_err(), "both");
            let mistyped = read("test", &table("sha256 = \"of-beheer\"")).unwrap_err();
            assert!(mistyped.contains("64 hexadecimal digits") && !mistyped.contains("of-beheer"), "{mistyped}");
        }
    }

    #[test]
    fn a_digest_is_that_of_the_token() {
        let digest = |secret: &str| {
            let config = read("test", &format!("[[http.administrator]]\nname = \"beheer\"\n{secret}")).unwrap();
            config.http.unwrap().administrators[0].digest()
        };
        assert_eq!(digest("token = \"of-beheer\""), digest(&format!("sha256 = \"{DIGEST}\"")));
    }
}
