//! The webhook channel over real HTTP on loopback. Every sink, good or bad, is a server of the test itself.
//!
//! | module | what it shows |
//! |---|---|
//! | `requests` | what a sink gets: headers, modes, signatures in a rotation |
//! | `answers` | what each answer leads to, Retry-After, and what a breaker makes of a bad day |
//! | `faults` | sinks that hang, fail, break off or point elsewhere, each beside a good one that must not notice |
//! | `forbidden` | addresses that nobody may be sent to, by URL, by name, by redirect, by proxy |
//! | `handshakes` | the OPTIONS handshake |
//! | `hub` | the hub calls: bad town halls beside a good one, refusals, the test of a channel |
//! | `turns` | a turn of one that is called: which receipts, and until when |
//! | `real_parts` | foreign programs that parse and verify what was sent |

mod answers;
mod faults;
mod forbidden;
mod handshakes;
mod hub;
mod real_parts;
mod requests;
mod sinks;
mod turns;
