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

/// For whom this hub works at all, by the title of the detention (decision 16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// All three parties and whoever the person consents to.
    Everybody,
    /// Prisons and probation: no re-integration is made for who is held for expulsion.
    Justice,
    /// Nobody: another chain.
    Nobody,
}

impl Title {
    /// For whom this hub works.
    pub fn served(self) -> Served {
        match self {
            Self::Aliens | Self::Jji => Served::Nobody,
            Self::Vris => Served::Justice,
            Self::PreTrial
            | Self::Sentence
            | Self::DetentionPenalty
            | Self::CivilCoercion
            | Self::Isd
            | Self::TbsPasser
            | Self::Military => Served::Everybody,
        }
    }
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
    /// The digits of the postal code, which tell the parts of a split municipality apart (decision 20). The letters are not kept.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "digits")]
    pub postal_code: Option<String>,
}

fn digits<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = <Option<String> as serde::Deserialize>::deserialize(deserializer)?;
    Ok(text.map(|text| text.chars().take_while(char::is_ascii_digit).collect()))
}

/// How certain a release date is, as its producer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the codes are the field's own words")]
pub enum Certainty {
    Firm,
    Expected,
    Unknown,
}

/// Something that somebody has to have done by a day (domain 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duty {
    /// The municipality speaks with the person for the first time (agreement).
    FirstVisit,
    /// The municipality holds the triage and guidance meeting (agreement).
    Tbo,
    /// The prison screens the conditions (agreement).
    Screening,
    /// The director adopts the plan (Penitentiaire beginselenwet art. 18a lid 1).
    Plan,
}

/// A planned meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Meeting {
    /// When.
    pub at: Timestamp,
    /// In the prison, not outside.
    pub inside: bool,
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
    /// The municipality that was told says that it is not the one.
    Disputed,
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
    /// Of the release date.
    Certainty(Certainty),
    ConditionStatus(Condition, String),
    CareNeeded(bool),
    PlanVersion(u64),
    /// Nobody has to do it any more: it was done, or it will not be.
    Done(Duty),
    /// The meeting as planned last; `None` once it is cancelled.
    Tbo(Option<Meeting>),
    /// The pre-trial detention was suspended: the person is outside.
    Suspended,
    /// The admission notice was withdrawn: its dates count for nothing until another is told.
    Retracted,
    Deceased,
    LeftScope,
    /// Escaped and not back, or back.
    AtLarge(bool),
    /// No contact with the outside, until the end of that day if one was named (domain 2.5).
    ContactRestricted(Option<LegalDay>),
}

impl Duty {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::FirstVisit, Self::Tbo, Self::Screening, Self::Plan];

    /// Whether it is the responsible municipality that has to do it; the others are the prison's.
    pub const fn is_of_municipality(self) -> bool {
        match self {
            Self::FirstVisit | Self::Tbo => true,
            Self::Screening | Self::Plan => false,
        }
    }

    /// The word, as in facts and in the names of events.
    pub const fn word(self) -> &'static str {
        match self {
            Self::FirstVisit => "first-visit",
            Self::Tbo => "tbo",
            Self::Screening => "screening",
            Self::Plan => "plan",
        }
    }
}

impl FactValue {
    /// Facts of one slot replace each other.
    pub fn slot(&self) -> String {
        match self {
            Self::Residence(_) => "residence".to_owned(),
            Self::Responsible(_) => "responsible".to_owned(),
            Self::Settlement(_) => "settlement".to_owned(),
            Self::Disputed => "disputed".to_owned(),
            Self::Prison(_) => "place".to_owned(),
            Self::ProbationUnit(_) => "unit".to_owned(),
            Self::Start(_) | Self::Retracted => "start".to_owned(),
            Self::PiEntry(_) => "pi-entry".to_owned(),
            Self::Departure(_) => "departure".to_owned(),
            Self::LegalEnd(_) => "legal-end".to_owned(),
            Self::Ended => "ended".to_owned(),
            Self::Title(_) => "title".to_owned(),
            Self::Release(_) => "release".to_owned(),
            Self::ConditionStatus(condition, _) => format!("condition:{}", condition.code()),
            Self::Certainty(_) => "certainty".to_owned(),
            Self::CareNeeded(_) => "care".to_owned(),
            Self::PlanVersion(_) => "plan".to_owned(),
            Self::Done(duty) => format!("done:{}", duty.word()),
            Self::Tbo(_) => "meeting".to_owned(),
            Self::Suspended => "suspended".to_owned(),
            Self::Deceased => "deceased".to_owned(),
            Self::LeftScope => "left-scope".to_owned(),
            Self::AtLarge(_) => "at-large".to_owned(),
            Self::ContactRestricted(_) => "contact".to_owned(),
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
