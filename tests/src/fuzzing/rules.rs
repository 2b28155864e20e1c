//! A rule file.

use schakelpunt_engine::{Settings, step::Input};
use schakelpunt_rules::{LoadError, RuleFile, RuleSet};

use super::world::world;

const BASES: &str = include_str!("../../../config/rules/legal-bases.toml");
const FIELDS: &str = include_str!("../../../config/rules/field-sets.toml");

/// The text of a rule file; after a `+` in its first line beside the shipped bases and field sets.
pub fn rules(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let file = |name: &str, text: &str| RuleFile { name: name.to_owned(), text: text.to_owned() };
    let files = match text.strip_prefix("+\n") {
        Some(rest) => vec![file("legal-bases.toml", BASES), file("field-sets.toml", FIELDS), file("more.toml", rest)],
        None => vec![file("more.toml", &text)],
    };
    let catalogue = &world().settings.catalogue;
    match RuleSet::load(&files, catalogue) {
        Ok(loaded) => {
            let turned: Vec<RuleFile> = files.iter().rev().cloned().collect();
            assert_eq!(
                RuleSet::load(&turned, catalogue).map(|set| set.version),
                Ok(loaded.version.clone()),
                "the order of files says nothing"
            );
            decide(loaded);
        }
        Err(errors) => {
            assert!(!errors.0.is_empty(), "refused without a mistake");
            for error in &errors.0 {
                let named = files.iter().find(|file| file.name == error.file).unwrap();
                check(error, &named.text);
            }
        }
    }
}

/// File, line and column that exist, the line as it stands, and a word that does not change.
fn check(error: &LoadError, text: &str) {
    let LoadError { file, line, column, code, message, hint: _, source, width } = error;
    assert!(!code.is_empty() && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'), "{error:?}");
    assert!(!message.is_empty() && *line >= 1 && *column >= 1, "{error:?}");
    assert_eq!(text.split('\n').nth(line - 1).map(str::trim_end), Some(source.trim_end()), "{error:?}");
    assert!(column - 1 <= source.chars().count() + 1 && *width <= text.chars().count(), "{error:?}");
    assert!(error.to_string().starts_with(&format!("{file}:{line}:{column}: ")), "{error}");
}

/// Whatever the rules say, a decision is made; without rules nobody gets anything.
fn decide(loaded: RuleSet) {
    let world = world();
    let empty = loaded.rules().is_empty();
    let settings = Settings { rules: std::sync::Arc::new(loaded), ..world.settings.clone() };
    let offer = super::payload::event("pi-zwolle", "detention-started", include_bytes!("admission.json"));
    let message = world.inspect(&offer).unwrap();
    let (_, report) = world.step_under(&settings, world.empty(), Input::Offer(Ok(Box::new(message))));
    assert!(!empty || report.decisions.iter().all(|made| made.decision.permit().is_none()), "default deny");
}
