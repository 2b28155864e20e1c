//! The schemas of `schemas/`: those that are made from the catalogue, and those of our own files.
//!
//! | module | what it holds |
//! |---|---|
//! | `recipients` | what a recipient may get of each event, generated from the event's schema |
//! | `files` | rule, register, scenario and configuration files against their schemas, and against our own loaders |
//! | `hub_events` | the table of what the hub says by itself, against catalogue and rules |

use std::path::{Path, PathBuf};

use crate::parts::rabbitmq::variable;

mod files;
mod hub_events;
mod recipients;

/// Whether files that are made from others are to be written anew.
pub(crate) fn regenerate() -> bool {
    variable("SCHAKELPUNT_REGENERATE").is_some()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The files of a folder with this extension, by name.
fn listed(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|is| is == extension)).collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} is empty");
    files
}
