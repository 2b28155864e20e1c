//! The configuration of the DJI adapter. `config/adapters/dji.example.toml` shows every key.

use std::{collections::BTreeMap, path::PathBuf};

use jiff::{Timestamp, civil::DateTime};
use schakelpunt_domain::{Hidden, ParticipantId, Source, catalogue::Catalogue};
use serde::Deserialize;

use super::{
    compare::Voices,
    export::{Encoding, Format},
    mapping::{Columns, Mapping},
};
use crate::{
    Error, days,
    settings::{FolderSettings, HubSettings, OwnSettings, PushSettings},
};

/// The file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Where the hub is.
    pub hub: HubSettings,
    /// What the adapter keeps for itself.
    pub own: OwnSettings,
    /// The folder with lists; none where records come by HTTP only.
    #[serde(default)]
    pub lists: Option<FolderSettings>,
    /// Where records may be pushed to; nowhere without it.
    #[serde(default)]
    pub push: Option<PushSettings>,
    /// Where the hub's messages go.
    pub messages: MessageSettings,
    /// What a list may do without a person.
    #[serde(default)]
    pub guard: Guard,
    /// The prisons for which this adapter speaks.
    #[serde(rename = "prison")]
    pub prisons: Vec<Prison>,
    /// How their lists are written, by name.
    pub export: BTreeMap<String, Export>,
}

/// Where the hub's messages go.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MessageSettings {
    /// A folder; each prison has its own inside it.
    pub folder: PathBuf,
}

/// What a list may do without a person. More than these is held.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Guard {
    /// Persons missing whom nothing explains, in hundredths of those who were there.
    pub gone_percent: usize,
    /// Identities that differ, in hundredths of those who were there.
    pub corrected_percent: usize,
    /// Rows that cannot be read, in hundredths of the rows.
    pub bad_rows_percent: usize,
    /// So many of each are always allowed: in a small prison one is many hundredths.
    pub always: usize,
    /// For how long what was said about somebody who left is kept, so that it can be offered again.
    pub keep_days: u32,
}

impl Default for Guard {
    fn default() -> Self {
        Self { gone_percent: 5, corrected_percent: 5, bad_rows_percent: 5, always: 3, keep_days: 30 }
    }
}

impl Guard {
    /// Whether `count` of `all` is more than a list may do by itself.
    pub fn stops(&self, count: usize, all: usize, percent: usize) -> bool {
        count > self.always && count * 100 > all * percent
    }
}

/// A prison.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Prison {
    /// Its participant id, which is the name of its broker user.
    pub id: ParticipantId,
    /// The password of that user.
    pub secret: Hidden,
    /// The URN of its registration system, as registered with the hub.
    pub source: Source,
    /// How its lists are written.
    pub export: String,
    /// The names of its lists, with the instant as of which they are, on a Dutch clock: `pi-zwolle-%Y%m%d-%H%M.csv`.
    #[serde(default)]
    pub files: Option<String>,
}

/// How lists are written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Export {
    /// The format.
    pub file: Format,
    /// The encoding of its text.
    #[serde(default)]
    pub encoding: Encoding,
    /// How dates are written, besides `YYYY-MM-DD`.
    #[serde(default)]
    pub dates: Option<String>,
    /// Which column says what.
    pub columns: Columns,
}

/// A configuration that can be used.
#[derive(Debug)]
pub struct Ready {
    /// The file.
    pub config: Config,
    /// The catalogue of events.
    pub catalogue: Catalogue,
    /// The columns of each export.
    pub mappings: BTreeMap<String, Mapping>,
    /// Who speaks, and under which source.
    pub voices: Voices,
}

impl Config {
    /// Checks what belongs together and compiles the expressions.
    pub fn ready(self) -> Result<Ready, Error> {
        let mut mappings = BTreeMap::new();
        for (name, export) in &self.export {
            let place = format!("export.{name}.columns");
            mappings.insert(name.clone(), Mapping::new(&place, &export.columns, export.dates.as_deref())?);
        }
        let mut voices = Voices::new();
        for Prison { id, source, export, files, .. } in &self.prisons {
            if !mappings.contains_key(export) {
                return Err(Error::settings(&format!("prison {id}: export"), "the name of an [export.…] of this file"));
            }
            let pattern = files.as_deref().unwrap_or("%Y%m%d");
            let same = Timestamp::UNIX_EPOCH.to_zoned(days::zone()).datetime();
            let written = jiff::fmt::strtime::format(pattern, same).ok();
            if written.and_then(|name| as_of(pattern, &name)).is_none() {
                return Err(Error::settings(&format!("prison {id}: files"), "a pattern with at least %Y, %m and %d"));
            }
            if voices.insert(id.clone(), source.clone()).is_some() {
                return Err(Error::settings(&format!("prison {id}"), "each prison once"));
            }
        }
        if self.lists.is_none() && self.push.is_none() {
            return Err(Error::settings("lists", "a folder with lists, or [push]"));
        }
        if voices.is_empty() {
            return Err(Error::settings("prison", "at least one"));
        }
        Ok(Ready { catalogue: Catalogue::load()?, config: self, mappings, voices })
    }
}

impl Ready {
    /// Whose list a file is, by its name, and as of when.
    pub fn list_of(&self, name: &str) -> Option<(&Prison, Timestamp)> {
        self.config.prisons.iter().find_map(|prison| Some((prison, as_of(prison.files.as_deref()?, name)?)))
    }
}

/// The instant in a file's name.
fn as_of(pattern: &str, name: &str) -> Option<Timestamp> {
    let broken = jiff::fmt::strtime::parse(pattern, name).ok()?;
    let at = broken.to_datetime().or_else(|_| broken.to_date().map(|date| date.at(0, 0, 0, 0))).ok()?;
    let at: DateTime = at;
    days::instant(at)
}
