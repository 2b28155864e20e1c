//! A folder with one file per message, for a system that reads files, or a desk that has no system. Names hold the time, the event and
//! the message's id, and nothing personal.

use std::{
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    delivered::Delivered,
    hub::{Sink, SinkError},
};

/// The folder.
#[derive(Debug)]
pub struct Shelf(PathBuf);

impl Shelf {
    /// Opens the folder, or makes it.
    pub fn open(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(path)?;
        Ok(Self(path.to_owned()))
    }

    /// Puts a message there: on the disk, under its name, whole or not at all.
    pub fn put(&self, message: &Delivered, suffix: &str, content: &[u8]) -> io::Result<PathBuf> {
        let time = message.time.strftime("%Y%m%dT%H%M%SZ");
        let path = self.0.join(format!("{time}-{}-{}.{suffix}", message.event, message.id));
        let unfinished = self.0.join(format!(".{}.tmp", message.id));
        let mut file = File::create(&unfinished)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&unfinished, &path)?;
        // the name is on the disk only when the folder is
        File::open(&self.0)?.sync_all()?;
        Ok(path)
    }
}

impl Sink for Shelf {
    async fn hand_on(&self, message: &Delivered) -> Result<(), SinkError> {
        // what the folder cannot take now it may take later, when there is room
        let content = serde_json::to_vec_pretty(&message.whole).map_err(|_| SinkError::Never("no JSON".to_owned()))?;
        self.put(message, "json", &content).map(drop).map_err(|error| SinkError::Later(format!("the folder for messages: {error}")))
    }
}
