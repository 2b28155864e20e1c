//! Two hubs at once on one PostgreSQL and one RabbitMQ while parts die, stall and fill up: nothing is lost, nothing unlawful
//! leaves, every lane keeps its order, and what comes twice is the same twice.
//!
//! | module | what it holds |
//! |---|---|
//! | `checker` | what came against who may have what, after Jepsen's total-queue |
//! | `report` | the counts as a table |
//! | `stories` | what happens in one detention, and who may hear of it |
//! | `parties` | producers that keep a message until its receipt, recipients that acknowledge what they have noted |
//! | `proxy` | a TCP connection that slows down, stalls, goes deaf or breaks |
//! | `plant` | two hubs, their broker and database, and the proxies between them |
//! | `injuries` | what goes wrong |
//! | `rounds` | an injury under load and the recovery from it |
//! | `seeded` | the order in which things go wrong |
//! | `real_parts` | the tests |
//!
//! `tests/run faults` plays a few rounds on each version of the broker, `SCHAKELPUNT_ROUNDS=50 tests/run faults` as many as it
//! says. The seed is printed; `SCHAKELPUNT_SEED` repeats the order.

pub(crate) mod checker;
mod injuries;
mod parties;
mod plant;
mod proxy;
mod real_parts;
mod report;
mod rounds;
mod seeded;
mod stories;
