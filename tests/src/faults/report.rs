//! The counts as a table: a column for each version of the broker.

use std::fmt;

use super::checker::Verdict;

/// What some rounds on one version showed.
#[derive(Debug)]
pub(super) struct Column {
    /// Which broker.
    pub(super) broker: String,
    /// How often something was killed and came back.
    pub(super) rounds: usize,
    /// Messages that were offered.
    pub(super) messages: usize,
    /// What the checker says.
    pub(super) verdict: Verdict,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Report(pub(super) Vec<Column>);

/// What stands in a row.
type Count = fn(&Column) -> usize;

const ROWS: [(&str, Count); 10] = [
    ("rounds", |column| column.rounds),
    ("messages offered", |column| column.messages),
    ("deliveries", |column| column.verdict.delivered),
    ("lost", |column| column.verdict.lost.len()),
    ("unexpected (unlawful)", |column| column.verdict.unexpected.len()),
    ("duplicated, same bytes", |column| column.verdict.duplicated),
    ("repeated with a change", |column| column.verdict.changed.len()),
    ("recovered after a fault", |column| column.verdict.recovered),
    ("out of order in a lane", |column| column.verdict.out_of_order.len()),
    ("recalls by the hub", |column| column.verdict.recalls),
];

impl Report {
    /// Everything that is wrong.
    pub(super) fn faults(&self) -> Vec<String> {
        self.0.iter().flat_map(|column| column.verdict.faults().into_iter().map(|fault| format!("{}: {fault}", column.broker))).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |f: &mut fmt::Formatter<'_>, name: &str, cells: Vec<String>| {
            write!(f, "| {name:<24} |")?;
            cells.iter().try_for_each(|cell| write!(f, " {cell:>16} |"))?;
            writeln!(f)
        };
        line(f, "", self.0.iter().map(|column| format!("RabbitMQ {}", column.broker)).collect())?;
        line(f, &"-".repeat(24), self.0.iter().map(|_| format!("{}:", "-".repeat(15))).collect())?;
        ROWS.iter().try_for_each(|(name, count)| line(f, name, self.0.iter().map(|column| count(column).to_string()).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_column_for_each_broker() {
        let verdict = Verdict { delivered: 7, lost: vec!["town, x of m1".to_owned()], duplicated: 2, ..Verdict::default() };
        let report = Report(vec![Column { broker: "4.0.5".to_owned(), rounds: 3, messages: 5, verdict }]);
        assert_eq!(report.faults(), ["4.0.5: lost: town, x of m1"]);
        let table = report.to_string();
        assert!(table.contains("| lost                     |                1 |"), "{table}");
        assert_eq!(table.lines().count(), 2 + ROWS.len());
    }
}
