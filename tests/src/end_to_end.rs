//! The hub as a process, on real RabbitMQ and real PostgreSQL, seen from outside.
//!
//! | module | what it holds |
//! |---|---|
//! | `process` | the hub as a process, and Python programs |
//! | `cluster` | PostgreSQL for a test that stops it |
//! | `messages` | what prisons and municipalities send |
//! | `checker` | what came against what was to come |
//! | `real_parts` | the tests |

mod checker;
mod cluster;
mod messages;
mod process;
mod real_parts;
