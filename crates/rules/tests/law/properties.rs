//! What must hold of every answer. Each property is asked of the routing core, and of one with a planted mistake, which it must reject.

use std::collections::BTreeSet;

use proptest::{
    prelude::*,
    test_runner::{TestError, TestRunner},
};
use schakelpunt_domain::pointer::{Leaf, leaves_of};
use schakelpunt_rules::{Decision, Permit, RuleFile, RuleSet, minimise};
use serde_json::{Map, Value, json};

use super::{
    table::CELLS,
    world::{Asked, RULES, Standing, load, rule_files},
};

/// Something that answers questions.
type Answers<'a> = &'a dyn Fn(&Asked, &RuleSet) -> Decision;

fn right(asked: &Asked, rules: &RuleSet) -> Decision {
    asked.answer(rules)
}

/// A question of the table.
fn question() -> impl Strategy<Value = Asked> {
    (0..CELLS.len()).prop_map(|index| CELLS[index].asked.clone())
}

fn run<S: Strategy>(cases: u32, strategy: &S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) -> Result<(), TestError<S::Value>> {
    TestRunner::new(ProptestConfig { failure_persistence: None, max_shrink_iters: 0, ..ProptestConfig::with_cases(cases) })
        .run(strategy, property)
}

fn leaves(decision: &Decision) -> BTreeSet<&Leaf> {
    decision.permit().into_iter().flat_map(Permit::leaves).collect()
}

/// The shipped rules without one of them; what never goes stays.
fn without_rule(index: usize) -> RuleSet {
    let mut left = index % RULES.rules().len();
    let cut = |file: RuleFile| {
        let mut kept = String::new();
        for (number, block) in file.text.split("[[rule]]").enumerate() {
            let this = number > 0 && left == 0;
            left = if number > 0 { left.wrapping_sub(1) } else { left };
            if this {
                kept.push_str(block.find("[[never]]").and_then(|at| block.get(at..)).unwrap_or_default());
            } else {
                kept.push_str(if number > 0 { "[[rule]]" } else { "" });
                kept.push_str(block);
            }
        }
        RuleFile { text: kept, ..file }
    };
    load(&rule_files().into_iter().map(cut).collect::<Vec<_>>())
}

/// Removing a rule opens nothing.
fn rule_taken_away(answers: Answers<'_>) -> bool {
    let strategy = (0..RULES.rules().len(), prop::collection::vec(question(), 200));
    let outcome = run(24, &strategy, |(index, questions)| {
        let fewer = without_rule(index);
        prop_assert_eq!(fewer.rules().len() + 1, RULES.rules().len());
        for asked in questions {
            let (before, after) = (answers(&asked, &RULES), answers(&asked, &fewer));
            prop_assert!(before.permit().is_some() || after.permit().is_none(), "a refusal became a permit: {asked:?}");
        }
        Ok(())
    });
    outcome.is_ok()
}

#[test]
fn a_rule_taken_away_opens_nothing() {
    assert!(rule_taken_away(&right));
    let generous = |asked: &Asked, rules: &RuleSet| {
        let fewer = rules.rules().len() < RULES.rules().len();
        right(&if fewer { Asked { consent: Standing::Valid, ..asked.clone() } } else { asked.clone() }, rules)
    };
    assert!(!rule_taken_away(&generous), "the planted mistake was not seen");
}

/// Taking away a consent opens nothing: no basis yields to a consent.
fn consent_taken_away(answers: Answers<'_>) -> bool {
    let outcome = run(3_000, &question(), |asked| {
        let before = answers(&Asked { consent: Standing::Valid, ..asked.clone() }, &RULES);
        for consent in [Standing::None, Standing::Expired, Standing::Withdrawn] {
            let after = answers(&Asked { consent, ..asked.clone() }, &RULES);
            prop_assert!(leaves(&after).is_subset(&leaves(&before)), "more without consent: {asked:?}");
            prop_assert!(before.permit().is_some() || after.permit().is_none(), "a refusal became a permit: {asked:?}");
        }
        Ok(())
    });
    outcome.is_ok()
}

#[test]
fn a_consent_taken_away_opens_nothing() {
    assert!(consent_taken_away(&right));
    let backwards = |asked: &Asked, rules: &RuleSet| {
        let consent = if asked.consent == Standing::Valid { Standing::Withdrawn } else { Standing::Valid };
        right(&Asked { consent, ..asked.clone() }, rules)
    };
    assert!(!consent_taken_away(&backwards), "the planted mistake was not seen");
}

/// A payload that has these leaves.
fn payload(leaves: &[Leaf]) -> Value {
    let mut data = Value::Object(Map::new());
    for leaf in leaves {
        let mut place = &mut data;
        let mut parts = leaf.as_str().split('/').skip(1).peekable();
        while let Some(part) = parts.next() {
            let list = parts.next_if_eq(&"*").is_some();
            let empty = match (list, parts.peek()) {
                (true, _) => json!([{}]),
                (false, Some(_)) => json!({}),
                (false, None) => json!("x"),
            };
            let next = place.as_object_mut().unwrap().entry(part).or_insert(empty);
            place = if list { &mut next[0] } else { next };
        }
    }
    data
}

/// Nothing that the permit does not name is in what is delivered.
fn cut_down(minimises: &dyn Fn(&Value, &Permit) -> Value) -> bool {
    let outcome = run(1_000, &question(), |asked| {
        let decision = right(&asked, &RULES);
        let Some(permit) = decision.permit() else { return Ok(()) };
        let delivered = minimises(&payload(&asked.leaves()), permit);
        let told = leaves_of(&delivered);
        prop_assert_eq!(told.iter().collect::<BTreeSet<_>>(), leaves(&decision));
        Ok(())
    });
    outcome.is_ok()
}

#[test]
fn no_field_outside_the_permit_is_delivered() {
    assert!(cut_down(&minimise));
    assert!(!cut_down(&|data, _| data.clone()), "the planted mistake was not seen");
    assert!(!cut_down(&|_, _| json!({})), "that nothing is delivered was not seen");
}

/// The shipped rules with one more basis, for the leaf of one rule, tried last.
fn with_basis(index: usize, leaf: &Leaf) -> RuleSet {
    let rule = &RULES.rules()[index];
    let kinds = ["prison", "municipality", "probation", "care-partner", "triage", "hub"];
    let pairs = kinds.iter().flat_map(|from| kinds.iter().map(move |to| format!("[\"{from}\", \"{to}\"]"))).collect::<Vec<_>>().join(", ");
    let basis = format!(
        "[[basis]]\nid = \"one-more\"\ncitation = \"-\"\nkind = \"statute\"\nin-force = {{ from = \"2000-01-01\" }}\nbetween = [{pairs}]\npurposes = [\"{}\"]\npower = \"may\"\n",
        rule.purpose
    );
    let grant = format!("\n[[rule.grant]]\nbasis = \"one-more\"\nfields = [\"{}\"]\n\n", leaf.as_str());
    let id = format!("\"{}\"", rule.id);
    let add = |file: RuleFile| {
        let block = |block: &str| {
            let is_it = block.lines().find(|line| line.starts_with("id ")).is_some_and(|line| line.ends_with(&id));
            if is_it { format!("{block}{grant}") } else { block.to_owned() }
        };
        let (head, rules) = file.text.split_once("[[rule]]").unwrap_or((&file.text, ""));
        let mut text = head.to_owned();
        for rule in rules.split("[[rule]]").filter(|rule| !rule.is_empty()) {
            text.push_str("[[rule]]");
            text.push_str(&block(rule));
        }
        RuleFile { text, name: file.name.clone() }
    };
    let mut files: Vec<_> = rule_files().into_iter().map(add).collect();
    files.push(RuleFile { name: "zz.toml".to_owned(), text: basis });
    load(&files)
}

/// One more basis takes no field away from anybody, and gives at most its own. Nothing yields to it.
fn basis_added(answers: Answers<'_>) -> bool {
    let strategy = (0..CELLS.len(), any::<prop::sample::Index>(), prop::collection::vec(question(), 200));
    let outcome = run(24, &strategy, |(cell, leaf, questions)| {
        let asked = &CELLS[cell].asked;
        let Some(id) = right(asked, &RULES).rule else { return Ok(()) };
        let index = RULES.rules().iter().position(|rule| rule.id == id).unwrap();
        let all = asked.leaves();
        let leaf = leaf.get(&all);
        let more = with_basis(index, leaf);
        for asked in questions.iter().chain([asked]) {
            let (before, after) = (answers(asked, &RULES), answers(asked, &more));
            let (before, after) = (leaves(&before), leaves(&after));
            prop_assert!(before.is_subset(&after), "a basis took a field away: {asked:?}");
            prop_assert!(after.difference(&before).all(|new| *new == leaf), "a basis gave more than its own: {asked:?}");
        }
        Ok(())
    });
    outcome.is_ok()
}

#[test]
fn a_basis_added_takes_nothing_away() {
    assert!(basis_added(&right));
    let yielding = |asked: &Asked, rules: &RuleSet| {
        let mut decision = right(asked, rules);
        if rules.bases().len() > RULES.bases().len()
            && let schakelpunt_rules::Answer::Permit(permit) = &mut decision.answer
        {
            permit.granted.truncate(0);
        }
        decision
    };
    assert!(!basis_added(&yielding), "the planted mistake was not seen");
}
