//! The tests.

mod activation;
mod commands;
mod consent_race;
mod foreign_client;
mod guide;
mod national;
mod onboarding;
