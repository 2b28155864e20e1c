//! The entries of the registers, as they stand in files (decisions 1 and 26).

use jiff::Timestamp;

use super::{
    Channel, Filter, Lift, Stop, Webhook,
    change::{Approval, Conflict, Ending, Reorganisation, Succession},
};
use crate::{
    calendar::{LegalDay, Weekday},
    environment::Environment,
    ids::{DetentionRef, MunicipalityCode, Oin, ParticipantId, Source},
};

/// What a participant is. Units, not legal persons: one foundation can have a probation unit and a care unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A penitentiary institution (director, Pm art. 1).
    Prison,
    /// A unit of one of the three probation organisations (Pm art. 1(b)).
    Probation,
    /// The college of mayor and aldermen (Pm art. 1(c)).
    Municipality,
    /// Anyone outside the triad: gets something only with consent.
    CarePartner,
    /// The desk that finds the responsible municipality.
    Triage,
    /// The hub itself.
    Hub,
}

impl Kind {
    /// The word as in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Prison => "prison",
            Self::Probation => "probation",
            Self::Municipality => "municipality",
            Self::CarePartner => "care-partner",
            Self::Triage => "triage",
            Self::Hub => "hub",
        }
    }
}

/// A municipality code with the days on which the participant stands for it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Territory {
    /// The code.
    pub code: MunicipalityCode,
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<LegalDay>,
    /// First day that no longer counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<LegalDay>,
}

/// A participant (decision 1).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Participant {
    /// The unit's id; also the first word of its routing keys.
    pub id: ParticipantId,
    /// What it is.
    pub kind: Kind,
    /// The OIN of its organisation, not unique.
    pub oin: Oin,
    /// The organisation's name, for people.
    #[serde(default)]
    pub organisation: String,
    /// The systems that it may name as `source`; empty: any system of its OIN.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// The municipalities that it stands for.
    #[serde(default)]
    pub municipalities: Vec<Territory>,
    /// The prisons for which it takes in new cases (probation).
    #[serde(default)]
    pub intake_for: Vec<ParticipantId>,
    /// Reached outside office hours through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_call: Option<String>,
    /// Test, rehearsal and production never meet.
    #[serde(default)]
    pub environment: Environment,
    /// Its very nature tells a health fact: naming a client needs a consent for health (decision 9).
    #[serde(default)]
    pub tells_health: bool,
    /// How it gets its messages.
    #[serde(default)]
    pub channel: Channel,
    /// Where the hub calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Webhook>,
    /// Who hears, one after the other, that nobody collects what waits for it: a deputy, then the team's mailbox.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deputies: Vec<ParticipantId>,
}

impl Participant {
    /// Whether it may name `source`: one of its own, any system of its OIN if it has none, or a scenario's (decision 31).
    pub fn may_use(&self, source: &Source) -> bool {
        let own = source.oin() == self.oin.as_str();
        self.sources.contains(source) || (own && (self.sources.is_empty() || source.system() == "scenario"))
    }
}

/// What a municipality and a prison agreed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Agreement {
    /// The municipality.
    pub municipality: ParticipantId,
    /// The prison.
    pub prison: ParticipantId,
    /// The probation unit that takes in their cases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probation: Option<ParticipantId>,
    /// Days until the TBO.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tbo_calendar_days: Option<u16>,
    /// Working days until the screening.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screening_working_days: Option<u16>,
    /// Days until the first visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_visit_calendar_days: Option<u16>,
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<LegalDay>,
    /// First day that no longer counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<LegalDay>,
}

/// What a mandate covers (decision 23).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words of the decision")]
pub enum Scope {
    All,
    Visit,
    Tbo,
    Aftercare,
}

/// One municipality acts for another (Awb art. 10:3).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mandate {
    /// Who stays responsible.
    pub mandator: ParticipantId,
    /// Who acts.
    pub mandatary: ParticipantId,
    /// For what.
    pub scope: Scope,
    /// First day.
    pub from: LegalDay,
    /// First day that no longer counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<LegalDay>,
    /// Only for people in these prisons; everywhere without any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prisons: Vec<ParticipantId>,
    /// On which days of the week the mandatary visits there for the mandator; on every day without any (domain 6.2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visit_days: Vec<Weekday>,
    /// In which form they work together.
    #[serde(default)]
    pub form: Form,
}

/// The legal form in which municipalities work together (domain 6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// A mandate: decisions in the name of the mandator (Awb art. 10:1, 10:3).
    #[default]
    Mandate,
    /// A centre municipality (Wet gemeenschappelijke regelingen art. 8).
    CentreMunicipality,
    /// Joint controllers (GDPR art. 26): they arranged who answers for what, and nobody acts for another by that.
    JointControllers,
}

impl Mandate {
    /// Whether the mandatary acts for the mandator in a case of that prison. To work together is no basis by itself.
    pub fn covers_prison(&self, prison: Option<&ParticipantId>) -> bool {
        let there = self.prisons.is_empty() || prison.is_some_and(|prison| self.prisons.contains(prison));
        there && matches!(self.form, Form::Mandate | Form::CentreMunicipality)
    }

    /// Whether it lets the mandatary visit the people of the mandator on that day. Which prison it is for is asked elsewhere.
    pub fn visits_on(&self, day: LegalDay) -> bool {
        self.is_to_visit() && (self.visit_days.is_empty() || self.visit_days.contains(&day.into()))
    }

    /// Whether visits are a part of it.
    pub fn is_to_visit(&self) -> bool {
        match self.scope {
            Scope::All | Scope::Visit => true,
            Scope::Tbo | Scope::Aftercare => false,
        }
    }
}

/// In which capacity a person works.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Capacity {
    /// A pseudonym of the worker.
    pub worker: String,
    /// Who employs the worker.
    pub employer: ParticipantId,
    /// For whom the worker acts.
    pub acting_for: ParticipantId,
    /// As what.
    pub role: String,
    /// Which cases: detention references with blanks between them; all of the unit without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_scope: Option<String>,
    /// First day.
    pub from: LegalDay,
    /// First day that no longer counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<LegalDay>,
}

impl Capacity {
    /// Whether its case scope covers a case.
    pub fn covers_case(&self, detention: &DetentionRef) -> bool {
        self.case_scope.as_deref().is_none_or(|scope| scope.split_whitespace().any(|one| one == detention.as_str()))
    }
}

/// Where a subscription stands (decision 26).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words of the decision")]
pub enum SubscriptionState {
    #[default]
    Requested,
    Approved,
    Active,
    Paused,
}

/// What a participant wants of what it may have. Without an entry: everything (decision 3).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Subscription {
    /// Who.
    pub participant: ParticipantId,
    /// Which events; `*` for all.
    pub events: Vec<String>,
    /// Only what it lets through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// How the participant gets its messages, from the recording of this entry on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Where it stands.
    #[serde(default)]
    pub state: SubscriptionState,
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<LegalDay>,
    /// First day that no longer counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<LegalDay>,
}

/// Any register entry.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each names its register")]
pub enum Entry {
    Participant(Participant),
    Agreement(Agreement),
    Mandate(Mandate),
    Capacity(Capacity),
    Subscription(Subscription),
    Stop(Stop),
    /// What was stopped goes on; a rule needs two of them.
    Lift(Lift),
    Ending(Ending),
    Succession(Succession),
    Approval(Approval),
    Conflict(Conflict),
    Reorganisation(Reorganisation),
}

/// An entry with the instant at which the hub recorded it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Recorded<T> {
    /// The entry.
    pub entry: T,
    /// When it was recorded.
    pub recorded: Timestamp,
}
