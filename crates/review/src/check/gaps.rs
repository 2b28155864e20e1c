//! Days between a basis that ended and its successor on which nothing tells what is told before and after them.

use std::collections::{BTreeMap, BTreeSet};

use schakelpunt_domain::{calendar::LegalDay, catalogue::Catalogue};
use schakelpunt_rules::{Basis, BasisPart, Permit, Places, RuleSet};

use super::Findings;
use crate::{
    space::{ROLES, STANDINGS},
    walk::{Part, Walk},
};

/// What is not told in a gap: events, and to whom.
#[derive(Debug, Default)]
struct Silent {
    events: BTreeSet<String>,
    to: BTreeSet<&'static str>,
    fields: BTreeSet<String>,
}

/// The last basis that ended before the gap, and its first and last day.
type Gap = (String, String, String);

/// Every field of every event.
pub(super) fn days(rules: &RuleSet, places: &Places<'_>, walk: &Walk<'_>, catalogue: &Catalogue, findings: &mut Findings) {
    let mut gaps: BTreeMap<Gap, Silent> = BTreeMap::new();
    let ends = |basis: &Basis| basis.in_force.until.is_some();
    for event in catalogue.iter() {
        let grants = || rules.rules_for(&event.name).flat_map(|rule| &rule.grants);
        // without a basis that ends there is no gap
        if grants().filter_map(|grant| rules.basis(grant)).any(ends) {
            of_event(rules, walk, &walk.part(event), &mut gaps);
        }
    }
    for ((basis, first, last), silent) in gaps {
        let list = |words: Vec<&str>| words.join(", ");
        let (events, to) = (list(silent.events.iter().map(String::as_str).collect()), list(silent.to.iter().copied().collect()));
        let (count, field) = (silent.fields.len(), silent.fields.first().map_or("", String::as_str));
        let message = format!("from {first} until {last} nothing tells {to} of {events}: {count} fields, {field} among them");
        let hint = "told before and after; if its successor follows at once, let both dates meet";
        findings.note(places.basis(&basis, BasisPart::InForce), "GAP", message, hint);
    }
}

fn of_event(rules: &RuleSet, walk: &Walk<'_>, part: &Part<'_>, gaps: &mut BTreeMap<Gap, Silent>) {
    for (from, to) in part.senders.iter().flat_map(|from| ROLES.iter().map(move |to| (*from, *to))) {
        let candidate = walk.candidate(part, to);
        let mut told: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for cell in walk.cells(part, &STANDINGS, 1) {
            let decision = walk.decide(rules, part, from, &candidate, cell);
            for leaf in decision.iter().filter_map(|decision| decision.permit()).flat_map(Permit::leaves) {
                told.entry(leaf.to_string()).or_default().insert(cell.span);
            }
        }
        for (field, spans) in told {
            for (before, after) in spans.iter().zip(spans.iter().skip(1)).filter(|(before, after)| *after - *before > 1) {
                let Some(gap) = gap(rules, walk, part, before + 1, *after) else { continue };
                let silent = gaps.entry(gap).or_default();
                silent.events.insert(part.event.name.to_string());
                silent.to.insert(to.word);
                silent.fields.insert(field.clone());
            }
        }
    }
}

/// The gap that begins with one span and ends before another.
fn gap(rules: &RuleSet, walk: &Walk<'_>, part: &Part<'_>, first: usize, after: usize) -> Option<Gap> {
    let (first, last) = (walk.spans().get(first)?, walk.spans().get(after.checked_sub(1)?)?);
    let day = LegalDay::of(first.at);
    let mut bases = rules.rules_for(&part.event.name).flat_map(|rule| &rule.grants).filter_map(|grant| rules.basis(grant));
    let basis = bases.find(|basis| basis.in_force.until == Some(day))?;
    Some((basis.id.to_string(), first.first.clone(), last.last.clone()?))
}
