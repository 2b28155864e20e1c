//! The law as files: a rule set and the catalogue that it was read with. Kept in the store, so that an answer that was given once can be
//! given again, whatever the files say later.

use schakelpunt_domain::{
    SourceFile,
    catalogue::{Catalogue, InvalidCatalogue},
    digest::fingerprint,
};
use schakelpunt_rules::{LoadErrors, RuleSet};
use serde::{Deserialize, Serialize};

/// The files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLaw {
    /// SHA-256 over all of them.
    pub version: String,
    /// Rule files.
    pub rules: Vec<SourceFile>,
    /// The catalogue's files.
    pub catalogue: Vec<SourceFile>,
}

/// Why kept files cannot be read back: this program is another than the one that kept them.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableLaw {
    /// The catalogue.
    #[error("the catalogue: {0}")]
    Catalogue(#[from] InvalidCatalogue),
    /// The rules.
    #[error("the rules:\n{0}")]
    Rules(#[from] LoadErrors),
}

impl KeptLaw {
    /// The law that these files make.
    pub fn new(mut rules: Vec<SourceFile>, mut catalogue: Vec<SourceFile>) -> Self {
        rules.sort_by(|a, b| a.name.cmp(&b.name));
        catalogue.sort_by(|a, b| a.name.cmp(&b.name));
        let parts: Vec<&[u8]> = rules.iter().chain(&catalogue).flat_map(|file| [file.name.as_bytes(), file.text.as_bytes()]).collect();
        Self { version: fingerprint(&parts), rules, catalogue }
    }

    /// Reads them.
    pub fn read(&self) -> Result<(Catalogue, RuleSet), UnreadableLaw> {
        let catalogue = Catalogue::read(&self.catalogue)?;
        let rules = RuleSet::load(&self.rules, &catalogue)?;
        Ok((catalogue, rules))
    }
}
