//! The loaded rules as Cedar policies: one for each grant, or for each part of it whose leaves hang on something of their own (a category
//! of consent, an entry that is not in order, a kind of recipient that never gets them).

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use schakelpunt_domain::{
    catalogue::{Catalogue, Class, EventSpec},
    pointer::Leaf,
    registers::Kind,
};
use schakelpunt_rules::{Basis, BasisKind, Fields, Grant, Rule, RuleSet, Signal};

/// Which message is meant, and why: what a correction may always name.
pub(super) const REFERENCE: [&str; 3] = ["/correction/of/source", "/correction/of/id", "/correction/reason"];
const BEYOND_TITLE: &str = r#"[Action::"message-corrected", Action::"message-withdrawn", Action::"consent-withdrawn", Action::"consent-expired", Action::"current-set-requested"]"#;
const AT_THE_END: &str = r#"[Action::"detention-ended", Action::"deceased"]"#;

/// The gates before the rules.
pub(super) fn gates() -> [String; 5] {
    let beyond = BEYOND_TITLE;
    [
        "forbid(principal, action, resource) when { principal.stopped || resource.stopped || principal.closed };".to_owned(),
        format!(r#"forbid(principal, action, resource) when {{ ["ALIENS", "JJI"].contains(resource.title) && !(action in {beyond}) }};"#),
        format!(
            r#"forbid(principal, action, resource) when {{ resource.title == "VRIS" &&
                ["municipality", "care-partner", "triage"].contains(principal.kind) && !(action in {beyond}) }};"#
        ),
        format!(
            r#"forbid(principal, action, resource) when {{ resource.title == "VRIS" && principal.kind == "probation" && !(action in {beyond}) &&
                !(action in [Action::"detention-started", Action::"detention-start-corrected", Action::"detention-ended"]) }};"#
        ),
        format!(
            r#"forbid(principal, action, resource) when {{ resource.title == "TBS_PASSER" && resource.leftScope &&
                action != Action::"left-scope" && !(action in {beyond}) }};"#
        ),
    ]
}

/// What a policy gives when it holds.
pub(super) enum Gives {
    /// These leaves, sorted.
    Leaves(Vec<Leaf>),
    /// What the recipient had of the corrected message.
    AsDelivered,
}

/// One policy, and what it stands for.
pub(super) struct Piece {
    /// Cedar text.
    pub(super) text: String,
    /// Index of the rule.
    pub(super) rule: usize,
    /// Index of the grant in its rule.
    pub(super) grant: usize,
    /// The leaves.
    pub(super) gives: Gives,
    /// Whether its leaves only show that the object is told of.
    pub(super) only_tells: bool,
    /// Whether its leaves show that the object is told of.
    pub(super) tells: bool,
}

/// What a leaf hangs on beside its grant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Hangs {
    never: Vec<Kind>,
    covered: Option<(Option<String>, Class)>,
    entry: Option<String>,
}

/// All policies that permit, in the order of rules and grants.
pub(super) fn policies(rules: &RuleSet, catalogue: &Catalogue) -> anyhow::Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    for (index, rule) in rules.rules().iter().enumerate() {
        let events: Vec<&EventSpec> = rule.events.iter().filter_map(|name| catalogue.get(name)).collect();
        for (number, grant) in rule.grants.iter().enumerate() {
            let basis = rules.basis(grant).context("a grant without basis")?;
            if !basis.purposes.contains(&rule.purpose) {
                continue;
            }
            let piece = |hangs: &Hangs, gives, only_tells, tells| Piece {
                text: policy(rule, grant, basis, hangs),
                rule: index,
                grant: number,
                gives,
                only_tells,
                tells,
            };
            let mut leaves = match &grant.fields {
                Fields::AsDelivered => {
                    pieces.push(piece(&Hangs::default(), Gives::AsDelivered, false, false));
                    continue;
                }
                Fields::Leaves(leaves) => leaves.clone(),
                Fields::ReferenceOnly => REFERENCE.iter().map(|leaf| leaf.parse()).collect::<Result<_, _>>()?,
                Fields::Each { container, fields } => entries(&events, container, fields),
            };
            // they are searched by halving
            leaves.sort_unstable();
            let container = if let Fields::Each { container, .. } = &grant.fields { Some(container.as_str()) } else { None };
            let by_entry = container.filter(|_| grant.when.contains(&Signal::EntryNotInOrder));
            for (hangs, leaves) in grouped(rules, basis, &events, &leaves, by_entry)? {
                pieces.push(piece(&hangs, Gives::Leaves(leaves), false, container.is_some() && by_entry.is_none()));
            }
            if by_entry.is_some() {
                for (hangs, leaves) in grouped(rules, basis, &events, &leaves, None)? {
                    pieces.push(piece(&hangs, Gives::Leaves(leaves), true, true));
                }
            }
        }
    }
    Ok(pieces)
}

/// The leaves of the entries of an object.
fn entries(events: &[&EventSpec], container: &str, fields: &[String]) -> Vec<Leaf> {
    let all = events.iter().flat_map(|event| event.leaves.keys());
    let mut leaves: Vec<Leaf> =
        all.filter(|leaf| entry(leaf, container).is_some_and(|(_, rest)| fields.contains(&rest))).cloned().collect();
    leaves.sort_unstable();
    leaves.dedup();
    leaves
}

/// The entry and the rest of a leaf below `container`.
fn entry(leaf: &Leaf, container: &str) -> Option<(String, String)> {
    let (key, rest) = leaf.as_str().strip_prefix(container)?.strip_prefix('/')?.split_once('/')?;
    Some((key.to_owned(), format!("/{rest}")))
}

fn grouped(
    rules: &RuleSet,
    basis: &Basis,
    events: &[&EventSpec],
    leaves: &[Leaf],
    by_entry: Option<&str>,
) -> anyhow::Result<BTreeMap<Hangs, Vec<Leaf>>> {
    let mut groups: BTreeMap<Hangs, Vec<Leaf>> = BTreeMap::new();
    for leaf in leaves {
        let mut classes: Vec<Class> =
            events.iter().filter(|event| event.leaves.contains_key(leaf)).map(|event| event.class(leaf)).collect();
        classes.dedup();
        ensure!(classes.len() <= 1, "{leaf} has another class in another event");
        let class = classes.first().copied().unwrap_or(Class::Adm);
        let condition = ["/conditions", "/plan/conditions"].iter().find_map(|container| entry(leaf, container)).map(|(key, _)| key);
        let condition = condition.filter(|key| key.parse::<schakelpunt_domain::consent::Condition>().is_ok());
        let never = rules.never().iter().filter(|never| never.fields.contains(leaf)).flat_map(|never| never.to.iter().copied()).collect();
        let covered = (basis.kind == BasisKind::Consent && (condition.is_some() || class != Class::Adm)).then_some((condition, class));
        let of_entry = by_entry.and_then(|container| entry(leaf, container).map(|(key, _)| format!("{container}/{key}")));
        groups.entry(Hangs { never, covered, entry: of_entry }).or_default().push(leaf.clone());
    }
    Ok(groups)
}

fn policy(rule: &Rule, grant: &Grant, basis: &Basis, hangs: &Hangs) -> String {
    let quoted = |words: Vec<&str>| words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
    let actions: Vec<String> = rule.events.iter().map(|event| format!("Action::\"{event}\"")).collect();
    let pairs: Vec<String> = basis.between.iter().map(|(giver, receiver)| format!("\"{}>{}\"", giver.word(), receiver.word())).collect();
    let mut when = vec![
        format!("principal.relations.containsAny([{}])", quoted(rule.to.iter().map(|relation| relation.word()).collect())),
        format!("context.sender.containsAny([{}])", quoted(rule.sender.iter().map(|relation| relation.word()).collect())),
        format!("[{}].contains(context.pair)", pairs.join(", ")),
    ];
    when.extend(basis.in_force.from.map(|day| format!("context.now >= {}", day.begins().as_microsecond())));
    when.extend(basis.in_force.until.map(|day| format!("context.now < {}", day.begins().as_microsecond())));
    when.extend(basis.while_.iter().chain(&grant.when).filter_map(|signal| match signal {
        Signal::PlanRunning => Some("(!(resource has planEnds) || context.now < resource.planEnds)".to_owned()),
        Signal::CareNeeded => Some("context.careNeeded".to_owned()),
        Signal::Consulting => Some("context.consulting".to_owned()),
        Signal::IsdMeasure => Some("resource.title == \"ISD\"".to_owned()),
        Signal::ConsentNotEnded => Some("(principal.kind != \"care-partner\" || principal.consentStands)".to_owned()),
        // said of entries
        Signal::EntryNotInOrder => None,
    }));
    let purpose = &rule.purpose;
    if basis.kind == BasisKind::Consent {
        when.push(format!("principal.consents.contains(\"{purpose}\")"));
    }
    if let Some((condition, class)) = &hangs.covered {
        when.push(coverage(purpose, condition.as_deref(), *class));
    }
    when.extend(hangs.entry.as_ref().map(|entry| format!("context.missing.contains(\"{entry}\")")));
    if !hangs.never.is_empty() {
        when.push(format!("![{}].contains(principal.kind)", quoted(hangs.never.iter().map(|kind| kind.word()).collect())));
    }
    format!("permit(principal, action in [{}], resource) when {{ {} }};", actions.join(", "), when.join(" && "))
}

/// Which category of consent covers a leaf (decision 9).
fn coverage(purpose: &str, condition: Option<&str>, class: Class) -> String {
    let has = |category: &str| format!("principal.consents.contains(\"{purpose}/{category}\")");
    let of = |class: Class| has(&format!("class:{}", format!("{class:?}").to_uppercase()));
    match (condition, class) {
        (Some(condition), class) => format!("({} || {})", has(&format!("condition:{condition}")), of(class)),
        (None, Class::Id) => format!(
            "(principal.kind != \"care-partner\" || action in {AT_THE_END} || {} || (!principal.tellsHealth && {}))",
            of(Class::Health),
            of(Class::Id)
        ),
        (None, class) => of(class),
    }
}
