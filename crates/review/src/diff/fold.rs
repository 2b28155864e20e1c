//! Equal effects folded, so that a privacy officer can read them.

use super::{Change, Single};
use crate::conditions::When;

/// One effect of a change of the rules.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Line {
    /// Of which events.
    pub events: Vec<String>,
    /// Who tells: the same of each recipient.
    pub from: Vec<&'static str>,
    /// Who knows.
    pub to: Vec<&'static str>,
    /// Which fields.
    pub fields: Vec<String>,
    /// What becomes of them.
    pub change: Change,
    /// When.
    pub when: Vec<When>,
}

/// Folds over fields, then senders, then recipients, then events.
pub(super) fn lines(singles: Vec<Single>) -> Vec<Line> {
    let line = |single: Single| Line {
        events: vec![single.event],
        from: vec![single.from],
        to: vec![single.to],
        fields: vec![single.field],
        change: single.change,
        when: single.when,
    };
    let lines = singles.into_iter().map(line).collect();
    let lines = fold(lines, |line| &mut line.fields);
    let lines = fold(lines, |line| &mut line.from);
    let lines = fold(lines, |line| &mut line.to);
    let mut lines = fold(lines, |line| &mut line.events);
    // what becomes visible first, then what stops, then what rests on something else
    lines.sort_by_key(|line| line.change.order());
    lines
}

/// Puts together what differs in one part only.
fn fold<T: Clone>(lines: Vec<Line>, part: fn(&mut Line) -> &mut Vec<T>) -> Vec<Line> {
    let mut folded: Vec<(Line, Line)> = Vec::new();
    for mut line in lines {
        let values = std::mem::take(part(&mut line));
        match folded.iter_mut().find(|(rest, _)| *rest == line) {
            Some((_, whole)) => part(whole).extend(values),
            None => {
                let rest = line.clone();
                *part(&mut line) = values;
                folded.push((rest, line));
            }
        }
    }
    folded.into_iter().map(|(_, whole)| whole).collect()
}
