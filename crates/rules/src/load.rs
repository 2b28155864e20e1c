//! Reading rule files. Every mistake is named with file, line and column, all of one run at once.

use std::{fmt, ops::Range};

pub use schakelpunt_domain::SourceFile as RuleFile;
use schakelpunt_domain::{catalogue::Catalogue, digest::fingerprint};

use crate::ruleset::RuleSet;

mod files;
mod places;
mod resolve;

pub use files::FILE_MAX;
pub use places::{BasisPart, Place, Places, RulePart};

/// One mistake in a rule file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LoadError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What kind of mistake, stable.
    pub code: &'static str,
    /// A sentence.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The line as it stands.
    pub source: String,
    /// How many characters are meant.
    pub width: usize,
}

/// All mistakes of one load.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct LoadErrors(pub Vec<LoadError>);

impl fmt::Display for LoadErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|error| writeln!(f, "{error}"))
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, code, message, hint, source, width } = self;
        writeln!(f, "{file}:{line}:{column}: {message} [{code}]")?;
        writeln!(f, "  | {source}")?;
        write!(f, "  | {}{}", " ".repeat(column.saturating_sub(1)), "^".repeat((*width).max(1)))?;
        if hint.is_empty() { Ok(()) } else { write!(f, "\n  = {hint}") }
    }
}

impl LoadError {
    /// A mistake at a range of bytes of a file. Also for whoever reads other files beside the rules, so that all mistakes look alike.
    pub fn at(file: &RuleFile, span: Range<usize>, code: &'static str, message: String, hint: &str) -> Self {
        let before = file.text.get(..span.start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let source = file.text.get(line_start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let meant = file.text.get(span).and_then(|text| text.lines().next()).unwrap_or_default();
        Self {
            file: file.name.clone(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            code,
            message,
            hint: hint.to_owned(),
            source: source.to_owned(),
            width: meant.chars().count(),
        }
    }
}

impl RuleSet {
    /// Reads a rule set. What cannot be read or resolved makes the whole set unusable: half a rule set would be another law.
    pub fn load(files: &[RuleFile], catalogue: &Catalogue) -> Result<Self, LoadErrors> {
        let mut errors = Vec::new();
        let parsed: Vec<_> = files.iter().filter_map(|file| files::parse(file).map_err(|error| errors.push(*error)).ok()).collect();
        let resolved = resolve::resolve(&parsed, catalogue, &mut errors);
        if !errors.is_empty() {
            errors.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
            return Err(LoadErrors(errors));
        }
        let mut sorted: Vec<_> = files.iter().collect();
        sorted.sort_by(|a, b| a.name.cmp(&b.name));
        let parts: Vec<&[u8]> = sorted.iter().flat_map(|file| [file.name.as_bytes(), file.text.as_bytes()]).collect();
        let mut version = fingerprint(&parts);
        version.truncate(16);
        Ok(Self { version, ..resolved })
    }
}

#[cfg(test)]
pub(crate) mod tests;
