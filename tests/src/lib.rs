//! All tests that need more than one crate, in one binary.

#[cfg(test)]
mod adapters;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod bench_smoke;
#[cfg(test)]
mod bus_contract;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod end_to_end;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod faults;
pub mod fuzzing;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod http;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod law;
#[cfg(test)]
mod model;
#[cfg(test)]
mod mutants;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod replays;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod store_contract;
#[cfg(test)]
mod webhook;
#[cfg(test)]
mod year;
