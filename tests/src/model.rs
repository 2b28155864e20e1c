//! A model of accept, record, claim, hand over and withdraw (design 3 to 5), small enough that every order of events is tried.
//!
//! Two hubs share one intake queue and the lanes of one or two detentions by a lease; a municipality receives by law, a partner by
//! consent. Each action is one thing that is atomic in the hub: a transaction, a publication with its answer, an acknowledgement. Between
//! any two of them anything may happen that the scope allows: a crash, a lost connection, a lost confirm, a passing lease, a withdrawal,
//! another register, time.
//!
//! | module | what it holds |
//! |---|---|
//! | `world` | the state, and a scope: which world is explored and what may go wrong in it |
//! | `law` | what the hub decides, and apart from it what is true |
//! | `intake` | take, record (with claims in the same transaction), acknowledge |
//! | `provision` | claim, send, settle, forget |
//! | `properties` | the invariants, and the states that each scope has to reach |
//! | `checking` | the actions of hubs and environment |
//! | `scopes` | the worlds that are explored |
//! | `finding` | the tests: the true model, each planted bug, each gap |
//!
//! Which hub is called the first does not matter, so the numbers of hubs in a printed counterexample may change from step to step.

mod checking;
mod finding;
mod intake;
mod law;
mod properties;
mod provision;
mod scopes;
mod world;
