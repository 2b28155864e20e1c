//! How much may be under way at once: for one participant, so that nobody fills the way to the store alone, and in all.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::http::{StatusCode, header};
use schakelpunt_domain::ParticipantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Problem;

/// Requests of one participant at once. The store takes them one after the other: whoever has few is soon served behind this many.
pub const AT_ONCE: usize = 64;
/// Requests of all participants at once: with the largest bodies 40 MiB.
pub const AT_ONCE_IN_ALL: usize = 512;
/// When to come back, in seconds: by then hundreds have been served.
const RETRY_AFTER: &str = "1";

/// The turns of all participants. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    all: Arc<Semaphore>,
    each: Arc<Mutex<BTreeMap<ParticipantId, Arc<Semaphore>>>>,
}

/// One request under way; it ends with this.
#[derive(Debug)]
pub(crate) struct Turn {
    _own: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Default for Turns {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(AT_ONCE_IN_ALL)), each: Arc::default() }
    }
}

impl Turns {
    /// A turn of a participant, which is one whose token was known, or when to come back.
    pub(crate) fn take(&self, participant: &ParticipantId) -> Result<Turn, Problem> {
        let own = {
            let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(each.entry(participant.clone()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))))
        };
        let own = own.try_acquire_owned().map_err(|_| too_many())?;
        let all = Arc::clone(&self.all).try_acquire_owned();
        let all = all.map_err(|_| Problem::unavailable("the same request again, later: too much is under way"))?;
        Ok(Turn { _own: own, _of_all: all })
    }
}

fn too_many() -> Problem {
    let detail = "at most 64 requests of one participant at once; the same request again, later";
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", "Too many requests are under way.", detail);
    problem.with_header(header::RETRY_AFTER, RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_participant_has_so_many_turns_and_another_its_own() {
        let (greedy, other): (ParticipantId, ParticipantId) = ("a".parse().unwrap(), "b".parse().unwrap());
        let turns = Turns::default();
        let held: Vec<Turn> = (0..AT_ONCE).map(|_| turns.take(&greedy).unwrap()).collect();
        assert!(turns.take(&greedy).is_err());
        assert!(turns.take(&other).is_ok());
        drop(held);
        assert!(turns.take(&greedy).is_ok());
    }

    #[test]
    fn in_all_there_are_so_many() {
        let turns = Turns::default();
        let ids: Vec<ParticipantId> = (0..=AT_ONCE_IN_ALL).map(|n| format!("p-{n}").parse().unwrap()).collect();
        let held: Vec<Turn> = ids.iter().take(AT_ONCE_IN_ALL).map(|id| turns.take(id).unwrap()).collect();
        assert!(turns.take(&ids[AT_ONCE_IN_ALL]).is_err());
        assert_eq!(held.len(), AT_ONCE_IN_ALL);
    }
}
