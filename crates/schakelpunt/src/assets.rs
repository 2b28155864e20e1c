//! Files that travel inside the binary, so that a demo needs nothing but the binary.

use std::path::Path;

use anyhow::{Context as _, bail};
use include_dir::{Dir, include_dir};
use schakelpunt_domain::catalogue::Catalogue;
use schakelpunt_engine::kept_law::KeptLaw;
use schakelpunt_rules::{RuleFile, RuleSet};

static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../config/rules");
static DEMO: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../config/demo");

/// The rule set that this binary carries is used for this path, too, where the path does not exist.
const SHIPPED_RULES: &str = "config/rules";

/// What is to be proved of the rules; no rule itself, and so no part of the version of a rule set.
const INVARIANTS: &str = "invariants.toml";

/// The folder beside the rules with their tests.
const RULE_TESTS: &str = "tests";

/// The rule files in a folder, by name; the shipped ones without a folder.
pub fn rule_files(folder: Option<&Path>) -> anyhow::Result<Vec<RuleFile>> {
    let mut files = files_of(folder)?;
    files.retain(|file| file.name != INVARIANTS);
    Ok(files)
}

/// The invariants that stand beside the rules of a folder; the shipped ones where there are none.
pub fn invariants(folder: Option<&Path>) -> anyhow::Result<RuleFile> {
    let own = files_of(folder)?.into_iter().find(|file| file.name == INVARIANTS);
    own.or_else(|| shipped_rules().into_iter().find(|file| file.name == INVARIANTS)).context("this build carries no invariants")
}

/// The tests of the rules of a folder, by name: scenario files in `tests` below it. None where it has no such folder.
pub fn rule_tests(folder: Option<&Path>) -> anyhow::Result<Vec<RuleFile>> {
    let mut files = match folder {
        Some(folder) if folder.is_dir() => {
            let tests = folder.join(RULE_TESTS);
            if tests.is_dir() { read_folder(&tests)? } else { Vec::new() }
        }
        Some(folder) if folder != Path::new(SHIPPED_RULES) => bail!("no such folder with rules: {}", folder.display()),
        _ => RULES.get_dir(RULE_TESTS).map(toml_files).unwrap_or_default(),
    };
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// All files of a folder, by name.
fn files_of(folder: Option<&Path>) -> anyhow::Result<Vec<RuleFile>> {
    let mut files = match folder {
        Some(folder) if folder.is_dir() => read_folder(folder)?,
        Some(folder) if folder != Path::new(SHIPPED_RULES) => bail!("no such folder with rules: {}", folder.display()),
        _ => shipped_rules(),
    };
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

fn read_folder(folder: &Path) -> anyhow::Result<Vec<RuleFile>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            files.push(RuleFile { name, text });
        }
    }
    Ok(files)
}

fn shipped_rules() -> Vec<RuleFile> {
    toml_files(&RULES)
}

fn toml_files(folder: &Dir<'_>) -> Vec<RuleFile> {
    let files = folder.files().filter_map(|file| {
        let path = file.path();
        let name = path.file_name()?.to_str().filter(|_| path.extension().is_some_and(|extension| extension == "toml"))?;
        Some(RuleFile { name: name.to_owned(), text: file.contents_utf8()?.to_owned() })
    });
    files.collect()
}

/// The law of a folder, or the shipped one: as files to keep, and read.
pub fn law(folder: Option<&Path>) -> anyhow::Result<(KeptLaw, Catalogue, RuleSet)> {
    let law = KeptLaw::new(rule_files(folder)?, Catalogue::shipped());
    let (catalogue, rules) = law.read().context("the law cannot be used")?;
    Ok((law, catalogue, rules))
}

/// Loads a rule set.
pub fn rules(folder: Option<&Path>, catalogue: &Catalogue) -> anyhow::Result<RuleSet> {
    let files = rule_files(folder)?;
    RuleSet::load(&files, catalogue).map_err(|errors| anyhow::anyhow!("the rules cannot be used:\n{errors}"))
}

/// The text of a file; of the shipped demo file where it is not on disk.
pub fn text(path: &Path) -> anyhow::Result<String> {
    let shipped = path.strip_prefix("config/demo").ok().and_then(|name| DEMO.get_file(name)).and_then(|file| file.contents_utf8());
    match (std::fs::read_to_string(path), shipped) {
        (Ok(text), _) => Ok(text),
        (Err(_), Some(text)) => Ok(text.to_owned()),
        (Err(error), None) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// The shipped demo scenarios, by name.
pub fn demo_scenarios() -> Vec<String> {
    let folder = DEMO.get_dir("scenarios").into_iter().flat_map(Dir::files);
    folder.filter_map(|file| Some(file.path().file_stem()?.to_str()?.to_owned())).collect()
}
