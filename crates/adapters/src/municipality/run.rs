//! The adapter at work.

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
    let link = Link {
        participant: config.id.clone(),
        source: config.source.clone(),
        hub: &config.hub.url,
        secret: &config.secret,
        keep: &keep,
        wake: &wake,
        alarms: &alarms,
        clock,
        sink: &ready.systems,
    };
    let watch = async {
        let Some(settings) = &config.folder else { return Ok(()) };
        let mut folder = settings.open(&settings.folder)?;
        loop {
            if source.take_all(&mut folder, clock.now())? {
                wake.notify_waiters();
            }
            tokio::time::sleep(settings.look()).await;
        }
    };
    let pushes = push::serve(config.push.as_ref(), "/v1/participants/{id}/messages", |id, body| {
        let answer = source.take(id, body, clock.now())?;
        wake.notify_waiters();
        Ok(answer)
    });
    let forgetting = keep::forgetting(&keep, clock, config.own.keep_days, |_| true);
    let door = async {
        match &ready.systems.door {
            Some(door) => door.serve(&alarms).await,
            None => Ok(()),
        }
    };
    tokio::try_join!(watch, pushes, forgetting, door, link.run())?;
    Ok(())
}
