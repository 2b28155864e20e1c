//! A change of the shipped rules, as a small file says it.

use std::{fs, path::PathBuf};

use schakelpunt_rules::{RuleFile, RuleSet};

use super::world::{root, rule_files};

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Replace {
    file: String,
    /// Stands there once. Empty: `to` goes to the end.
    from: String,
    to: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Rename {
    from: String,
    to: String,
}

/// What a file says; the expectation is the test's.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change<E> {
    /// What is changed, in a sentence.
    pub(crate) title: String,
    #[serde(default)]
    rename: Vec<Rename>,
    #[serde(default)]
    replace: Vec<Replace>,
    /// What comes of it.
    pub(crate) expect: E,
}

impl<E: serde::de::DeserializeOwned> Change<E> {
    /// All changes of a folder below `tests/rules`, by name.
    pub(crate) fn all(folder: &str) -> Vec<(PathBuf, Self)> {
        let mut paths: Vec<_> = fs::read_dir(root().join("tests/rules").join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let read = |path: PathBuf| {
            let change = toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path, change)
        };
        paths.into_iter().map(read).collect()
    }
}

impl<E> Change<E> {
    /// The shipped rule files with the change made.
    pub(crate) fn files(&self) -> Vec<RuleFile> {
        let mut files = rule_files();
        for Replace { file, from, to } in &self.replace {
            let text = &mut files.iter_mut().find(|one| one.name == *file).unwrap_or_else(|| panic!("{}: no {file}", self.title)).text;
            if from.is_empty() {
                text.push_str(to);
                continue;
            }
            assert_eq!(text.matches(from.as_str()).count(), 1, "{}: `{from}` stands once in {file}", self.title);
            *text = text.replace(from.as_str(), to);
        }
        for Rename { from, to } in &self.rename {
            files.iter_mut().find(|one| one.name == *from).unwrap().name.clone_from(to);
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        files
    }

    /// The changed rule set, where it has no mistakes.
    pub(crate) fn rules(&self) -> RuleSet {
        RuleSet::load(&self.files(), &super::world::CATALOGUE).unwrap_or_else(|errors| panic!("{}:\n{errors}", self.title))
    }
}
