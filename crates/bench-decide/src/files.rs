//! The shipped rules and the demo's registers, from the repository's own files.

use std::{fs, path::Path};

use anyhow::Context as _;
use jiff::Timestamp;
use schakelpunt_domain::registers::{Entry, Recorded};
use schakelpunt_rules::RuleFile;
use serde::Deserialize as _;

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config");

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The shipped rule files, by name.
pub(super) fn rules() -> anyhow::Result<Vec<RuleFile>> {
    let folder = Path::new(CONFIG).join("rules");
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        // what must hold of the rules is no rule
        if path.extension().is_some_and(|extension| extension == "toml") && name != "invariants.toml" {
            files.push(RuleFile { name, text: read(&path)? });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// The demo's registers, as if recorded long ago: each table of the file is named after the entries that it holds.
pub(super) fn registers() -> anyhow::Result<Vec<Recorded<Entry>>> {
    let file: toml::Table = toml::from_str(&read(&Path::new(CONFIG).join("demo/participants.toml"))?)?;
    let mut entries = Vec::new();
    for (register, tables) in file {
        for table in tables.as_array().into_iter().flatten() {
            let named = toml::Table::from_iter([(register.clone(), table.clone())]);
            let entry = Entry::deserialize(named).with_context(|| format!("[[{register}]] of the demo's participants"))?;
            entries.push(Recorded { entry, recorded: Timestamp::MIN });
        }
    }
    Ok(entries)
}
