//! Schakelpunt: wiring, commands and the scenario player.
//!
//! | module | what it does |
//! |---|---|
//! | [`config`] | the configuration file |
//! | [`assets`] | rules and demo files inside the binary |
//! | [`registers`] | register files |
//! | [`onboarding`] | what a new participant asks for, and its keys |
//! | [`rehearsal`] | a dry run for one participant |
//! | [`clock`] | the machine's clock, and one that is set |
//! | [`wiring`] | from a configuration to a hub |
//! | [`scenario`] | scenario files: parse, play, check |
//! | [`show`] | decisions for people and for machines |
//! | [`commands`] | one file a command |

pub mod assets;
pub mod clock;
pub mod commands;
pub mod config;
pub mod onboarding;
mod place;
pub mod registers;
pub mod rehearsal;
pub mod scenario;
pub mod show;
pub mod wiring;

pub use place::FILE_MAX;

/// Much of what the hub does is small and short-lived: with the system's allocator, allocation was half of its processor time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Recorded decisions asked again, and counted.
pub use schakelpunt_gateway::replaying;
