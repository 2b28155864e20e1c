//! What other rules would have changed about decisions that were made: per event, recipient and field, with the numbers of messages,
//! detentions and organisations.
//!
//! Detention by detention, so that nothing has to be remembered of those that were looked at. What cannot be decided counts as that, with
//! its code, and never as a refusal. Another reason for the same silence is no change, as in a diff.

use std::collections::{BTreeMap, BTreeSet};

use schakelpunt_domain::ParticipantId;
use schakelpunt_rules::{Decision, Relation};

mod show;

/// One decision of a detention, under two rule sets.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Which message of the detention.
    pub message: usize,
    /// Its event.
    pub event: &'a str,
    /// What the recipient is to the case.
    pub relations: &'a [Relation],
    /// For whom it is.
    pub organisation: &'a ParticipantId,
    /// Before; `Err`: the code that says why it cannot be decided.
    pub was: Result<&'a Decision, &'static str>,
    /// After.
    pub is: Result<&'a Decision, &'static str>,
}

/// On what a field was given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct On {
    /// The basis.
    pub basis: String,
    /// What for.
    pub purpose: String,
    /// Whether the giver had to tell.
    pub must: bool,
}

/// What would have become of a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Turn {
    /// Before. `None`: it would have become visible.
    pub was: Option<On>,
    /// After. `None`: it would have stopped.
    pub is: Option<On>,
}

/// The messages of one kind of recipient for which a field would have changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    event: String,
    to: String,
    field: String,
    turn: Turn,
}

/// How many of each there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Numbers {
    /// Messages.
    pub messages: u64,
    /// Detentions.
    pub detentions: u64,
    /// Organisations.
    pub organisations: BTreeSet<String>,
}

impl Numbers {
    fn add(&mut self, messages: &BTreeSet<usize>, organisations: BTreeSet<&ParticipantId>) {
        if messages.is_empty() {
            return;
        }
        self.messages += messages.len() as u64;
        self.detentions += 1;
        for organisation in organisations {
            if !self.organisations.contains(organisation.as_str()) {
                self.organisations.insert(organisation.to_string());
            }
        }
    }

    fn join(&mut self, other: Self) {
        self.messages += other.messages;
        self.detentions += other.detentions;
        self.organisations.extend(other.organisations);
    }
}

/// The tally of many decisions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// Decisions that were asked again.
    pub decisions: u64,
    /// Detentions with one.
    pub detentions: u64,
    /// Decisions that would have been others, in what is told or on what.
    pub changed: u64,
    /// Refusals with another code: no change.
    pub other_refusals: u64,
    /// Decisions that cannot be asked again, by code.
    pub undecidable: BTreeMap<&'static str, u64>,
    /// What would have changed, all together.
    pub touched: Numbers,
    lines: BTreeMap<Key, Numbers>,
}

/// What one detention adds to a line, or to all of them.
type Seen<'a> = (BTreeSet<usize>, BTreeSet<&'a ParticipantId>);

impl Touched {
    /// Whether nothing would have changed.
    pub fn is_empty(&self) -> bool {
        self.changed == 0
    }

    /// Adds all decisions of one detention; each detention comes once.
    pub fn add(&mut self, asked: &[Asked<'_>]) {
        let mut lines: BTreeMap<Key, Seen<'_>> = BTreeMap::new();
        let mut all = Seen::default();
        for one in asked {
            let (was, is) = match (one.was, one.is) {
                (Ok(was), Ok(is)) => (was, is),
                (Err(code), _) | (_, Err(code)) => {
                    *self.undecidable.entry(code).or_default() += 1;
                    continue;
                }
            };
            if was.answer == is.answer {
                continue;
            }
            let turns = turns(was, is);
            if turns.is_empty() {
                self.other_refusals += u64::from(was.refusal() != is.refusal());
                continue;
            }
            self.changed += 1;
            note(&mut all, one);
            let to = one.relations.first().map_or_else(|| "nobody of the case".to_owned(), |relation| word(*relation));
            for (field, turn) in turns {
                let key = Key { event: one.event.to_owned(), to: to.clone(), field, turn };
                note(lines.entry(key).or_default(), one);
            }
        }
        self.decisions += asked.len() as u64;
        self.detentions += u64::from(!asked.is_empty());
        self.touched.add(&all.0, all.1);
        for (key, (messages, organisations)) in lines {
            self.lines.entry(key).or_default().add(&messages, organisations);
        }
    }

    /// What would have become visible: to which relation, which field, on which basis.
    pub fn disclosures(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.lines.keys().filter_map(|key| match &key.turn {
            Turn { was: None, is: Some(on) } => Some((key.to.as_str(), key.field.as_str(), on.basis.as_str())),
            _ => None,
        })
    }

    /// Both together; no detention stands in both.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        self.decisions += other.decisions;
        self.detentions += other.detentions;
        self.changed += other.changed;
        self.other_refusals += other.other_refusals;
        for (code, count) in other.undecidable {
            *self.undecidable.entry(code).or_default() += count;
        }
        self.touched.join(other.touched);
        for (key, numbers) in other.lines {
            self.lines.entry(key).or_default().join(numbers);
        }
        self
    }
}

fn note<'a>((messages, organisations): &mut Seen<'a>, one: &Asked<'a>) {
    messages.insert(one.message);
    organisations.insert(one.organisation);
}

fn word(relation: Relation) -> String {
    serde_json::to_value(relation).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Each field whose ground is another.
fn turns(was: &Decision, is: &Decision) -> Vec<(String, Turn)> {
    let (was, is) = (grounds(was), grounds(is));
    let fields: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let turn = |field: &String| Turn { was: was.get(field).cloned(), is: is.get(field).cloned() };
    fields.into_iter().map(|field| (field.clone(), turn(field))).filter(|(_, turn)| turn.was != turn.is).collect()
}

/// Each field that is given, with its ground; an object of which nothing is told says that nothing is missing.
fn grounds(decision: &Decision) -> BTreeMap<String, On> {
    let Some(permit) = decision.permit() else { return BTreeMap::new() };
    let on = |basis: &str| On { basis: basis.to_owned(), purpose: permit.purpose.clone(), must: permit.must };
    let mut grounds = BTreeMap::new();
    for granted in &permit.granted {
        grounds.extend(granted.leaves.iter().map(|leaf| (leaf.to_string(), on(granted.basis.as_str()))));
    }
    let empty = |container: &&String| !permit.leaves().any(|leaf| leaf.is_below(container));
    let bare = permit.granted.iter().find(|granted| granted.leaves.is_empty()).map(|granted| granted.basis.to_string());
    for container in permit.containers.iter().filter(empty) {
        grounds.insert(format!("{container} (nothing missing)"), on(bare.as_deref().unwrap_or_default()));
    }
    grounds
}

#[cfg(test)]
mod tests;
