//! What a bench says: a table for people, a line of JSON for machines.

use schakelpunt::commands::out;
use serde_json::{Value, json};

use crate::Options;

/// The values of the rounds.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub(crate) struct Spread(pub(crate) Vec<f64>);

/// Which side of the goal is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// The goal or more.
    AtLeast,
    /// Less than the goal.
    Below,
}

/// One line of the table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    /// Who or what.
    pub(crate) what: String,
    /// Column and values; a bench uses the same columns in all its rows.
    pub(crate) cells: Vec<(&'static str, Spread)>,
}

/// One comparison.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    /// Its name, in JSON too.
    pub(crate) name: String,
    /// What is compared, in a line.
    pub(crate) what: String,
    /// What the goal is set for: a ratio, or a figure with a unit.
    pub(crate) ratio: Spread,
    /// The unit, if it is a figure.
    pub(crate) unit: &'static str,
    /// The goal.
    pub(crate) goal: f64,
    /// Its good side.
    pub(crate) side: Goal,
    /// The table.
    pub(crate) rows: Vec<Row>,
    /// What it ran on, and how.
    pub(crate) settings: Vec<(String, String)>,
}

impl Spread {
    /// The one in the middle.
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        let middle = sorted.len() / 2;
        if sorted.len() % 2 == 1 { at(middle) } else { f64::midpoint(at(middle.saturating_sub(1)), at(middle)) }
    }

    fn range(&self) -> (f64, f64) {
        (self.0.iter().copied().fold(f64::INFINITY, f64::min), self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    }

    fn text(&self) -> String {
        let (least, most) = self.range();
        match self.0.len() {
            0 => "-".to_owned(),
            1 => short(self.median()),
            _ => format!("{} ({}..{})", short(self.median()), short(least), short(most)),
        }
    }

    fn json(&self) -> Value {
        let (least, most) = self.range();
        if self.0.is_empty() { Value::Null } else { json!({"median": self.median(), "min": least, "max": most, "values": self.0}) }
    }
}

/// Pair by pair.
pub(crate) fn ratios(above: &Spread, below: &Spread) -> Spread {
    Spread(above.0.iter().zip(&below.0).map(|(above, below)| above / below).collect())
}

/// Three digits or so.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

impl Report {
    fn is_met(&self) -> bool {
        match self.side {
            Goal::AtLeast => self.ratio.median() >= self.goal,
            Goal::Below => self.ratio.median() < self.goal,
        }
    }

    /// Prints it as told. After a smoke there is nothing to print but that it ran.
    pub(crate) fn print(&self, options: &Options) -> anyhow::Result<()> {
        match (options.smoke, options.json) {
            (true, _) => out(json!({"name": self.name, "ratio": null, "goal": self.goal, "met": null, "smoke": true})),
            (false, true) => out(self.json()),
            (false, false) => out(self.text()),
        }
    }

    fn json(&self) -> Value {
        let cells =
            |row: &Row| row.cells.iter().map(|(name, spread)| ((*name).to_owned(), spread.json())).collect::<serde_json::Map<_, _>>();
        let rows: serde_json::Map<_, _> = self.rows.iter().map(|row| (row.what.clone(), Value::Object(cells(row)))).collect();
        let settings: serde_json::Map<_, _> = self.settings.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        // nothing was compared: a number would be taken for a result
        let (ratio, met) =
            if self.ratio.0.is_empty() { (Value::Null, Value::Null) } else { (json!(self.ratio.median()), json!(self.is_met())) };
        json!({"name": self.name, "what": self.what, "ratio": ratio, "unit": self.unit, "goal": self.goal, "met": met,
            "range": self.ratio.json(), "rows": rows, "settings": settings})
    }

    fn text(&self) -> String {
        let columns: Vec<&str> = self.rows.first().iter().flat_map(|row| row.cells.iter().map(|(name, _)| *name)).collect();
        let mut lines: Vec<Vec<String>> = vec![std::iter::once("").chain(columns).map(str::to_owned).collect()];
        lines.extend(self.rows.iter().map(|row| {
            std::iter::once(row.what.clone()).chain(row.cells.iter().map(|(_, spread)| spread.text())).collect::<Vec<String>>()
        }));
        let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
        let row = |line: &Vec<String>| {
            let cells: Vec<String> = line.iter().enumerate().map(|(at, cell)| format!("{cell:<width$}", width = width(at))).collect();
            cells.join("  ").trim_end().to_owned()
        };
        let table: Vec<String> = lines.iter().map(row).collect();
        let settings: Vec<String> = self.settings.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let verdict = match (self.ratio.0.is_empty(), self.is_met()) {
            (true, _) => "not compared".to_owned(),
            (false, met) => format!("{} {}: {}", self.ratio.text(), self.unit, if met { "met" } else { "NOT met" }),
        };
        let side = if self.side == Goal::AtLeast { "at least" } else { "below" };
        format!(
            "== {}: {}\n{}\n{}\ngoal {side} {} {}, {verdict}\n",
            self.name,
            self.what,
            settings.join(", "),
            table.join("\n"),
            self.goal,
            self.unit
        )
    }
}
