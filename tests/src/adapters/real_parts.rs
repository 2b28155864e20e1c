//! Days played on real RabbitMQ and PostgreSQL.

mod dji;
mod municipality;
mod probation;
