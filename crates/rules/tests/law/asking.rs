//! One question over a small rule set, in words.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schakelpunt_domain::{
    ParticipantId,
    case::{Case, FactValue},
    consent::Consent,
    pointer::Leaf,
    registers::{At, Kind, Recorded, Registers},
};
use schakelpunt_rules::{Candidate, Decision, Question, Relation, RuleFile, RuleSet, Signal, Signals, decide};
use serde_json::Value;

use super::world::CATALOGUE;

pub(super) const NOW: &str = "2024-03-05T09:00:00Z";
pub(super) const STATUTE: &str = "kind = \"statute\"\npurposes = [\"reintegration\"]\npower = \"must\"\ncitation = \"Pm 20d\"";
pub(super) const CONSENT: &str = "kind = \"consent\"\npurposes = [\"reintegration\"]\npower = \"must\"\ncitation = \"AVG 6(1)(a)\"";

pub(super) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

pub(super) fn who() -> ParticipantId {
    "recipient".parse().unwrap()
}

/// A basis from the prison to any receiver.
pub(super) fn basis(id: &str, what: &str, in_force: &str, more: &str) -> String {
    let between = r#"between = [["prison", "municipality"], ["prison", "care-partner"], ["prison", "probation"], ["prison", "prison"]]"#;
    format!("[[basis]]\nid = \"{id}\"\n{what}\nin-force = {{ {in_force} }}\n{between}\n{more}\n")
}

/// A rule about `event` to everybody, with these grants.
pub(super) fn rule(id: &str, event: &str, grants: &[&str]) -> String {
    let to = r#"to = ["responsible-municipality", "care-partner", "responsible-probation-unit", "former-prison", "earlier-recipient"]"#;
    let grants = grants.iter().fold(String::new(), |all, grant| all + "[[rule.grant]]\n" + grant + "\n");
    format!(
        "[[rule]]\nid = \"{id}\"\nevents = [\"{event}\"]\nsender = \"holding-prison\"\n{to}\npurpose = \"reintegration\"\nowner = \"DJI\"\n{grants}"
    )
}

pub(super) fn rules(parts: &[String]) -> RuleSet {
    let file = RuleFile { name: "rules.toml".to_owned(), text: parts.concat() };
    RuleSet::load(&[file], &CATALOGUE).unwrap_or_else(|errors| panic!("{errors}"))
}

/// A consent since the second day of the detention.
pub(super) fn consent(recipient: &ParticipantId, categories: &[&str]) -> Consent {
    let given: Timestamp = "2024-02-02T09:00:00Z".parse().unwrap();
    Consent {
        id: "c-1".to_owned(),
        recipient: recipient.clone(),
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

/// One question; what it does not say is a municipality that is responsible, with nothing known of the case.
pub(super) struct Asked {
    rules: RuleSet,
    event: &'static str,
    pub(super) candidate: Candidate,
    pub(super) case: Case,
    registers: Vec<Value>,
    pub(super) signals: Signals,
    leaves: Option<Vec<&'static str>>,
    pub(super) at: Timestamp,
}

impl Asked {
    pub(super) fn of(event: &'static str, parts: &[String]) -> Self {
        let candidate = Candidate {
            participant: who(),
            kind: Kind::Municipality,
            relations: vec![Relation::ResponsibleMunicipality],
            on_behalf_of: None,
            closed: None,
            tells_health: false,
            had: None,
        };
        Self {
            rules: rules(parts),
            event,
            candidate,
            case: Case::new("D-1".parse().unwrap()),
            registers: Vec::new(),
            signals: Signals::default(),
            leaves: None,
            at: now(),
        }
    }

    pub(super) fn to(mut self, kind: Kind, relation: Relation) -> Self {
        self.candidate.kind = kind;
        self.candidate.relations = vec![relation];
        self
    }

    pub(super) fn fact(self, value: FactValue) -> Self {
        self.fact_at(value, "2024-02-01T09:00:00Z", "2024-02-01T09:00:00Z")
    }

    /// A fact that holds from one instant on and is known from another.
    pub(super) fn fact_at(mut self, value: FactValue, from: &str, recorded: &str) -> Self {
        self.case.record(value, from.parse().unwrap(), recorded.parse().unwrap());
        self
    }

    /// A consent for these categories and, where given, with an end.
    pub(super) fn consent(self, categories: &[&str], until: Option<&str>) -> Self {
        self.given_consent(Consent { until: until.map(|until| until.parse().unwrap()), ..consent(&who(), categories) })
    }

    pub(super) fn given_consent(mut self, consent: Consent) -> Self {
        self.case.consents.push(consent);
        self
    }

    pub(super) fn register(mut self, entry: Value) -> Self {
        self.registers.push(entry);
        self
    }

    pub(super) fn signal(mut self, signal: Signal) -> Self {
        self.signals.whole.insert(signal);
        self
    }

    pub(super) fn leaves(mut self, leaves: &[&'static str]) -> Self {
        self.leaves = Some(leaves.to_vec());
        self
    }

    pub(super) fn decision(&self) -> Decision {
        let event = CATALOGUE.named(self.event).unwrap();
        let recorded: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        let entry = |json: &Value| Recorded { entry: serde_json::from_value(json.clone()).unwrap(), recorded };
        let leaves: Vec<Leaf> = match &self.leaves {
            Some(leaves) => leaves.iter().map(|leaf| leaf.parse().unwrap()).collect(),
            None => event.leaves.keys().cloned().collect(),
        };
        decide(&Question {
            rules: &self.rules,
            event,
            giver: Kind::Prison,
            sender: &[Relation::HoldingPrison],
            case: &self.case,
            registers: &Registers::new(1, self.registers.iter().map(entry)),
            signals: &self.signals,
            leaves: &leaves,
            candidate: &self.candidate,
            at: At::now(self.at),
        })
    }

    /// `basis: leaves` of what is given, or the code of the refusal.
    pub(super) fn told(&self) -> String {
        let decision = self.decision();
        match (decision.permit(), decision.refusal()) {
            (Some(permit), None) => {
                let leaves = |leaves: &[Leaf]| leaves.iter().map(Leaf::as_str).collect::<Vec<_>>().join(" ");
                permit
                    .granted
                    .iter()
                    .map(|granted| format!("{}: {}", granted.basis, leaves(&granted.leaves)))
                    .collect::<Vec<_>>()
                    .join("; ")
            }
            (None, Some(code)) => code.to_string(),
            both => panic!("a decision is a permit or a refusal: {both:?}"),
        }
    }

    /// What is given, without the bases.
    pub(super) fn given(&self) -> BTreeSet<String> {
        self.decision().permit().map(|permit| permit.leaves().map(ToString::to_string).collect()).unwrap_or_default()
    }
}
