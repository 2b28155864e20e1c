//! A desk that nobody reads (domain 6.5): who stands in for it hears that something waits, and nothing of what it is.
//!
//! One timer per desk and legal day stands for all that was decided for it on that day: to set it again moves nothing. A step sees the
//! deliveries of a case alone; the hub looks up what still waits when the timer fires.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schakelpunt_domain::{
    DetentionRef, LegalDay, ParticipantId,
    ids::{MessageKey, hub_message_id},
    stage::Stage,
};
use serde_json::json;

use super::{hub_says, world::World};
use crate::{
    Settings, beat,
    model::{Action, Delivery, Timer},
};

/// The event. That one itself waits is nothing to nudge about.
pub(crate) const UNREAD: &str = "inbox-unread";
/// The name of the timers and of the rows.
const KIND: &str = "unread";
/// Working days after the day of the decision before the first deputy hears of it, and between it and the next.
const WORKING_DAYS: u16 = 2;

/// What a timer of this kind watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Watched {
    /// Whose inbox.
    pub(crate) desk: ParticipantId,
    /// The day on which something was decided for it.
    pub(crate) day: LegalDay,
    /// Which of its deputies is next.
    pub(crate) turn: u16,
}

impl Watched {
    /// What the timer watches; `None` for one of another kind.
    pub(crate) fn by(timer: &Timer) -> Option<Self> {
        let mut words = timer.id.split('\n');
        let (kind, desk, day, turn) = (words.next()?, words.next()?, words.next()?, words.next()?);
        (kind == KIND).then_some(())?;
        Some(Self { desk: desk.parse().ok()?, day: day.parse().ok()?, turn: turn.parse().ok()? })
    }

    fn timer(&self) -> Option<Timer> {
        let Self { desk, day, turn } = self;
        let at = day.plus_working_days(WORKING_DAYS.saturating_mul(turn.saturating_add(1))).ends();
        Some(Timer { id: format!("{KIND}\n{desk}\n{day}\n{turn}"), at, detention: format!("{KIND}.{desk}").parse().ok()? })
    }
}

/// A watch that is over, with what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    timer: Timer,
    watched: Watched,
    found: Option<Found>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    key: MessageKey,
    deputy: ParticipantId,
    since: Timestamp,
    count: usize,
}

impl Unread {
    /// Nobody has to hear of it.
    pub(crate) fn nothing(timer: Timer, watched: Watched) -> Self {
        Self { timer, watched, found: None }
    }

    /// So many wait, the oldest since then. A deputy is told once of what waits since one instant.
    pub(crate) fn found(
        settings: &Settings,
        timer: Timer,
        watched: Watched,
        deputy: ParticipantId,
        (since, count): (Timestamp, usize),
    ) -> Self {
        let id = hub_message_id(&[UNREAD, watched.desk.as_str(), deputy.as_str(), &since.to_string()]);
        let key = MessageKey { source: settings.source.clone(), id };
        Self { timer, watched, found: Some(Found { key, deputy, since, count }) }
    }

    /// The row of the desk, which stands among the cases and is never opened.
    pub(super) fn row(&self) -> &DetentionRef {
        &self.timer.detention
    }

    /// The message that tells it: the step needs to see whether it was told.
    pub(super) fn key(&self) -> Option<&MessageKey> {
        self.found.as_ref().map(|found| &found.key)
    }
}

/// At the end of a step: from today on it is watched whether what was added is collected. What is claimed may come back and wait.
pub(super) fn watch(world: &mut World<'_>) {
    let waits = |added: &Delivery| added.event.as_str() != UNREAD && !matches!(added.stage, Stage::Cancelled { .. });
    let added = world.actions().iter().filter_map(|action| if let Action::AddDelivery(added) = action { Some(added) } else { None });
    let desks: BTreeSet<&ParticipantId> = added.filter(|added| waits(added)).map(|added| &added.recipient).collect();
    let (registers, at) = (world.registers(), world.at());
    let stood_in_for = |desk: &ParticipantId| registers.participant(desk, at).is_some_and(|desk| !desk.deputies.is_empty());
    let day = LegalDay::of(world.now());
    let watched = desks.into_iter().filter(|desk| stood_in_for(desk)).map(|desk| Watched { desk: desk.clone(), day, turn: 0 });
    let timers: Vec<Timer> = watched.filter_map(|watched| watched.timer()).collect();
    for timer in timers {
        world.act(Action::SetTimer(timer));
    }
}

/// The deputy hears it, and the next one is waited for.
pub(super) fn fired(world: &mut World<'_>, unread: &Unread) {
    let Unread { timer, watched, found } = unread;
    world.act(Action::ClearTimer(timer.id.clone()));
    let Some(Found { key, deputy, since, count }) = found else { return };
    let next = Watched { turn: watched.turn.saturating_add(1), ..watched.clone() };
    if let Some(timer) = next.timer() {
        world.act(Action::SetTimer(timer));
    }
    let relation = world.registers().participant(deputy, world.at()).and_then(|deputy| beat::relation(deputy.kind));
    let Some(relation) = relation else { return };
    let data = json!({"unread": {"since": since, "count": count}});
    hub_says::to(world, UNREAD, unread.row(), key.clone(), data, &[(deputy.clone(), vec![relation])]);
}
