//! A folder into which another system drops files, by SFTP or otherwise. A file is taken when it has not changed for a while, and is
//! moved away after what it says has been kept. `done` holds what was read, `held` what a person has to look at, and what a person moves
//! to `accepted` is read without guard.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use jiff::{SignedDuration, Timestamp};

/// Largest file that is read, in bytes: a list of the largest prison takes a hundredth of it.
pub const FILE_MAX: u64 = 64 * 1024 * 1024;

/// A file that may be taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Its name, which is all that is told of it.
    pub name: String,
    /// Whether a person has accepted it.
    pub accepted: bool,
}

/// Where a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// It was read.
    Done,
    /// A person has to look at it.
    Held,
}

/// A folder that is watched by looking: what is told by the operating system is not told for network drives.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// How long a file must stay unchanged.
    settle: SignedDuration,
    /// What was seen, and since when it is like that.
    seen: BTreeMap<Found, (u64, SystemTime, Timestamp)>,
}

const ACCEPTED: &str = "accepted";

impl Folder {
    /// Watches `path`, and makes the folders inside it.
    pub fn open(path: &Path, settle: SignedDuration) -> io::Result<Self> {
        for name in ["done", "held", ACCEPTED] {
            std::fs::create_dir_all(path.join(name))?;
        }
        Ok(Self { path: path.to_owned(), settle, seen: BTreeMap::new() })
    }

    /// The files that have settled, by name. Names that begin with a dot or end in `.part` or `.tmp` are still being written.
    pub fn look(&mut self, now: Timestamp) -> io::Result<Vec<Found>> {
        let mut seen = BTreeMap::new();
        for accepted in [false, true] {
            let path = if accepted { self.path.join(ACCEPTED) } else { self.path.clone() };
            for entry in std::fs::read_dir(path)? {
                let entry = entry?;
                let Ok(name) = entry.file_name().into_string() else { continue };
                let unfinished = name.starts_with('.') || [".part", ".tmp"].iter().any(|end| name.ends_with(end));
                // gone in the meantime is not there
                let Some(data) = entry.metadata().ok().filter(|data| data.is_file() && !unfinished) else { continue };
                let found = Found { name, accepted };
                let (size, modified) = (data.len(), data.modified()?);
                let before = self.seen.get(&found).filter(|before| before.0 == size && before.1 == modified);
                seen.insert(found, (size, modified, before.map_or(now, |before| before.2)));
            }
        }
        self.seen = seen;
        let settled = self.seen.iter().filter(|(_, (_, _, since))| now.duration_since(*since) >= self.settle);
        Ok(settled.map(|(found, _)| found.clone()).collect())
    }

    /// The bytes of a file; an error of kind `FileTooLarge` beyond the limit.
    pub fn read(&self, found: &Found) -> io::Result<Vec<u8>> {
        let path = self.path_of(found);
        if std::fs::metadata(&path)?.len() > FILE_MAX {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        std::fs::read(path)
    }

    /// Moves a file away. One of the same name that is there gets company, never a successor.
    pub fn put_away(&mut self, found: &Found, shelf: Shelf) -> io::Result<()> {
        let folder = self.path.join(match shelf {
            Shelf::Done => "done",
            Shelf::Held => "held",
        });
        let mut target = folder.join(&found.name);
        let mut number = 1;
        while target.exists() {
            number += 1;
            target = folder.join(format!("{}.{number}", found.name));
        }
        std::fs::rename(self.path_of(found), target)?;
        self.seen.remove(found);
        Ok(())
    }

    /// What is wrong with this folder, as it ends an adapter.
    pub fn trouble(&self, source: io::Error) -> crate::Error {
        crate::Error::Folder { path: self.path.clone(), source }
    }

    fn path_of(&self, found: &Found) -> PathBuf {
        if found.accepted { self.path.join(ACCEPTED).join(&found.name) } else { self.path.join(&found.name) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn names(found: &[Found]) -> Vec<&str> {
        found.iter().map(|found| found.name.as_str()).collect()
    }

    #[test]
    fn a_file_is_taken_when_it_has_not_changed_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let mut watched = Folder::open(folder.path(), SignedDuration::from_secs(10)).unwrap();
        std::fs::write(folder.path().join("a.csv"), "x").unwrap();
        assert!(watched.look(at(0)).unwrap().is_empty());
        std::fs::write(folder.path().join("a.csv"), "xy").unwrap();
        assert!(watched.look(at(10)).unwrap().is_empty(), "it grew");
        assert_eq!(names(&watched.look(at(20)).unwrap()), ["a.csv"]);
    }

    #[test]
    fn what_is_being_written_under_another_name_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut watched = Folder::open(folder.path(), SignedDuration::ZERO).unwrap();
        for name in [".a.csv", "a.csv.part", "a.csv.tmp", "b.csv"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        assert_eq!(names(&watched.look(at(0)).unwrap()), ["b.csv"]);
    }

    #[test]
    fn nothing_is_overwritten_when_it_is_put_away() {
        let folder = tempfile::tempdir().unwrap();
        let mut watched = Folder::open(folder.path(), SignedDuration::ZERO).unwrap();
        for content in ["1", "2"] {
            std::fs::write(folder.path().join("a.csv"), content).unwrap();
            let found = watched.look(at(0)).unwrap();
            watched.put_away(&found[0], Shelf::Held).unwrap();
        }
        let held = |name: &str| std::fs::read_to_string(folder.path().join("held").join(name)).unwrap();
        assert_eq!((held("a.csv"), held("a.csv.2")), ("1".to_owned(), "2".to_owned()));
    }
}
