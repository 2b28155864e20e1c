//! The shape of a scenario file.

use std::path::{Path, PathBuf};

use anyhow::{bail, ensure};
use jiff::Timestamp;
use schakelpunt_domain::{DetentionRef, EventName, LegalDay, ParticipantId, registers::Stop};
use serde::Deserialize;

use crate::{place, registers::Tables};

/// A scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it is about.
    pub title: String,
    /// When it begins.
    pub clock: Timestamp,
    /// A folder with rules; the shipped ones without it.
    #[serde(default)]
    pub rules: Option<PathBuf>,
    /// A register file.
    #[serde(default)]
    pub participants: Option<PathBuf>,
    /// Participants of its own.
    #[serde(default)]
    pub participant: Vec<toml::Table>,
    /// Other register entries.
    #[serde(default)]
    pub registers: Tables,
    /// What happens.
    #[serde(default, rename = "step")]
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// Who sends.
    pub from: Option<ParticipantId>,
    /// An event.
    pub event: Option<EventName>,
    /// Its detention.
    pub detention: Option<DetentionRef>,
    /// Its id; made up if absent.
    pub id: Option<String>,
    /// Its sequence; the next one if absent.
    pub sequence: Option<toml::Value>,
    /// Its time; the step's if absent.
    pub time: Option<String>,
    /// Other attributes, or other values for these.
    #[serde(default)]
    pub attributes: toml::Table,
    /// Its payload.
    pub data: Option<toml::Value>,
    /// A file with its payload as JSON.
    pub data_file: Option<PathBuf>,
    /// A message to offer again.
    pub again: Option<String>,
    /// A message as text.
    pub raw: Option<String>,
    /// A message as bytes.
    pub raw_base64: Option<String>,
    /// A register entry.
    pub register: Option<toml::Table>,
    /// A worker who looks.
    pub access: Option<Access>,
    /// A question about the past.
    pub ask: Option<Ask>,
    /// A recipient's link, up or down.
    pub link: Option<Link>,
    /// A rule set to activate.
    pub activate: Option<toml::Value>,
    /// Something to stop at once.
    pub stop: Option<Stop>,
    /// What becomes of the message; accepted if absent.
    pub outcome: Option<String>,
    /// The code of a rejection.
    pub code: Option<String>,
    /// The place of a rejection.
    pub pointer: Option<String>,
    /// Deliveries that nothing here names do not fail.
    #[serde(default)]
    pub allow_other: bool,
    /// What follows.
    #[serde(default, rename = "expect")]
    pub expects: Vec<Expect>,
}

/// A worker who wants to see something.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Who.
    pub worker: String,
    /// For whom.
    pub capacity: ParticipantId,
    /// In which role, for a worker who has several there.
    pub role: Option<String>,
    /// What: `case` (default), `visit-list` or `statistics`.
    #[serde(default)]
    pub reads: Option<String>,
    /// Which case.
    pub detention: Option<DetentionRef>,
    /// In which prison, for a list of visits.
    pub prison: Option<ParticipantId>,
    /// On which later day, for a list of visits.
    pub day: Option<LegalDay>,
    /// What for; `reintegration` if absent.
    pub purpose: Option<String>,
}

/// "What would you have decided then?"
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The message.
    pub explain: Option<String>,
    /// Or: of which detention to name the organisations that were given something or looked.
    #[serde(rename = "who-saw")]
    pub who_saw: Option<DetentionRef>,
    /// The legal instant.
    pub at: Option<Timestamp>,
    /// What was known by then.
    pub known: Option<Timestamp>,
}

/// A recipient's link.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Whose.
    pub to: ParticipantId,
    /// Whether it can be reached.
    pub up: bool,
}

/// Something that follows from a step.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// For whom; in an access step it may be absent.
    pub to: Option<ParticipantId>,
    /// Which event; the step's own if absent.
    pub event: Option<EventName>,
    /// A basis on which it was delivered.
    pub basis: Option<String>,
    /// All bases, in order.
    pub bases: Option<Vec<String>>,
    /// The kind of a basis.
    pub kind: Option<String>,
    /// Fields that are there.
    #[serde(default)]
    pub has: Vec<String>,
    /// Fields that are not.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// Fields with their values.
    #[serde(default)]
    pub equals: toml::Table,
    /// Attributes with their values.
    #[serde(default)]
    pub attributes: toml::Table,
    /// The mandator.
    pub onbehalfof: Option<ParticipantId>,
    /// A refusal: its code.
    pub refused: Option<String>,
    /// A waiting delivery was cancelled.
    #[serde(default)]
    pub cancelled: bool,
    /// A delivery waits.
    #[serde(default)]
    pub waiting: bool,
    /// How many deliveries; in an access step, how many messages.
    pub count: Option<usize>,
    /// What a list holds: the detentions of a list of visits, the organisations that saw something.
    pub lists: Option<Vec<String>>,
}

/// What a step does: exactly one thing.
#[derive(Debug, Clone, Copy)]
pub(super) enum Does<'a> {
    Event(&'a ParticipantId, &'a EventName),
    Raw(&'a ParticipantId, &'a str),
    RawBase64(&'a ParticipantId, &'a str),
    Again(&'a str),
    Register(&'a toml::Table),
    Access(&'a Access),
    Ask(&'a Ask),
    Link(&'a Link),
    Stop(&'a Stop),
    Nothing,
}

impl Scenario {
    /// Reads a scenario; a mistake is shown with its place.
    pub fn parse(name: &str, text: &str) -> anyhow::Result<Self> {
        place::fits(name, text)?;
        let scenario: Self = toml::from_str(text).map_err(|error| place::of_toml(name, text, &error))?;
        let mut before = scenario.clock;
        for (number, step) in (1..).zip(&scenario.steps) {
            ensure!(step.at >= before, "{name}: step {number} lies before the one above it");
            before = step.at;
            step.does().map_err(|error| anyhow::anyhow!("{name}: step {number}: {error}"))?;
        }
        Ok(scenario)
    }

    /// The same scenario with its paths below `root` instead of the current folder: they are relative to the repository root.
    #[must_use]
    pub fn below(mut self, root: &Path) -> Self {
        let files = self.steps.iter_mut().map(|step| &mut step.data_file);
        for path in files.chain([&mut self.rules, &mut self.participants]).flatten() {
            *path = root.join(&*path);
        }
        self
    }
}

impl Step {
    /// What the step does.
    pub(super) fn does(&self) -> anyhow::Result<Does<'_>> {
        let from = || self.from.as_ref().ok_or_else(|| anyhow::anyhow!("`from` is missing"));
        let mut all = Vec::new();
        if let Some(event) = &self.event {
            all.push(Does::Event(from()?, event));
        }
        if let Some(raw) = &self.raw {
            all.push(Does::Raw(from()?, raw));
        }
        if let Some(raw) = &self.raw_base64 {
            all.push(Does::RawBase64(from()?, raw));
        }
        all.extend(self.again.as_deref().map(Does::Again));
        all.extend(self.register.as_ref().map(Does::Register));
        all.extend(self.access.as_ref().map(Does::Access));
        all.extend(self.ask.as_ref().map(Does::Ask));
        all.extend(self.link.as_ref().map(Does::Link));
        all.extend(self.stop.as_ref().map(Does::Stop));
        ensure!(self.activate.is_none(), "`activate` needs rule versions, which this hub does not have yet");
        match all.as_slice() {
            [] => Ok(Does::Nothing),
            [one] => Ok(*one),
            _ => bail!("a step is exactly one of event, again, raw, raw_base64, register, access, ask, link, stop, or nothing"),
        }
    }
}
