//! Signals: what a payload or a case says that a rule may depend on. A closed list; each with its extraction and its law.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A condition that a grant or a basis may name in `when` or `while`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signal {
    /// The detention and re-integration plan can still be adopted, adapted or carried out (Pbw art. 18a, Pm art. 20d(1); decision 14).
    PlanRunning,
    /// Care or support is needed (Pm art. 20d(3)).
    CareNeeded,
    /// An essential condition is missing or not yet arranged (Pbw art. 18a(2)(d); decision 15). Said of one entry.
    EntryNotInOrder,
    /// The recipient has no consent that ended (decision 10).
    ConsentNotEnded,
    /// The consultation is about supervision, advice or interventions (Pm art. 20d(4)).
    Consulting,
    /// The person is in an institution for repeat offenders (ISD; Pm art. 44d and further).
    IsdMeasure,
}

impl Signal {
    /// Every signal with its word in rule files.
    pub const WORDS: [(Self, &'static str); 6] = [
        (Self::PlanRunning, "plan-running"),
        (Self::CareNeeded, "care-needed"),
        (Self::EntryNotInOrder, "entry-not-in-order"),
        (Self::ConsentNotEnded, "consent-not-ended"),
        (Self::Consulting, "consulting"),
        (Self::IsdMeasure, "isd-measure"),
    ];

    /// Since which vocabulary it is read from payloads; `None`: it is read from the case, which is kept.
    pub fn read_since(self) -> Option<u32> {
        match self {
            Self::CareNeeded | Self::EntryNotInOrder | Self::Consulting => Some(1),
            Self::PlanRunning | Self::ConsentNotEnded | Self::IsdMeasure => None,
        }
    }
}

/// The vocabulary that [`derive()`] reads. Whoever adds a signal of payloads raises it by one: what was recorded before does not have it.
pub const VOCABULARY: u32 = 1;

/// What was read from one payload. Recorded with the message, without values.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Signals {
    /// Which vocabulary was read: a signal of a later one was not looked for.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub vocabulary: u32,
    /// Of the payload as a whole.
    pub whole: BTreeSet<Signal>,
    /// Of single entries, by the pointer of the entry.
    pub entries: BTreeMap<String, BTreeSet<Signal>>,
}

impl Default for Signals {
    fn default() -> Self {
        Self { vocabulary: VOCABULARY, whole: BTreeSet::new(), entries: BTreeMap::new() }
    }
}

fn first() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_first(vocabulary: &u32) -> bool {
    *vocabulary == first()
}

impl Signals {
    /// Whether this signal was looked for when they were read.
    pub fn knows(&self, signal: Signal) -> bool {
        signal.read_since().is_none_or(|since| since <= self.vocabulary)
    }
}

/// Where conditions stand in payloads.
const CONDITION_OBJECTS: [&str; 2] = ["/conditions", "/plan/conditions"];
/// Where the need for care stands.
const CARE_NEEDED: [&str; 2] = ["/care/needed", "/plan/care/needed"];
/// What a consultation is about.
const CONSULTATION: &str = "/consultation/about";
/// For what Pm art. 20d(4) names; about the plan in general it carries nothing.
const CONSULTED: [&str; 3] = ["SUPERVISION", "ADVICE", "INTERVENTIONS"];
/// A condition that needs nothing any more.
const IN_ORDER: [&str; 2] = ["IN_ORDER", "NOT_APPLICABLE"];

/// Reads the signals from a payload.
pub fn derive(data: &Value) -> Signals {
    let mut signals = Signals::default();
    if CARE_NEEDED.iter().any(|pointer| data.pointer(pointer) == Some(&Value::Bool(true))) {
        signals.whole.insert(Signal::CareNeeded);
    }
    if data.pointer(CONSULTATION).and_then(Value::as_str).is_some_and(|about| CONSULTED.contains(&about)) {
        signals.whole.insert(Signal::Consulting);
    }
    for object in CONDITION_OBJECTS {
        let Some(Value::Object(conditions)) = data.pointer(object) else { continue };
        for (code, entry) in conditions {
            let status = entry.get("status").and_then(Value::as_str).unwrap_or("UNKNOWN");
            let entry = signals.entries.entry(format!("{object}/{code}")).or_default();
            if !IN_ORDER.contains(&status) {
                entry.insert(Signal::EntryNotInOrder);
            }
        }
    }
    signals
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_missing_is_a_signal() {
        let signals =
            derive(&json!({"conditions": {"HOUSING": {"status": "MISSING"}, "ID": {"status": "IN_ORDER"}}, "care": {"needed": true}}));
        assert!(signals.whole.contains(&Signal::CareNeeded));
        assert!(signals.entries["/conditions/HOUSING"].contains(&Signal::EntryNotInOrder));
        assert!(signals.entries["/conditions/ID"].is_empty());
    }

    #[test]
    fn care_is_needed_where_the_payload_says_so() {
        let needed = |data: Value| derive(&data).whole.contains(&Signal::CareNeeded);
        assert!(needed(json!({"care": {"needed": true}})) && needed(json!({"plan": {"care": {"needed": true}}})));
        assert!(!needed(json!({"care": {"needed": false}})) && !needed(json!({"care": {}})) && !needed(json!({})));
    }

    #[test]
    fn of_a_condition_that_says_nothing_something_is_to_be_done() {
        let signals = derive(&json!({"plan": {"conditions": {"DEBT": {}, "INCOME": {"status": "NOT_APPLICABLE"}}}}));
        assert!(signals.whole.is_empty());
        assert_eq!(signals.entries["/plan/conditions/DEBT"], BTreeSet::from([Signal::EntryNotInOrder]));
        assert!(signals.entries["/plan/conditions/INCOME"].is_empty());
        assert_eq!(signals.entries.len(), 2);
    }

    #[test]
    fn only_what_the_article_names_is_a_consultation() {
        let consults = |about: &str| derive(&json!({"consultation": {"about": about}})).whole.contains(&Signal::Consulting);
        assert!(consults("SUPERVISION") && consults("ADVICE") && consults("INTERVENTIONS"));
        assert!(!consults("PLAN"));
    }
}
