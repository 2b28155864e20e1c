//! `GET /v1/messages/{id}`: what became of a message. Everybody sees their own part of it, and no personal data.
//!
//! | caller | sees |
//! |---|---|
//! | its sender | outcome; per decision relation, outcome and code; per delivery relation and stage; no names |
//! | a recipient that was given it | its own delivery: bases, fields, stage |
//! | the operator (the hub's own id) | everything of the above with names, rules and what was withheld |
//! | anybody else | the same answer as for a message that is not known |

use axum::{Json, extract::State};
use schakelpunt_domain::{ParticipantId, pointer::Leaf};
use schakelpunt_engine::{
    model::{DecisionRecord, Delivery},
    ports::Trace,
};
use schakelpunt_rules::Decision;
use serde_json::{Map, Value, json};

use crate::{
    Shared,
    caller::{Caller, Segment},
    problem::Problem,
};

/// Where it is served.
pub(crate) const PATH: &str = "/v1/messages/{id}";

/// The traces of the messages of that id; several producers may use it.
pub(crate) async fn handler(State(gateway): State<Shared>, caller: Caller, Segment(id): Segment) -> Result<Json<Value>, Problem> {
    let unknown = || Problem::not_found("the id of a message that the caller sent or was given");
    let id = id.parse().map_err(|_| unknown())?;
    let traces = gateway.hub.store().trace(&id).await?;
    let caller = &caller.participant;
    let operator = *caller == gateway.hub.settings().hub;
    let seen: Vec<Value> = traces.iter().filter_map(|trace| seen_by(trace, caller, operator)).collect();
    if seen.is_empty() { Err(unknown()) } else { Ok(Json(json!({"id": id, "traces": seen}))) }
}

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    Operator,
    Sender,
    Recipient,
}

/// Whether a participant has to do with a message: it sent it, or was given something of it.
pub(crate) fn may_trace(trace: &Trace, participant: &ParticipantId) -> bool {
    let given = |delivery: &Delivery| delivery.recipient == *participant && was_given(delivery);
    trace.message.sender == *participant || trace.deliveries.iter().any(given)
}

fn seen_by(trace: &Trace, caller: &ParticipantId, operator: bool) -> Option<Value> {
    let Trace { message, decisions, deliveries } = trace;
    let own: Vec<&Delivery> = deliveries.iter().filter(|delivery| delivery.recipient == *caller && was_given(delivery)).collect();
    let view = match (operator, message.sender == *caller) {
        (true, _) => View::Operator,
        (false, true) => View::Sender,
        (false, false) if own.is_empty() => return None,
        (false, false) => View::Recipient,
    };
    let mut seen = Members::default();
    seen.set("message", &message.key);
    seen.set("event", &message.event);
    seen.set("received", message.received);
    if view == View::Recipient {
        // what was decided for others, or for itself before, is not its part
        seen.set("deliveries", own.iter().map(|delivery| delivered(delivery, view)).collect::<Vec<_>>());
        return Some(seen.into());
    }
    seen.set("outcome", message.outcome);
    seen.set_some("detention", message.detention.as_ref());
    seen.set("decisions", decisions.iter().map(|record| decided(record, view)).collect::<Vec<_>>());
    seen.set("deliveries", deliveries.iter().map(|delivery| delivered(delivery, view)).collect::<Vec<_>>());
    Some(seen.into())
}

/// A delivery gets its number in the transaction that provides it. Whoever was decided on but never given anything must not learn
/// from this that the message exists.
fn was_given(delivery: &Delivery) -> bool {
    delivery.number.is_some()
}

fn decided(record: &DecisionRecord, view: View) -> Value {
    let DecisionRecord { message: _, event: _, detention: _, recipient, on_behalf_of, relations, decision, version, at, saw: _ } = record;
    let mut seen = Members::default();
    seen.set("relations", relations);
    seen.decision(decision, view);
    seen.set("version", version);
    seen.set("at", at);
    if view == View::Operator {
        seen.set("recipient", recipient);
        seen.set_some("onBehalfOf", on_behalf_of.as_ref());
    }
    seen.into()
}

fn delivered(delivery: &Delivery, view: View) -> Value {
    let mut seen = Members::default();
    seen.set("relations", &delivery.relations);
    seen.set("stage", delivery.stage.word());
    // each stage has its own instants
    if let Ok(Value::Object(stage)) = serde_json::to_value(&delivery.stage) {
        for (from, to) in [("at", "at"), ("until", "until"), ("not_before", "notBefore"), ("attempts", "attempts"), ("why", "why")] {
            seen.set_some(to, stage.get(from));
        }
    }
    if view != View::Sender {
        // the id is derived from the recipient's name: whoever has it can try names
        seen.set("id", delivery.id);
        seen.set("recipient", &delivery.recipient);
        seen.set_some("onBehalfOf", delivery.on_behalf_of.as_ref());
        seen.set_some("number", delivery.number);
        seen.decision(&delivery.decision, view);
    }
    seen.into()
}

/// The members of one object.
#[derive(Default)]
struct Members(Map<String, Value>);

impl Members {
    fn set(&mut self, name: &str, value: impl serde::Serialize) {
        if let Ok(value) = serde_json::to_value(value) {
            self.0.insert(name.to_owned(), value);
        }
    }

    fn set_some(&mut self, name: &str, value: Option<impl serde::Serialize>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    fn decision(&mut self, decision: &Decision, view: View) {
        match decision.refusal() {
            Some(code) => {
                self.set("outcome", "refuse");
                self.set("code", code);
                self.set("sentence", json!({"nl": code.nl(), "en": code.en()}));
            }
            None => self.set("outcome", "permit"),
        }
        let permit = decision.permit().filter(|_| view != View::Sender);
        if let Some(permit) = permit {
            self.set("purpose", &permit.purpose);
            self.set("bases", permit.granted.iter().map(|granted| &granted.basis).collect::<Vec<_>>());
            self.set("fields", permit.leaves().map(Leaf::as_str).collect::<Vec<_>>());
        }
        if view == View::Operator {
            self.set_some("rule", decision.rule.as_ref());
            self.set("withheld", decision.withheld.iter().map(Leaf::as_str).collect::<Vec<_>>());
        }
    }
}

impl From<Members> for Value {
    fn from(members: Members) -> Self {
        Self::Object(members.0)
    }
}
