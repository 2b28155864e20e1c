//! The engine's bus port, twice: RabbitMQ ([`rabbitmq`]) and in one process ([`in_process`]), with the same semantics of
//! acknowledging, confirming and handing out again. [`provision`] prepares a broker.
//!
//! Both are held by one contract suite (`tests/src/bus_contract.rs`); a third implementation joins it with one line.

pub mod in_process;
pub mod provision;
pub mod rabbitmq;

pub use in_process::InProcessBus;
pub use rabbitmq::RabbitBus;
