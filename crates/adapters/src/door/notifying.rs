//! Telling subscribers: one after the other for each subscription, side by side for all, at least once, in order. A callback that fails
//! holds up nobody else, is tried again for as long as messages are kept, and is told to people once.

use std::{collections::BTreeSet, time::Duration};

use futures::{StreamExt as _, stream::FuturesUnordered};
use jiff::Timestamp;
use schakelpunt_webhook::{Admission, Breaker, Change, Line, Outcome};

use super::{
    Inner,
    subscriptions::{Subscription, attributes, notification},
};
use crate::{
    Error,
    alarm::{Alarms, Code},
    hub::{PAUSE, pauses},
};

/// How often it is looked without being woken.
const TICK: Duration = Duration::from_secs(1);

/// What to do with a notification after an attempt.
enum Told {
    /// It is over for this one, whether it was taken or never will be.
    Done,
    /// Again.
    Later,
    /// The callback is retired.
    Gone,
}

/// The way to a callback, and how it went.
#[derive(Default)]
struct Way {
    /// The subscription for which it was made.
    before: Option<Subscription>,
    /// `None`: an address that the configuration no longer allows.
    line: Option<Line>,
    breaker: Breaker,
}

impl Way {
    fn to(subscription: &Subscription, door: &Inner) -> Self {
        Self { before: Some(subscription.clone()), line: subscription.line(door).ok(), ..Self::default() }
    }
}

impl Inner {
    /// Tells every subscriber, for ever.
    pub(super) async fn notifying(&self, alarms: &Alarms) -> Result<(), Error> {
        let mut under_way = FuturesUnordered::new();
        let mut known = BTreeSet::new();
        loop {
            let woken = self.changed.notified();
            for (id, _) in self.log.subscriptions()? {
                if known.insert(id.clone()) {
                    under_way.push(self.telling(id, alarms));
                }
            }
            tokio::select! {
                Some(ended) = under_way.next() => {
                    known.remove(&ended?);
                }
                () = woken => {}
            }
        }
    }

    /// Tells one subscriber until its subscription ends; gives its id back.
    async fn telling(&self, id: String, alarms: &Alarms) -> Result<String, Error> {
        let mut way = Way::default();
        let mut waits = pauses();
        loop {
            let woken = self.changed.notified();
            let Some(subscription) = self.log.subscription(&id)? else { return Ok(id) };
            self.look_for_a_gap(&id, &subscription, alarms)?;
            let Some(entry) = self.log.entries(subscription.told, 1)?.pop() else {
                // neither answer matters: it is looked again
                drop(tokio::time::timeout(TICK, woken).await);
                continue;
            };
            if !subscription.wants(&attributes(&entry)) {
                self.tell(&id, entry.number)?;
                continue;
            }
            if !way.before.as_ref().is_some_and(|before| before.goes_where_it_went(&subscription)) {
                way = Way::to(&subscription, self);
                waits = pauses();
            }
            if let Admission::Wait(until) = self.admit(&mut way.breaker, &id, alarms) {
                tokio::time::sleep(Duration::try_from(until.duration_since(self.now())).unwrap_or_default().min(TICK)).await;
                continue;
            }
            let outcome = match &way.line {
                Some(line) => Some(line.post(subscription.headers(), notification(self, &entry).to_string().into_bytes()).await),
                None => None,
            };
            match self.judge(&id, outcome, &mut way.breaker, alarms) {
                Told::Done => {
                    waits = pauses();
                    self.tell(&id, entry.number)?;
                }
                Told::Later => tokio::time::sleep(waits.next().unwrap_or(PAUSE.1)).await,
                Told::Gone => {
                    // unless it has moved meanwhile
                    let left = self.log.alter(&id, |now| (!now.goes_where_it_went(&subscription)).then_some(now))?;
                    if left.is_none() {
                        alarms.raise(self.now(), Code::CallbackGone, format!("subscription {id}"), None);
                    }
                }
            }
        }
    }

    fn admit(&self, breaker: &mut Breaker, id: &str, alarms: &Alarms) -> Admission {
        let (admission, change) = breaker.admit(self.now());
        self.note(change, id, None, alarms);
        admission
    }

    /// People hear of a callback once when it begins to fail; that it is over is for the log.
    fn note(&self, change: Option<Change>, id: &str, why: Option<String>, alarms: &Alarms) {
        match change {
            Some(Change::Opened { .. }) => alarms.raise(self.now(), Code::CallbackFails, format!("subscription {id}"), why),
            Some(change) => tracing::info!(subscription = id, ?change, "the breaker of a callback"),
            None => {}
        }
    }

    fn judge(&self, id: &str, outcome: Option<Outcome>, breaker: &mut Breaker, alarms: &Alarms) -> Told {
        let now = self.now();
        let failed = |breaker: &mut Breaker, pause: Option<Timestamp>, why: String| {
            let change = breaker.failed(now, pause);
            self.note(change, id, Some(why), alarms);
            Told::Later
        };
        // it is the notification that does not fit, not the callback that fails
        let refuses = |breaker: &mut Breaker, why: String| {
            let change = breaker.succeeded();
            self.note(change, id, None, alarms);
            alarms.raise(now, Code::CallbackRefuses, format!("subscription {id}"), Some(why));
            Told::Done
        };
        match outcome {
            Some(Outcome::Delivered) => {
                let change = breaker.succeeded();
                self.note(change, id, None, alarms);
                Told::Done
            }
            Some(Outcome::Later { trouble, pause }) => failed(breaker, pause.map(|pause| pause.until(now)), trouble.to_string()),
            Some(Outcome::Redirected { status }) => {
                failed(breaker, None, format!("it answers {status} and points elsewhere, which is not followed"))
            }
            Some(Outcome::Forbidden(forbidden)) => failed(breaker, None, forbidden.to_string()),
            None => failed(breaker, None, "its address is no longer allowed by the configuration".to_owned()),
            Some(Outcome::Never { status }) => refuses(breaker, format!("it answers {status}")),
            Some(Outcome::Unfit(unfit)) => refuses(breaker, unfit.to_string()),
            Some(Outcome::Gone) => Told::Gone,
        }
    }

    /// What was forgotten before it could be told is told to people, once.
    fn look_for_a_gap(&self, id: &str, subscription: &Subscription, alarms: &Alarms) -> Result<(), Error> {
        let forgotten = self.log.forgotten()?;
        if subscription.told < forgotten {
            alarms.raise(self.now(), Code::NotNotified, format!("subscription {id}"), None);
            self.tell(id, forgotten)?;
        }
        Ok(())
    }

    fn tell(&self, id: &str, number: u64) -> Result<(), Error> {
        self.log.alter(id, |mut subscription| {
            subscription.told = subscription.told.max(number);
            Some(subscription)
        })?;
        Ok(())
    }
}
