//! Scenario files (contracts 3): a text that a lawyer can read, and a test.

mod check;
mod compare;
mod desk;
mod file;
mod play;
mod recording;
mod sending;
mod year;

pub(crate) use check::to_json;
pub use file::{Expect, Scenario, Step};
pub(crate) use play::attended;
pub use play::{Played, Player, StepResult};
pub use year::{Sent, Year};
