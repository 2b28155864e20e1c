//! The hub as a process, on real RabbitMQ and real PostgreSQL, seen from outside.
//!
//! | module | what it holds |
//! |---|---|
//! | `process` | the hub as a process, and Python programs |
//! | `cluster` | PostgreSQL for a test that stops it |
//! | `messages` | what prisons and municipalities send |
//! | `real_parts` | the tests |

pub(crate) mod cluster;
pub(crate) mod messages;
pub(crate) mod process;
mod real_parts;
