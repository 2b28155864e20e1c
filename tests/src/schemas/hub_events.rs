//! What the hub says by itself, as a table: event, trigger, recipients, rule. The table is for people; catalogue and rules must agree.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use schakelpunt_domain::catalogue::{Catalogue, Emitter, EventSpec};
use schakelpunt_rules::{Relation, Rule, RuleFile, RuleSet};

use super::{listed, root};

type Row = (BTreeSet<String>, BTreeSet<String>);

fn words(cell: &str) -> BTreeSet<String> {
    cell.split(',').map(|word| word.trim().trim_matches('`').to_owned()).filter(|word| !word.is_empty()).collect()
}

/// Per event: recipients and rules, as the table says.
fn told(table: &str) -> BTreeMap<String, Row> {
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [event, trigger, recipients, rules] = cells.as_slice() else { panic!("four columns: {line}") };
        assert!(!trigger.is_empty(), "{event} has no trigger");
        (event.trim_matches('`').to_owned(), (words(recipients), words(rules)))
    };
    rows.map(row).collect()
}

fn of_hub<'a>(rules: &'a RuleSet, event: &EventSpec) -> Vec<&'a Rule> {
    rules.rules_for(&event.name).filter(|rule| rule.sender.contains(&Relation::Hub)).collect()
}

/// The same, as catalogue and rules say.
fn so(rules: &RuleSet, catalogue: &Catalogue) -> BTreeMap<String, Row> {
    let spoken = catalogue.iter().filter(|event| event.emitter == Emitter::Hub || !of_hub(rules, event).is_empty());
    let row = |event: &EventSpec| {
        let rules = of_hub(rules, event);
        let to = rules.iter().flat_map(|rule| &rule.to).map(ToString::to_string).collect::<BTreeSet<_>>();
        // receipts go to whoever sent, without a rule
        let to = if rules.is_empty() { BTreeSet::from(["sender".to_owned()]) } else { to };
        (event.name.to_string(), (to, rules.iter().map(|rule| rule.id.to_string()).collect()))
    };
    spoken.map(row).collect()
}

#[test]
fn the_table_of_what_the_hub_says_is_so() {
    let table = fs::read_to_string(root().join("schemas/hub-events.md")).unwrap();
    let catalogue = Catalogue::load().unwrap();
    let files: Vec<RuleFile> = listed("config/rules", "toml")
        .iter()
        .filter(|path| !path.ends_with("invariants.toml"))
        .map(|path| RuleFile { name: path.display().to_string(), text: fs::read_to_string(path).unwrap() })
        .collect();
    let rules = RuleSet::load(&files, &catalogue).unwrap();
    let (told, so) = (told(&table), so(&rules, &catalogue));
    let differ = |name: &&String| told.get(*name) != so.get(*name);
    let names: BTreeSet<&String> = told.keys().chain(so.keys()).collect();
    let lines: Vec<String> = names
        .iter()
        .filter(|name| differ(name))
        .map(|name| format!("{name}: the table says {:?}, catalogue and rules say {:?}", told.get(*name), so.get(*name)))
        .collect();
    assert!(lines.is_empty(), "schemas/hub-events.md\n{}", lines.join("\n"));
}
