//! A mandate taken away opens nothing, except to the mandator whose task it is (decision 23).

use jiff::Timestamp;
use proptest::{
    prelude::*,
    sample::select,
    test_runner::{TestError, TestRunner},
};
use schakelpunt_domain::{
    LegalDay, ParticipantId,
    case::{Case, FactValue},
    registers::{At, Entry, Participant, Recorded, Registers, Scope},
};
use schakelpunt_rules::{Question, Relation, Who, candidate_for, decide};
use serde_json::json;

use super::{
    table::CELLS,
    world::{Asked, RULES},
};

const UNITS: [&str; 5] = ["pi-a", "mandator", "mandatary", "elsewhere", "probation-a"];

fn unit(id: &str) -> Entry {
    let (kind, codes) = match id {
        "pi-a" => ("prison", json!([])),
        "probation-a" => ("probation", json!([])),
        "mandator" => ("municipality", json!([{"code": "0193"}])),
        "mandatary" => ("municipality", json!([{"code": "0758"}])),
        _ => ("municipality", json!([{"code": "0826"}])),
    };
    let unit: Participant =
        serde_json::from_value(json!({"id": id, "kind": kind, "oin": "00000099GM0758001000", "municipalities": codes})).unwrap();
    Entry::Participant(unit)
}

/// Participants, and the mandate if there is one.
fn registers(mandate: Option<Scope>, at: Timestamp) -> Registers {
    let mandate = mandate.map(|scope| {
        let from = LegalDay(LegalDay::of(at).0.yesterday().unwrap());
        let mandate = json!({"mandator": "mandator", "mandatary": "mandatary", "scope": scope, "from": from});
        Entry::Mandate(serde_json::from_value(mandate).unwrap())
    });
    Registers::new(1, UNITS.iter().map(|id| unit(id)).chain(mandate).map(|entry| Recorded { entry, recorded: Timestamp::MIN }))
}

fn is_permitted(asked: &Asked, id: &str, registers: &Registers) -> bool {
    let mut case = Case::new("D-1".parse().unwrap());
    for fact in [FactValue::Prison("pi-a".parse().unwrap()), FactValue::Responsible("0193".parse().unwrap())] {
        case.record(fact, Timestamp::MIN, Timestamp::MIN);
    }
    let (at, id): (_, ParticipantId) = (At::now(asked.at), id.parse().unwrap());
    let who = Who { event: asked.event.name.as_str(), ..Who::default() };
    let Some(candidate) = candidate_for(&id, &who, &case, registers, at) else { return false };
    let (giver, sender) = asked.from;
    let question = Question {
        rules: &RULES,
        event: asked.event,
        giver,
        sender: sender.as_slice(),
        case: &case,
        registers,
        signals: &asked.signals(),
        leaves: &asked.leaves(),
        candidate: &candidate,
        at,
    };
    decide(&question).permit().is_some()
}

type Outcome = Result<(), TestError<(usize, Scope)>>;

/// Asks with and without the mandate; `mandators` are those who may gain.
fn taken_away(mandators: &[&str]) -> Outcome {
    let config = ProptestConfig { failure_persistence: None, max_shrink_iters: 0, ..ProptestConfig::with_cases(2_000) };
    let scopes = select(vec![Scope::All, Scope::Tbo, Scope::Visit, Scope::Aftercare]);
    TestRunner::new(config).run(&(0..CELLS.len(), scopes), |(cell, scope)| {
        let asked = &CELLS[cell].asked;
        let (with, without) = (registers(Some(scope), asked.at), registers(None, asked.at));
        for id in UNITS.iter().filter(|id| !mandators.contains(id)) {
            let opened = !is_permitted(asked, id, &with) && is_permitted(asked, id, &without);
            prop_assert!(!opened, "without the mandate {id} gets {}", asked.event.name);
        }
        Ok(())
    })
}

#[test]
fn a_mandate_taken_away_opens_nothing() {
    taken_away(&["mandator"]).unwrap();
    assert!(taken_away(&[]).is_err(), "the mandator gets no copy while somebody acts for it: that it gains must be seen");
}

/// The property would hold of a hub that gives nothing: a mandate has to give.
#[test]
fn a_mandate_gives_what_its_mandator_had() {
    let permitted = CELLS
        .iter()
        .map(|cell| &cell.asked)
        .find(|asked| asked.to.1 == Some(Relation::ResponsibleMunicipality) && is_permitted(asked, "mandator", &registers(None, asked.at)));
    let asked = permitted.unwrap();
    assert!(is_permitted(asked, "mandatary", &registers(Some(Scope::All), asked.at)));
    assert!(!is_permitted(asked, "mandatary", &registers(None, asked.at)));
}
