//! Every limit of this crate in one place. Each stands where it is used, with its reason.

pub use crate::{
    connection::{HEARTBEAT, PATIENCE},
    guard::{BODY_MAX, DEPTH_MAX},
};
