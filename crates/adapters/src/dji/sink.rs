//! What the hub says to a prison: a file for each message, in a folder of its own, for the registration system or the record office.

use std::collections::BTreeMap;

use schakelpunt_domain::ParticipantId;

use super::config::Ready;
use crate::{Error, shelf::Shelf};

/// A folder for each prison.
pub(super) fn shelves(ready: &Ready) -> Result<BTreeMap<ParticipantId, Shelf>, Error> {
    let folder = &ready.config.messages.folder;
    let one = |id: &ParticipantId| {
        let path = folder.join(id.as_str());
        let shelf = Shelf::open(&path).map_err(|source| Error::Folder { path, source })?;
        Ok((id.clone(), shelf))
    };
    ready.voices.keys().map(one).collect()
}
