//! Municipality: what the hub tells goes to the system that is there: a webhook, a case system (ZGW), or a folder with a readable file
//! for each message. Inside the town hall each desk gets an extract of its own. What the municipality does goes to the hub.

mod config;
mod mapping;
mod run;
mod sink;
mod source;

pub use config::{Config, Ready};
pub use run::run;
pub use source::Source;
