//! The program as a person uses it: the built binary, its output and its exit codes (contracts 5).
//!
//! | module | what it runs |
//! |---|---|
//! | `rig` | the binary, and a folder with a configuration |
//! | `demo` | `demo` and `scenario run` |
//! | `explain` | `rules explain` before and after a restart under other rules |
//! | `replay` | `rules replay`, and `rules diff` with the configuration of a hub |
//! | `files` | `rules check`, `rules diff`, `rules prove`, `config`, wrong usage |
//! | `roles` | who may speak as whom, by which file |
//! | `who_saw` | `who-saw` over a store of a hub with other rules |
//! | `participant` | `participant add`, `suspend`, `resume`, `rehearse` without a broker |
//! | `hub` | `migrate`, `doctor`, `serve` with `publish`, `inbox`, `rules explain`, `deliveries` |

mod demo;
mod explain;
mod files;
mod hub;
mod participant;
mod replay;
mod rig;
mod roles;
mod who_saw;
