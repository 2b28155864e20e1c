//! The hub as a process, on real RabbitMQ and real PostgreSQL, seen from outside.
//!
//! | module | what it holds |
//! |---|---|
//! | `process` | the hub as a process, and Python programs |
//! | `database` | a database of its own for every test, and clusters for tests that stop one |
//! | `messages` | what prisons and municipalities send |
//! | `checker` | what came against what was to come |
//! | `real_parts` | the tests |

mod checker;
mod database;
mod messages;
mod process;
mod real_parts;
