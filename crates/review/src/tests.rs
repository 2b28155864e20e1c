//! What the tests of this crate have in common: a statute, the consent before it, a rule, and how they are read.

use std::sync::LazyLock;

use schakelpunt_domain::catalogue::Catalogue;
use schakelpunt_rules::{RuleFile, RuleSet};

/// The event catalogue, read once for all tests of this crate.
pub(crate) static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::load().unwrap());

/// A statute by which a prison may tell a municipality.
pub(crate) const LAW: &str = r#"
[[basis]]
id = "law"
citation = "A statute"
kind = "statute"
in-force = { from = "2021-07-01" }
between = [["prison", "municipality"]]
purposes = ["reintegration"]
power = "may"
"#;

/// The consent that was asked for before it.
pub(crate) const CONSENT: &str = r#"
[[basis]]
id = "consent"
citation = "Consent"
kind = "consent"
in-force = { from = "2018-05-25", until = "2021-07-01" }
between = [["prison", "municipality"]]
purposes = ["reintegration"]
power = "may"
"#;

/// A rule that gives nothing yet: its grants follow.
pub(crate) const RELEASE: &str = r#"
[[rule]]
id = "release"
events = ["release-date-set"]
sender = "holding-prison"
to = ["responsible-municipality"]
purpose = "reintegration"
owner = "DJI"
"#;

/// A grant on a basis.
pub(crate) fn grant(basis: &str, fields: &str) -> String {
    format!("[[rule.grant]]\nbasis = \"{basis}\"\nfields = [{fields}]\n")
}

/// A file.
pub(crate) fn file(name: &str, text: &str) -> RuleFile {
    RuleFile { name: name.to_owned(), text: text.to_owned() }
}

/// A rule set of one file.
pub(crate) fn rules(text: &str) -> RuleSet {
    RuleSet::load(&[file("rules.toml", text)], &CATALOGUE).unwrap_or_else(|errors| panic!("{errors}"))
}
