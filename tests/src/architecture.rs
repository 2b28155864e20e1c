//! The invariants of the architecture, held by tests: what may depend on what, and what no source may contain.
//!
//! Every check is a function from data to failures, so that a bad example can show that it bites.
//!
//! | module | what it reads |
//! |---|---|
//! | `features` | `cargo tree`: what Cedar turns on stays with it |
//! | `graph` | `cargo metadata`: our crates, everything that they stand on |
//! | `guide` | the README's programs for integrators |
//! | `limits` | every limit against the table in the README |
//! | `sources` | the text of our sources and manifests |

mod features;
mod graph;
mod guide;
mod limits;
mod sources;

/// Fails with all of them at once.
fn demand(failures: &[String]) {
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}
