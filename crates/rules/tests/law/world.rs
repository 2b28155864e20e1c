//! A question to the routing core, put together from the words of a row.

use std::{collections::BTreeSet, fs, path::Path, sync::LazyLock};

use jiff::{SignedDuration, Timestamp};
use schakelpunt_domain::{
    LegalDay, ParticipantId,
    case::{Case, FactValue, Title},
    catalogue::{Catalogue, EventSpec},
    consent::{CATEGORIES, Consent},
    pointer::Leaf,
    registers::{At, Kind, Registers},
};
use schakelpunt_rules::{Candidate, Decision, Question, Relation, RuleFile, RuleSet, Signal, Signals, decide};

/// The event catalogue.
pub(crate) static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::load().unwrap());
/// The shipped rules.
pub(crate) static RULES: LazyLock<RuleSet> = LazyLock::new(|| load(&rule_files()));

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The rule files as they stand in the repository.
pub(crate) fn rule_files() -> Vec<RuleFile> {
    let mut paths: Vec<_> = fs::read_dir(root().join("config/rules")).unwrap().map(|entry| entry.unwrap().path()).collect();
    // what is to be proved of the rules is no rule, nor are their tests
    paths.retain(|path| path.is_file() && !path.ends_with("invariants.toml"));
    paths.sort();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| RuleFile { name: name(path), text: fs::read_to_string(path).unwrap() }).collect()
}

/// A rule set, or the test ends with the mistakes in it.
pub(crate) fn load(files: &[RuleFile]) -> RuleSet {
    RuleSet::load(files, &CATALOGUE).unwrap_or_else(|errors| panic!("{errors}"))
}

/// How consent stands. The consent is for everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    None,
    Valid,
    Expired,
    Withdrawn,
}

/// A whole question.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) event: &'static EventSpec,
    pub(crate) from: (Kind, Option<Relation>),
    pub(crate) to: (Kind, Option<Relation>),
    pub(crate) consent: Standing,
    pub(crate) condition: String,
    pub(crate) at: Timestamp,
}

/// What a word of the columns `from` and `to` means.
pub(crate) fn role(word: &str) -> (Kind, Option<Relation>) {
    let kind = match word {
        "holding-prison" | "receiving-prison" | "former-prison" | "earlier-prison" => Kind::Prison,
        "responsible-municipality" | "settlement-municipality" | "earlier-municipality" | "stranger" => Kind::Municipality,
        "responsible-probation-unit" | "earlier-probation-unit" => Kind::Probation,
        "care-partner" | "informed-partner" | "earlier-care-partner" => Kind::CarePartner,
        "triage" => Kind::Triage,
        "hub" => Kind::Hub,
        _ => panic!("nobody is called `{word}`"),
    };
    let relation = match word {
        "stranger" => None,
        word if word.starts_with("earlier-") => Some(Relation::EarlierRecipient),
        word => Some(word.parse().unwrap()),
    };
    (kind, relation)
}

fn hours(at: Timestamp, hours: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_hours(hours)).unwrap()
}

fn recipient() -> ParticipantId {
    "recipient".parse().unwrap()
}

impl Asked {
    /// All leaves that the event can have.
    pub(crate) fn leaves(&self) -> Vec<Leaf> {
        self.event.leaves.keys().cloned().collect()
    }

    /// What the payload of this row signals.
    pub(crate) fn signals(&self) -> Signals {
        let mut whole = BTreeSet::from([Signal::CareNeeded, Signal::Consulting]);
        match self.condition.as_str() {
            "no-care" => _ = whole.remove(&Signal::CareNeeded),
            "no-consultation" => _ = whole.remove(&Signal::Consulting),
            _ => {}
        }
        let entry = |leaf: &str| {
            let at = leaf.find("/conditions/")? + "/conditions/".len();
            Some(leaf.split_at(at + leaf.get(at..)?.find('/')?).0.to_owned())
        };
        let missing = if self.condition == "in-order" { BTreeSet::new() } else { BTreeSet::from([Signal::EntryNotInOrder]) };
        let entries = self.event.leaves.keys().filter_map(|leaf| entry(leaf.as_str()));
        Signals { whole, entries: entries.map(|entry| (entry, missing.clone())).collect(), ..Signals::default() }
    }

    fn case(&self) -> Case {
        let mut case = Case::new("D-1".parse().unwrap());
        let before = hours(self.at, -480);
        let title = match self.condition.as_str() {
            "title-aliens" => Some(Title::Aliens),
            "title-jji" => Some(Title::Jji),
            "title-vris" => Some(Title::Vris),
            "title-isd" => Some(Title::Isd),
            "" | "after-legal-end" | "no-care" | "no-consultation" | "in-order" => None,
            other => panic!("`{other}` is no condition"),
        };
        if let Some(title) = title {
            case.record(FactValue::Title(title), before, before);
        }
        if self.condition == "after-legal-end" {
            let arrived = hours(self.at, -72);
            case.record(FactValue::LegalEnd(LegalDay::of(arrived)), arrived, arrived);
            case.record(FactValue::Ended, arrived, arrived);
        }
        if self.consent != Standing::None {
            let withdrawn = (self.consent == Standing::Withdrawn).then(|| hours(self.at, -1));
            case.consents.push(Consent {
                id: "c-1".to_owned(),
                recipient: recipient(),
                categories: CATEGORIES.iter().map(|category| category.parse().unwrap()).collect(),
                purpose: "reintegration".to_owned(),
                given_at: Some(before),
                until: (self.consent == Standing::Expired).then(|| LegalDay::of(hours(self.at, -48))),
                withdrawn_at: withdrawn,
                recorded: before,
                withdrawal_recorded: withdrawn,
                message: None,
            });
        }
        case
    }

    /// What these rules answer.
    pub(crate) fn answer(&self, rules: &RuleSet) -> Decision {
        let leaves = self.leaves();
        let candidate = Candidate {
            participant: recipient(),
            kind: self.to.0,
            relations: self.to.1.into_iter().collect(),
            on_behalf_of: None,
            closed: None,
            tells_health: false,
            had: (self.to.1 == Some(Relation::EarlierRecipient)).then(|| leaves.clone()),
        };
        decide(&Question {
            rules,
            event: self.event,
            giver: self.from.0,
            sender: self.from.1.as_slice(),
            case: &self.case(),
            registers: &Registers::new(1, None),
            signals: &self.signals(),
            leaves: &leaves,
            candidate: &candidate,
            at: At::now(self.at),
        })
    }
}
