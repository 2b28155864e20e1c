//! A diff to read: for a terminal, and as Markdown for a decision paper.

use super::{Change, DeskLine, Diff, Ground, Line, desks::Existence};
use crate::{conditions::When, matrix::braced};

/// How much stands on one line of a terminal.
const WIDTH: usize = 100;

impl Change {
    /// In a word or two.
    pub fn word(&self) -> String {
        let (was, is) = match (&self.was, &self.is) {
            (None, _) => return "becomes visible".to_owned(),
            (_, None) => return "stops".to_owned(),
            (Some(was), Some(is)) => (was, is),
        };
        let parts = [
            (was.basis != is.basis, "basis"),
            (was.purpose != is.purpose, "purpose"),
            (was.must != is.must, "duty"),
            (was.owner != is.owner, "owner"),
        ];
        let parts: Vec<_> = parts.into_iter().filter_map(|(differs, word)| differs.then_some(word)).collect();
        format!("other {}", parts.join(" and "))
    }

    pub(super) fn order(&self) -> usize {
        match (&self.was, &self.is) {
            (None, _) => 0,
            (_, None) => 1,
            _ => 2,
        }
    }

    /// The ground, or both.
    fn grounds(&self) -> String {
        match (&self.was, &self.is) {
            (Some(was), Some(is)) => format!("{} (was {})", is.text(), was.text()),
            (one, other) => one.iter().chain(other).map(Ground::text).collect(),
        }
    }
}

impl Ground {
    /// In words.
    pub fn text(&self) -> String {
        let Self { basis, purpose, must, owner } = self;
        format!("{basis}, for {purpose}, {}, owner {owner}", if *must { "must" } else { "may" })
    }
}

/// Fields with what they have in common said once; those at the top, and what is said in words, as they are.
fn fields(fields: &[String]) -> String {
    let below = |field: &&str| !field.contains(' ') && field.matches('/').count() > 1;
    let (below, others): (Vec<&str>, Vec<&str>) = fields.iter().map(String::as_str).partition(below);
    let below = (!below.is_empty()).then(|| braced(&below.join(" ")));
    below.into_iter().chain(others.into_iter().map(str::to_owned)).collect::<Vec<_>>().join(" ")
}

fn when(line: &Line) -> String {
    line.when.iter().map(When::text).collect::<Vec<_>>().join("; ")
}

fn desk(line: &DeskLine) -> Vec<(&'static str, String)> {
    let existence = match line.desk {
        Some(Existence::New) => Some(("has a desk now", String::new())),
        Some(Existence::Gone) => Some(("has no desk any more", String::new())),
        None => None,
    };
    let parts = [("sees now", &line.sees), ("sees no more", &line.hidden)];
    let parts = parts.into_iter().filter(|(_, fields)| !fields.is_empty()).map(|(word, fields)| (word, self::fields(fields)));
    existence.into_iter().chain(parts).collect()
}

/// A row of a block: its name, then words, broken where a line is full.
fn row(text: &mut String, name: &str, words: &str) {
    let mut line = format!("    {name:<8}");
    let indent = line.len();
    for word in words.split(' ') {
        if line.chars().count() + word.chars().count() >= WIDTH && line.len() > indent {
            text.extend([line.trim_end(), "\n"]);
            line = " ".repeat(indent);
        }
        line.push_str(word);
        line.push(' ');
    }
    text.extend([line.trim_end(), "\n"]);
}

impl Diff {
    /// A sentence with the numbers.
    pub fn summary(&self) -> String {
        let count = |order: usize| self.lines.iter().filter(|line| line.change.order() == order).count();
        let cells = self.cells;
        if self.is_empty() {
            return format!("no difference in who may know what; {cells} cells of events with other rules decided by both");
        }
        let (new, gone, other, desks) = (count(0), count(1), count(2), self.desks.len());
        format!(
            "{new} become visible, {gone} stop, {other} rest on something else, {desks} desks see otherwise; {cells} cells decided by both"
        )
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let mut text = format!("from version {} to version {}\n", self.before, self.after);
        for line in &self.lines {
            text.extend(["\n", &line.change.word(), "\n"]);
            row(&mut text, "event", &line.events.join(", "));
            row(&mut text, "from", &line.from.join(", "));
            row(&mut text, "to", &line.to.join(", "));
            row(&mut text, "fields", &fields(&line.fields));
            row(&mut text, "on", &line.change.grounds());
            row(&mut text, "when", &when(line));
        }
        for line in &self.desks {
            text.extend(["\ndesk ", &line.role, "\n"]);
            desk(line).iter().for_each(|(word, fields)| text.extend(["    ", word, " ", fields, "\n"]));
        }
        text.extend(["\n", &self.summary(), "\n"]);
        text
    }

    /// For a decision paper.
    pub fn markdown(&self) -> String {
        let mut text = format!("# What changes from version {} to version {}\n", self.before, self.after);
        let chapters = ["What becomes visible", "What stops", "What rests on something else"];
        for (order, title) in chapters.iter().enumerate() {
            let mut lines = self.lines.iter().filter(|line| line.change.order() == order).peekable();
            if lines.peek().is_some() {
                text.extend(["\n## ", title, "\n\n| event | from | to | fields | on | when |\n|---|---|---|---|---|---|\n"]);
            }
            for line in lines {
                let (events, from, to) = (line.events.join(", "), line.from.join(", "), line.to.join(", "));
                let cells = [events, from, to, format!("`{}`", fields(&line.fields)), line.change.grounds(), when(line)];
                text.extend(["| ", &cells.map(|cell| cell.replace('|', "\\|")).join(" | "), " |\n"]);
            }
        }
        if !self.desks.is_empty() {
            text.push_str("\n## What desks see\n\n| role | | fields |\n|---|---|---|\n");
        }
        for line in &self.desks {
            desk(line).iter().for_each(|(word, fields)| text.extend(["| ", &line.role, " | ", word, " | `", fields, "` |\n"]));
        }
        text.extend(["\n", &self.summary(), ".\n"]);
        text
    }
}
