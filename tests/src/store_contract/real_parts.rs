//! What needs a PostgreSQL server.

mod concurrency;
mod crowds;
mod other_hands;
mod postgres {
    semantic_tier!(postgres);
}
