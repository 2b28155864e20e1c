//! What the municipality's system says: files in a folder, and pushes to `POST /v1/participants/{id}/messages`.

use jiff::Timestamp;

use super::config::Ready;
use crate::{
    Error,
    alarm::Alarms,
    folder::Folder,
    keep::Keep,
    push::{self, Answer},
    records::Records,
};

/// Takes what the system says.
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
    fn records(&self) -> Records<'_> {
        Records {
            participant: &self.ready.config.id,
            source: &self.ready.config.source,
            events: &self.ready.events,
            mapping: self.ready.mapping.as_ref(),
            catalogue: &self.ready.catalogue,
            keep: self.keep,
            alarms: self.alarms,
        }
    }

    /// Takes every file that has settled. Whether any was taken.
    pub fn take_all(&self, folder: &mut Folder, now: Timestamp) -> Result<bool, Error> {
        self.records().take_all(folder, now)
    }

    /// Takes what is pushed.
    pub fn take(&self, id: &str, body: &[u8], now: Timestamp) -> Result<Answer, Error> {
        if id != self.ready.config.id.as_str() {
            return Ok(push::problem(404, "UNKNOWN_PARTICIPANT", "the municipality for which this adapter speaks", &[]));
        }
        self.records().push(body, now)
    }
}
