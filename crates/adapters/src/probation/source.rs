//! What the organisation's system says: files in a folder for each unit, and pushes to `POST /v1/participants/{id}/messages`.

use jiff::Timestamp;

use super::config::{Ready, Unit};
use crate::{
    Error,
    alarm::Alarms,
    folder::Folder,
    keep::Keep,
    push::{self, Answer},
    records::Records,
};

/// Takes what the units' system says.
#[derive(Debug)]
pub struct Source<'a> {
    /// The configuration.
    pub ready: &'a Ready,
    /// What is kept.
    pub keep: &'a Keep,
    /// Where alarms go.
    pub alarms: &'a Alarms,
}

impl Source<'_> {
    fn records<'a>(&'a self, unit: &'a Unit) -> Records<'a> {
        Records {
            participant: &unit.id,
            source: &unit.source,
            events: &self.ready.events,
            mapping: self.ready.mapping.as_ref(),
            catalogue: &self.ready.catalogue,
            keep: self.keep,
            alarms: self.alarms,
        }
    }

    /// The folders of all units.
    pub fn folders(&self) -> Result<Vec<(&Unit, Folder)>, Error> {
        let config = &self.ready.config;
        let Some(settings) = &config.folder else { return Ok(Vec::new()) };
        config.units.iter().map(|unit| Ok((unit, settings.open(&settings.folder.join(unit.id.as_str()))?))).collect()
    }

    /// Takes every file that has settled. Whether any was taken.
    pub fn take_all(&self, folders: &mut [(&Unit, Folder)], now: Timestamp) -> Result<bool, Error> {
        let mut some = false;
        for (unit, folder) in folders {
            some |= self.records(unit).take_all(folder, now)?;
        }
        Ok(some)
    }

    /// Takes what is pushed for a unit.
    pub fn take(&self, unit: &str, body: &[u8], now: Timestamp) -> Result<Answer, Error> {
        let Some(unit) = self.ready.config.units.iter().find(|one| one.id.as_str() == unit) else {
            return Ok(push::problem(404, "UNKNOWN_UNIT", "a unit for which this adapter speaks", &[]));
        };
        self.records(unit).push(body, now)
    }
}
