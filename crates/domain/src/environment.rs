//! Test, rehearsal and production: three worlds that never meet.

use std::fmt;

/// The environment of a hub, and of each participant in its registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Environment {
    /// Where systems are tried; its persons are fictitious.
    #[default]
    Test,
    /// A dry run of one participant, in a hub that lives for as long as it takes.
    Rehearsal,
    /// Real persons.
    Production,
}

impl Environment {
    /// The word as in files, and on every delivered event.
    pub fn word(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Rehearsal => "rehearsal",
            Self::Production => "production",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
