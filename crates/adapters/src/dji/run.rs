//! The adapter at work, and its dry run.

use std::path::Path;

use futures::future::try_join_all;
use schakelpunt_domain::Clock;
use tokio::sync::Notify;

use super::{config::Ready, sink, source::Source, source::Verdict};
use crate::{
    Error,
    alarm::Alarms,
    event::Outgoing,
    hub::Link,
    keep::{self, Keep},
    push,
};

/// Runs until it is dropped. Returns only with an error that a person has to put right.
pub async fn run(ready: &Ready, clock: &dyn Clock) -> Result<(), Error> {
    let own = &ready.config.own;
    let (keep, alarms, wake) = (Keep::open_in(own)?, Alarms::new(own.alarms()), Notify::new());
    let shelves = sink::shelves(ready)?;
    let source = Source { ready, keep: &keep, alarms: &alarms };
    let links: Vec<_> = ready
        .config
        .prisons
        .iter()
        .filter_map(|prison| {
            let sink = shelves.get(&prison.id)?;
            Some(Link {
                participant: prison.id.clone(),
                source: prison.source.clone(),
                hub: &ready.config.hub.url,
                secret: &prison.secret,
                keep: &keep,
                wake: &wake,
                alarms: &alarms,
                clock,
                sink,
            })
        })
        .collect();
    let pushes = push::serve(ready.config.push.as_ref(), "/v1/prisons/{id}/records", |prison, body| {
        let answer = source.pushed(prison, body, clock.now())?;
        wake.notify_waiters();
        Ok(answer)
    });
    // what was said about somebody who is inside may be asked for again, however long ago that was
    let handed_on = keep::forgetting(&keep, clock, own.keep_days, |_| false);
    tokio::try_join!(watch(&source, clock, &wake), forget(&source, clock), handed_on, pushes, try_join_all(links.iter().map(Link::run)))?;
    Ok(())
}

async fn watch(source: &Source<'_>, clock: &dyn Clock, wake: &Notify) -> Result<(), Error> {
    let Some(lists) = &source.ready.config.lists else { return Ok(()) };
    let mut folder = lists.open(&lists.folder)?;
    loop {
        if source.take_all(&mut folder, clock.now())? {
            wake.notify_waiters();
        }
        tokio::time::sleep(lists.look()).await;
    }
}

async fn forget(source: &Source<'_>, clock: &dyn Clock) -> Result<(), Error> {
    loop {
        source.forget(clock.now())?;
        tokio::time::sleep(keep::HOUR).await;
    }
}

/// What the files that are in the folder would say, and which would be held: nothing is sent, moved or kept. What the adapter knows is
/// taken from a copy of its own file.
pub fn dry_run(ready: &Ready, clock: &dyn Clock, mut tell: impl FnMut(&str, &Verdict)) -> Result<Vec<Outgoing>, Error> {
    let scratch = tempfile::tempdir().map_err(|source| Error::Folder { path: std::env::temp_dir(), source })?;
    let copy = scratch.path().join("adapter.redb");
    copy_if_there(&ready.config.own.keep(), &copy)?;
    let (keep, alarms) = (Keep::open(&copy)?, Alarms::new(scratch.path().join("alarms.jsonl")));
    let source = Source { ready, keep: &keep, alarms: &alarms };
    let Some(lists) = &ready.config.lists else { return Ok(Vec::new()) };
    let mut folder = lists.open(&lists.folder)?;
    let trouble = |source| Error::Folder { path: lists.folder.clone(), source };
    // whoever asks by hand has finished writing
    folder.look(clock.now()).map_err(trouble)?;
    let mut found = folder.look(jiff::Timestamp::MAX).map_err(trouble)?;
    found.sort_by_key(|found| (ready.list_of(&found.name).map(|(_, as_of)| as_of), found.name.clone()));
    let mut all = Vec::new();
    for found in found {
        let verdict = source.take(&found, &folder.read(&found).map_err(trouble)?, clock.now())?;
        tell(&found.name, &verdict);
        if let Verdict::Kept(outgoing) = verdict {
            all.extend(outgoing);
        }
    }
    Ok(all)
}

fn copy_if_there(from: &Path, to: &Path) -> Result<(), Error> {
    match std::fs::copy(from, to) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(Error::Folder { path: from.to_owned(), source }),
    }
}
