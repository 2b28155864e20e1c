//! The shape of rule files, as they stand in TOML, with the place of every word.

use toml::Spanned;

use super::{LoadError, RuleFile};

pub(super) type Word = Spanned<String>;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Parsed {
    #[serde(default, rename = "basis")]
    pub(super) bases: Vec<RawBasis>,
    #[serde(default, rename = "field-set")]
    pub(super) field_sets: Vec<RawFieldSet>,
    #[serde(default, rename = "rule")]
    pub(super) rules: Vec<RawRule>,
    #[serde(default, rename = "never")]
    pub(super) never: Vec<RawNever>,
    #[serde(default, rename = "desk")]
    pub(super) desks: Vec<RawDesk>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPeriod {
    pub(super) from: Option<Word>,
    pub(super) until: Option<Word>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawBasis {
    pub(super) id: Word,
    pub(super) citation: Word,
    pub(super) kind: Spanned<crate::BasisKind>,
    pub(super) in_force: Spanned<RawPeriod>,
    #[serde(default)]
    pub(super) yields_to: Vec<Word>,
    pub(super) between: Vec<(Word, Word)>,
    pub(super) purposes: Vec<Word>,
    pub(super) power: Spanned<crate::Power>,
    #[serde(default, rename = "while")]
    pub(super) while_: Vec<Word>,
    #[serde(default, rename = "note")]
    pub(super) _note: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawFieldSet {
    pub(super) id: Word,
    pub(super) fields: Vec<Word>,
    #[serde(default, rename = "note")]
    pub(super) _note: String,
}

/// A word or a list of words. A mistake in a list is shown at the list: TOML gives no places below a choice of shapes.
#[derive(Debug, serde::Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// The words of a [`OneOrMore`], each with the place of the whole.
pub(super) fn words(choice: &Spanned<OneOrMore>) -> Vec<Word> {
    let texts = match choice.get_ref() {
        OneOrMore::One(text) => std::slice::from_ref(text),
        OneOrMore::More(texts) => texts,
    };
    texts.iter().map(|text| Spanned::new(choice.span(), text.clone())).collect()
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawRule {
    pub(super) id: Word,
    pub(super) events: Vec<Word>,
    pub(super) sender: Spanned<OneOrMore>,
    pub(super) to: Vec<Word>,
    pub(super) purpose: Word,
    pub(super) owner: Word,
    #[serde(default)]
    pub(super) needs: Vec<Word>,
    #[serde(default, rename = "grant")]
    pub(super) grants: Vec<RawGrant>,
    #[serde(default)]
    pub(super) note: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawGrant {
    pub(super) basis: Word,
    #[serde(default)]
    pub(super) when: Vec<Word>,
    pub(super) each: Option<Word>,
    pub(super) fields: Vec<Word>,
    #[serde(default, rename = "note")]
    pub(super) _note: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawNever {
    pub(super) id: Word,
    pub(super) to: Vec<Word>,
    pub(super) fields: Vec<Word>,
    #[serde(default, rename = "note")]
    pub(super) _note: String,
}

/// The one word for a desk that is not cut.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Whole {
    All,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawDesk {
    pub(super) role: Word,
    pub(super) sees: Option<Whole>,
    #[serde(default)]
    pub(super) fields: Vec<Word>,
    #[serde(default, rename = "note")]
    pub(super) _note: String,
}

/// A parsed file with its text, for places.
#[derive(Debug)]
pub(super) struct Source<'a> {
    pub(super) file: &'a RuleFile,
    pub(super) parsed: Parsed,
}

/// Largest rule file in bytes: twenty times the largest that is shipped.
pub const FILE_MAX: usize = 1024 * 1024;

/// Reads one file's shape. TOML stops at the first mistake of this kind.
pub(super) fn parse(file: &RuleFile) -> Result<Source<'_>, Box<LoadError>> {
    if file.text.len() > FILE_MAX {
        return Err(Box::new(LoadError::at(file, 0..0, "TOO_LARGE", "at most 1048576 bytes".to_owned(), "split it along its domains")));
    }
    match toml::from_str(&file.text) {
        Ok(parsed) => Ok(Source { file, parsed }),
        Err(error) => Err(Box::new(LoadError::at(
            file,
            error.span().unwrap_or(0..0),
            "SHAPE",
            error.message().to_owned(),
            "see the format in schemas/ and the other rule files",
        ))),
    }
}
