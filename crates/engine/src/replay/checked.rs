//! What a self-check found: recorded decisions asked again with the rules that made them.

use std::collections::BTreeMap;

use schakelpunt_rules::Decision;

use super::Undecidable;
use crate::model::DecisionRecord;

/// Differences that are named; more of them say no more.
pub const NAMED: usize = 10;

/// What a self-check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Decisions.
    pub decisions: u64,
    /// Of which the answer is another than the recorded one, although the rules are those that made it.
    pub differ: u64,
    /// That cannot be asked again, by code.
    pub undecidable: BTreeMap<&'static str, u64>,
    /// The first of those that differ: message, recipient, and both answers as JSON.
    pub first: Vec<String>,
}

impl Checked {
    /// Counts one decision. Equal values have equal bytes: how a decision is written depends on nothing else.
    pub fn add(&mut self, record: &DecisionRecord, again: &Result<Decision, Undecidable>) {
        self.decisions += 1;
        match again {
            Ok(answer) if *answer == record.decision => {}
            Ok(answer) => {
                self.differ += 1;
                if self.first.len() < NAMED {
                    self.first.push(difference(record, answer));
                }
            }
            Err(why) => *self.undecidable.entry(why.code()).or_default() += 1,
        }
    }

    /// Both together.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        self.decisions += other.decisions;
        self.differ += other.differ;
        for (code, count) in other.undecidable {
            *self.undecidable.entry(code).or_default() += count;
        }
        self.first.extend(other.first);
        self.first.truncate(NAMED);
        self
    }

    /// In a sentence.
    pub fn sentence(&self) -> String {
        let Self { decisions, differ, undecidable, .. } = self;
        let mut text = format!("{decisions} decisions asked again with the rules that made them: {differ} differ");
        let unknown: u64 = undecidable.values().sum();
        if unknown > 0 {
            let codes: Vec<String> = undecidable.iter().map(|(code, count)| format!("{code} {count}")).collect();
            text.extend([format!("; {unknown} undecidable ({})", codes.join(", "))]);
        }
        text
    }
}

fn difference(record: &DecisionRecord, again: &Decision) -> String {
    let words = |decision: &Decision| serde_json::to_string(decision).unwrap_or_default();
    let DecisionRecord { event, message, recipient, at, decision, .. } = record;
    let (recorded, again) = (words(decision), words(again));
    format!("{event} {} {} to {recipient} at {at}\n    recorded {recorded}\n    again    {again}", message.source, message.id)
}
