//! The routing core of Schakelpunt: which recipient may know which fields of a message, on which legal basis.
//!
//! Pure, in three steps: [`derive()`] reads signals from a payload, [`decide()`] answers for one candidate, [`minimise()`] cuts the payload
//! down to the permit. `decide` never sees a payload: only which leaves were present and which signals were derived. So a decision
//! can be explained and replayed when the payload is long gone.
//!
//! Default deny: no rule, no permit. A rule that fails to evaluate refuses.
//!
//! Rule sets have a life of their own: [`life`] says from a record of deeds who drafted and approved which, and which is in force when.
//!
//! Beside messages: [`access()`] says whether a worker may look at a case in one capacity and how much of it, [`visit_list`] whom a
//! municipality may visit in a prison, [`statistics()`] how many there are without small numbers, [`passed_on()`] to whom a running case
//! passes by the registers alone.
//!
//! # Adding a rule
//!
//! Rules are data: TOML files under `config/rules/` (contracts, chapter 2). [`RuleSet::load`] names every mistake with file, line and
//! column. A new signal is a variant of [`Signal`] with its extraction in [`derive()`] and its law in the doc comment;
//! it raises [`VOCABULARY`], so that a message of before is not taken for one without it.

mod access;
mod candidates;
mod decide;
mod decision;
pub mod life;
mod load;
mod minimise;
mod passing;
mod relation;
mod ruleset;
mod signals;
mod unrecorded;
mod visits;

pub use access::{Admission, Looker, access, acts_for, seat};
pub use candidates::{Candidate, Who, agreement, answers_since, candidate_for, candidates, responsible_municipality, sender_relations};
pub use decide::{Question, decide};
pub use decision::{Answer, Decision, Granted, Permit};
pub use load::{BasisPart, FILE_MAX, LoadError, LoadErrors, Place, Places, RuleFile, RulePart};
pub use minimise::minimise;
pub use passing::{PASSED_ON, Passed, PassedBy, Then, may_have_passed, passed_on};
pub use relation::Relation;
pub use ruleset::{Basis, BasisKind, Fields, Grant, Never, Power, Rule, RuleSet, Sees};
pub use signals::{Signal, Signals, VOCABULARY, derive};
pub use unrecorded::unrecorded;
pub use visits::{Cell, Length, SMALL, Statistics, Visit, statistics, visit_list};
