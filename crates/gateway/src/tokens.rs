//! Bearer tokens: which participant or administrator a token stands for.
//!
//! Those of the configuration are kept here. Those that came while the hub ran stand in the store as digests, and are asked for there
//! each time: one that was replaced opens nothing any more, in any process of the hub.

use std::{fmt, sync::Arc};

use schakelpunt_domain::ParticipantId;
use schakelpunt_engine::{life::Role, ports::Store};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::{
    problem::Problem,
    turns::{Turn, Turns},
};

/// Somebody who keeps the registers. Not a person's name: a role, or a pseudonym.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    /// Under this name entries are made.
    pub name: ParticipantId,
    /// For the owner of data whose administrator this is: approves subscriptions and enters nothing else.
    pub owner: Option<String>,
    /// What this administrator may do for the rules; for an owner of data that is a role, too.
    pub roles: Vec<Role>,
}

impl Administrator {
    /// One for an owner of data approves what that owner answers for, in rules as in subscriptions.
    pub fn new(name: ParticipantId, owner: Option<String>, roles: Vec<Role>) -> Self {
        let roles = roles.into_iter().chain(owner.clone().map(Role::Owner)).collect();
        Self { name, owner, roles }
    }
}

/// Tokens looked up in the store at once: a flood of wrong ones must leave its connections to those who are known.
pub const LOOKUPS: usize = 2;
/// Longest token that is looked up in the store: those that it knows have 43 characters.
const LENGTH_MAX: usize = 128;

/// The tokens that open this gateway, each kept as its SHA-256. Tokens are random and long, so a plain digest is enough.
#[derive(Clone)]
pub struct Tokens {
    entries: Vec<([u8; 32], ParticipantId)>,
    administrators: Vec<([u8; 32], Administrator)>,
    turns: Turns,
    lookups: Arc<Semaphore>,
}

impl Default for Tokens {
    fn default() -> Self {
        let lookups = Arc::new(Semaphore::new(LOOKUPS));
        Self { entries: Vec::new(), administrators: Vec::new(), turns: Turns::default(), lookups }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.entries.len())
    }
}

impl Tokens {
    /// Adds a token. A participant may have several, while one is being replaced.
    #[must_use]
    pub fn with(self, token: &str, participant: ParticipantId) -> Self {
        self.with_digest(Sha256::digest(token).into(), participant)
    }

    /// Adds a token of which only the SHA-256 is known.
    #[must_use]
    pub fn with_digest(mut self, digest: [u8; 32], participant: ParticipantId) -> Self {
        self.entries.push((digest, participant));
        self
    }

    /// Adds a token of an administrator.
    #[must_use]
    pub fn with_administrator(self, token: &str, administrator: Administrator) -> Self {
        self.with_administrator_digest(Sha256::digest(token).into(), administrator)
    }

    /// Adds one of which only the SHA-256 is known.
    #[must_use]
    pub fn with_administrator_digest(mut self, digest: [u8; 32], administrator: Administrator) -> Self {
        self.administrators.push((digest, administrator));
        self
    }

    /// A turn for a request of that participant.
    pub(crate) fn turn(&self, participant: &ParticipantId) -> Result<Turn, Problem> {
        self.turns.take(participant)
    }

    /// Whose token it is. Looks at every entry, and at every byte of it, so that the time taken tells nothing.
    pub(crate) fn find(&self, token: &str) -> Option<&ParticipantId> {
        find(&self.entries, token)
    }

    /// Whose it is of those that the store knows.
    pub(crate) async fn kept(&self, token: &str, store: &dyn Store) -> Result<Option<ParticipantId>, Problem> {
        if token.is_empty() || token.len() > LENGTH_MAX {
            return Ok(None);
        }
        // never closed
        let Ok(_one_of_few) = self.lookups.acquire().await else { return Ok(None) };
        Ok(store.token_holder(&hexadecimal(&Sha256::digest(token).into())).await?)
    }

    /// The administrator whose token it is.
    pub(crate) fn administrator(&self, token: &str) -> Option<&Administrator> {
        find(&self.administrators, token)
    }
}

fn find<'a, T>(entries: &'a [([u8; 32], T)], token: &str) -> Option<&'a T> {
    let digest: [u8; 32] = Sha256::digest(token).into();
    let mut found = None;
    for (known, whose) in entries {
        if is_equal(known, &digest) && !token.is_empty() {
            found = Some(whose);
        }
    }
    found
}

fn hexadecimal(digest: &[u8; 32]) -> String {
    digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn is_equal(left: &[u8; 32], right: &[u8; 32]) -> bool {
    let difference = left.iter().zip(right).fold(0, |difference, (left, right)| std::hint::black_box(difference | (left ^ right)));
    difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stands_for_its_participant_only() {
        let tokens = Tokens::default().with("of-a", "a".parse().unwrap()).with("of-b", "b".parse().unwrap()).with("", "c".parse().unwrap());
        assert_eq!(tokens.find("of-b").unwrap().as_str(), "b");
        assert_eq!(tokens.find("of-c"), None);
        assert_eq!(tokens.find(""), None, "an empty token in a configuration opens nothing");
        assert_eq!(format!("{tokens:?}"), "Tokens(3)");
    }

    #[test]
    fn an_administrator_is_no_participant() {
        let administrator = Administrator::new("beheer".parse().unwrap(), None, Vec::new());
        let tokens = Tokens::default().with("of-a", "a".parse().unwrap()).with_administrator("of-beheer", administrator.clone());
        assert_eq!((tokens.administrator("of-beheer"), tokens.find("of-beheer")), (Some(&administrator), None));
        assert_eq!(tokens.administrator("of-a"), None);
    }

    #[test]
    fn a_digest_does_as_well() {
        let digest = Sha256::digest("of-a").into();
        assert!(Tokens::default().with_digest(digest, "a".parse().unwrap()).find("of-a").is_some());
    }
}
