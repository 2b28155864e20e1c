//! Texts of a configuration that must not show themselves.

use std::fmt;

use serde::Deserialize;

/// A text that never shows itself: a secret, or a URL whose path or query may hold one.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    /// The text, for the one who needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Hidden {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"…\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_not_shown() {
        let hidden = Hidden::from("p@ss");
        assert_eq!((format!("{hidden:?}").as_str(), hidden.reveal()), ("\"…\"", "p@ss"));
    }
}
