//! Changes of the shipped rules with a known effect: `tests/rules/changes`. The diff says exactly that effect, as in a decision paper.

use std::fs;

use schakelpunt_review::diff;

use super::{
    matrix::regenerate,
    patch::Change,
    world::{CATALOGUE, RULES},
};

const HOW: &str = "SCHAKELPUNT_REGENERATE=1 cargo test -p schakelpunt-review --test shipped changes";

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    /// The decision paper without its title and its last line.
    paper: String,
}

/// The part of the paper that says what is different.
fn told(change: &Change<Expect>) -> String {
    let diff = diff(&RULES, &change.rules(), &CATALOGUE).unwrap();
    let paper = diff.markdown();
    let without_title = paper.split_once('\n').unwrap().1;
    without_title.strip_suffix(&format!("\n{}.\n", diff.summary())).unwrap().trim_start().to_owned()
}

#[test]
fn each_change_has_exactly_its_effect() {
    let changes = Change::<Expect>::all("changes");
    assert!(changes.len() >= 50, "{} changes", changes.len());
    let mut failures = Vec::new();
    for (path, change) in changes {
        let told = told(&change);
        if told == change.expect.paper {
            continue;
        }
        if regenerate() {
            let text = fs::read_to_string(&path).unwrap();
            let before = text.split_once("[expect]\n").unwrap().0;
            fs::write(&path, format!("{before}[expect]\npaper = '''\n{told}'''\n")).unwrap();
        }
        failures.push(format!("{}: {}\n{told}", path.display(), change.title));
    }
    assert!(failures.is_empty(), "other effects than expected; if they are meant: {HOW}\n{}", failures.join("\n"));
}

/// Turned round, what became visible stops, and what stopped becomes visible.
#[test]
fn a_change_turned_round_has_the_effect_turned_round() {
    for (path, change) in Change::<Expect>::all("changes").into_iter().step_by(5) {
        let changed = change.rules();
        let (there, back) = (diff(&RULES, &changed, &CATALOGUE).unwrap(), diff(&changed, &RULES, &CATALOGUE).unwrap());
        let turned = |line: &schakelpunt_review::Line| {
            let mut line = line.clone();
            std::mem::swap(&mut line.change.was, &mut line.change.is);
            line
        };
        assert_eq!(there.lines.len(), back.lines.len(), "{}", path.display());
        assert!(back.lines.iter().map(turned).all(|line| there.lines.contains(&line)), "{}", path.display());
    }
}

#[test]
fn a_rule_set_differs_in_nothing_from_itself() {
    let none = diff(&RULES, &RULES, &CATALOGUE).unwrap();
    assert!(none.is_empty() && none.cells == 0, "{}", none.text());
    assert_eq!(none.before, none.after);
}
