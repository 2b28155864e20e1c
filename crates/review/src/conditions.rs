//! Cells in words: in which periods and under which conditions something holds. A condition that changes nothing is not named.

use schakelpunt_domain::pointer::Leaf;

use crate::{
    space::{STANDINGS, Standing},
    walk::{Part, Walk},
};

/// A period, and under which conditions in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct When {
    /// First day. `None`: it was so before this hub.
    pub from: Option<String>,
    /// Last day, included. `None`: it goes on.
    pub until: Option<String>,
    /// Each of these is enough; within one all must hold. One without conditions: always.
    pub conditions: Vec<Vec<String>>,
}

/// What cells can differ in.
#[derive(Debug)]
enum Dimension<'a> {
    Ended,
    Consent,
    Signal(&'static str, &'static str),
    Lacks(&'a [Option<Leaf>]),
}

impl Dimension<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Ended | Self::Signal(..) => 2,
            Self::Consent => STANDINGS.len(),
            Self::Lacks(lacks) => lacks.len(),
        }
    }

    /// Some of its values in words.
    fn name(&self, values: &[usize]) -> String {
        let has = |value| values.contains(&value);
        match self {
            Self::Ended => if has(0) { "detained" } else { "ended" }.to_owned(),
            Self::Signal(no, yes) => if has(0) { *no } else { *yes }.to_owned(),
            Self::Consent => {
                let chosen = STANDINGS.iter().enumerate().filter(|(value, _)| has(*value));
                let valid = STANDINGS.iter().position(|(standing, _)| *standing == Standing::Valid);
                match valid {
                    Some(valid) if !has(valid) && values.len() + 1 == STANDINGS.len() => "no valid consent".to_owned(),
                    _ => chosen.map(|(_, (_, word))| *word).collect::<Vec<_>>().join("/"),
                }
            }
            Self::Lacks(lacks) => {
                // the first lacks nothing: what is not chosen beside it must be there
                let (word, chosen) = if has(0) { ("with", false) } else { ("without", true) };
                let fields = lacks.iter().enumerate().filter(|(value, _)| has(*value) == chosen).filter_map(|(_, lack)| lack.as_ref());
                format!("{word} {}", fields.map(Leaf::as_str).collect::<Vec<_>>().join(if chosen { "/" } else { " and " }))
            }
        }
    }
}

/// What the conditions of a part are, in the order of its cells.
fn dimensions<'a>(part: &'a Part<'_>) -> Vec<Dimension<'a>> {
    let signals = part.signals.iter().rev().map(|(no, yes)| Dimension::Signal(no, yes));
    [Dimension::Ended, Dimension::Consent].into_iter().chain(signals).chain([Dimension::Lacks(&part.lacks)]).collect()
}

/// Cells of [`Walk::cells`] in words; periods that follow each other with the same conditions as one.
pub(crate) fn when(cells: &[bool], walk: &Walk<'_>, part: &Part<'_>) -> Vec<When> {
    let dimensions = dimensions(part);
    let size = (cells.len() / walk.spans().len().max(1)).max(1);
    let mut whens: Vec<When> = Vec::new();
    for (index, (span, cells)) in walk.spans().iter().zip(cells.chunks(size)).enumerate() {
        let conditions = match only_whole(cells, part.lacks.len()) {
            Some(whole) => alternatives(&whole, dimensions.split_last().map_or(&[][..], |(_, others)| others)),
            None => alternatives(cells, &dimensions),
        };
        if conditions.is_empty() {
            continue;
        }
        let follows = index.checked_sub(1).and_then(|before| walk.spans().get(before)).and_then(|before| before.last.clone());
        match whens.last_mut() {
            Some(last) if last.until.is_some() && last.until == follows && last.conditions == conditions => {
                last.until.clone_from(&span.last);
            }
            _ => whens.push(When { from: (index > 0).then(|| span.first.clone()), until: span.last.clone(), conditions }),
        }
    }
    whens
}

/// The cells of messages that lack nothing, where one that lacks a field adds none: that a message has what its rule needs is not said.
fn only_whole(cells: &[bool], lacks: usize) -> Option<Vec<bool>> {
    let adds = |cells: &[bool]| cells.contains(&true) && cells.first() == Some(&false);
    let parts = || cells.chunks(lacks.max(1));
    (!parts().any(adds)).then(|| parts().filter_map(|cells| cells.first().copied()).collect())
}

/// In which of these cells: each alternative with its conditions.
fn alternatives(cells: &[bool], dimensions: &[Dimension<'_>]) -> Vec<Vec<String>> {
    if !cells.contains(&true) {
        return Vec::new();
    }
    let Some((dimension, rest)) = dimensions.split_first().filter(|_| cells.contains(&false)) else { return vec![Vec::new()] };
    let size = (cells.len() / dimension.len().max(1)).max(1);
    let mut groups: Vec<(&[bool], Vec<usize>)> = Vec::new();
    for (value, part) in cells.chunks(size).enumerate() {
        match groups.iter_mut().find(|(other, _)| *other == part) {
            Some((_, values)) => values.push(value),
            None => groups.push((part, vec![value])),
        }
    }
    if let [(only, _)] = groups.as_slice() {
        return alternatives(only, rest);
    }
    let named = |(part, values): (&[bool], Vec<usize>)| {
        let name = dimension.name(&values);
        alternatives(part, rest).into_iter().map(move |conditions| [vec![name.clone()], conditions].concat())
    };
    groups.into_iter().flat_map(named).collect()
}

impl When {
    /// In words.
    pub fn text(&self) -> String {
        let period = match (&self.from, &self.until) {
            (None, None) => None,
            (Some(from), None) => Some(format!("since {from}")),
            (None, Some(until)) => Some(format!("until {until}")),
            (Some(from), Some(until)) => Some(format!("from {from} until {until}")),
        };
        let conditions: Vec<String> = self.conditions.iter().filter(|all| !all.is_empty()).map(|all| all.join(", ")).collect();
        let conditions = (!conditions.is_empty()).then(|| conditions.join(", or "));
        match (period, conditions) {
            (None, None) => "always".to_owned(),
            (Some(period), Some(conditions)) => format!("{period}: {conditions}"),
            (Some(one), None) | (None, Some(one)) => one,
        }
    }
}

#[cfg(test)]
mod tests;
