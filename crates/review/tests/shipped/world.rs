//! The shipped rules.

use std::{fs, path::Path, sync::LazyLock};

use schakelpunt_domain::catalogue::Catalogue;
use schakelpunt_rules::{RuleFile, RuleSet};

/// The event catalogue.
pub(crate) static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::load().unwrap());
/// The shipped rules.
pub(crate) static RULES: LazyLock<RuleSet> =
    LazyLock::new(|| RuleSet::load(&rule_files(), &CATALOGUE).unwrap_or_else(|errors| panic!("{errors}")));

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The rule files as they stand in the repository: what is to be proved of them is no rule, nor are their tests.
pub(crate) fn rule_files() -> Vec<RuleFile> {
    let mut paths: Vec<_> = fs::read_dir(root().join("config/rules")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.is_file() && !path.ends_with("invariants.toml"));
    paths.sort();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| RuleFile { name: name(path), text: fs::read_to_string(path).unwrap() }).collect()
}
