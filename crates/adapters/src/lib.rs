//! Adapters: small programs at the organisation's side, between the system that is there and the hub.
//!
//! All adapters have one shape, so that who has read one can read any:
//!
//! | file | what it is |
//! |---|---|
//! | `config.rs` | the configuration file, parsed and checked once; what comes out can be used |
//! | `source.rs` | what the organisation says: files, pushes; becomes messages, kept in one transaction with what was read |
//! | `mapping.rs` | between the system's words and the hub's |
//! | `sink.rs` | what the hub says: implements [`hub::Sink`] |
//! | `run.rs` | the life cycle: open what is kept, then source, sink and the way to the hub side by side, until something ends it |
//!
//! They share the rest: [`hub`] (a participant's messages out, inbox in, and whether all of it came), [`keep`] (what survives a crash), [`event`] and
//! [`delivered`] (messages out and in), [`folder`] and [`push`] (in), [`shelf`], [`post`], [`hook`], [`zgw`] and [`door`] (out), [`records`] (messages that a
//! system says itself), [`expression`] (`jq`), [`settings`], [`alarm`].
//!
//! # What holds for every adapter
//!
//! - **Nothing is lost.** What was read is kept before its file is moved away or its push is answered; a message is kept until the hub's
//!   receipt and after it, so that it can be offered again; a message from the hub leaves the inbox after it was handed on.
//! - **Nothing twice.** An id is made of what makes the message, so that making it again makes the same one; what the hub sends again is
//!   known by its id.
//! - **Nothing is missing.** What the hub says to a participant is numbered, and a number under which nothing came is an alarm.
//! - **In order.** Messages of one participant about one detention keep their order on the way; one of another participant waits for the
//!   receipts of those before it.
//! - **A person is asked** where a file or a message is doubtful ([`alarm`]), and nothing is said until then.
//!
//! # How to add one
//!
//! 1. A module with the five files of the table, beginning with `config.rs`: `[hub]`, `[own]`, and what is special.
//! 2. `source.rs` makes [`event::Outgoing`]s and adds them in the transaction ([`keep::Change`]) that notes what was read.
//! 3. `sink.rs` implements [`hub::Sink`]: `Later` for what passes, `Never` for what a person has to look at.
//! 4. `run.rs` gives each participant a [`hub::Link`] and runs them beside the source:
//!
//! ```
//! use schakelpunt_adapters::{delivered::Delivered, hub::{Sink, SinkError}};
//!
//! /// A system that takes messages by their ids only.
//! struct Counting(std::sync::Mutex<Vec<String>>);
//!
//! impl Sink for Counting {
//!     async fn hand_on(&self, message: &Delivered) -> Result<(), SinkError> {
//!         self.0.lock().map_err(|_| SinkError::Later("busy".to_owned()))?.push(message.id.clone());
//!         Ok(())
//!     }
//! }
//! ```
//!
//! 5. A word in `schakelpunt adapter`, an example configuration in `config/adapters`, and a test that plays a day on real parts.

pub mod alarm;
mod days;
pub mod delivered;
pub mod dji;
pub mod door;
mod error;
pub mod event;
pub mod expression;
pub mod folder;
pub mod hook;
pub mod hub;
pub mod keep;
pub mod municipality;
pub mod post;
pub mod probation;
pub mod push;
mod readable;
pub mod records;
pub mod settings;
pub mod shelf;
pub mod zgw;

pub use error::Error;
