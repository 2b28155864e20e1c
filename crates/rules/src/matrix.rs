//! The matrix of a rule set: every cell, decided by [`decide()`], for whoever reviews a change of the rules.
//!
//! A cell is an event, a sender that some rule lets produce it, a recipient, a period between two dates of the rule set, how consent
//! stands, whether the detention goes on, and the signals on which a rule for this event depends. Every field of the event is present, a
//! consent covers everything, and an earlier recipient had everything. The titles of decision 16 are asked beside that, each once.

use jiff::{SignedDuration, Timestamp};
use schakelpunt_domain::{
    DetentionRef, ParticipantId,
    calendar::LegalDay,
    case::{Case, FactValue, Title},
    catalogue::{Catalogue, EventSpec},
    consent::{CATEGORIES, Category, Consent},
    digest::sha256,
    pointer::Leaf,
    registers::{At, Kind, Registers},
};

use crate::{Answer, Candidate, Decision, Question, Relation, RuleSet, Signal, Signals, decide};

mod fold;
mod signals;

/// The matrix of one rule set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    /// Equal outcomes folded, with the number of cells and the hash at its end.
    pub folded: String,
    /// One line a cell, its parts parted by tabs.
    pub full: String,
    /// How many cells were decided.
    pub cells: usize,
    /// SHA-256 of `full`.
    pub hash: String,
}

/// Who a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Role {
    word: &'static str,
    kind: Kind,
    relation: Relation,
    tells_health: bool,
}

const fn role(word: &'static str, kind: Kind, relation: Relation) -> Role {
    Role { word, kind, relation, tells_health: false }
}

const ROLES: [Role; 16] = [
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    None,
    Valid,
    Expired,
    Withdrawn,
}

const STANDINGS: [(Standing, &str); 4] =
    [(Standing::None, "no consent"), (Standing::Valid, "consent"), (Standing::Expired, "expired"), (Standing::Withdrawn, "withdrawn")];
const ENDED: [(bool, &str); 2] = [(false, "detained"), (true, "ended")];
/// Titles that close a gate (decision 16); those that open none count as no title.
const TITLES: [(Title, &str); 4] =
    [(Title::Vris, "VRIS"), (Title::Aliens, "ALIENS"), (Title::Jji, "JJI"), (Title::TbsPasser, "TBS_PASSER who left")];
/// The hub did not exist before; what the law was then is asked of nobody.
const FIRST_DAY: &str = "2018-06-01";

/// A time in which the law does not change.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    word: String,
    at: Timestamp,
}

fn spans(rules: &RuleSet) -> Vec<Span> {
    let Ok(first) = FIRST_DAY.parse::<LegalDay>() else { return Vec::new() };
    let mut starts = vec![first.begins()];
    while let Some(next) = starts.last().and_then(|last| rules.next_boundary(*last)) {
        starts.push(next);
    }
    let ends = starts.iter().skip(1).map(Some).chain([None]);
    let word = |start: Timestamp, end: Option<&Timestamp>| {
        let last = end.and_then(|end| LegalDay::of(*end).0.yesterday().ok());
        last.map_or_else(|| format!("since {}", LegalDay::of(start)), |last| format!("until {last}"))
    };
    starts.iter().zip(ends).map(|(start, end)| Span { word: word(*start, end), at: *start }).collect()
}

fn hours(at: Timestamp, hours: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_hours(hours)).unwrap_or(at)
}

/// What is known of the case of every question.
#[derive(Debug)]
struct World {
    recipient: ParticipantId,
    detention: DetentionRef,
    categories: Vec<Category>,
    registers: Registers,
}

impl World {
    fn new() -> Option<Self> {
        Some(Self {
            recipient: "recipient".parse().ok()?,
            detention: "D-1".parse().ok()?,
            categories: CATEGORIES.iter().filter_map(|category| category.parse().ok()).collect(),
            registers: Registers::new(1, None),
        })
    }

    fn case(&self, at: Timestamp, standing: Standing, ended: bool, title: Option<Title>) -> Case {
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
            let withdrawn = (standing == Standing::Withdrawn).then(|| hours(at, -1));
            case.consents.push(Consent {
                id: "c-1".to_owned(),
                recipient: self.recipient.clone(),
                categories: self.categories.clone(),
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

/// All cells of one event, sender and recipient, in the order period, detention, consent, signals.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Table {
    from: Role,
    to: Role,
    outcomes: Vec<String>,
    /// By title: those of the first two consents, in the order period, consent, with all signals.
    titled: Vec<Vec<String>>,
}

/// What is asked about one event.
#[derive(Debug)]
struct Asked<'a> {
    rules: &'a RuleSet,
    world: &'a World,
    spans: &'a [Span],
    event: &'a EventSpec,
    leaves: Vec<Leaf>,
    sets: Vec<signals::Set>,
}

impl Asked<'_> {
    fn answer(&self, from: Role, to: Role, case: &Case, signals: &Signals, at: Timestamp) -> String {
        let candidate = Candidate {
            participant: self.world.recipient.clone(),
            kind: to.kind,
            relations: vec![to.relation],
            on_behalf_of: None,
            closed: None,
            tells_health: to.tells_health,
            had: (to.relation == Relation::EarlierRecipient).then(|| self.leaves.clone()),
        };
        told(&decide(&Question {
            rules: self.rules,
            event: self.event,
            giver: from.kind,
            sender: &[from.relation],
            case,
            registers: &self.world.registers,
            signals,
            leaves: &self.leaves,
            candidate: &candidate,
            at: At::now(at),
        }))
    }

    fn table(&self, from: Role, to: Role) -> Table {
        let mut outcomes = Vec::new();
        let mut titled = vec![Vec::new(); TITLES.len()];
        for span in self.spans {
            for (ended, _) in ENDED {
                for (standing, _) in STANDINGS {
                    for set in &self.sets {
                        let case = self.world.case(span.at, standing, ended, set.title());
                        outcomes.push(self.answer(from, to, &case, &set.signals, span.at));
                    }
                }
            }
            for (standing, _) in STANDINGS.iter().take(2) {
                for ((title, _), answers) in TITLES.iter().zip(&mut titled) {
                    let case = self.world.case(span.at, *standing, false, Some(*title));
                    answers.extend(self.sets.last().map(|set| self.answer(from, to, &case, &set.signals, span.at)));
                }
            }
        }
        Table { from, to, outcomes, titled }
    }
}

/// An outcome in words: a code, or each basis with its leaves.
fn told(decision: &Decision) -> String {
    match &decision.answer {
        Answer::Refuse(code) => code.to_string(),
        Answer::Permit(permit) => {
            let leaves = |leaves: &[Leaf]| leaves.iter().map(Leaf::as_str).collect::<Vec<_>>().join(" ");
            permit.granted.iter().map(|granted| format!("{}: {}", granted.basis, leaves(&granted.leaves))).collect::<Vec<_>>().join("; ")
        }
    }
}

/// The tables of one event: of every sender that a rule names, to everybody.
fn tables(asked: &Asked<'_>) -> Vec<Table> {
    let sends = |role: &&Role| asked.rules.may_produce(&asked.event.name, &[role.relation]) && !role.tells_health;
    let one_each = |role: &&Role| role.relation != Relation::EarlierRecipient && role.relation != Relation::InformedPartner;
    let senders = ROLES.iter().filter(one_each).filter(sends);
    senders.flat_map(|from| ROLES.iter().map(|to| asked.table(*from, *to))).collect()
}

/// One line a cell.
fn lines(asked: &Asked<'_>, tables: &[Table], full: &mut String) -> usize {
    let mut cells = 0;
    let mut line = |table: &Table, rest: &[&str], outcome: &str| {
        let parts = [&[asked.event.name.as_str(), table.from.word, table.to.word], rest, &[outcome]].concat();
        full.push_str(&parts.join("\t"));
        full.push('\n');
        cells += 1;
    };
    for table in tables {
        let mut outcomes = table.outcomes.iter();
        for span in asked.spans {
            for (_, ended) in ENDED {
                for (_, standing) in STANDINGS {
                    for (set, outcome) in asked.sets.iter().zip(outcomes.by_ref()) {
                        line(table, &[&span.word, ended, standing, &set.word], outcome);
                    }
                }
            }
        }
        for ((_, title), answers) in TITLES.iter().zip(&table.titled) {
            let mut answers = answers.iter();
            for span in asked.spans {
                for ((_, standing), outcome) in STANDINGS.iter().take(2).zip(answers.by_ref()) {
                    line(table, &[&span.word, title, standing, "all signals"], outcome);
                }
            }
        }
    }
    cells
}

/// Decides every cell of a rule set. `None` only if the fixed words of this module were no words of the domain.
pub fn matrix(rules: &RuleSet, catalogue: &Catalogue) -> Option<Matrix> {
    let world = World::new()?;
    let spans = spans(rules);
    let (mut full, mut cells, mut folds) = (String::new(), 0, fold::Folds::default());
    for event in catalogue.iter() {
        let leaves = event.leaves.keys().cloned().collect();
        let asked = Asked { rules, world: &world, spans: &spans, event, leaves, sets: signals::sets(rules, event) };
        let tables = tables(&asked);
        cells += lines(&asked, &tables, &mut full);
        folds.add(&asked, &tables);
    }
    let hash = sha256(full.as_bytes());
    let folded = format!("{}\n{cells} cells\nsha256 of the full expansion: {hash}\n", folds.text());
    Some(Matrix { folded, full, cells, hash })
}

#[cfg(test)]
mod tests;
