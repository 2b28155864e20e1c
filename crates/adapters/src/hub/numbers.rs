//! Which of the hub's numbers are accounted for. The hub gives each message for a participant the participant's next number, so a number
//! under which nothing came is a message that is missing. Numbers come out of order, and some again.
//!
//! A number is accounted for when its message was handed on or refused for good, when the hub has told that nothing comes under it, or
//! when a person was asked about it. What came before the first word of the hub counts, too: an adapter may be installed late.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Largest number that is believed: up to here every program reads an integer in JSON exactly. A larger one would let everything after it
/// count as accounted for.
const NUMBER_MAX: u64 = (1 << 53) - 1;
/// Most ranges above the first gap: as many as messages may lie in an inbox. With more, the first gap is no matter of order any longer.
const RANGES_MAX: usize = 1000;

/// Numbers from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Range {
    from: u64,
    to: u64,
}

/// The numbers of one participant that are accounted for, as ranges, so that years of messages are two integers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Numbers {
    /// Everything up to here; nothing before the hub's first word.
    up_to: Option<u64>,
    /// What is accounted for above it, in order, with gaps between.
    above: Vec<Range>,
}

// === impl Range ===

impl Range {
    /// `None`: these are no numbers of messages.
    fn new(from: u64, to: u64) -> Option<Self> {
        (1 <= from && from <= to && to <= NUMBER_MAX).then_some(Self { from, to })
    }

    /// The number of one message, as it stands in its attribute.
    pub(super) fn of_message(number: &Value) -> Option<Self> {
        number.as_u64().and_then(|number| Self::new(number, number))
    }

    /// Numbers under which nothing comes, as the hub tells them.
    pub(super) fn of_void(data: &Value) -> Option<Self> {
        let end = |name: &str| data.get("void")?.get(name)?.as_u64();
        Self::new(end("from")?, end("to")?)
    }

    /// Both, and what is between them.
    fn with(self, other: Self) -> Self {
        Self { from: self.from.min(other.from), to: self.to.max(other.to) }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { from, to } if from == to => write!(f, "{from}"),
            Self { from, to } => write!(f, "{from} to {to}"),
        }
    }
}

/// The head that stands in a heartbeat or beside an answer. `None`: this cannot be one.
pub(super) fn believed(head: u64) -> Option<u64> {
    (head <= NUMBER_MAX).then_some(head)
}

// === impl Numbers ===

impl Numbers {
    /// Accounts for numbers. Returned is what is missing already, because too many gaps are open to wait for the head.
    pub(super) fn account(&mut self, range: Range) -> Option<Range> {
        let Some(up_to) = self.up_to else {
            self.up_to = Some(range.to);
            return None;
        };
        if range.to <= up_to {
            return None;
        }
        // what it overlaps or touches becomes one with it
        let first = self.above.partition_point(|known| known.to + 1 < range.from);
        let end = self.above.partition_point(|known| known.from <= range.to + 1);
        let joined = self.above.drain(first..end).fold(range, Range::with);
        self.above.insert(first, joined);
        self.join();
        let gap = if self.above.len() > RANGES_MAX { self.gaps().next() } else { None };
        if let Some(gap) = gap {
            self.up_to = Some(gap.to);
            self.join();
        }
        gap
    }

    /// What is missing when the hub says that everything up to `head` has come or was told as void. It counts as accounted for from now on:
    /// a person is asked once.
    pub(super) fn missing(&mut self, head: u64) -> Vec<Range> {
        let bounded = |gap: Range| Range::new(gap.from, gap.to.min(head));
        let mut missing: Vec<Range> = self.gaps().map_while(bounded).collect();
        let last = self.above.last().map(|range| range.to).or(self.up_to);
        missing.extend(last.and_then(|last| Range::new(last + 1, head)));
        self.up_to = self.up_to.max(Some(head));
        self.join();
        missing
    }

    /// Whether nothing is to be asked or noted at this head.
    pub(super) fn reaches(&self, head: u64) -> bool {
        self.up_to.is_some_and(|up_to| head <= up_to)
    }

    /// What lies open between the ranges, in order.
    fn gaps(&self) -> impl Iterator<Item = Range> {
        let before = self.up_to.into_iter().chain(self.above.iter().map(|range| range.to));
        before.zip(&self.above).filter_map(|(before, next)| Range::new(before + 1, next.from - 1))
    }

    /// What touches the beginning becomes part of it.
    fn join(&mut self) {
        let Some(mut up_to) = self.up_to else { return };
        let touching = self.above.iter().take_while(|range| {
            let touches = range.from <= up_to + 1;
            up_to = if touches { up_to.max(range.to) } else { up_to };
            touches
        });
        let count = touching.count();
        self.above.drain(..count);
        self.up_to = Some(up_to);
    }
}

#[cfg(test)]
mod tests;
