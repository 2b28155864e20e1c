//! Decisions for people and for machines (contracts 5).

use std::fmt::Write as _;

use schakelpunt_domain::pointer::Leaf;
use schakelpunt_engine::model::DecisionRecord;
use schakelpunt_rules::{Answer, Decision, Permit};
use serde_json::{Value, json};

pub mod explained;
pub mod person;

/// A decision as one JSON object.
pub fn decision(record: &DecisionRecord) -> Value {
    let DecisionRecord { message, event, detention, recipient, on_behalf_of, relations, decision, version, at, saw: _ } = record;
    let permit = decision.permit();
    let bases: Vec<_> = permit.into_iter().flat_map(|permit| &permit.granted).map(|granted| &granted.basis).collect();
    let fields: Vec<&Leaf> = permit.into_iter().flat_map(Permit::leaves).collect();
    json!({
        "message": message.id,
        "source": message.source,
        "event": event,
        "detention": detention,
        "recipient": recipient,
        "onBehalfOf": on_behalf_of,
        "relations": relations,
        "outcome": match decision.answer { Answer::Permit(_) => "permit", Answer::Refuse(_) => "refuse" },
        "bases": bases,
        "fields": fields,
        "withheld": decision.withheld,
        "code": decision.refusal(),
        "rule": decision.rule,
        "version": version,
        "at": at,
    })
}

/// A decision for somebody who reads along.
pub fn decision_text(record: &DecisionRecord) -> String {
    let behalf = record.on_behalf_of.as_ref().map(|mandator| format!(" on behalf of {mandator}")).unwrap_or_default();
    answer_text(&format!("{}{behalf}", record.recipient), &record.decision)
}

/// The same about whoever it is.
fn answer_text(who: &str, decision: &Decision) -> String {
    let mut text = String::new();
    // writing to a string cannot fail
    let written = match &decision.answer {
        Answer::Permit(permit) => {
            let line = writeln!(text, "    ✔ {who}");
            permit
                .granted
                .iter()
                .fold(line, |line, granted| line.and(writeln!(text, "        {:<16} {}", granted.basis.as_str(), leaves(&granted.leaves))))
        }
        Answer::Refuse(code) => writeln!(text, "    ✘ {who}: {code}. {} / {}", code.nl(), code.en()),
    };
    let withheld = match &decision.answer {
        Answer::Permit(_) if !decision.withheld.is_empty() => writeln!(text, "        {:<16} {}", "not given", leaves(&decision.withheld)),
        _ => Ok(()),
    };
    if written.and(withheld).is_err() { String::new() } else { text }
}

fn leaves(leaves: &[Leaf]) -> String {
    if leaves.is_empty() { "(nothing needs attention)".to_owned() } else { leaves.iter().map(Leaf::as_str).collect::<Vec<_>>().join(" ") }
}
