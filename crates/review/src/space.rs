//! What a cell is made of: who, when, under which conditions.

use jiff::{SignedDuration, Timestamp};
use schakelpunt_domain::{
    DetentionRef, ParticipantId,
    calendar::LegalDay,
    case::{Case, FactValue, Title},
    catalogue::Class,
    consent::{CATEGORIES, Category, Condition, Consent},
    registers::{Kind, Registers},
};
use schakelpunt_rules::{Relation, RuleSet};

/// Who a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) word: &'static str,
    pub(crate) kind: Kind,
    pub(crate) relation: Relation,
    pub(crate) tells_health: bool,
}

const fn role(word: &'static str, kind: Kind, relation: Relation) -> Role {
    Role { word, kind, relation, tells_health: false }
}

/// Whoever can be told something.
pub(crate) const ROLES: [Role; 16] = [
    role("holding-prison", Kind::Prison, Relation::HoldingPrison),
    role("receiving-prison", Kind::Prison, Relation::ReceivingPrison),
    role("former-prison", Kind::Prison, Relation::FormerPrison),
    role("responsible-municipality", Kind::Municipality, Relation::ResponsibleMunicipality),
    role("settlement-municipality", Kind::Municipality, Relation::SettlementMunicipality),
    role("responsible-probation-unit", Kind::Probation, Relation::ResponsibleProbationUnit),
    role("care-partner", Kind::CarePartner, Relation::CarePartner),
    Role { word: "care-partner that tells health", kind: Kind::CarePartner, relation: Relation::CarePartner, tells_health: true },
    role("informed-partner", Kind::CarePartner, Relation::InformedPartner),
    role("earlier prison", Kind::Prison, Relation::EarlierRecipient),
    role("earlier municipality", Kind::Municipality, Relation::EarlierRecipient),
    role("earlier probation unit", Kind::Probation, Relation::EarlierRecipient),
    role("earlier care-partner", Kind::CarePartner, Relation::EarlierRecipient),
    role("earlier triage", Kind::Triage, Relation::EarlierRecipient),
    role("triage", Kind::Triage, Relation::Triage),
    role("hub", Kind::Hub, Relation::Hub),
];

/// How consent stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Standing {
    #[default]
    None,
    Valid,
    Expired,
    Withdrawn,
    /// Valid, for everything but health.
    WithoutHealth,
}

/// All states of consent, with their words.
pub(crate) const STANDINGS: [(Standing, &str); 4] =
    [(Standing::None, "no consent"), (Standing::Valid, "consent"), (Standing::Expired, "expired"), (Standing::Withdrawn, "withdrawn")];
/// Those, and the one that tells whether a consent covers health.
pub(crate) const MORE_STANDINGS: [(Standing, &str); 5] = [
    (Standing::None, "no consent"),
    (Standing::Valid, "consent"),
    (Standing::Expired, "expired"),
    (Standing::Withdrawn, "withdrawn"),
    (Standing::WithoutHealth, "consent that covers no health"),
];
/// What such a consent leaves out.
const HEALTH: [Category; 2] = [Category::Class(Class::Health), Category::Condition(Condition::Care)];
/// Whether a category of a consent, by its word, covers health.
pub(crate) fn covers_health(category: &str) -> bool {
    category.parse().is_ok_and(|category| HEALTH.contains(&category))
}

/// Whether the detention goes on, with its words.
pub(crate) const ENDED: [(bool, &str); 2] = [(false, "detained"), (true, "ended")];
/// Titles that close a gate (decision 16); those that open none count as no title.
pub(crate) const TITLES: [(Title, &str); 4] =
    [(Title::Vris, "VRIS"), (Title::Aliens, "ALIENS"), (Title::Jji, "JJI"), (Title::TbsPasser, "TBS_PASSER who left")];
/// The hub did not exist before; what the law was then is asked of nobody.
const FIRST_DAY: &str = "2018-06-01";

/// The first day of which anything is asked.
pub(crate) fn first_day() -> Option<LegalDay> {
    FIRST_DAY.parse().ok()
}

/// A time in which the law does not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    /// As a reader sees it.
    pub(crate) word: String,
    /// Its first instant.
    pub(crate) at: Timestamp,
    /// Its first day.
    pub(crate) first: String,
    /// Its last day. `None`: the law that stands goes on.
    pub(crate) last: Option<String>,
}

/// The times between two dates of these rule sets together.
pub(crate) fn spans(sets: &[&RuleSet]) -> Vec<Span> {
    let Some(first) = first_day() else { return Vec::new() };
    let mut starts = vec![first.begins()];
    while let Some(next) = starts.last().and_then(|last| sets.iter().filter_map(|rules| rules.next_boundary(*last)).min()) {
        starts.push(next);
    }
    let ends = starts.iter().skip(1).map(Some).chain([None]);
    let span = |(start, end): (&Timestamp, Option<&Timestamp>)| {
        let first = LegalDay::of(*start).to_string();
        let last = end.and_then(|end| LegalDay::of(*end).0.yesterday().ok()).map(|day| day.to_string());
        let word = last.as_ref().map_or_else(|| format!("since {first}"), |last| format!("until {last}"));
        Span { word, at: *start, first, last }
    };
    starts.iter().zip(ends).map(span).collect()
}

fn hours(at: Timestamp, hours: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_hours(hours)).unwrap_or(at)
}

/// What is known of the case of every question.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) recipient: ParticipantId,
    pub(crate) registers: Registers,
    detention: DetentionRef,
    categories: Vec<Category>,
}

impl World {
    /// `None` only if the fixed words of this module were no words of the domain.
    pub(crate) fn new() -> Option<Self> {
        Some(Self {
            recipient: "recipient".parse().ok()?,
            detention: "D-1".parse().ok()?,
            categories: CATEGORIES.iter().filter_map(|category| category.parse().ok()).collect(),
            registers: Registers::new(1, None),
        })
    }

    /// The case of a cell.
    pub(crate) fn case(&self, at: Timestamp, standing: Standing, ended: bool, title: Option<Title>) -> Case {
        let mut case = Case::new(self.detention.clone());
        let before = hours(at, -480);
        if let Some(title) = title {
            case.record(FactValue::Title(title), before, before);
        }
        if title == Some(Title::TbsPasser) {
            case.record(FactValue::LeftScope, before, before);
        }
        if ended {
            let arrived = hours(at, -72);
            case.record(FactValue::LegalEnd(LegalDay::of(arrived)), arrived, arrived);
            case.record(FactValue::Ended, arrived, arrived);
        }
        if standing != Standing::None {
            let covered = |category: &Category| standing != Standing::WithoutHealth || !HEALTH.contains(category);
            let withdrawn = (standing == Standing::Withdrawn).then(|| hours(at, -1));
            case.consents.push(Consent {
                id: "c-1".to_owned(),
                recipient: self.recipient.clone(),
                categories: self.categories.iter().copied().filter(covered).collect(),
                purpose: "reintegration".to_owned(),
                given_at: Some(before),
                until: (standing == Standing::Expired).then(|| LegalDay::of(hours(at, -48))),
                withdrawn_at: withdrawn,
                recorded: before,
                withdrawal_recorded: withdrawn,
                message: None,
            });
        }
        case
    }
}

#[cfg(test)]
mod tests;
