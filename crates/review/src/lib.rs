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
//! | `prove` | what must hold of every field that is given in any cell |
//! | `touched` | what other rules would have changed about decisions that were made, in numbers |
//!
//! # Adding a condition
//!
//! A new signal that a rule may hang on is a line of `ASKED` in `signals`. Something else that changes an answer (a state of consent, a
//! relation) is a value in `space`; whoever walks gets it.

mod conditions;
mod diff;
mod matrix;
mod prove;
mod signals;
mod space;
mod touched;
mod walk;

pub use conditions::When;
pub use diff::{Change, DeskLine, Diff, Existence, Ground, Line, diff};
pub use matrix::{Matrix, matrix};
pub use prove::{Counterexample, Invariants, Outcome, Proof, prove};
pub use touched::{Asked, Numbers, On, Touched, Turn};

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use schakelpunt_domain::catalogue::Catalogue;

    /// The event catalogue, read once for all tests of this crate.
    pub(crate) static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::load().unwrap());
}
