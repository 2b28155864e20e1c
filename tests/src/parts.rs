//! Real parts for tests; `tests/parts` starts them, `tests/run` names them in the environment.

pub(crate) mod postgres;
pub(crate) mod rabbitmq;
