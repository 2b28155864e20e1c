//! Keyed digests: what must be compared later but not be guessed back from a store.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The hub's secret key for digests. Never shown.
#[derive(Clone)]
pub struct DigestKey([u8; 32]);

impl std::fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DigestKey(…)")
    }
}

impl DigestKey {
    /// Takes a key of 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// HMAC-SHA256 of `parts`, each with its length before it so that no two lists of parts look alike; hexadecimal.
    pub fn digest(&self, parts: &[&[u8]]) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().iter().fold(String::with_capacity(64), |mut text, byte| {
            use std::fmt::Write as _;
            if write!(text, "{byte:02x}").is_err() {
                text.clear();
            }
            text
        })
    }
}
