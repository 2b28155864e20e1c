//! The law, apart from the code: the shipped rules held against tables that a lawyer can read (`tests/law/*.md`).
//!
//! | module | what it holds |
//! |---|---|
//! | `world` | a question to the routing core, put together from plain words |
//! | `table` | the tables: parse, ask, compare |
//! | `generated` | questions that nobody thought of |
//! | `properties` | what must hold of every answer |

mod generated;
mod properties;
mod table;
mod world;
