//! Every limit of this crate in one place. Each stands where it is used, with its reason.

pub use crate::{
    authzen::EVALUATIONS_MAX,
    body::{LIMIT as BODY_MAX, PATIENCE as BODY_PATIENCE},
    connections::CONNECTIONS_MAX,
    entries::ENTRY_MAX,
    events::PLACES_MAX,
    fetch::LIMIT_MAX as FETCH_MAX,
    hooks::CALLS,
    rules::{REPLAYS, RULES_MAX},
    tokens::LOOKUPS,
    turns::{AT_ONCE, AT_ONCE_IN_ALL},
};
