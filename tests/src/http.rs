//! The gateway over the real engine, SQLite and the in-process bus. Every answer of every test is held against `openapi.json`.

mod asyncapi;
mod authzen;
mod documented;
mod examples;
mod fetch;
mod floods;
mod intake;
mod real_parts;
mod registers;
mod rejections;
mod rig;
mod rule_sets;
mod rules;
mod trace;
