//! What tests of a rule set have reached: which rules spoke, which grants gave something, and which conditions were seen from both sides.

use jiff::Timestamp;
use schakelpunt_domain::pointer::Leaf;
use schakelpunt_rules::{BasisKind, Decision, Fields, Grant, Rule, RuleSet};

/// What was reached of a rule set.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Coverage {
    /// One for each rule, in the order of the files.
    pub rules: Vec<RuleReached>,
}

/// What was reached of a rule.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RuleReached {
    /// Its id.
    pub rule: String,
    /// How often it permitted.
    pub permitted: usize,
    /// How often it was the one that refused.
    pub refused: usize,
    /// Its grants, in order.
    pub grants: Vec<GrantReached>,
}

/// What was reached of a grant.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct GrantReached {
    /// Its basis.
    pub basis: String,
    /// Whether it waits for something: a signal, a consent, an entry that is not in order.
    pub conditional: bool,
    /// How often it gave something.
    pub gave: usize,
    /// How often its rule spoke while its basis was in force, and it gave nothing.
    pub kept: usize,
}

/// Counts decisions, each with its instant.
pub fn coverage<'a>(rules: &RuleSet, decisions: impl IntoIterator<Item = (&'a Decision, Timestamp)>) -> Coverage {
    let mut coverage = Coverage { rules: rules.rules().iter().map(|rule| RuleReached::new(rules, rule)).collect() };
    for (decision, at) in decisions {
        let spoke = decision.rule.as_ref().and_then(|id| rules.rules().iter().position(|rule| rule.id == *id));
        let Some((rule, reached)) = spoke.and_then(|index| Some((rules.rules().get(index)?, coverage.rules.get_mut(index)?))) else {
            continue;
        };
        match decision.permit() {
            Some(_) => reached.permitted += 1,
            None => reached.refused += 1,
        }
        for (index, (grant, reached)) in rule.grants.iter().zip(&mut reached.grants).enumerate() {
            let Some(basis) = rules.basis(grant).filter(|basis| basis.in_force.contains(at)) else { continue };
            let given = decision.permit().into_iter().flat_map(|permit| &permit.granted).filter(|granted| granted.basis == basis.id);
            // what an earlier grant on the same basis names is that one's
            let earlier = || rule.grants.iter().take(index).filter(|other| other.basis == grant.basis);
            let own = |leaf: &Leaf| names(grant, leaf) && !earlier().any(|other| names(other, leaf));
            if given.flat_map(|granted| &granted.leaves).any(own) {
                reached.gave += 1;
            } else {
                reached.kept += 1;
            }
        }
    }
    coverage
}

/// Whether a grant can give a field.
fn names(grant: &Grant, leaf: &Leaf) -> bool {
    match &grant.fields {
        Fields::Leaves(leaves) => leaves.contains(leaf),
        Fields::Each { container, fields } => leaf.is_below(container) && fields.iter().any(|field| leaf.as_str().ends_with(field)),
        Fields::AsDelivered | Fields::ReferenceOnly => true,
    }
}

impl RuleReached {
    fn new(rules: &RuleSet, rule: &Rule) -> Self {
        let grant = |grant: &Grant| {
            let basis = rules.basis(grant);
            let waits = basis.is_some_and(|basis| basis.kind == BasisKind::Consent || !basis.while_.is_empty());
            GrantReached {
                basis: basis.map_or_else(String::new, |basis| basis.id.to_string()),
                conditional: waits || !grant.when.is_empty(),
                gave: 0,
                kept: 0,
            }
        };
        Self { rule: rule.id.to_string(), permitted: 0, refused: 0, grants: rule.grants.iter().map(grant).collect() }
    }

    /// Whether any test came to it.
    pub fn is_reached(&self) -> bool {
        self.permitted + self.refused > 0
    }
}

impl Coverage {
    /// Reached and all: of rules, of grants that gave something, of grants that wait for something and were seen to give and to keep.
    pub fn counts(&self) -> [(usize, usize); 3] {
        let grants = || self.rules.iter().flat_map(|rule| &rule.grants);
        let conditional = || grants().filter(|grant| grant.conditional);
        [
            (self.rules.iter().filter(|rule| rule.is_reached()).count(), self.rules.len()),
            (grants().filter(|grant| grant.gave > 0).count(), grants().count()),
            (conditional().filter(|grant| grant.gave > 0 && grant.kept > 0).count(), conditional().count()),
        ]
    }

    /// A sentence with the numbers.
    pub fn summary(&self) -> String {
        let [rules, grants, conditions] = self.counts();
        format!(
            "reached: {} of {} rules, {} of {} grants, {} of {} conditions from both sides",
            rules.0, rules.1, grants.0, grants.1, conditions.0, conditions.1
        )
    }

    /// What no test reached, one a line: rules, then what of the others.
    pub fn missing(&self) -> Vec<String> {
        let mut missing: Vec<String> =
            self.rules.iter().filter(|rule| !rule.is_reached()).map(|rule| format!("rule {}", rule.rule)).collect();
        for rule in self.rules.iter().filter(|rule| rule.is_reached()) {
            for (number, grant) in (1..).zip(&rule.grants) {
                let what = match (grant.gave, grant.conditional && grant.kept == 0) {
                    (0, _) => "never gave anything",
                    (_, true) => "was never seen to give nothing",
                    _ => continue,
                };
                missing.push(format!("rule {}, grant {number} on {}: {what}", rule.rule, grant.basis));
            }
        }
        missing
    }
}

#[cfg(test)]
mod tests;
