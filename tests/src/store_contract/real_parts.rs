//! What needs a PostgreSQL server.

mod concurrency;
mod postgres {
    semantic_tier!(postgres);
}
