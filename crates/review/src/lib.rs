//! Everything about rule sets that is not on a message's way: what a rule set says, before it decides anything, and what it would
//! have said of what was decided.
//!
//! Pure. Its floor is one walk over a finite space: every event, sender, recipient, period between two dates of the law, state of consent,
//! detained or not, signals and titles. Each cell is decided by the very `decide` that decides messages; nothing here knows a rule of its own.
//!
//! | module | what it is |
//! |---|---|
//! | `space` | what a cell is made of: who, when, under which conditions |
//! | `signals` | the signals on which the rules for an event depend, in all their combinations |
//! | `walk` | decides cells |
//! | `conditions` | cells in words: when, and if what |
//! | `matrix` | all of them in one text, equal outcomes folded |
//! | `diff` | what is different between two rule sets, told by what they answer |
//! | `check` | what in a rule set can never apply, or is decided by the order alone |
//! | `coverage` | what tests of a rule set have reached |
//! | `prove` | what must hold of every field that is given in any cell |
//! | `what_if` | which smallest change of the facts would turn a refusal into a permit |
//! | `made_up` | one cell by the words of somebody who asks |
//! | `touched` | what other rules would have changed about decisions that were made, in numbers |
//!
//! # Adding a condition
//!
//! A new signal that a rule may hang on is a line of `ASKED` in `signals`. Something else that changes an answer (a state of consent, a
//! relation) is a value in `space`; whoever walks gets it.

mod check;
mod conditions;
mod coverage;
mod diff;
mod made_up;
mod matrix;
mod prove;
mod signals;
mod space;
mod toml_text;
mod touched;
mod walk;
mod what_if;

pub use check::{Findings, check};
pub use conditions::When;
pub use coverage::{Coverage, GrantReached, RuleReached, coverage};
pub use diff::{Change, DeskLine, Diff, Existence, Ground, Line, diff};
pub use made_up::{MadeUp, NotSuch};
pub use matrix::{Matrix, matrix};
pub use prove::{Counterexample, Invariants, Outcome, Proof, Unplayable, prove};
pub use touched::{Asked, Numbers, On, Touched, Turn};
pub use what_if::{Change as FactChange, Suggestion, Unlawful, what_if};

#[cfg(test)]
mod tests;
