//! Who is concerned by a message, and as what.
//!
//! | module | what it asks |
//! |---|---|
//! | `recipients` | who hears of a message |
//! | `responsible` | which municipality and which probation unit answer for a case |
//! | `senders` | what the sender is to the case |

use schakelpunt_domain::{case::FactValue, consent::Consent};
use serde_json::{Value, json};

use super::*;
use crate::access::tests::{at, case, participant, registers, who};

mod recipients;
mod responsible;
mod senders;

const NOW: &str = "2024-03-05T09:00:00Z";
/// After the transfer of [`moving`].
const AFTER: &str = "2024-03-11T09:00:00Z";

fn now() -> At {
    At::now(at(NOW))
}

/// A case in which a fact holds and is known since the first day.
fn with(mut case: Case, fact: FactValue) -> Case {
    let began = at("2024-02-01T09:00:00Z");
    case.record(fact, began, began);
    case
}

/// Tilburg's case in Vught, on its way to Grave on the tenth of March.
fn moving() -> Case {
    let mut case = case("T-1", "pi-vught", "0855");
    case.record(FactValue::Prison(who("pi-grave")), at("2024-03-10T09:00:00Z"), at("2024-03-01T09:00:00Z"));
    case
}

/// A case of which nobody knows the municipality.
fn homeless(detention: &str) -> Case {
    with(case(detention, "pi-vught", "0855"), FactValue::Residence(Vec::new()))
}

/// A case in which a consent names somebody.
fn consenting(recipient: &str) -> Case {
    let mut case = case("T-1", "pi-vught", "0855");
    let given = at("2024-02-01T12:00:00Z");
    case.consents.push(Consent {
        id: "c-1".to_owned(),
        recipient: who(recipient),
        categories: Vec::new(),
        purpose: "reintegration".to_owned(),
        given_at: Some(given),
        until: None,
        withdrawn_at: None,
        recorded: given,
        withdrawal_recorded: None,
        message: None,
    });
    case
}

fn succession(predecessor: &str, successor: &str) -> Value {
    json!({"succession": {"predecessor": predecessor, "successor": successor, "from": "2024-03-01"}})
}

fn event(event: &str) -> Who<'_> {
    Who { event, ..Who::default() }
}

/// Each candidate with its relations.
fn told(candidates: &[Candidate]) -> Vec<String> {
    let words = |candidate: &Candidate| candidate.relations.iter().map(|relation| relation.word()).collect::<Vec<_>>().join(" + ");
    candidates.iter().map(|candidate| format!("{}: {}", candidate.participant, words(candidate))).collect()
}
