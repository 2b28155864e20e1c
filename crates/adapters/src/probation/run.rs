//! The adapter at work.

use futures::future::try_join_all;
use schakelpunt_domain::Clock;
use tokio::sync::Notify;

use super::{config::Ready, source::Source};
use crate::{
    Error,
    alarm::Alarms,
    hub::Link,
    keep::{self, Keep},
    push,
};

/// Runs until it is dropped. Returns only with an error that a person has to put right.
pub async fn run(ready: &Ready, clock: &dyn Clock) -> Result<(), Error> {
    let config = &ready.config;
    let (keep, alarms, wake) = (Keep::open_in(&config.own)?, Alarms::new(config.own.alarms()), Notify::new());
    let source = Source { ready, keep: &keep, alarms: &alarms };
    let links: Vec<_> = config
        .units
        .iter()
        .zip(&ready.systems)
        .map(|(unit, sink)| Link {
            participant: unit.id.clone(),
            source: unit.source.clone(),
            hub: &config.hub.url,
            secret: &unit.secret,
            keep: &keep,
            wake: &wake,
            alarms: &alarms,
            clock,
            sink,
        })
        .collect();
    let watch = async {
        let Some(settings) = &config.folder else { return Ok(()) };
        let mut folders = source.folders()?;
        loop {
            if source.take_all(&mut folders, clock.now())? {
                wake.notify_waiters();
            }
            tokio::time::sleep(settings.look()).await;
        }
    };
    let pushes = push::serve(config.push.as_ref(), "/v1/participants/{id}/messages", |unit, body| {
        let answer = source.take(unit, body, clock.now())?;
        wake.notify_waiters();
        Ok(answer)
    });
    let forgetting = keep::forgetting(&keep, clock, config.own.keep_days, |_| true);
    tokio::try_join!(watch, pushes, forgetting, try_join_all(links.iter().map(Link::run)))?;
    Ok(())
}
