//! Every limit of this crate in one place. Each stands where it is used, with its reason.

pub use crate::{
    breaker::{FAILURES, PAUSE, PAUSE_MAX},
    line::ANSWER_MAX,
    outcome::RETRY_AFTER_MAX,
    settings::{CONNECT, REQUEST},
    signature::SECRETS_MAX,
};
