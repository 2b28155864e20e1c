//! What is told of an answer: its reason in words, the rule, what it rests on, and which fields go.

use schakelpunt_domain::{BasisId, pointer::Leaf};
use schakelpunt_engine::{explain::NoAnswer, model::DecisionRecord};
use schakelpunt_rules::{Decision, Question, decide};
use serde_json::{Map, Value, json};

use super::{Answered, Asker};
use crate::problem::Problem;

/// The code of a permit, beside those of refusals.
const PERMITTED: &str = "PERMITTED";

/// The decision on a kept message. A participant is not told what the message had beside what it may have, nor by which rule.
pub(super) fn record(question: &Question<'_>, record: &DecisionRecord, asker: Asker<'_>) -> Answered {
    let mut told = decision(question, &record.decision, matches!(asker, Asker::Administrator));
    if let (Some(context), Some(mandator)) = (told.context.as_object_mut(), &record.on_behalf_of) {
        context.insert("onBehalfOf".to_owned(), json!(mandator));
    }
    told
}

/// The decision on a made-up case.
pub(super) fn case(question: &Question<'_>) -> Answered {
    decision(question, &decide(question), true)
}

fn decision(question: &Question<'_>, decision: &Decision, all: bool) -> Answered {
    let mut context = Map::new();
    let mut set = |name: &str, value: Value| context.insert(name.to_owned(), value);
    let (nl, en) = decision.refusal().map_or(("Een regel staat het toe.", "A rule permits it."), |code| (code.nl(), code.en()));
    set("reason", reason(decision.refusal().map_or(PERMITTED, |code| code.code()), nl, en));
    set("relations", json!(question.candidate.relations));
    if let Some(permit) = decision.permit() {
        let bases = || permit.granted.iter().map(|granted| &granted.basis);
        let article = |id: &BasisId| question.rules.bases().iter().find(|basis| basis.id == *id).map(|basis| &basis.citation);
        set("purpose", json!(permit.purpose));
        set("bases", json!(bases().collect::<Vec<_>>()));
        set("articles", json!(bases().filter_map(article).collect::<Vec<_>>()));
        set("fields", json!(permit.leaves().map(Leaf::as_str).collect::<Vec<_>>()));
    }
    if all {
        set("withheld", json!(decision.withheld));
    }
    if let Some(rule) = decision.rule.as_ref().filter(|_| all) {
        set("rule", json!(rule));
    }
    set("version", json!(question.rules.version));
    set("at", json!(question.at.valid));
    Answered { decision: decision.permit().is_some(), context: context.into() }
}

/// Where there is no answer nothing is permitted.
pub(super) fn unanswered(why: &NoAnswer) -> Answered {
    let (nl, en) = match why {
        NoAnswer::UnknownMessage => ("Dit bericht is niet bekend.", "This message is not known."),
        NoAnswer::NoCase => ("Dit bericht hoort bij geen zaak.", "This message belongs to no case."),
        NoAnswer::NotRegistered(_) => ("De ontvanger was toen niet ingeschreven.", "The recipient was not registered then."),
        NoAnswer::RulesNotKept => ("Welke regels toen golden, is niet bewaard.", "Which rules were in force then is not kept."),
        NoAnswer::RulesStopped => ("Alle regels waren stilgezet.", "All rules were stopped."),
        NoAnswer::RulesUnreadable => ("De regels van toen zijn niet te lezen.", "The rules of then cannot be read."),
        NoAnswer::KnownInFuture { .. } | NoAnswer::SeveralSources => ("Zo is het niet te zeggen.", "It cannot be said like this."),
    };
    Answered { decision: false, context: json!({"reason": reason(why.code(), nl, en)}) }
}

/// A question of a batch that is wrong, or not for this caller, has its own error; whatever else failed is given back.
pub(super) fn wrong(problem: Problem) -> Result<Answered, Problem> {
    match problem.of_caller() {
        Some(error) => Ok(Answered { decision: false, context: json!({"error": error}) }),
        None => Err(problem),
    }
}

fn reason(code: &str, nl: &str, en: &str) -> Value {
    json!({"code": code, "sentence": {"nl": nl, "en": en}})
}
