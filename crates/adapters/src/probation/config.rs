//! The configuration of the probation adapter. `config/adapters/probation.example.toml` shows every key.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use schakelpunt_domain::{Clock, EventName, Hidden, ParticipantId, Source, catalogue::Catalogue};
use serde::Deserialize;

use super::{mapping, sink::System};
use crate::{
    Error,
    expression::Expression,
    post::PostSettings,
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
    /// The units for which this adapter speaks.
    #[serde(rename = "unit")]
    pub units: Vec<Unit>,
    /// A folder with messages of the organisation's system; each unit has its own inside it.
    #[serde(default)]
    pub folder: Option<FolderSettings>,
    /// Where the organisation's system may push messages to.
    #[serde(default)]
    pub push: Option<PushSettings>,
    /// From the system's own words to a message: an expression over what it says.
    #[serde(default)]
    pub mapping: Option<String>,
    /// What this adapter sends; without it everything that probation says through the hub.
    #[serde(default)]
    pub events: Option<BTreeSet<EventName>>,
    /// Where the hub's messages go.
    pub messages: MessageSettings,
}

/// A unit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Unit {
    /// Its participant id, which is the name of its broker user.
    pub id: ParticipantId,
    /// The password of that user.
    pub secret: Hidden,
    /// The URN of its system, as registered with the hub.
    pub source: Source,
}

/// Where the hub's messages go: one of the two.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum MessageSettings {
    /// A folder; each unit has its own inside it.
    Folder(PathBuf),
    /// The organisation's system.
    System(Box<PostSettings>),
}

/// A configuration that can be used.
#[derive(Debug)]
pub struct Ready {
    /// The file.
    pub config: Config,
    /// The catalogue of events.
    pub catalogue: Catalogue,
    /// What this adapter sends.
    pub events: BTreeSet<EventName>,
    /// From the system's own words.
    pub mapping: Option<Expression>,
    /// Where the hub's messages go, per unit.
    pub systems: Vec<System>,
}

impl Config {
    /// Checks what belongs together, compiles the expressions and reads the certificate.
    pub fn ready(self, clock: &Arc<dyn Clock>) -> Result<Ready, Error> {
        let catalogue = Catalogue::load()?;
        let events = self.events.clone().unwrap_or_else(mapping::events);
        for event in &events {
            if catalogue.get(event).is_none() {
                return Err(Error::settings("events", &format!("`{event}` is no event of the catalogue")));
            }
        }
        if self.units.is_empty() {
            return Err(Error::settings("unit", "at least one"));
        }
        let ids: BTreeSet<&ParticipantId> = self.units.iter().map(|unit| &unit.id).collect();
        if ids.len() != self.units.len() {
            return Err(Error::settings("unit", "each unit once"));
        }
        let expression = self.mapping.as_deref().map(Expression::new).transpose();
        let mapping = expression.map_err(|error| Error::settings("mapping", &error.to_string()))?;
        let systems = self.units.iter().map(|unit| System::open(&self.messages, unit, Arc::clone(clock))).collect::<Result<_, _>>()?;
        Ok(Ready { catalogue, events, mapping, systems, config: self })
    }
}
