//! `tests/law/expected.csv`: parse, ask, compare.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::LazyLock,
};

use schakelpunt_domain::pointer::Leaf;
use schakelpunt_rules::{Answer, Decision, RuleFile};

use super::world::{Asked, CATALOGUE, RULES, Standing, load, role, root, rule_files};

/// The periods of domain 1.12, each asked at its first and last second.
const PERIODS: [(&str, [&str; 2]); 3] = [
    ("until-2018", ["2018-06-01T00:00:00+02:00", "2018-12-31T23:59:59+01:00"]),
    ("2019-2021", ["2019-01-01T00:00:00+01:00", "2021-06-30T23:59:59+02:00"]),
    ("since-2021", ["2021-07-01T00:00:00+02:00", "2024-06-03T12:00:00+02:00"]),
];
/// Receipts of the hub go to the sender alone, and a void to whose number it is: no rule, no cell.
const RECEIPTS: [&str; 4] = ["message-accepted", "message-refused", "message-rejected", "delivery-void"];
const HEADER: &str = "event,from,to,period,consent,condition,outcome,leaves,note";

/// One cell: a question and what the law says to it.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) asked: Asked,
    /// Event, sender and recipient.
    pub(crate) who: String,
    /// Period, consent and condition.
    pub(crate) when: String,
    expected: String,
}

static GROUPS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let text = fs::read_to_string(root().join("tests/law/leaf-groups.csv")).unwrap();
    let group =
        |line: &str| line.split_once(',').map(|(name, rest)| (name.to_owned(), rest.split(',').next().unwrap_or_default().to_owned()));
    text.lines().filter_map(group).collect()
});

/// All cells of the table.
pub(crate) static CELLS: LazyLock<Vec<Cell>> = LazyLock::new(|| {
    let text = fs::read_to_string(root().join("tests/law/expected.csv")).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(HEADER));
    lines.flat_map(cells).collect()
});

fn cells(line: &str) -> Vec<Cell> {
    let columns: Vec<&str> = line.split(',').collect();
    let [name, from, to, period, consent, condition, outcome, leaves, _note] = columns[..] else { panic!("nine columns: {line}") };
    if outcome == "WRONG_CHANNEL" {
        assert!(CATALOGUE.elsewhere().any(|(event, _)| event.as_str() == name), "`{name}` goes through this hub");
        return Vec::new();
    }
    let event = CATALOGUE.named(name).unwrap_or_else(|| panic!("no event `{name}`"));
    let consent_word = consent;
    let consent = match consent {
        "none" => Standing::None,
        "valid" => Standing::Valid,
        "expired" => Standing::Expired,
        "withdrawn" => Standing::Withdrawn,
        other => panic!("`{other}` is no standing of a consent"),
    };
    assert!(period == "any" || PERIODS.iter().any(|(word, _)| *word == period), "`{period}` is no period");
    let all: Vec<Leaf> = event.leaves.keys().cloned().collect();
    let expected = expected(outcome, leaves, &all);
    let asked = |(word, instants): &(&str, [&'static str; 2])| {
        let when = format!("{word} {consent_word} {condition}").trim_end().to_owned();
        let cell = |at: &str| Cell {
            asked: Asked { event, from: role(from), to: role(to), consent, condition: condition.to_owned(), at: at.parse().unwrap() },
            who: format!("{name}, {from} to {to}"),
            when: when.clone(),
            expected: expected.clone(),
        };
        instants.map(cell)
    };
    PERIODS.iter().filter(|(word, _)| period == "any" || period == *word).flat_map(asked).collect()
}

/// A refusal, or each basis with its leaves.
fn expected(outcome: &str, leaves: &str, all: &[Leaf]) -> String {
    if leaves.is_empty() {
        return outcome.to_owned();
    }
    let bases: Vec<&str> = outcome.split('+').collect();
    let parts: Vec<&str> = leaves.split("; ").collect();
    assert_eq!(bases.len(), parts.len(), "{outcome}: leaves for each basis: {leaves}");
    bases
        .iter()
        .zip(parts)
        .map(|(basis, words)| format!("{basis}: {}", joined(named(words, all).into_iter())))
        .collect::<Vec<_>>()
        .join("; ")
}

/// The leaves that words name: a group, a pointer, all below a pointer that ends in `/`, and not those after `-`.
fn named<'a>(words: &str, all: &'a [Leaf]) -> BTreeSet<&'a Leaf> {
    let mut found = BTreeSet::new();
    for word in words.split(' ') {
        let pointers = GROUPS.get(word).map_or(word, String::as_str);
        for pointer in pointers.split(' ').filter(|pointer| !pointer.is_empty()) {
            let (less, pointer) = pointer.strip_prefix('-').map_or((false, pointer), |pointer| (true, pointer));
            assert!(pointer.starts_with('/'), "no group is called `{pointer}`");
            let is_it = |leaf: &&Leaf| leaf.as_str() == pointer || (pointer.ends_with('/') && leaf.as_str().starts_with(pointer));
            for leaf in all.iter().filter(is_it) {
                let _ = if less { found.remove(leaf) } else { found.insert(leaf) };
            }
        }
    }
    found
}

fn joined<'a>(leaves: impl Iterator<Item = &'a Leaf>) -> String {
    let mut words: Vec<_> = leaves.map(Leaf::as_str).collect();
    words.sort_unstable();
    words.join(" ")
}

fn told(decision: &Decision) -> String {
    match &decision.answer {
        Answer::Refuse(code) => code.to_string(),
        Answer::Permit(permit) => permit
            .granted
            .iter()
            .map(|granted| format!("{}: {}", granted.basis, joined(granted.leaves.iter())))
            .collect::<Vec<_>>()
            .join("; "),
    }
}

#[test]
fn the_rules_say_what_the_table_says() {
    let mut differing: BTreeMap<(&str, &str, String), BTreeSet<&str>> = BTreeMap::new();
    for cell in CELLS.iter() {
        let actual = told(&cell.asked.answer(&RULES));
        if actual != cell.expected {
            differing.entry((&cell.who, &cell.expected, actual)).or_default().insert(&cell.when);
        }
    }
    let lines = differing.iter().map(|((who, expected, actual), when)| {
        let when = when.iter().copied().collect::<Vec<_>>().join(" | ");
        format!("{who}\n    when       {when}\n    the table: {expected}\n    the rules: {actual}\n")
    });
    assert!(
        differing.is_empty(),
        "{} differences; which of the two is right is a question of law\n{}",
        differing.len(),
        lines.collect::<String>()
    );
}

#[test]
fn every_event_has_cells() {
    let told: BTreeSet<&str> = CELLS.iter().map(|cell| cell.asked.event.name.as_str()).collect();
    let without: Vec<_> =
        CATALOGUE.iter().map(|event| event.name.as_str()).filter(|name| !told.contains(name) && !RECEIPTS.contains(name)).collect();
    assert!(without.is_empty(), "write the cells of {} in tests/law/expected.csv", without.join(", "));
}

#[test]
fn every_rule_is_used() {
    let used: BTreeSet<_> = CELLS
        .iter()
        .filter_map(|cell| {
            let decision = cell.asked.answer(&RULES);
            decision.permit().and(decision.rule.clone())
        })
        .collect();
    let idle: Vec<_> = RULES.rules().iter().filter(|rule| !used.contains(&rule.id)).map(|rule| rule.id.to_string()).collect();
    assert!(idle.is_empty(), "no cell of tests/law/expected.csv is permitted by {}", idle.join(", "));
}

/// Rules with another date, or without a condition, must not get through.
#[test]
fn wrong_rules_are_seen() {
    let wrong = [
        ("2021-07-01", "2021-07-02"),
        ("2021-07-01", "2021-06-30"),
        ("2019-01-01", "2019-01-02"),
        ("2019-01-01", "2018-12-31"),
        ("while    = [\"plan-running\"]", "while    = []"),
        ("when   = [\"care-needed\"]", "when   = []"),
        ("when   = [\"consent-not-ended\"]", "when   = []"),
        ("fields = [\"/person/identity/bsn\"]", "fields = []"),
    ];
    let before: Vec<_> = CELLS.iter().map(|cell| told(&cell.asked.answer(&RULES)) == cell.expected).collect();
    for (from, to) in wrong {
        let files: Vec<_> = rule_files().into_iter().map(|file| RuleFile { text: file.text.replace(from, to), ..file }).collect();
        let rules = load(&files);
        let seen = CELLS.iter().zip(&before).any(|(cell, agreed)| *agreed && told(&cell.asked.answer(&rules)) != cell.expected);
        assert!(seen, "no cell sees that `{from}` became `{to}`");
    }
}

#[test]
fn an_entry_has_only_the_fields_that_its_grant_names() {
    let files: Vec<_> = rule_files()
        .into_iter()
        .map(|file| RuleFile { text: file.text.replace(r#"["/status", "/asOf", "/detail"]"#, r#"["/status"]"#), ..file })
        .collect();
    let rules = load(&files);
    let of_conditions = CELLS.iter().filter(|cell| cell.asked.event.name.as_str() == "condition-status-updated");
    let given: BTreeSet<String> = of_conditions
        .filter_map(|cell| Some(joined(cell.asked.answer(&rules).permit()?.leaves())))
        .flat_map(|leaves| leaves.split(' ').map(str::to_owned).collect::<Vec<_>>())
        .filter(|leaf| !leaf.is_empty())
        .collect();
    assert!(!given.is_empty() && given.iter().all(|leaf| leaf.ends_with("/status")), "{given:?}");
}
