//! The adapters, as an organisation has them: a process with a configuration file, between folders or systems here and a hub there.
//!
//! | module | what it holds |
//! |---|---|
//! | `files` | the example configurations and the dry run: no hub needed |
//! | `edge` | an adapter as a process that can be killed |
//! | `prisons` | three prisons with their lists |
//! | `systems` | systems of organisations, as their interfaces are published |
//! | `real_parts` | days played on real RabbitMQ and PostgreSQL |

mod edge;
mod files;
mod prisons;
mod real_parts;
mod systems;
