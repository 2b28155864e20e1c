//! Bearer tokens: who a token stands for.

use std::fmt;

use schakelpunt_domain::ParticipantId;
use sha2::{Digest as _, Sha256};

use crate::{
    problem::Problem,
    turns::{Turn, Turns},
};

/// The tokens that open this gateway, each kept as its SHA-256. Tokens are random and long, so a plain digest is enough.
#[derive(Clone, Default)]
pub struct Tokens {
    entries: Vec<([u8; 32], ParticipantId)>,
    turns: Turns,
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
        self.turns.add(&participant);
        self.entries.push((digest, participant));
        self
    }

    /// A turn for a request of that participant.
    pub(crate) fn turn(&self, participant: &ParticipantId) -> Result<Turn, Problem> {
        self.turns.take(participant)
    }

    /// Whose token it is. Looks at every entry, and at every byte of it, so that the time taken tells nothing.
    pub(crate) fn find(&self, token: &str) -> Option<&ParticipantId> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        let mut found = None;
        for (known, participant) in &self.entries {
            if is_equal(known, &digest) && !token.is_empty() {
                found = Some(participant);
            }
        }
        found
    }
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
    fn a_digest_does_as_well() {
        let digest = Sha256::digest("of-a").into();
        assert!(Tokens::default().with_digest(digest, "a".parse().unwrap()).find("of-a").is_some());
    }
}
