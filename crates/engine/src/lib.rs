//! The hub: a synchronous step over snapshots, the ports it needs, and the drivers that carry its actions out.

pub mod claim;
pub mod model;
pub mod ports;
