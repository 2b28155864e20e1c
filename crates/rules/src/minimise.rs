//! The third step: the payload cut down to the permit.

use std::collections::BTreeSet;

use schakelpunt_domain::pointer::{Leaf, cut};
use serde_json::Value;

use crate::Permit;

/// The part of `data` that the permit names, and nothing else.
pub fn minimise(data: &Value, permit: &Permit) -> Value {
    let leaves: BTreeSet<&str> = permit.leaves().map(Leaf::as_str).collect();
    let containers: Vec<&str> = permit.containers.iter().map(String::as_str).collect();
    cut(data, &|leaf| leaves.contains(leaf), &containers)
}
