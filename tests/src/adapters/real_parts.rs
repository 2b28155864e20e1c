//! Days played on real RabbitMQ and PostgreSQL.

mod certificates;
mod dji;
mod door;
mod fetching;
mod mergers;
mod municipality;
mod numbers;
mod probation;
