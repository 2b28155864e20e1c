//! Lists of registration systems, as the DJI adapter reads them.

use std::sync::LazyLock;

use schakelpunt_adapters::{
    dji::{
        Config, Ready,
        compare::{Knowledge, List, compare},
        export,
    },
    settings,
};

use super::{first_line, innocence::CANARY, world::world};

/// The three exports of the example.
static READY: LazyLock<Ready> = LazyLock::new(|| {
    let text = include_str!("../../../config/adapters/dji.example.toml");
    settings::parse::<Config>("dji.toml", text).unwrap().ready().unwrap()
});

/// A line with the name of an export of the example, then the list.
pub fn lists(bytes: &[u8]) {
    let (name, bytes) = first_line(bytes);
    let Ok(name) = std::str::from_utf8(name) else { return };
    let (Some(export), Some(mapping)) = (READY.config.export.get(name), READY.mappings.get(name)) else { return };
    let rows = match export::read(bytes, &export.file, export.encoding) {
        Ok(rows) => rows,
        Err(error) => return innocent(&error.to_string()),
    };
    let mapped = mapping.read(&rows, &READY.catalogue);
    mapped.bad.iter().for_each(|bad| innocent(&bad.detail));
    assert!(mapped.stays.iter().all(|stay| !mapped.unread.contains(&stay.detention)), "a person is read, or is not");
    let prison = READY.config.prisons.iter().find(|prison| prison.export == name).unwrap().id.clone();
    let (now, voices) = (world().now, &READY.voices);
    let mut list = List { prison, as_of: now, stays: mapped.stays, unread: mapped.unread, whole: true };
    let first = compare(&Knowledge::new(), &list, voices);
    for notice in &first.notices {
        // a date of release may be one that no event can carry; a row that was read makes an admission that it can
        let outgoing = notice.outgoing(&READY.catalogue, 1);
        assert!(notice.event != "detention-started" || outgoing.is_ok(), "{notice:?}");
    }
    // an hour later, with nothing changed
    let known = first.known;
    list.as_of = now + jiff::SignedDuration::from_hours(1);
    let again = compare(&known, &list, voices);
    assert!(again.notices.is_empty(), "the same list says something new: {:?}", again.notices);
    // and with nobody on it: nobody is told as gone without a date or another prison
    let empty = List { stays: Vec::new(), unread: std::collections::BTreeSet::new(), ..list };
    let without_date = |detention| known.get(detention).is_some_and(|known| known.stay.release.is_none());
    let gone = compare(&known, &empty, voices).notices;
    assert!(!gone.iter().any(|notice| without_date(&notice.detention)), "told as gone for no reason: {gone:?}");
}

/// What is told of a list repeats nothing of it.
fn innocent(told: &str) {
    assert!(!told.to_lowercase().contains(CANARY), "an error with content: {told}");
}
