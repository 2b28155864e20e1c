//! Probation: one adapter for each of the three organisations, from the same code. What the hub tells a unit goes to the organisation's
//! own system, over HTTP or as files; what the organisation's system says goes to the hub.

mod config;
mod mapping;
mod run;
mod sink;
mod source;

pub use config::{Config, Ready};
pub use run::run;
pub use source::Source;
