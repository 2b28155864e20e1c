//! Everything that parses what others wrote, under arbitrary bytes. One function a target; each states what must hold for every
//! input, whatever it is: no panic, an accepted value survives being written and read again, a rejection has its code and place
//! and repeats nothing of the content, a mistake in a file has its line and column.
//!
//! | target | what it reads |
//! |---|---|
//! | `envelope` | a message in either mode: envelope, door, decision on an empty store |
//! | `payload` | the data of one event: schema, facts, signals, decision on a known case, cut for each recipient |
//! | `amqp` | a message as lapin reads it from the wire |
//! | `http` | a request to the gateway: path, query, cursor, headers, body |
//! | `rules` | a rule file |
//! | `files` | a register, scenario or configuration file |
//! | `stored` | what the store keeps as JSON |
//! | `lists` | a list of a registration system, through the DJI adapter |
//! | `door` | a request to the door of the municipality's adapter: token, cursor, subscription with its filters |
//! | `records` | what a system pushes or drops in a folder, through the adapters of municipality, probation and prison |
//!
//! The fuzzer (`tests/fuzz`) calls them with what it makes up, [`replay`](self) with what is kept in `tests/corpora`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a property that does not hold is a panic: that is what a fuzzer looks for"
)]

mod amqp;
mod blank;
mod door;
mod envelope;
mod exchange;
mod files;
mod http;
mod innocence;
mod lists;
mod payload;
mod records;
#[cfg(test)]
mod replay;
mod rules;
mod stored;
mod world;

pub use self::{
    amqp::amqp, door::door, envelope::envelope, files::files, http::http, lists::lists, payload::payload, records::records, rules::rules,
    stored::stored,
};

/// One target.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also its folder in `tests/corpora`.
pub const TARGETS: [(&str, Target); 10] = [
    ("envelope", envelope),
    ("payload", payload),
    ("amqp", amqp),
    ("http", http),
    ("rules", rules),
    ("files", files),
    ("stored", stored),
    ("lists", lists),
    ("door", door),
    ("records", records),
];

/// Lines `name: value` up to an empty line, and what follows it. Seeds stay readable like this, and a fuzzer finds its way in them.
fn head_and_body(bytes: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let mut head = Vec::new();
    let mut rest = bytes;
    loop {
        let (line, after) = first_line(rest);
        if line.is_empty() {
            return (head, after);
        }
        let line = String::from_utf8_lossy(line);
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        head.push((name.trim().to_owned(), value.trim_start().to_owned()));
        rest = after;
    }
}

/// A folder in memory, where the machine has such: what is written here has to reach no disk.
fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// The first line, and what follows it.
fn first_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(at) => (bytes.get(..at).unwrap_or_default(), bytes.get(at + 1..).unwrap_or_default()),
        None => (bytes, &[]),
    }
}
