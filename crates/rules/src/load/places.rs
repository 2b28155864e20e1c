//! Where the words of rule files stand, for whoever says something of a rule set that loaded.

use std::ops::Range;

use super::{
    LoadError, RuleFile,
    files::{self, RawBasis, RawGrant, RawRule, Source, Word},
};

/// The rule files of a set with the place of each word.
#[derive(Debug)]
pub struct Places<'a>(Vec<Source<'a>>);

/// Words in a file.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    file: &'a RuleFile,
    span: Range<usize>,
}

/// A part of a basis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BasisPart {
    /// Its id.
    Id,
    /// Its dates.
    InForce,
    /// A word of `while`, from 0.
    While(usize),
}

/// A part of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulePart {
    /// Its id.
    Id,
    /// A recipient, from 0.
    To(usize),
    /// The basis of a grant, from 0.
    Grant(usize),
    /// A word of `when` of a grant, both from 0.
    When(usize, usize),
    /// A word of `fields` of a grant, both from 0.
    Field(usize, usize),
}

impl Place<'_> {
    /// What is to be said of these words, as a mistake is shown.
    pub fn says(&self, code: &'static str, message: String, hint: &str) -> LoadError {
        LoadError::at(self.file, self.span.clone(), code, message, hint)
    }
}

impl<'a> Places<'a> {
    /// Of files that loaded; one that cannot be read has no places.
    pub fn of(files: &'a [RuleFile]) -> Self {
        Self(files.iter().filter_map(|file| files::parse(file).ok()).collect())
    }

    /// A part of a basis.
    pub fn basis(&self, id: &str, part: BasisPart) -> Option<Place<'a>> {
        let (file, raw) = self.find(|source| source.parsed.bases.iter().find(|raw| raw.id.get_ref() == id))?;
        Some(Place { file, span: basis_span(raw, part)? })
    }

    /// A part of a rule.
    pub fn rule(&self, id: &str, part: RulePart) -> Option<Place<'a>> {
        let (file, raw) = self.find(|source| source.parsed.rules.iter().find(|raw| raw.id.get_ref() == id))?;
        Some(Place { file, span: rule_span(raw, part)? })
    }

    /// The words of `fields` of a grant, as they stand there.
    pub fn fields(&self, rule: &str, grant: usize) -> Vec<&str> {
        let found = self.find(|source| source.parsed.rules.iter().find(|raw| raw.id.get_ref() == rule));
        let grant = found.and_then(|(_, raw)| raw.grants.get(grant));
        grant.map(|grant| texts(&grant.fields)).unwrap_or_default()
    }

    /// The fields of a field set.
    pub fn field_set(&self, id: &str) -> Vec<&str> {
        let found = self.find(|source| source.parsed.field_sets.iter().find(|raw| raw.id.get_ref() == id));
        found.map(|(_, set)| texts(&set.fields)).unwrap_or_default()
    }

    fn find<'s, T>(&'s self, part: impl Fn(&'s Source<'a>) -> Option<&'s T>) -> Option<(&'a RuleFile, &'s T)> {
        self.0.iter().find_map(|source| Some((source.file, part(source)?)))
    }
}

fn texts(words: &[Word]) -> Vec<&str> {
    words.iter().map(|word| word.get_ref().as_str()).collect()
}

fn basis_span(raw: &RawBasis, part: BasisPart) -> Option<Range<usize>> {
    match part {
        BasisPart::Id => Some(raw.id.span()),
        BasisPart::InForce => Some(raw.in_force.span()),
        BasisPart::While(index) => raw.while_.get(index).map(Word::span),
    }
}

fn rule_span(raw: &RawRule, part: RulePart) -> Option<Range<usize>> {
    let grant = |index: usize| -> Option<&RawGrant> { raw.grants.get(index) };
    match part {
        RulePart::Id => Some(raw.id.span()),
        RulePart::To(index) => raw.to.get(index).map(Word::span),
        RulePart::Grant(index) => grant(index).map(|grant| grant.basis.span()),
        RulePart::When(index, word) => grant(index)?.when.get(word).map(Word::span),
        RulePart::Field(index, word) => grant(index)?.fields.get(word).map(Word::span),
    }
}
