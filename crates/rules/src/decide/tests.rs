//! A small law and one question to it, each part of which a test may change.
//!
//! | module | what it asks |
//! |---|---|
//! | `gates` | who gets nothing, whatever the rules say |
//! | `grants` | what rules and grants give, in their order |
//! | `consents` | what a consent carries |

use std::sync::LazyLock;

use schakelpunt_domain::catalogue::Catalogue;

use super::*;
use crate::{
    RuleFile,
    access::tests::{at, case, registers, who},
};

mod consents;
mod gates;
mod grants;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::load().unwrap());

const NOW: &str = "2024-03-05T09:00:00Z";
/// Periods of a basis that is not yet in force, one that is so no more, and one that is.
const LATER: &str = r#"{ from = "2030-01-01" }"#;
const PAST: &str = r#"{ until = "2021-07-01" }"#;
const IN_FORCE: &str = r#"{ from = "2021-07-01" }"#;

fn basis(id: &str, kind: &str, in_force: &str, more: &str) -> String {
    let power = if id.starts_with("duty") { "must" } else { "may" };
    format!(
        "[[basis]]\nid = \"{id}\"\ncitation = \"-\"\nkind = \"{kind}\"\nin-force = {in_force}\npower = \"{power}\"\n\
         between = [[\"prison\", \"municipality\"], [\"prison\", \"care-partner\"]]\npurposes = [\"reintegration\"]\n{more}\n"
    )
}

fn bases() -> String {
    [
        basis("law", "statute", IN_FORCE, ""),
        basis("second", "statute", IN_FORCE, "yields-to = [\"law\"]"),
        basis("plan", "statute", IN_FORCE, "while = [\"plan-running\"]"),
        basis("duty", "statute", IN_FORCE, ""),
        basis("duty-too", "statute", IN_FORCE, ""),
        basis("later", "statute", LATER, ""),
        basis("past", "statute", PAST, ""),
        basis("consent", "consent", IN_FORCE, ""),
        basis("correction", "rectification", IN_FORCE, ""),
    ]
    .concat()
}

/// A rule of the holding prison, for the municipality and a care partner.
fn rule(id: &str, event: &str, rest: &str) -> String {
    format!(
        "[[rule]]\nid = \"{id}\"\nevents = [\"{event}\"]\nsender = \"holding-prison\"\nto = [\"responsible-municipality\", \"care-partner\"]\n\
         purpose = \"reintegration\"\nowner = \"DJI\"\n{rest}"
    )
}

fn grant(basis: &str, fields: &[&str]) -> String {
    format!("[[rule.grant]]\nbasis = \"{basis}\"\nfields = {fields:?}\n")
}

/// One rule for the release date with these grants.
fn release(grants: &[(&str, &[&str])]) -> World {
    let grants: String = grants.iter().map(|(basis, fields)| grant(basis, fields)).collect();
    world("release-date-set", &rule("r", "release-date-set", &grants))
}

fn leaf(text: &str) -> Leaf {
    text.parse().unwrap()
}

/// Everything that a question needs: the prison tells the municipality, all fields are there, nothing is signalled.
struct World {
    rules: RuleSet,
    event: &'static EventSpec,
    giver: Kind,
    sender: Vec<Relation>,
    case: Case,
    registers: Registers,
    signals: Signals,
    leaves: Vec<Leaf>,
    candidate: Candidate,
    at: At,
}

fn world(event: &str, rules: &str) -> World {
    let event = CATALOGUE.named(event).unwrap();
    let file = RuleFile { name: "rules.toml".to_owned(), text: bases() + rules };
    World {
        rules: RuleSet::load(&[file], &CATALOGUE).unwrap_or_else(|errors| panic!("{errors}")),
        event,
        giver: Kind::Prison,
        sender: vec![Relation::HoldingPrison],
        case: case("T-1", "pi-vught", "0855"),
        registers: registers(Vec::new()),
        signals: Signals::default(),
        leaves: event.leaves.keys().cloned().collect(),
        candidate: Candidate {
            participant: who("gemeente-tilburg"),
            kind: Kind::Municipality,
            relations: vec![Relation::ResponsibleMunicipality],
            on_behalf_of: None,
            closed: None,
            tells_health: false,
            had: None,
        },
        at: At::now(at(NOW)),
    }
}

impl World {
    fn question(&self) -> Question<'_> {
        Question {
            rules: &self.rules,
            event: self.event,
            giver: self.giver,
            sender: &self.sender,
            case: &self.case,
            registers: &self.registers,
            signals: &self.signals,
            leaves: &self.leaves,
            candidate: &self.candidate,
            at: self.at,
        }
    }

    fn answer(&self) -> Decision {
        decide(&self.question())
    }

    /// The code of the refusal, or each basis with its leaves.
    fn told(&self) -> String {
        match self.answer().answer {
            Answer::Refuse(code) => code.to_string(),
            Answer::Permit(permit) => {
                let leaves = |granted: &Granted| granted.leaves.iter().map(Leaf::as_str).collect::<Vec<_>>().join(" ");
                permit.granted.iter().map(|granted| format!("{}: {}", granted.basis, leaves(granted))).collect::<Vec<_>>().join("; ")
            }
        }
    }

    /// The same question about the care partner.
    fn to_partner(mut self) -> Self {
        self.candidate.participant = who("opvang");
        self.candidate.kind = Kind::CarePartner;
        self.candidate.relations = vec![Relation::CarePartner];
        self
    }

    fn at(mut self, now: &str) -> Self {
        self.at = At::now(at(now));
        self
    }

    /// A fact that holds and is known from one instant on.
    fn fact(mut self, value: FactValue, since: &str) -> Self {
        self.case.record(value, at(since), at(since));
        self
    }

    fn consents_to(mut self, categories: &[&str]) -> Self {
        self.case.consents.push(consent(categories));
        self
    }
}

/// A consent for the care partner, since the first day of the detention.
fn consent(categories: &[&str]) -> Consent {
    let given = at("2024-02-01T12:00:00Z");
    Consent {
        id: "c-1".to_owned(),
        recipient: who("opvang"),
        categories: categories.iter().map(|category| category.parse().unwrap()).collect(),
        purpose: "reintegration".to_owned(),
        given_at: Some(given),
        until: None,
        withdrawn_at: None,
        recorded: given,
        withdrawal_recorded: None,
        message: None,
    }
}
