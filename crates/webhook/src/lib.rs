//! The webhook channel of Schakelpunt: one piece, which hub and adapters both use to bring events to somebody's HTTP address.
//!
//! | module | what it holds |
//! |---|---|
//! | `settings` | what a configuration says of a target ([`Settings`]), as it stands in the file |
//! | `target` | the same, parsed ([`Target`]): from here on nothing about it can be wrong |
//! | `address`, `line` | the part of it that is no business of webhooks only: a URL that has been judged ([`Address`]), and the guarded way to it ([`Line`]) |
//! | `network`, `lookup` | which addresses are forbidden ([`Kind`]), and the resolver that keeps connections away from them ([`Lookup`]) |
//! | `message` | an event as an HTTP request, structured or binary |
//! | `signature` | Standard Webhooks, with every live secret |
//! | `channel` | [`Channel`]: `check`, `handshake`, `deliver` |
//! | `outcome` | what to do next ([`Outcome`]), with the table of status codes |
//! | `handshake` | whether a target wants what is sent to it ([`Handshake`]) |
//! | `breaker` | when a target is left alone for a while ([`Breaker`]), pure |
//!
//! # The life of a delivery
//!
//! 1. **Configured.** `Settings` are read from a file and become a `Target`. Whatever is wrong has its key in the error. An address that
//!    stands in the URL itself is judged here.
//! 2. **Asked.** Where a subscription is made by machine, `handshake` asks the target once whether it wants this origin's events, and how
//!    many a minute. Its headers say so, never its status. `check` says whether the name leads to an address that may be used today.
//! 3. **Admitted.** Before each delivery the caller asks its `Breaker`: go, one attempt only, or wait until.
//! 4. **Sent.** `deliver` takes the frozen bytes of the event and the instant. The event's id becomes `webhook-id`, so that a repeat has
//!    the same one; each live secret signs `id.instant.body`. In binary mode the signature covers the data and not the attributes,
//!    because Standard Webhooks signs the body: structured is the default for that reason.
//! 5. **Guarded.** The addresses of the name are judged when the connection is made, and the connection uses those and no others: what a
//!    name pointed at during an earlier check counts for nothing. No proxy, no redirect, https unless the host is allowed plain HTTP by name.
//! 6. **Answered.** The status becomes an `Outcome`. An answer that breaks off is none, so the event comes again: twice is harmless, never
//!    is not. Connecting and the whole request have their limits, and so has what is read of an answer.
//! 7. **Judged.** The caller tells the breaker (`Outcome::is_trouble`), notes the outcome, and does what it says: mark, wait, block the
//!    event, or stop the subscription.
//!
//! This crate tries once and keeps nothing: order, repeats and waiting belong to whoever holds the queue.
//! No outcome, error or `Debug` text has the path or query of the URL in it, a secret, or anything of an event.
//!
//! # Adding a header, or a status code
//!
//! Headers are made in `message` (of the event) or `channel` (of the target); a status gets its row in the table of `outcome`.

mod address;
mod breaker;
mod channel;
mod handshake;
pub mod limits;
mod line;
mod lookup;
mod message;
mod network;
mod outcome;
mod settings;
mod signature;
mod target;

pub use self::{
    address::Address,
    breaker::{Admission, Breaker, BreakerSettings, Change},
    channel::Channel,
    handshake::{Handshake, Rate, Refusal},
    line::{Line, Unusable},
    lookup::{Lookup, SystemLookup},
    message::{Mode, Unfit},
    network::{Forbidden, Kind, Network, NotANetwork},
    outcome::{Outcome, Pause, Trouble, Unreachable},
    settings::{Allow, Settings},
    target::{InvalidSetting, Target},
};
