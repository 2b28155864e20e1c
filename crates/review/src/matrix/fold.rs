//! Equal outcomes folded: what does not differ is said once.

use std::collections::BTreeMap;

use super::{ENDED, Part, STANDINGS, TITLES, Table, Walk};

const HEAD: &str = "\
# Who may tell whom what. Every cell was decided; equal outcomes are folded, and a condition that changes nothing is not named.
# Under an event: its outcomes with a number, then who tells whom, then each period: detained or ended, consent, signals.
# A sender that is not named here may not produce the event.
";

/// What was folded so far.
#[derive(Debug, Default)]
pub(super) struct Folds {
    /// The text under the names, and the events that share it, in the order in which they came.
    events: Vec<(String, Vec<String>)>,
    /// By title: what is not out of scope, and the events for which it is so.
    titles: BTreeMap<&'static str, Vec<(String, Vec<String>)>>,
}

fn share(groups: &mut Vec<(String, Vec<String>)>, text: String, name: &str) {
    match groups.iter_mut().find(|(other, _)| *other == text) {
        Some((_, names)) => names.push(name.to_owned()),
        None => groups.push((text, vec![name.to_owned()])),
    }
}

impl Folds {
    /// Takes the tables of one event in.
    pub(super) fn add(&mut self, walk: &Walk<'_>, part: &Part<'_>, tables: &[Table]) {
        let name = part.event.name.as_str();
        share(&mut self.events, event(walk, part, tables), name);
        for (index, (_, title)) in TITLES.iter().enumerate() {
            let text = titled(tables, index, walk.spans().len() * 2);
            if !text.is_empty() {
                share(self.titles.entry(title).or_default(), text, name);
            }
        }
    }

    /// All of it.
    pub(super) fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        for (under, names) in &self.events {
            text.extend(["\n", &names.join(", "), "\n", under]);
        }
        for (title, groups) in &self.titles {
            text.extend(["\ntitle ", title, ": OUT_OF_SCOPE_TITLE but for\n"]);
            for (under, names) in groups {
                text.extend(["  ", &names.join(", "), "\n", under]);
            }
        }
        text
    }
}

/// The numbers of outcomes; a code stands for itself.
#[derive(Debug, Default)]
struct Legend(Vec<String>);

impl Legend {
    fn number(&mut self, outcome: &str) -> String {
        if !outcome.contains(':') {
            return outcome.to_owned();
        }
        let index = self.0.iter().position(|known| known == outcome).unwrap_or_else(|| {
            self.0.push(outcome.to_owned());
            self.0.len() - 1
        });
        format!("[{}]", index + 1)
    }

    fn text(&self) -> String {
        let short = |outcome: &str| {
            let basis = |part: &str| match part.split_once(": ") {
                Some((basis, leaves)) if !leaves.is_empty() => format!("{basis} {}", braced(leaves)),
                _ => format!("{} with nothing missing", part.trim_end_matches([':', ' '])),
            };
            outcome.split("; ").map(basis).collect::<Vec<_>>().join("; ")
        };
        let line = |(outcome, number): (&String, u32)| ["  [", &number.to_string(), "] ", &short(outcome), "\n"].concat();
        self.0.iter().zip(1..).map(line).collect()
    }
}

/// Leaves with what they have in common said once.
pub(crate) fn braced(leaves: &str) -> String {
    let mut parents: Vec<(&str, Vec<&str>)> = Vec::new();
    for leaf in leaves.split(' ') {
        let (parent, name) = leaf.rsplit_once('/').unwrap_or(("", leaf));
        match parents.iter_mut().find(|(other, _)| *other == parent) {
            Some((_, names)) => names.push(name),
            None => parents.push((parent, vec![name])),
        }
    }
    let mut above: Vec<(&str, String, Vec<&str>)> = Vec::new();
    for (parent, names) in &parents {
        let (grandparent, own) = parent.rsplit_once('/').unwrap_or(("", parent));
        let names = one_or_braces(names);
        match above.iter_mut().find(|(other, below, _)| *other == grandparent && *below == names) {
            Some((_, _, owns)) => owns.push(own),
            None => above.push((grandparent, names, vec![own])),
        }
    }
    above.iter().map(|(grandparent, names, owns)| format!("{grandparent}/{}/{names}", one_or_braces(owns))).collect::<Vec<_>>().join(" ")
}

fn one_or_braces(names: &[&str]) -> String {
    match names {
        [one] => (*one).to_owned(),
        names => format!("{{{}}}", names.join(",")),
    }
}

/// A sender, and those whom it tells.
type Told<'a> = (&'a str, Vec<&'a str>);

/// The text under an event.
fn event(walk: &Walk<'_>, part: &Part<'_>, tables: &[Table]) -> String {
    let mut legend = Legend::default();
    let mut pairs: Vec<(String, Vec<Told<'_>>)> = Vec::new();
    for table in tables {
        let letters: Vec<String> = table.outcomes.iter().map(|outcome| legend.number(outcome)).collect();
        let text = periods(walk, part, &letters);
        let index = pairs.iter().position(|(other, _)| *other == text).unwrap_or_else(|| {
            pairs.push((text, Vec::new()));
            pairs.len() - 1
        });
        let Some((_, who)) = pairs.get_mut(index) else { continue };
        match who.iter_mut().find(|(from, _)| *from == table.from.word) {
            Some((_, to)) => to.push(table.to.word),
            None => who.push((table.from.word, vec![table.to.word])),
        }
    }
    let mut text = legend.text();
    for (under, who) in &pairs {
        if under.trim() != "NO_BASIS" {
            text.extend(["  ", &tellers(who), "\n", under]);
        }
    }
    if pairs.iter().any(|(under, _)| under.trim() == "NO_BASIS") {
        text.push_str("  everybody else: NO_BASIS\n");
    }
    text
}

/// Who tells whom: senders that tell the same recipients together.
fn tellers(who: &[Told<'_>]) -> String {
    let mut groups: Vec<(&Vec<&str>, Vec<&str>)> = Vec::new();
    for (from, to) in who {
        match groups.iter_mut().find(|(other, _)| *other == to) {
            Some((_, senders)) => senders.push(from),
            None => groups.push((to, vec![from])),
        }
    }
    groups.iter().map(|(to, from)| format!("{} > {}", from.join(", "), to.join(", "))).collect::<Vec<_>>().join("; ")
}

/// One line for each outcome of periods.
fn periods(walk: &Walk<'_>, part: &Part<'_>, letters: &[String]) -> String {
    let sets: Vec<&str> = part.sets.iter().map(|set| set.word.as_str()).collect();
    let ended: Vec<&str> = ENDED.iter().map(|(_, word)| *word).collect();
    let standings: Vec<&str> = STANDINGS.iter().map(|(_, word)| *word).collect();
    let levels = [ended, standings, sets];
    let size = letters.len() / walk.spans().len().max(1);
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (span, part) in walk.spans().iter().zip(letters.chunks(size.max(1))) {
        share(&mut groups, expression(part, &levels), &span.word);
    }
    match groups.as_slice() {
        [(only, _)] => format!("    {only}\n"),
        groups => groups.iter().map(|(text, words)| ["    ", &words.join(", "), ": ", text, "\n"].concat()).collect(),
    }
}

/// What follows from the conditions that are left; one that changes nothing is not named.
fn expression(letters: &[String], levels: &[Vec<&str>]) -> String {
    let Some((words, rest)) = levels.split_first() else { return letters.first().cloned().unwrap_or_default() };
    let size = (letters.len() / words.len().max(1)).max(1);
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (word, part) in words.iter().zip(letters.chunks(size)) {
        share(&mut groups, expression(part, rest), word);
    }
    match groups.as_slice() {
        [(only, _)] => only.clone(),
        groups => {
            let one = |(text, words): &(String, Vec<String>)| {
                let nested = text.contains("; ");
                format!("{} {}", words.join("/"), if nested { format!("({text})") } else { text.clone() })
            };
            groups.iter().map(one).collect::<Vec<_>>().join("; ")
        }
    }
}

/// What a title leaves open: who tells whom, as without it or otherwise. Who gets nothing without it either is not named.
fn titled(tables: &[Table], title: usize, cells: usize) -> String {
    let mut open: Vec<Told<'_>> = Vec::new();
    for table in tables {
        let answers = table.titled.get(title).map(Vec::as_slice).unwrap_or_default();
        let nothing = table.outcomes.iter().all(|outcome| outcome == "NO_BASIS");
        let closed = answers.len() == cells && answers.iter().all(|answer| answer == "OUT_OF_SCOPE_TITLE");
        if nothing || closed {
            continue;
        }
        match open.iter_mut().find(|(from, _)| *from == table.from.word) {
            Some((_, to)) => to.push(table.to.word),
            None => open.push((table.from.word, vec![table.to.word])),
        }
    }
    if open.is_empty() { String::new() } else { format!("    {}\n", tellers(&open)) }
}
