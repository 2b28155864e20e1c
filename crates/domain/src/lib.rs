//! The ground floor of Schakelpunt: what every other crate speaks in.
//!
//! Pure: no runtime, no network, no database, no file system, no wall clock. Time and ids are passed in ([`Clock`], [`IdSource`]).
//!
//! | module | what it holds |
//! |---|---|
//! | [`ids`] | identifiers as newtypes whose only door is parsing |
//! | [`calendar`] | the Dutch legal day, holidays and working days |
//! | [`codes`] | refusals and rejections with the sentence that a clerk reads |
//! | [`json`], [`mod@pointer`] | strict JSON, pointers and leaves |
//! | [`environment`] | test, rehearsal, production |
//! | [`envelope`] | the CloudEvents envelope and its checks |
//! | [`catalogue`] | the events, their schemas, leaves and classes |
//! | [`registers`] | participants, agreements, mandates, capacities, subscriptions, reorganisations |
//! | [`reorganisation`] | what became of a municipality |
//! | [`consent`], [`case`] | what is known of one detention |
//! | [`deadlines`] | until when what has to be done, and when the hub says so |
//! | [`dependents`] | decisions that rest on the date of release |
//! | [`plausibility`] | what is held for the triage desk |
//! | [`facts`] | which facts a payload states |
//! | [`place`] | where in a file a mistake is |
//! | [`stage`] | the life of a delivery |
//!
//! # Adding an event
//!
//! 1. Write `schemas/events/<event>.json` (see a neighbour): `x-event`, closed objects, `title`, `x-class` and `x-law` on every leaf.
//! 2. Add `schemas/examples/<event>/accepted-*.json` and at least two `rejected-*.json`.
//! 3. Write its rule in `config/rules/`. Without one the event reaches nobody.
//! 4. Regenerate the recipient schemas (README, "Adding an event"). Nothing in Rust changes unless the event states a new kind of fact.

pub mod calendar;
pub mod case;
pub mod catalogue;
pub mod clock;
pub mod codes;
pub mod consent;
pub mod deadlines;
pub mod dependents;
pub mod digest;
pub mod envelope;
pub mod environment;
pub mod facts;
mod from_text;
mod hidden;
pub mod ids;
pub mod json;
pub mod place;
pub mod plausibility;
pub mod pointer;
pub mod registers;
pub mod reorganisation;
mod source_file;
pub mod stage;

pub use calendar::LegalDay;
pub use clock::{Clock, IdSource};
pub use codes::{Refusal, Rejection, RejectionCode};
pub use environment::Environment;
pub use hidden::Hidden;
pub use ids::{BasisId, Bsn, DeliveryId, DetentionRef, EventName, MessageId, MunicipalityCode, Oin, ParticipantId, RuleId, Skn, Source};
pub use source_file::SourceFile;
