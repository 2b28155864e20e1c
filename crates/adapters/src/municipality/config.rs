//! The configuration of the municipality adapter. `config/adapters/municipality.example.toml` shows every key.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use schakelpunt_domain::{Clock, EventName, Hidden, ParticipantId, Source, catalogue::Catalogue, pointer::Leaf};
use schakelpunt_webhook::Settings;
use serde::Deserialize;

use super::{mapping, sink::Systems};
use crate::{
    Error,
    door::DoorSettings,
    expression::Expression,
    settings::{FolderSettings, HubSettings, OwnSettings, PushSettings},
    zgw::ZgwSettings,
};

/// The file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Where the hub is.
    pub hub: HubSettings,
    /// What the adapter keeps for itself.
    pub own: OwnSettings,
    /// The municipality's participant id, which is the name of its broker user.
    pub id: ParticipantId,
    /// The password of that user.
    pub secret: Hidden,
    /// The URN of its system, as registered with the hub.
    pub source: Source,
    /// A folder with messages of the municipality's system.
    #[serde(default)]
    pub folder: Option<FolderSettings>,
    /// Where the municipality's system may push messages to.
    #[serde(default)]
    pub push: Option<PushSettings>,
    /// From the system's own words to a message: an expression over what it says.
    #[serde(default)]
    pub mapping: Option<String>,
    /// What this adapter sends; without it everything that a municipality says through the hub.
    #[serde(default)]
    pub events: Option<BTreeSet<EventName>>,
    /// Where the hub's messages go; each that is named gets every message.
    pub messages: MessageSettings,
    /// Extracts inside the town hall.
    #[serde(default, rename = "desk")]
    pub desks: Vec<Desk>,
}

/// Where the hub's messages go. At least one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MessageSettings {
    /// A folder with a readable file for each message.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// A webhook.
    #[serde(default)]
    pub webhook: Option<Settings>,
    /// A case system.
    #[serde(default)]
    pub zgw: Option<ZgwSettings>,
    /// A door for systems that fetch, and subscribe by the Notificaties API.
    #[serde(default)]
    pub door: Option<DoorSettings>,
}

/// A desk that gets an extract.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Desk {
    /// Its role, as in `config/rules/desks.toml` of the hub.
    pub role: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The leaves that it gets. A message of which it gets nothing does not come to it.
    pub fields: BTreeSet<Leaf>,
    /// The leaves by which a message concerns it: without one of these it does not come, whoever it is about.
    #[serde(default)]
    pub because: BTreeSet<Leaf>,
}

/// A configuration that can be used.
#[derive(Debug)]
pub struct Ready {
    /// The file.
    pub config: Config,
    /// The catalogue of events.
    pub catalogue: Arc<Catalogue>,
    /// What this adapter sends.
    pub events: BTreeSet<EventName>,
    /// From the system's own words.
    pub mapping: Option<Expression>,
    /// Where the hub's messages go.
    pub systems: Systems,
}

impl Config {
    /// Checks what belongs together and compiles the expression.
    pub fn ready(self, clock: &Arc<dyn Clock>) -> Result<Ready, Error> {
        let catalogue = Arc::new(Catalogue::load()?);
        let events = self.events.clone().unwrap_or_else(mapping::events);
        if let Some(event) = events.iter().find(|event| catalogue.get(event).is_none()) {
            return Err(Error::settings("events", &format!("`{event}` is no event of the catalogue")));
        }
        for desk in &self.desks {
            let known = |leaf: &&Leaf| catalogue.iter().any(|spec| spec.leaves.contains_key(leaf));
            if let Some(leaf) = desk.fields.iter().chain(&desk.because).find(|leaf| !known(leaf)) {
                return Err(Error::settings(&format!("desk {}", desk.role), &format!("`{leaf}` is no field of any event")));
            }
        }
        let cases = self.messages.zgw.iter().flat_map(|zgw| zgw.events.keys());
        if let Some(event) = cases.into_iter().find(|event| catalogue.get(event).is_none()) {
            return Err(Error::settings("messages.zgw.event", &format!("`{event}` is no event of the catalogue")));
        }
        let expression = self.mapping.as_deref().map(Expression::new).transpose();
        let mapping = expression.map_err(|error| Error::settings("mapping", &error.to_string()))?;
        let systems = Systems::open(&self, &catalogue, clock)?;
        Ok(Ready { catalogue, events, mapping, systems, config: self })
    }
}
