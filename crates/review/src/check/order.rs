//! Where two rules would answer the same question otherwise, and only the order in which they stand decides.

use schakelpunt_domain::catalogue::Catalogue;
use schakelpunt_rules::{Places, Rule, RulePart, RuleSet};

use super::{Findings, reach::Space};
use crate::{diff::grounds, walk::Walk};

/// Every two rules that can be asked the same.
pub(super) fn rules(rules: &RuleSet, places: &Places<'_>, walk: &Walk<'_>, catalogue: &Catalogue, findings: &mut Findings) {
    for (index, first) in rules.rules().iter().enumerate() {
        for (number, second) in rules.rules().iter().enumerate().skip(index + 1) {
            let Some(both) = both(first, second) else { continue };
            let (one, other) = (rules.only(index, None), rules.only(number, None));
            let space = Space::new(walk, catalogue, &both);
            let differ = |a: &RuleSet, b: &RuleSet| {
                space.find(|example| {
                    let [was, is] = [a, b].map(|set| grounds(set, space.ask(set, example)));
                    !was.is_empty() && is.iter().any(|(field, ground)| was.get(field) != Some(ground))
                })
            };
            let Some(example) = differ(&one, &other) else { continue };
            let [was, is] = [&one, &other].map(|set| grounds(set, space.ask(set, &example)));
            let Some((field, ground)) = is.iter().find(|(field, ground)| was.get(*field) != Some(*ground)) else { continue };
            let instead = was.get(field).map_or_else(|| "does not give it".to_owned(), |was| format!("gives it on {}", was.text()));
            let message = format!(
                "only the order decides: `{}` stands before and {instead}; this rule would give {field} on {}",
                first.id,
                ground.text()
            );
            let hint = "say in one rule what both say, or part them by sender, recipient or event";
            findings.note(places.rule(second.id.as_str(), RulePart::Id), "ORDER_DECIDES", message, hint);
        }
    }
}

/// What two rules have in common, as a rule; its grants are those of both. `None` if nobody can ask both.
fn both(first: &Rule, second: &Rule) -> Option<Rule> {
    fn common<T: PartialEq + Clone>(one: &[T], other: &[T]) -> Vec<T> {
        one.iter().filter(|item| other.contains(item)).cloned().collect()
    }
    let (events, sender, to) =
        (common(&first.events, &second.events), common(&first.sender, &second.sender), common(&first.to, &second.to));
    let grants = [first.grants.as_slice(), second.grants.as_slice()].concat();
    let needs = [first.needs.as_slice(), second.needs.as_slice()].concat();
    let asked = !events.is_empty() && !sender.is_empty() && !to.is_empty();
    asked.then(|| Rule { events, sender, to, grants, needs, ..second.clone() })
}
