//! DJI: a prison's registration system exports full lists of who is inside, or pushes single records; the adapter makes the notices.

pub mod compare;
pub mod config;
pub mod export;
mod leaving;
pub mod mapping;
pub mod run;
mod sink;
pub mod source;
pub mod stay;

pub use config::{Config, Ready};
pub use run::{dry_run, run};
