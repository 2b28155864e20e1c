//! The facts of a case: what is recorded of a detention, each in its slot.

use jiff::Timestamp;

use crate::{
    calendar::LegalDay,
    consent::Condition,
    ids::{MunicipalityCode, ParticipantId},
};

/// The title on which somebody is detained (domain 2.3). It routes and is never forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the codes are the field's own words")]
pub enum Title {
    PreTrial,
    Sentence,
    DetentionPenalty,
    CivilCoercion,
    Isd,
    TbsPasser,
    Aliens,
    Vris,
    Jji,
    Military,
}

/// Why a municipality is a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the codes are the field's own words")]
pub enum ResidenceSource {
    BrpAtStart,
    BrpLast,
    Stayed,
    Settle,
}

/// What kind of address it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the codes are the field's own words")]
pub enum ResidenceKind {
    Home,
    Letter,
    Institution,
    None,
}

/// A municipality where the person lived, stayed or wants to settle (Pm art. 1(c)).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResidenceCandidate {
    /// Where it comes from.
    pub source: ResidenceSource,
    /// The municipality.
    pub municipality: MunicipalityCode,
    /// The kind of address.
    pub kind: ResidenceKind,
    /// The day on which it was so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<LegalDay>,
}

/// One fact of a case.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each names its fact")]
pub enum FactValue {
    Residence(Vec<ResidenceCandidate>),
    /// Determined by the triage desk or after a dispute.
    Responsible(MunicipalityCode),
    Settlement(MunicipalityCode),
    Prison(ParticipantId),
    ProbationUnit(ParticipantId),
    Start(LegalDay),
    PiEntry(LegalDay),
    Departure(LegalDay),
    LegalEnd(LegalDay),
    /// `detention-ended` has arrived.
    Ended,
    Title(Title),
    Release(Option<LegalDay>),
    ConditionStatus(Condition, String),
    CareNeeded(bool),
    PlanVersion(u64),
    Deceased,
    LeftScope,
    /// Escaped and not back, or back.
    AtLarge(bool),
}

impl FactValue {
    /// Facts of one slot replace each other.
    pub fn slot(&self) -> String {
        match self {
            Self::Residence(_) => "residence".to_owned(),
            Self::Responsible(_) => "responsible".to_owned(),
            Self::Settlement(_) => "settlement".to_owned(),
            Self::Prison(_) => "place".to_owned(),
            Self::ProbationUnit(_) => "unit".to_owned(),
            Self::Start(_) => "start".to_owned(),
            Self::PiEntry(_) => "pi-entry".to_owned(),
            Self::Departure(_) => "departure".to_owned(),
            Self::LegalEnd(_) => "legal-end".to_owned(),
            Self::Ended => "ended".to_owned(),
            Self::Title(_) => "title".to_owned(),
            Self::Release(_) => "release".to_owned(),
            Self::ConditionStatus(condition, _) => format!("condition:{}", condition.code()),
            Self::CareNeeded(_) => "care".to_owned(),
            Self::PlanVersion(_) => "plan".to_owned(),
            Self::Deceased => "deceased".to_owned(),
            Self::LeftScope => "left-scope".to_owned(),
            Self::AtLarge(_) => "at-large".to_owned(),
        }
    }
}

/// A fact with the instant from which it holds and the instant at which the hub recorded it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Fact {
    /// What.
    pub value: FactValue,
    /// From when it holds.
    pub from: Timestamp,
    /// When the hub recorded it.
    pub recorded: Timestamp,
}
