//! What a proof found.

use jiff::Timestamp;

use super::{
    invariant::{Except, Given, Invariant},
    scenario::Setting,
};

/// How many cases of one invariant are shown; the others are counted.
const SHOWN: usize = 5;

/// The outcome for a whole rule set.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Proof {
    /// The version of the rule set.
    pub version: String,
    /// How many cells were decided.
    pub cells: usize,
    /// One for each invariant, in the order of the file.
    pub outcomes: Vec<Outcome>,
}

/// What became of one invariant.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Its id.
    pub id: String,
    /// Its sentence.
    pub sentence: String,
    /// How often it was asked: of a field that is given in a cell.
    pub asked: usize,
    /// The reason of each exception, with how often it was made.
    pub excused: Vec<(String, usize)>,
    /// Where it does not hold: one case for each event, sender, recipient, rule and basis.
    pub counterexamples: Vec<Counterexample>,
    /// Whether nothing is in its scope as long as it holds.
    #[serde(skip)]
    pub never: bool,
}

/// A case in which a field is given that must not be.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counterexample {
    /// The event.
    pub event: String,
    /// Who tells.
    pub from: &'static str,
    /// Who knows.
    pub to: &'static str,
    /// A period in which the law does not change.
    pub period: String,
    /// Its first instant.
    pub at: Timestamp,
    /// How consent stands.
    pub consent: &'static str,
    /// What else holds.
    pub conditions: Vec<String>,
    /// The fields, in this cell or in others.
    pub fields: Vec<String>,
    /// The rule that gives them.
    pub rule: String,
    /// The basis on which it does.
    pub basis: String,
    /// In how many cells, counted by field.
    pub cells: usize,
    /// The cell, for a story that leads to it.
    #[serde(skip)]
    pub(super) setting: Setting,
}

impl Outcome {
    pub(super) fn new(invariant: &Invariant) -> Self {
        let excused = invariant.except.iter().map(|except: &Except| (except.why.clone(), 0)).collect();
        let (id, sentence) = (invariant.id.clone(), invariant.sentence.clone());
        Self { id, sentence, asked: 0, excused, counterexamples: Vec::new(), never: invariant.requires.is_empty() }
    }

    pub(super) fn excuse(&mut self, place: usize) {
        self.excused.iter_mut().skip(place).take(1).for_each(|(_, times)| *times += 1);
    }

    pub(super) fn broken(&mut self, given: &Given<'_>, case: impl FnOnce() -> Counterexample) {
        let rule = given.rule.map(|rule| rule.id.as_str()).unwrap_or_default();
        let same = |known: &&mut Counterexample| {
            (known.event.as_str(), known.from, known.to) == (given.event, given.from.word, given.to.word)
                && (known.rule.as_str(), known.basis.as_str()) == (rule, given.basis.id.as_str())
        };
        match self.counterexamples.iter_mut().find(same) {
            Some(known) => {
                known.cells += 1;
                if !known.fields.iter().any(|field| field == given.leaf.as_str()) {
                    known.fields.push(given.leaf.to_string());
                }
            }
            None => self.counterexamples.push(case()),
        }
    }

    /// Whether it holds everywhere.
    pub fn holds(&self) -> bool {
        self.counterexamples.is_empty()
    }

    /// What should be looked at although it holds: it was never asked, or an exception was never made.
    pub fn notes(&self) -> Vec<String> {
        let never = (self.asked == 0 && !self.never).then(|| "nothing of what the rules give is in its scope".to_owned());
        let idle = self.excused.iter().filter(|(_, times)| *times == 0).map(|(why, _)| format!("an exception that excuses nothing: {why}"));
        never.into_iter().chain(idle).collect()
    }

    /// In lines.
    pub fn text(&self) -> String {
        let mut text = format!("{} {}: {}\n", if self.holds() { "holds " } else { "BROKEN" }, self.id, self.sentence);
        for case in self.counterexamples.iter().take(SHOWN) {
            text.push_str(&case.text());
        }
        if self.counterexamples.len() > SHOWN {
            text.extend(["       and ", &(self.counterexamples.len() - SHOWN).to_string(), " more cases\n"]);
        }
        self.notes().iter().for_each(|note| text.extend(["       note: ", note, "\n"]));
        text
    }
}

impl Counterexample {
    /// As a case that can be read.
    pub fn text(&self) -> String {
        let Self { event, from, to, period, consent, rule, basis, .. } = self;
        let mut text = format!("       {from} tells {to} of {event}, {period}, {}, {consent}:\n", self.conditions.join(", "));
        text.extend(["         ", &self.fields.join(" "), "\n"]);
        text.extend(["         by the rule ", rule, " on ", basis, "; in ", &self.cells.to_string(), " cells\n"]);
        text
    }
}

impl Proof {
    /// Whether every invariant holds.
    pub fn holds(&self) -> bool {
        self.outcomes.iter().all(Outcome::holds)
    }

    /// In lines, but for the time that it took.
    pub fn text(&self) -> String {
        self.outcomes.iter().map(Outcome::text).collect()
    }
}
