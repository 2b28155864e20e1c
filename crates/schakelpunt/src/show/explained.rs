//! An explanation for people and for machines: the decision with its articles and the facts that it used, and of a refusal what would
//! make it lawful, marked where nobody may ask for it.

use std::{collections::BTreeSet, fmt::Write as _};

use jiff::Timestamp;
use schakelpunt_domain::{case::Title, consent::ConsentState, registers::Kind};
use schakelpunt_engine::model::DecisionRecord;
use schakelpunt_review::{FactChange, Suggestion, Unlawful, what_if};
use schakelpunt_rules::{Decision, Granted, Permit, Question, Relation, Signal, decide};
use serde_json::{Map, Value, json};

/// What is told of one question.
#[derive(Debug)]
pub struct Explained {
    /// As one JSON object.
    pub json: Value,
    /// For somebody who reads along.
    pub text: String,
    /// Whether it is permitted.
    pub permitted: bool,
}

/// The decision on a kept message.
pub fn record(question: &Question<'_>, record: &DecisionRecord) -> Explained {
    let mut json = super::decision(record);
    let head = super::decision_text(record);
    let rest = Rest::of(question, &record.decision);
    if let Some(members) = json.as_object_mut() {
        members.extend(rest.members());
    }
    Explained { json, text: head + &rest.text(question), permitted: record.decision.permit().is_some() }
}

/// The decision on a made-up case, with the members of one on a message that such a case has.
pub fn case(question: &Question<'_>) -> Explained {
    let decision = decide(question);
    let permit = decision.permit();
    let granted = || permit.into_iter().flat_map(|permit| &permit.granted);
    let json = json!({
        "event": question.event.name,
        "relations": question.candidate.relations,
        "outcome": if permit.is_some() { "permit" } else { "refuse" },
        "bases": granted().map(|granted| &granted.basis).collect::<Vec<_>>(),
        "fields": permit.into_iter().flat_map(Permit::leaves).collect::<Vec<_>>(),
        "withheld": decision.withheld,
        "code": decision.refusal(),
        "rule": decision.rule,
        "version": question.rules.version,
        "at": question.at.valid,
    });
    let who = question.candidate.relations.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let head = super::answer_text(&who, &decision);
    let rest = Rest::of(question, &decision);
    let Value::Object(mut members) = json else { return Explained { json, text: head, permitted: permit.is_some() } };
    members.extend(rest.members());
    Explained { json: members.into(), text: head + &rest.text(question), permitted: permit.is_some() }
}

/// What `decide` was told beside the fields: of the recipient its relations stand with the decision.
#[derive(serde::Serialize)]
struct Facts {
    sender: Vec<Relation>,
    kind: Kind,
    consent: &'static str,
    signals: BTreeSet<Signal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Title>,
    #[serde(rename = "planEnds", skip_serializing_if = "Option::is_none")]
    plan_ends: Option<Timestamp>,
}

impl Facts {
    fn of(question: &Question<'_>) -> Self {
        let entries = question.signals.entries.values().flatten();
        let units = question.registers.predecessors(&question.candidate.participant, question.at);
        // for any purpose, and also when the detention has ended: how it stands, not what it carries
        let (consent, _) = question.case.consent_for_any(&units, None, question.at, false);
        Self {
            sender: question.sender.to_vec(),
            kind: question.candidate.kind,
            consent: match consent {
                ConsentState::Missing => "none",
                ConsentState::Expired => "expired",
                ConsentState::Withdrawn => "withdrawn",
                ConsentState::Valid => "valid",
            },
            signals: question.signals.whole.iter().chain(entries).copied().collect(),
            title: question.case.title(question.at),
            plan_ends: question.case.plan_ends(question.at),
        }
    }

    fn words(&self) -> Vec<(&'static str, String)> {
        let sender: Vec<_> = self.sender.iter().map(|relation| relation.word()).collect();
        let mut words = vec![("sender is", if sender.is_empty() { "nothing to the case".to_owned() } else { sender.join(", ") })];
        words.push(("consent", self.consent.to_owned()));
        if !self.signals.is_empty() {
            words.push(("it says", self.signals.iter().map(|signal| word(*signal)).collect::<Vec<_>>().join(", ")));
        }
        words.extend(self.title.map(|title| ("title", json!(title).as_str().unwrap_or_default().to_owned())));
        words.extend(self.plan_ends.map(|end| ("the plan ends", end.to_string())));
        words
    }
}

fn word(signal: Signal) -> &'static str {
    Signal::WORDS.iter().find(|(one, _)| *one == signal).map_or("", |(_, word)| *word)
}

/// What stands beside the decision.
struct Rest {
    purpose: Option<String>,
    articles: Vec<(String, String)>,
    facts: Facts,
    rule: Option<String>,
    suggestions: Vec<Suggestion>,
}

impl Rest {
    fn of(question: &Question<'_>, decision: &Decision) -> Self {
        Self {
            purpose: decision.permit().map(|permit| permit.purpose.clone()),
            articles: decision.permit().map(|permit| articles(question, permit)).unwrap_or_default(),
            facts: Facts::of(question),
            rule: decision.rule.as_ref().map(ToString::to_string),
            suggestions: what_if(question),
        }
    }

    fn members(&self) -> Map<String, Value> {
        let mut members = Map::new();
        let mut set = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
        set("facts", json!(self.facts));
        if let Some(purpose) = &self.purpose {
            set("purpose", json!(purpose));
            set("articles", json!(self.articles.iter().map(|(_, citation)| citation).collect::<Vec<_>>()));
        } else {
            set("wouldBeLawful", json!(self.suggestions.iter().map(suggestion).collect::<Vec<_>>()));
        }
        members
    }

    fn text(&self, question: &Question<'_>) -> String {
        let mut text = String::new();
        let mut line = |head: &str, rest: &str| {
            // writing to a string cannot fail
            let _written = writeln!(text, "        {head:<16} {rest}");
        };
        self.articles.iter().for_each(|(basis, citation)| line(basis, &format!("is {citation}")));
        line("rule", self.rule.as_deref().unwrap_or("none"));
        for (head, words) in self.facts.words() {
            line(head, &words);
        }
        line("version, at", &format!("{}, {}", question.rules.version, question.at.valid));
        for suggestion in &self.suggestions {
            let changes = suggestion.changes.iter().map(change).collect::<Vec<_>>().join(", and ");
            line("lawful if", &changes);
            for why in &suggestion.unlawful {
                line("  do not ask:", unlawful(*why).1);
            }
        }
        text
    }
}

/// Each basis of a permit, and where it stands.
fn articles(question: &Question<'_>, permit: &Permit) -> Vec<(String, String)> {
    let bases = question.rules.bases();
    let of = |granted: &Granted| bases.iter().find(|basis| basis.id == granted.basis);
    permit.granted.iter().filter_map(of).map(|basis| (basis.id.to_string(), basis.citation.clone())).collect()
}

fn suggestion(suggestion: &Suggestion) -> Value {
    let bases: Vec<_> = suggestion.permit.granted.iter().map(|granted| &granted.basis).collect();
    let why = |why: &Unlawful| {
        let (code, sentence) = unlawful(*why);
        json!({"code": code, "sentence": sentence})
    };
    json!({
        "changes": suggestion.changes.iter().map(change).collect::<Vec<_>>(),
        "mayBeAskedFor": suggestion.unlawful.is_empty(),
        "unlawful": suggestion.unlawful.iter().map(why).collect::<Vec<_>>(),
        "bases": bases,
        "fields": suggestion.permit.leaves().collect::<Vec<_>>(),
    })
}

fn change(change: &FactChange) -> String {
    match change {
        FactChange::Wait(basis, day) => format!("it were {day} or later: then {basis} is in force"),
        FactChange::Consent(category) => format!("the person consented to {category} for this recipient"),
        FactChange::Signal(signal, Some(entry)) => format!("the message said {} of {entry}", word(*signal)),
        FactChange::Signal(signal, None) => format!("the message or the case said {}", word(*signal)),
        FactChange::Detained => "the detention went on".to_owned(),
        FactChange::Field(leaf) => format!("the message had {leaf}"),
        FactChange::Relation(relation) => format!("the recipient were {relation}"),
    }
}

/// Why nobody may ask for a change: for programs, and in words.
fn unlawful(why: Unlawful) -> (&'static str, &'static str) {
    match why {
        Unlawful::AskedAgain => ("ASKED_AGAIN", "the person took the consent back (AVG art. 7 lid 3)"),
        Unlawful::RestsOnSomethingElse => ("RESTS_ON_SOMETHING_ELSE", "what would be given does not rest on it (AVG art. 7 lid 4)"),
        Unlawful::MoreData => ("MORE_DATA", "more data, only so that a rule applies (AVG art. 5 lid 1 onder c)"),
        Unlawful::Fact => ("FACT", "it is so or it is not (AVG art. 5 lid 1 onder d)"),
        Unlawful::Chosen => ("CHOSEN", "recipients are derived, not chosen (Pm art. 1 onder c)"),
    }
}

#[cfg(test)]
mod tests;
