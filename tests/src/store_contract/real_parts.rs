//! What needs a PostgreSQL server.

mod concurrency;
mod crowds;
mod postgres {
    semantic_tier!(postgres);
}
