//! A rejection names code and place and repeats nothing of the message.

use std::{collections::BTreeSet, sync::OnceLock};

use schakelpunt_domain::Rejection;

use super::world::world;

/// Stands in the seeds wherever a sender can write: in values, keys, names of attributes.
pub(super) const CANARY: &str = "kanarie";

/// Every name that the hub knows by itself; all others are the sender's own text.
const ATTRIBUTES: [&str; 19] = [
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "subject",
    "sequence",
    "sequencetype",
    "partitionkey",
    "dataschema",
    "dataref",
    "datacontenttype",
    "data",
    "data_base64",
    "traceparent",
    "tracestate",
    "correlationid",
    "causationid",
    "actor",
];

fn known() -> &'static BTreeSet<String> {
    static KNOWN: OnceLock<BTreeSet<String>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let leaves = world().settings.catalogue.iter().flat_map(|event| event.leaves.keys());
        let tokens = leaves.flat_map(|leaf| leaf.as_str().split('/').map(str::to_owned).collect::<Vec<_>>());
        tokens.chain(ATTRIBUTES.map(str::to_owned)).collect()
    })
}

/// Whether a token of a pointer is none of the sender's: a known name, or an index.
fn is_ours(token: &str) -> bool {
    known().contains(token) || (token.len() < 7 && token.bytes().all(|byte| byte.is_ascii_digit()))
}

pub(super) fn check(why: &Rejection) {
    let Rejection { code: _, pointer, detail } = why;
    assert!(pointer.is_empty() || pointer.starts_with('/'), "not a pointer: {why:?}");
    assert!(pointer.split('/').skip(1).all(is_ours), "a pointer with the sender's own text: {why:?}");
    assert!(!detail.is_empty() && !detail.to_lowercase().contains(CANARY), "a detail with content: {why:?}");
    assert!(detail.len() < 200, "a detail is a sentence: {why:?}");
}
