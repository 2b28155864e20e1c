//! The hub of Schakelpunt: a synchronous step over snapshots, the ports that it needs, and the drivers that carry its actions out.
//!
//! | module | what it is | awaits |
//! |---|---|---|
//! | [`inspect`] | from a raw message to one that its schema accepts, or a rejection | no |
//! | [`step`] | from a snapshot and inputs to actions: decide, record, correct, withdraw, park | no |
//! | `asking` | one question to the routing core about a kept message | no |
//! | `beat` | the daily heartbeat of a participant | no |
//! | [`claim`] | the moment of provision; makes [`claim::Permitted`], the one thing that may leave | no |
//! | [`leases`] | who does which part of the work | no |
//! | [`afterwards`] | what left and would not have, by what is known now | no |
//! | [`explain`] | the same decision for any participant and any moment | no |
//! | [`replay`] | a recorded decision asked again under other rules | no |
//! | [`desk`] | what a worker sees of what an organisation was given | no |
//! | [`event`] | the bytes of delivered events and receipts | no |
//! | [`ports`] | what a store and a bus must do | |
//! | [`hub`] | one hub: calls the store with the pure parts | yes |
//! | [`drivers`] | the loops of a running process | yes |
//!
//! Simulation, replay and explanation hang on the modules without awaits: they get time, ids and state, and give values.

pub mod afterwards;
mod asking;
mod beat;
pub mod claim;
pub mod desk;
pub mod drivers;
pub mod event;
pub mod explain;
pub mod hub;
pub mod inspect;
pub mod kept_law;
pub mod laws;
pub mod leases;
pub mod model;
pub mod ports;
pub mod replay;
pub mod settings;
pub mod spawn;
pub mod step;

pub use hub::Hub;
/// The life of rule sets.
pub use schakelpunt_rules::life;
pub use settings::Settings;
