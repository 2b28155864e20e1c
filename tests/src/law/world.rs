//! A question to the routing core, put together from plain words.

use std::{fs, path::Path, sync::LazyLock};

use jiff::{SignedDuration, Timestamp};
use schakelpunt_domain::{
    LegalDay, ParticipantId,
    case::{Case, FactValue, Title},
    catalogue::{Catalogue, EventSpec},
    consent::Consent,
    pointer::Leaf,
    registers::{At, Entry, Kind, Recorded, Registers, Subscription, SubscriptionState},
};
use schakelpunt_rules::{Candidate, Decision, Question, Relation, RuleFile, RuleSet, Signals, decide};

/// The event catalogue.
pub(super) static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::load().unwrap());
/// The shipped rules.
pub(super) static RULES: LazyLock<RuleSet> = LazyLock::new(|| load(&rule_files()));

/// The rule files as they stand in the repository.
pub(super) fn rule_files() -> Vec<RuleFile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/rules");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    // what is to be proved of the rules is no rule, nor are their tests
    paths.retain(|path| path.is_file() && !path.ends_with("invariants.toml"));
    paths.sort();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| RuleFile { name: name(path), text: fs::read_to_string(path).unwrap() }).collect()
}

pub(super) fn load(files: &[RuleFile]) -> RuleSet {
    RuleSet::load(files, &CATALOGUE).unwrap_or_else(|errors| panic!("{errors}"))
}

/// What a party is, to the law and to the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Role {
    pub(super) word: &'static str,
    pub(super) kind: Kind,
    pub(super) relation: Option<Relation>,
    pub(super) tells_health: bool,
}

const fn role(word: &'static str, kind: Kind, relation: Relation) -> Role {
    Role { word, kind, relation: Some(relation), tells_health: false }
}

/// Everybody of whom a table may speak.
pub(super) const ROLES: [Role; 18] = [
    role("prison", Kind::Prison, Relation::HoldingPrison),
    role("new prison", Kind::Prison, Relation::ReceivingPrison),
    role("old prison", Kind::Prison, Relation::FormerPrison),
    role("municipality", Kind::Municipality, Relation::ResponsibleMunicipality),
    role("settlement municipality", Kind::Municipality, Relation::SettlementMunicipality),
    role("probation", Kind::Probation, Relation::ResponsibleProbationUnit),
    role("care partner", Kind::CarePartner, Relation::CarePartner),
    Role { word: "health partner", kind: Kind::CarePartner, relation: Some(Relation::CarePartner), tells_health: true },
    role("informed partner", Kind::CarePartner, Relation::InformedPartner),
    role("earlier prison", Kind::Prison, Relation::EarlierRecipient),
    role("earlier municipality", Kind::Municipality, Relation::EarlierRecipient),
    role("earlier probation", Kind::Probation, Relation::EarlierRecipient),
    role("earlier partner", Kind::CarePartner, Relation::EarlierRecipient),
    role("earlier triage", Kind::Triage, Relation::EarlierRecipient),
    role("triage", Kind::Triage, Relation::Triage),
    role("hub", Kind::Hub, Relation::Hub),
    Role { word: "stranger", kind: Kind::Municipality, relation: None, tells_health: false },
    Role { word: "strange partner", kind: Kind::CarePartner, relation: None, tells_health: false },
];

/// The role of that name.
pub(super) fn role_named(word: &str) -> Role {
    *ROLES.iter().find(|role| role.word == word).unwrap_or_else(|| panic!("nobody is called `{word}`: see ROLES"))
}

/// How a consent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Valid,
    Expired,
    Withdrawn,
    ForAnother,
}

/// What else is so.
#[derive(Debug, Clone, Default)]
pub(super) struct Given {
    pub(super) consents: Vec<(Standing, Vec<String>)>,
    pub(super) title: Option<Title>,
    pub(super) ended: bool,
    pub(super) ends_today: bool,
    pub(super) had: Option<Vec<Leaf>>,
    pub(super) not_subscribed: bool,
}

/// A whole question.
#[derive(Debug, Clone)]
pub(super) struct Asked<'a> {
    pub(super) event: &'a EventSpec,
    pub(super) leaves: Vec<Leaf>,
    pub(super) signals: Signals,
    pub(super) from: Role,
    pub(super) to: Role,
    pub(super) given: Given,
    pub(super) at: Timestamp,
}

fn recipient() -> ParticipantId {
    "recipient".parse().unwrap()
}

fn hours(at: Timestamp, hours: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_hours(hours)).unwrap()
}

fn consent(number: usize, standing: Standing, categories: &[String], at: Timestamp) -> Consent {
    let yesterday = LegalDay(LegalDay::of(at).0.yesterday().unwrap());
    let given = hours(at, -240);
    let withdrawn = (standing == Standing::Withdrawn).then(|| hours(at, -1));
    Consent {
        id: format!("c-{number}"),
        recipient: if standing == Standing::ForAnother { "another".parse().unwrap() } else { recipient() },
        categories: categories.iter().map(|category| category.parse().unwrap()).collect(),
        purpose: "reintegration".to_owned(),
        given_at: Some(given),
        until: (standing == Standing::Expired).then_some(yesterday),
        withdrawn_at: withdrawn,
        recorded: given,
        withdrawal_recorded: withdrawn,
        message: None,
    }
}

impl Asked<'_> {
    fn case(&self) -> Case {
        let Given { consents, title, ended, ends_today, .. } = &self.given;
        let mut case = Case::new("D-1".parse().unwrap());
        if let Some(title) = title {
            case.record(FactValue::Title(*title), hours(self.at, -480), hours(self.at, -480));
        }
        if *ended || *ends_today {
            let arrived = if *ended { hours(self.at, -72) } else { self.at };
            case.record(FactValue::LegalEnd(LegalDay::of(arrived)), arrived, arrived);
            case.record(FactValue::Ended, arrived, arrived);
        }
        case.consents =
            (1..).zip(consents).map(|(number, (standing, categories))| consent(number, *standing, categories, self.at)).collect();
        case
    }

    fn registers(&self) -> Registers {
        let nothing = Subscription {
            participant: recipient(),
            events: vec!["no-such-event".to_owned()],
            filter: None,
            channel: None,
            state: SubscriptionState::Active,
            from: None,
            until: None,
        };
        let entry = self.given.not_subscribed.then_some(Recorded { entry: Entry::Subscription(nothing), recorded: Timestamp::MIN });
        Registers::new(1, entry)
    }

    /// What these rules answer.
    pub(super) fn answer(&self, rules: &RuleSet) -> Decision {
        let candidate = Candidate {
            participant: recipient(),
            kind: self.to.kind,
            relations: self.to.relation.into_iter().collect(),
            on_behalf_of: None,
            closed: None,
            tells_health: self.to.tells_health,
            had: self.given.had.clone(),
        };
        decide(&Question {
            rules,
            event: self.event,
            giver: self.from.kind,
            sender: self.from.relation.as_slice(),
            case: &self.case(),
            registers: &self.registers(),
            signals: &self.signals,
            leaves: &self.leaves,
            candidate: &candidate,
            at: At::now(self.at),
        })
    }
}
