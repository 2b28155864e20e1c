//! The files of the catalogue that this build carries.

use include_dir::{Dir, include_dir};
use serde_json::Value;

use crate::{ids::EventName, source_file::SourceFile};

pub(super) static SCHEMAS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../schemas");

/// What events have in common.
pub(super) const PARTS: &str = "parts.json";
/// Events of other channels.
pub(super) const ELSEWHERE: &str = "elsewhere.json";
/// How the names of the files of events begin.
pub(super) const EVENTS: &str = "events/";

/// What makes the catalogue, by name.
pub(super) fn files() -> Vec<SourceFile> {
    let one = |name: &str| SCHEMAS.get_file(name).and_then(|file| file.contents_utf8());
    let events = SCHEMAS.get_dir("events").into_iter().flat_map(Dir::files).filter_map(|file| file.path().to_str());
    let mut names: Vec<&str> = [PARTS, ELSEWHERE].into_iter().chain(events).collect();
    names.sort_unstable();
    let files = names.into_iter().filter_map(|name| Some(SourceFile { name: name.to_owned(), text: one(name)?.to_owned() }));
    files.collect()
}

/// The payloads that show an event, with the names of their files.
pub(super) fn examples(event: &EventName) -> Vec<(&'static str, Value)> {
    let files = SCHEMAS.get_dir(format!("examples/{event}")).into_iter().flat_map(Dir::files);
    let named = files.filter_map(|file| Some((file.path().file_stem()?.to_str()?.strip_prefix("accepted-")?, file.contents())));
    let mut examples: Vec<_> = named.filter_map(|(name, text)| Some((name, serde_json::from_slice(text).ok()?))).collect();
    examples.sort_by_key(|(name, _)| *name);
    examples
}
