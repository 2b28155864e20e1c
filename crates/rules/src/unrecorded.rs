//! Signals that were not looked for when a message was taken in: that one is absent then says nothing.

use crate::{Question, decide::matching, signals::Signal};

/// A signal that was not looked for in this message and on which a rule for it hangs: what `decide` would answer cannot be known.
pub fn unrecorded(question: &Question<'_>) -> Option<Signal> {
    let all_known = Signal::WORDS.iter().all(|(signal, _)| question.signals.knows(*signal));
    if all_known {
        return None;
    }
    let grants = || matching(question).flat_map(|rule| &rule.grants);
    let whens = grants().flat_map(|grant| &grant.when);
    let whiles = grants().filter_map(|grant| question.rules.basis(grant)).flat_map(|basis| &basis.while_);
    whens.chain(whiles).copied().find(|signal| !question.signals.knows(*signal))
}
